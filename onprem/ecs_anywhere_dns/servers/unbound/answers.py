"""Settings of Unbound that answer our names otherwise, by the address or by the client (measured
with 1.17).

unbound-checkconf does not tell of response-ip, nor where an option stands: hence `lines`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from ipaddress import ip_network

from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.mark import holds, lies_within
from ecs_anywhere_dns.servers.unbound.control import plain
from ecs_anywhere_dns.servers.unbound.lines import Line
from ecs_anywhere_dns.servers.unbound.shadows import PASSING

TAG_ACTION = "access-control-tag-action"
GIVEN = "access-control-tag"
PER_NETWORK = ("access-control", "access-control-view", GIVEN, TAG_ACTION)
"""Options that say something of the clients of a network."""


def replaced(lines: Sequence[Line], addresses: Collection[str]) -> Iterator[Finding]:
    """Yield the line that replaces or drops answers with one of these addresses; that of the
    smallest network counts."""
    rules = [line for line in lines if line.key == "response-ip" and len(line.words) == 2]
    for address in addresses:
        fitting = [line for line in rules if holds(line.words[0], address)]
        line = max(fitting, key=_length, default=None)
        if line is not None and line.words[1] not in PASSING:
            yield Finding(
                False,
                f"{line.place}: response-ip: {line.value} takes answers with the VPC's addresses, "
                f"as {address}",
                f"add `response-ip: {ip_network(f'{address}/16', strict=False)} "
                "always_transparent`, or leave the VPC's networks out of it",
            )
            return


def tagged(lines: Sequence[Line], zones: Collection[str], asker: str) -> Iterator[Finding]:
    """Yield the line that has a client at `asker` answered by the tag of a local-zone above one of
    `zones`, whatever type that local-zone has. Of a client's networks only the smallest counts."""
    marked = {word for line in lines if line.key == "local-zone-tag" for word in _tags(line, zones)}
    its = [x for x in lines if x.key in PER_NETWORK and x.words and holds(x.words[0], asker)]
    smallest = max(map(_length, its), default=0)
    its = [line for line in its if _length(line) == smallest]
    given = {word for line in its if line.key == GIVEN for word in line.words[1:]}
    for line in its:
        if line.key != TAG_ACTION or len(line.words) != 3:
            continue
        network, tag, action = line.words
        if tag in marked & given and action not in PASSING:
            yield Finding(
                False,
                f"{line.place}: {TAG_ACTION}: {network} {tag} {action} answers our names for "
                f"{asker}, by the tag of a local-zone above them",
                f"take the tag off that local-zone, or write `{TAG_ACTION}: {network} {tag} "
                "transparent`",
            )


def _tags(line: Line, zones: Collection[str]) -> tuple[str, ...]:
    """Return the tags of a `local-zone-tag` for a name at or above one of these zones."""
    name, *tags = line.words or ("",)
    above = plain(name)
    return tuple(tags) if any(above == "." or lies_within(z, above) for z in zones) else ()


def _length(line: Line) -> int:
    return ip_network(line.words[0], strict=False).prefixlen
