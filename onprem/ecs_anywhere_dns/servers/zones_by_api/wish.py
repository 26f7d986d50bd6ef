"""The file of the wished forward zones, and the memory of those that we made.

The wish is the fragment of such a server, swapped and put back like any other; a reload makes the
zones what it says. The memory is written before anything is made, and shortened after it is gone:
so a zone of that name that is not in it is somebody else's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding, forwarding_to
from ecs_anywhere_dns.memory.files import put, state_of
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.contract import HEADER
from ecs_anywhere_dns.servers.fragment_lines import CURE, ZONE, checked, lines_of


def text_for(forwarding: Forwarding) -> str:
    return "".join(f"{line}\n" for line in _lines(forwarding))


def _lines(forwarding: Forwarding) -> Iterator[str]:
    yield f"# {HEADER}"
    yield f"# {forwarding.label}"
    port = "" if forwarding.port == DNS_PORT else f"#{forwarding.port}"
    for zone, forwarders in forwarding.targets.items():
        yield " ".join((zone, *(f"{address}{port}" for address in forwarders)))


def read_wish(text: str, place: str) -> Forwarding:
    """Return the forwarding that the file asks for. Raises CheckFailed where it is not as we write
    it."""
    targets: dict[str, list[str]] = {}
    ports: set[int] = set()
    try:
        for number, line in lines_of(text, "#"):
            zone, *servers = line.split(" ")
            found = [_server(zone, server, number) for server in servers]
            if zone in targets or not found:
                raise CheckFailed(f"line {number}: {line!r} is not ours", CURE)
            targets[zone] = [address for address, _ in found]
            ports |= {port for _, port in found}
        if len(ports) > 1:
            raise CheckFailed(f"the servers have several ports: {sorted(ports)}", CURE)
    except CheckFailed as problem:
        raise CheckFailed(f"{place}: {problem.message}", problem.cure) from None
    return forwarding_to(targets, place, max(ports, default=DNS_PORT))


def _server(zone: str, word: str, number: int) -> tuple[str, int]:
    address, _, port = word.partition("#")
    if port and not port.isdecimal():
        raise CheckFailed(f"line {number}: {word!r} is no server", CURE)
    _, address, number_of_port = checked(zone, address, port or None, number)
    return address, number_of_port


def read_made(file: Path) -> frozenset[str]:
    """Return the zones that we have made, or were about to make. Raises CheckFailed."""
    content = state_of(file).content
    if content is None:
        return frozenset()
    try:
        names = json.loads(content)
        if not all(ZONE.fullmatch(name) for name in names):
            raise ValueError("a name in it is none")
    except (ValueError, TypeError) as error:
        raise CheckFailed(
            f"{file} is damaged, which lists the forward zones that this host made: {error}",
            'write into it the zones that this host made, as in ["ecs.us-east-2.amazonaws.com"]',
        ) from None
    return frozenset(names)


def write_made(file: Path, zones: Collection[str]) -> None:
    """Write the memory of the zones that we made. Raises CheckFailed."""
    put(replace(state_of(file), content=f"{json.dumps(sorted(zones))}\n".encode()))
