"""The servers-file of dnsmasq: written, and read back strictly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.fragment_lines import CURE, checked, forwarding_in, lines_of
from ecs_anywhere_dns.servers.mark import MARK_PORT, MARK_ZONE, mark_of

LINE = re.compile(r"server=/(?P<zone>[^/]+)/(?P<address>[0-9.]+)(#(?P<port>\d{1,5}))?")


def read_fragment(text: str, place: str) -> Forwarding:
    """Return the forwarding of our file. Raises CheckFailed where a line is not as we write it."""
    try:
        entries = []
        for number, line in lines_of(text, "#"):
            said = LINE.fullmatch(line)
            if said is None:
                raise CheckFailed(f"line {number}: {line!r} is not ours", CURE)
            entries.append(checked(said["zone"], said["address"], said["port"], number))
        return forwarding_in(entries, place)
    except CheckFailed as problem:
        raise CheckFailed(f"{place}: {problem.message}", problem.cure) from None


def lines_for(forwarding: Forwarding) -> Iterator[str]:
    port = "" if forwarding.port == DNS_PORT else f"#{forwarding.port}"
    for zone, forwarders in forwarding.targets.items():
        yield from (f"server=/{zone}/{address}{port}" for address in forwarders)
    if not forwarding.is_none:
        yield f"server=/{MARK_ZONE}/{mark_of(forwarding)}#{MARK_PORT}"
