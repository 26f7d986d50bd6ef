"""The two fragments of PowerDNS Recursor: written, and read back strictly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.fragment_lines import (
    CURE,
    ZONE,
    Entry,
    checked,
    forwarding_in,
    lines_of,
)
from ecs_anywhere_dns.servers.mark import MARK_PORT, MARK_ZONE, mark_of
from ecs_anywhere_dns.servers.powerdns.control import NTA_REASON

LINE = re.compile(r"(?P<recursive>\+?)(?P<zone>[^=]+)=(?P<targets>.+)")
TARGET = re.compile(r"(?P<address>[0-9.]+)(:(?P<port>\d{1,5}))?")
LUA_LINE = re.compile(rf'addNTA\("(?P<zone>[^"]+)", "{NTA_REASON}"\)')


def read_zones(text: str, place: str) -> Forwarding:
    """Return the forwarding of our zones file. Raises CheckFailed where a line is not as we write
    it."""
    try:
        entries = [e for number, line in lines_of(text, "#") for e in _entries(number, line)]
        return forwarding_in(entries, place)
    except CheckFailed as problem:
        raise CheckFailed(f"{place}: {problem.message}", problem.cure) from None


def _entries(number: int, line: str) -> Iterator[Entry]:
    said = LINE.fullmatch(line)
    # Without the + it would ask a resolver as if that were authoritative, without recursion.
    if said is None or (said["zone"] != MARK_ZONE and not said["recursive"]):
        raise CheckFailed(f"line {number}: {line!r} is not ours", CURE)
    for target in said["targets"].split(";"):
        where = TARGET.fullmatch(target)
        if where is None:
            raise CheckFailed(f"line {number}: {target!r} is no address", CURE)
        yield checked(said["zone"], where["address"], where["port"], number)


def read_lua(text: str) -> list[str]:
    """Return the zones that our Lua file exempts. Raises CheckFailed where a line is not as we
    write it."""
    zones = []
    for number, line in lines_of(text, "--"):
        said = LUA_LINE.fullmatch(line)
        if said is None or not ZONE.fullmatch(said["zone"]):
            raise CheckFailed(f"line {number} of the Lua file: {line!r} is not ours", CURE)
        zones.append(said["zone"])
    return zones


def lines_for(forwarding: Forwarding) -> Iterator[str]:
    port = "" if forwarding.port == DNS_PORT else f":{forwarding.port}"
    for zone, forwarders in forwarding.targets.items():
        yield f"+{zone}={';'.join(f'{address}{port}' for address in forwarders)}"
    if not forwarding.is_none:
        yield f"{MARK_ZONE}={mark_of(forwarding)}:{MARK_PORT}"


def lua_for(forwarding: Forwarding) -> Iterator[str]:
    return (f'addNTA("{zone}", "{NTA_REASON}")' for zone in forwarding.zones)
