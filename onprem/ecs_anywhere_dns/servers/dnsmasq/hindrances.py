"""Lines that keep dnsmasq from forwarding our zones, although its checker accepts them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.files import text_of
from ecs_anywhere_dns.outcome import ReloadFailed, Stop
from ecs_anywhere_dns.pinned.aws_names import region_parent
from ecs_anywhere_dns.servers.apparmor import is_kept_from
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.dnsmasq.configuration import Configuration, Line
from ecs_anywhere_dns.servers.dnsmasq.process import is_mark, process_of
from ecs_anywhere_dns.servers.mark import holds, lies_within

if TYPE_CHECKING:
    from ecs_anywhere_dns.servers.dnsmasq import Dnsmasq

PROFILE = "usr.sbin.dnsmasq"
"""AppArmor's, of the package apparmor-profiles: it lets dnsmasq read /etc/dnsmasq.conf, what lies
in /etc/dnsmasq.d, and nothing else of ours
(gitlab.com/apparmor/apparmor, profiles/apparmor.d/usr.sbin.dnsmasq)."""
GIVEN = ("cname", "interface-name", "dynamic-host")
"""Lines that give names an answer which comes before any forwarding (measured with 2.90)."""
RESTART = "restart dnsmasq once, as in `systemctl restart dnsmasq`"


def problems(server: Dnsmasq, disk: Configuration, forwarding: Forwarding) -> Iterator[Finding]:
    """Yield the lines on the disk that would keep `forwarding` from working."""
    if [real(line.value) for line in disk.of("servers-file")] != [real(server.servers_file)]:
        yield not_included(server, disk)
    for line in disk.of("no-ident"):
        yield Finding(
            False,
            f"{line.place}: no-ident hides the servers that dnsmasq has loaded",
            f"remove it, then {RESTART}",
        )
    for line in disk.shadows(forwarding.zones):
        yield Finding(
            False,
            f"{line.place}: {line.key}={line.value} takes questions that are to be forwarded",
            f"remove that line, then {RESTART}",
        )
    yield from _named(disk, forwarding)
    yield from _rebinding(server, disk, forwarding)
    yield from _dropped(disk, forwarding)
    yield from _unreadable(server)


def started_before_init(server: Dnsmasq, include: Path) -> Iterator[Finding]:
    """Yield a finding where dnsmasq started before `init` wrote the include line: a reload would
    change nothing, and the failure would count against the document. A dnsmasq that has a mark of
    ours reads our file, whatever the times are."""
    try:
        process = process_of(server.pid_file)
        is_read = any(map(is_mark, server.upstreams()))
        written = include.stat().st_mtime
    except (ReloadFailed, OSError):
        return  # not running, or included elsewhere: said by others
    # What was written later than now says nothing: the clock was set back.
    if process.started < written - 1 and written < time.time() and not is_read:
        yield Finding(
            False,
            f"dnsmasq {process.pid} was started before {include} was written, and "
            f"does not read {server.servers_file} yet",
            RESTART,
        )


def not_included(server: Dnsmasq, disk: Configuration) -> Finding:
    ours = real(server.servers_file)
    others = [x for x in disk.of("servers-file") if real(x.value) != ours]
    if others:
        return Finding(
            False,
            f"{others[0].place}: servers-file={others[0].value}: dnsmasq takes only one",
            f"move what is in there to a file in {server.directory}, and remove that line",
        )
    if _is_initialised(server):
        words = " ".join(server.words())
        return Finding(
            False,
            f"dnsmasq, as it is started (`dnsmasq {words}`), does not read {server.static_file}",
            "set `configuration` and `directory` under [dnsmasq] to what it reads, or add "
            f"`conf-file={server.static_file}` to a file that it reads; then {RESTART}",
        )
    return Finding(
        False,
        f"no configuration of dnsmasq says servers-file={server.servers_file}",
        f"`ecs-anywhere-dns init` writes it to {server.static_file}; then {RESTART}",
    )


def _is_initialised(server: Dnsmasq) -> bool:
    """Return whether our include file has the line that `init` writes."""
    try:
        return f"servers-file={server.servers_file}" in text_of(server.static_file)
    except (OSError, ValueError):
        return False


def _rebinding(server: Dnsmasq, disk: Configuration, forwarding: Forwarding) -> Iterator[Finding]:
    for zone in forwarding.zones if disk.has("stop-dns-rebind") else ():
        if not disk.covering("rebind-domain-ok", zone):
            domain = region_parent(zone)
            yield Finding(
                False,
                f"stop-dns-rebind is on, and would drop the private addresses of {zone}",
                f"add rebind-domain-ok=/{domain}/ to {server.static_file}, then {RESTART}",
            )


def _unreadable(server: Dnsmasq) -> Iterator[Finding]:
    file = server.servers_file
    try:
        process = process_of(server.pid_file)
        hindrance = process.unreadable(file)
    except (Stop, OSError):
        return  # not running, or not there: said elsewhere
    if is_kept_from(process.pid, PROFILE, file):
        yield Finding(
            False,
            f"AppArmor does not let dnsmasq read {file}: it would keep its former forwarding, and "
            "report no error",
            f"add `{file} r,` to /etc/apparmor.d/local/{PROFILE}, then "
            f"`apparmor_parser -r /etc/apparmor.d/{PROFILE}`",
        )
    if hindrance is not None:
        yield Finding(
            False,
            f"dnsmasq may not read {hindrance}: it would keep its former forwarding, and report no "
            "error",
            f"chmod o+{'r' if hindrance == file else 'x'} {hindrance}",
        )


def _dropped(disk: Configuration, forwarding: Forwarding) -> Iterator[Finding]:
    """Yield the lines that remove the private addresses from answers. The interface endpoints are
    assumed to be in the networks of the resolver IPs: nothing more is known here."""
    hidden = [
        line
        for line in disk.of("bogus-nxdomain", "ignore-address")
        if any(holds(line.value, address) for address in forwarding.forwarders)
    ]
    filters = [*disk.of("filter-A"), *(x for x in disk.of("filter-rr") if _filters_addresses(x))]
    for line in (*hidden, *(filters if not forwarding.is_none else ())):
        said = f"{line.key}={line.value}" if line.value else line.key
        yield Finding(
            False,
            f"{line.place}: {said} takes the private addresses out of answers",
            f"remove it, or leave the VPC's networks out, then {RESTART}",
        )

    for line in disk.of("alias"):
        if any(_is_aliased(line.value, address) for address in forwarding.forwarders):
            yield Finding(
                False,
                f"{line.place}: alias={line.value} puts others in the place of the VPC's private "
                "addresses",
                f"leave the VPC's networks out of it, then {RESTART}",
            )


def _named(disk: Configuration, forwarding: Forwarding) -> Iterator[Finding]:
    """Yield the lines that give a name an answer of its own, which is no address that this tool
    could compare: an alias, or the addresses of an interface."""
    # Of a host-record, an IPv4 address may be the published one, as `doctor` compares.
    records = (line for line in disk.of("host-record") if ":" in line.value)
    for line in (*disk.of(*GIVEN), *records):
        words = [word.strip().lower().rstrip(".") for word in line.value.split(",")]
        # The last word is the target, the interface or an address.
        found = [w for w in words[:-1] if any(lies_within(w, z) for z in forwarding.zones)]
        if found:
            yield Finding(
                False,
                f"{line.place}: {line.key}={line.value} answers {found[0]}, which is to be "
                "forwarded",
                f"remove that line, then {RESTART}",
            )


def _filters_addresses(line: Line) -> bool:
    """Return whether a filter-rr takes A records out of answers; their number is 1."""
    return not {word.strip().upper() for word in line.value.split(",")}.isdisjoint(("A", "1"))


def _is_aliased(value: str, address: str) -> bool:
    """Return whether `[<old>|<start>-<end>],<new>[,<mask>]` gives another address for this one."""
    old, _, rest = value.partition(",")
    mask = rest.partition(",")[2].strip() or "255.255.255.255"
    start, _, end = (word.strip() for word in old.partition("-"))
    if not end:
        return holds(f"{start}/{mask}", address)
    try:
        return IPv4Address(start) <= IPv4Address(address) <= IPv4Address(end)
    except ValueError:
        return False


def real(path: str | Path) -> Path:
    """Return the path with links resolved: a folder may be named by a link."""
    return Path(path).resolve()
