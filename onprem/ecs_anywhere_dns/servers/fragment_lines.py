"""The strict reading of a fragment: it finds errors that the servers' own checkers overlook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address

from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding, forwarding_to
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.mark import MARK_PORT, MARK_ZONE, mark_of

LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
ZONE = re.compile(rf"(?=.{{1,253}}$){LABEL}(\.{LABEL})+")
CURE = "`ecs-anywhere-dns apply` writes it anew; where it does not, this is a defect of this tool"

Entry = tuple[str, str, int]
"""Zone, address, port."""


def lines_of(text: str, comment: str) -> Iterator[tuple[int, str]]:
    """Yield each line that is no comment, with its number. Raises CheckFailed where the last line
    is cut."""
    if text and not text.endswith("\n"):
        raise CheckFailed("the last line is cut off", CURE)
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.startswith(comment):
            yield number, line


def checked(zone: str, address: str, port: str | None, number: int) -> Entry:
    """Return the entry of a line. Raises CheckFailed where a part of it is no zone, address or
    port."""
    if not ZONE.fullmatch(zone):
        raise CheckFailed(f"line {number}: {zone!r} is no domain name", CURE)
    try:
        IPv4Address(address)
    except AddressValueError as error:
        raise CheckFailed(f"line {number}: {error}", CURE) from None
    if port is not None and not 0 < int(port) < 65536:
        raise CheckFailed(f"line {number}: {port} is no port", CURE)
    return zone, address, int(port) if port else 53


def forwarding_in(entries: list[Entry], label: str) -> Forwarding:
    """Return the forwarding of these entries. Raises CheckFailed."""
    real = [entry for entry in entries if entry[0] != MARK_ZONE]
    targets: dict[str, set[str]] = {}
    ports = {port for _, _, port in real} or {DNS_PORT}
    for zone, address, _ in real:
        if address in targets.setdefault(zone, set()):
            raise CheckFailed(f"{zone} is forwarded to {address} twice", CURE)
        targets[zone].add(address)
    if len(ports) > 1:
        raise CheckFailed(f"the servers have several ports: {sorted(ports)}", CURE)
    return _marked(forwarding_to(targets, label, ports.pop()), set(entries) - set(real))


def _marked(forwarding: Forwarding, marks: set[Entry]) -> Forwarding:
    wanted = set() if forwarding.is_none else {(MARK_ZONE, mark_of(forwarding), MARK_PORT)}
    if marks != wanted:
        raise CheckFailed(
            "the file was edited: its mark is not that of its zones and addresses", CURE
        )
    return forwarding
