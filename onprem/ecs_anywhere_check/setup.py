"""Settings that let a host ask otherwise than others: resolv.conf, nsswitch, hosts, proxies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ecs_anywhere_check.findings import FAILED, NOTE, PRIVATE, PUBLIC, Expected, Finding
from ecs_anywhere_check.host import Host

SET = re.compile(r"""\b(https?_proxy|no_proxy)=["']?([^"'\s]*)""", re.IGNORECASE)
"""A variable of a proxy, as files of variables and systemd's units set it."""


def of_resolver_setup(expected: Expected, host: Host) -> Iterator[Finding]:
    """Find what makes one host ask otherwise than another."""
    text = host.read("/etc/resolv.conf")
    servers = re.findall(r"^\s*nameserver\s+(\S+)", text, re.MULTILINE)
    if not servers:
        yield Finding(
            "resolv.conf", "host", FAILED, "names no DNS server", "name your DNS servers there"
        )
    if len(servers) > 3:
        said = f"names {len(servers)} DNS servers, and the first three are used"
        yield Finding("resolv.conf", "host", NOTE, said, "name three at most")
    dots = min((name.count(".") for name in expected.names), default=0)
    for number in re.findall(r"^\s*options\b.*?\bndots:(\d+)", text, re.MULTILINE):
        if int(number) > dots:
            said = f"ndots:{number} lets every name be asked with the search domains first"
            yield Finding(
                "resolv.conf", "host", NOTE, said, "a wildcard there would answer: take ndots off"
            )
    order = re.findall(r"^\s*hosts:\s*(.*)$", host.read("/etc/nsswitch.conf"), re.MULTILINE)
    if order and not re.search(r"\b(dns|resolve)\b", order[-1]):
        said = f"hosts: {order[-1].strip()} asks no DNS server"
        yield Finding("nsswitch.conf", "host", FAILED, said, "add dns to that line")


def of_hosts_file(expected: Expected, host: Host) -> Iterator[Finding]:
    """A name in the hosts file comes before every DNS server, and outlives every address."""
    for line in host.read("/etc/hosts").splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in {each.lower().rstrip(".") for each in names} & set(expected.names):
            good = expected.is_private(name, address)
            said, cure = (
                f"{address} {name}",
                "take the line out of /etc/hosts: it hides what DNS answers",
            )
            yield Finding(name, "hosts file", NOTE if good else PUBLIC, said, cure)


def of_proxies(expected: Expected, host: Host) -> Iterator[Finding]:
    """Find a proxy that an agent would give these names to: it asks its own DNS server."""
    for where, variables in _settings(host):
        proxy = variables.get("https_proxy") or variables.get("http_proxy") or ""
        if not proxy:
            continue
        bare = [n for n in expected.names if not _goes_past(n, variables.get("no_proxy", ""))]
        if bare:
            said = f"{where}: {' '.join(bare)} go through the proxy {_without_password(proxy)}"
            cure = f"add to NO_PROXY there: {','.join(bare)}"
            yield Finding("proxy", where, PUBLIC, said, cure)
        else:
            yield Finding("proxy", where, PRIVATE, "NO_PROXY has every name")


def _settings(host: Host) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield where variables are set for the agents, and those of proxies, in lower case."""
    files = ["/etc/ecs/ecs.config", "/etc/environment"]
    for unit in ("ecs", "docker", "amazon-ssm-agent"):
        for folder in ("/etc/systemd/system", "/usr/lib/systemd/system"):
            found = (host.root / folder.lstrip("/") / f"{unit}.service.d").glob("*.conf")
            files += [f"/{path.relative_to(host.root)}" for path in sorted(found)]
    for path in files:
        lines = [line.strip() for line in host.read(path).splitlines()]
        said = " ".join(line for line in lines if not line.startswith(("#", ";")))
        yield path, _proxies(SET.findall(said))
    yield "environment", _proxies(host.environment.items())


def _proxies(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {
        k.lower(): v for k, v in pairs if k.lower() in {"http_proxy", "https_proxy", "no_proxy"}
    }


def _goes_past(name: str, no_proxy: str) -> bool:
    """Tell whether NO_PROXY names it, as Go's agents read it (golang.org/x/net/http/httpproxy)."""
    for entry in (each.strip().lower().partition(":")[0] for each in no_proxy.split(",")):
        if entry == "*":
            return True
        below = entry[1:] if entry.startswith("*.") else entry
        if below.startswith("."):
            if name.endswith(below):
                return True
        elif below and (name == below or name.endswith("." + below)):
            return True
    return False


def _without_password(proxy: str) -> str:
    return re.sub(r"^([a-z]+://)?.*@", r"\1...@", proxy)
