"""Layouts of distributions: the files of each DNS server, and the command that starts it.

The defaults of the servers are Debian's, which are Ubuntu's as well. `init` writes what another
distribution has otherwise into the configuration file, where a person sees and corrects it; nothing
is chosen anew later. Sources: the packages of RHEL 9 and Fedora (bind, unbound, dnsmasq; the
Recursor's from EPEL), and Alpine's APKBUILD and OpenRC scripts in aports.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

OS_RELEASE = Path("/etc/os-release")
"""os-release(5)."""

Table = Mapping[str, str | Sequence[str]]
"""Keys of a server's table in the configuration."""


def _openrc(service: str) -> list[str]:
    return ["rc-service", service, "start"]


LAYOUTS: Mapping[str, Mapping[str, Table]] = {
    "debian": {},
    "rhel": {
        "bind": {
            "configuration": "/etc/named.conf",
            "options_file": "/etc/named.conf",
            "zones": "/etc/named/ecs-anywhere.zones",
            "options": "/etc/named/ecs-anywhere.options",
        },
        "unbound": {"fragment": "/etc/unbound/conf.d/ecs-anywhere.conf"},
        "dnsmasq": {"pid_file": "/run/dnsmasq.pid"},
        "powerdns": {
            "configuration": "/etc/pdns-recursor/recursor.conf",
            "zones_file": "/etc/pdns-recursor/ecs-anywhere.zones",
        },
    },
    "alpine": {
        "bind": {"options_file": "/etc/bind/named.conf", "start": _openrc("named")},
        "unbound": {"start": _openrc("unbound")},
        "dnsmasq": {"pid_file": "/run/dnsmasq.pid", "start": _openrc("dnsmasq")},
        "powerdns": {
            "configuration": "/etc/pdns/recursor.conf",
            "zones_file": "/etc/pdns/ecs-anywhere.zones",
            "start": _openrc("pdns-recursor"),
        },
    },
}
"""Family of distributions -> server -> what is otherwise there than in Debian."""
TITLES: Mapping[str, str] = {"rhel": "RHEL", "alpine": "Alpine"}
FAMILIES: Mapping[str, str] = {
    **dict.fromkeys(("debian", "ubuntu", "raspbian"), "debian"),
    **dict.fromkeys(("rhel", "fedora", "centos", "rocky", "almalinux", "ol", "amzn"), "rhel"),
    "alpine": "alpine",
}
"""An ID of os-release -> its family."""


def layout_of(server: str, os_release: Path = OS_RELEASE) -> Table:
    """Return the keys that the table of this server needs on this host; none where the defaults
    fit, or the distribution is not known."""
    return LAYOUTS.get(family_of(os_release), {}).get(server, {})


def assumed(server: str, os_release: Path = OS_RELEASE) -> str:
    """Return the sentence that tells a person whose paths `init` has taken for this server; empty
    on Debian and for a server whose paths are the same everywhere."""
    if not any(server in tables for tables in LAYOUTS.values()):
        return ""
    family, name = family_of(os_release), _release(os_release).get("ID", "")
    if not family:
        known = f"the distribution {name!r}" if name else "a distribution without a name"
        return (
            f"assumed the paths of Debian, because {known} in {os_release} is not known: compare "
            f"them with this host, and correct them under [{server}]"
        )
    if not LAYOUTS[family].get(server):
        return ""
    return f"wrote the paths of {TITLES[family]} under [{server}], for {name!r} in {os_release}"


def family_of(os_release: Path = OS_RELEASE) -> str:
    """Return `debian`, `rhel` or `alpine`; empty for any other distribution."""
    said = _release(os_release)
    ids = [said.get("ID", ""), *said.get("ID_LIKE", "").split()]
    return next((FAMILIES[each.lower()] for each in ids if each.lower() in FAMILIES), "")


def _release(os_release: Path) -> Mapping[str, str]:
    """Return the assignments of os-release; none where it cannot be read."""
    try:
        text = os_release.read_text("utf-8", errors="replace")
    except OSError:
        return {}
    return dict(_assignment(line) for line in text.splitlines() if "=" in line)


def _assignment(line: str) -> tuple[str, str]:
    key, _, value = line.strip().partition("=")
    try:
        return key, "".join(shlex.split(value)[:1])
    except ValueError:
        return key, value
