"""The fragments of systemd-resolved: written, and read back strictly.

A delegate (systemd.dns-delegate(5)) is one file with servers and domains. Where not all zones have
the same forwarders, as those of several VPCs, each group is a file. Their number is fixed, so that
a group that is gone leaves an empty file, and not a forgotten one. An empty one matches nothing.

Negative trust anchors (dnssec-trust-anchors.d(5)) keep our zones from being validated where DNSSEC
is on. One such file puts the built-in list out of force, so ours repeats that list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding, forwarding_to
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.contract import HEADER, Fragment
from ecs_anywhere_dns.servers.fragment_lines import CURE, checked, lines_of

DELEGATES = tuple(f"ecs-anywhere{suffix}" for suffix in ("", "-2", "-3", "-4"))
"""Names of our delegates, which are those of their files."""
SUFFIX = ".dns-delegate"
ANCHORS = "ecs-anywhere.negative"
LINE = re.compile(r"(?P<key>DNS|Domains)=(?P<value>\S+)")
SERVER = re.compile(r"(?P<address>[0-9.]+)(:(?P<port>\d{1,5}))?")
BUILT_IN = (
    "home.arpa", "10.in-addr.arpa", *(f"{n}.172.in-addr.arpa" for n in range(16, 32)),
    "170.0.0.192.in-addr.arpa", "171.0.0.192.in-addr.arpa", "168.192.in-addr.arpa", "d.f.ip6.arpa",
    "ipv4only.arpa", "resolver.arpa", "corp", "home", "internal", "intranet", "lan", "local",
    "private", "test",
)  # fmt: skip
"""The negative trust anchors that are built into systemd 262; RFC 6761, 6303, 6762, 8375, 9462."""


def fragments_for(forwarding: Forwarding, delegates: Path, anchors: Path) -> Iterator[Fragment]:
    """Yield the delegates and the file of negative trust anchors. Raises CheckFailed where the
    forwarding has more groups than there are delegates."""
    groups = () if forwarding.is_none else forwarding.groups
    if len(groups) > len(DELEGATES):
        raise CheckFailed(
            f"systemd-resolved gets {len(DELEGATES)} delegates of this tool, not {len(groups)}",
            "let this host follow fewer VPCs",
        )
    head = [f"# {HEADER}", f"# {forwarding.label}"]
    for number, name in enumerate(DELEGATES):
        lines = _delegate(groups[number]) if number < len(groups) else []
        yield Fragment(delegates / f"{name}{SUFFIX}", _text([*head, *lines]))
    exempt = sorted({*forwarding.zones, *BUILT_IN}) if groups else []
    yield Fragment(anchors / ANCHORS, _text([*head, *exempt]))


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _delegate(group: Forwarding) -> list[str]:
    port = "" if group.port == DNS_PORT else f":{group.port}"
    servers = [f"DNS={address}{port}" for address in group.forwarders]
    return ["[Delegate]", *servers, *(f"Domains=~{zone}" for zone in group.zones)]


def read_delegates(texts: Sequence[str], place: str) -> Forwarding:
    """Return the forwarding of our delegates. Raises CheckFailed where one is not as we write
    it."""
    targets: dict[str, list[str]] = {}
    ports = {DNS_PORT}
    try:
        for text in texts:
            zones, servers = _read(text)
            targets |= {zone: [address for address, _ in servers] for zone in zones}
            ports = {port for _, port in servers} or ports
    except CheckFailed as problem:
        raise CheckFailed(f"{place}: {problem.message}", problem.cure) from None
    return forwarding_to(targets, place, max(ports))


def _read(text: str) -> tuple[list[str], list[tuple[str, int]]]:
    zones: list[str] = []
    servers: list[tuple[str, int]] = []
    for number, line in lines_of(text, "#"):
        said = LINE.fullmatch(line)
        if line == "[Delegate]":
            continue
        where = SERVER.fullmatch(said["value"]) if said and said["key"] == "DNS" else None
        if where:
            _, address, port = checked("any.example", where["address"], where["port"], number)
            servers.append((address, port))
        elif said and said["key"] == "Domains" and said["value"].startswith("~"):
            zones.append(checked(said["value"][1:], "127.0.0.1", None, number)[0])
        else:
            raise CheckFailed(f"line {number}: {line!r} is not ours", CURE)
    if bool(zones) != bool(servers):
        raise CheckFailed(
            f"{len(zones)} zones (Domains=) and {len(servers)} servers (DNS=): it needs both", CURE
        )
    return zones, servers


def read_anchors(text: str, place: str) -> frozenset[str]:
    """Return the names that our file exempts from validation. Raises CheckFailed."""
    try:
        return frozenset(line for _, line in lines_of(text, "#"))
    except CheckFailed as problem:
        raise CheckFailed(f"{place}: {problem.message}", problem.cure) from None
