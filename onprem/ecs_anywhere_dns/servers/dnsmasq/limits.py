"""The limit of dnsmasq that the questions of one verification overrun."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.dnsmasq.configuration import Configuration
from ecs_anywhere_dns.servers.dnsmasq.hindrances import RESTART


def overrun_in(disk: Configuration, names: int) -> Iterator[Finding]:
    """Yield the line that lets fewer questions wait for an answer than are asked over UDP at once:
    two for each of so many names. The rest is refused (measured with 2.90)."""
    line = next(iter(reversed(disk.of("dns-forward-max"))), None)
    if line is not None and line.value.isdigit() and int(line.value) < 2 * names:
        yield Finding(
            False,
            f"{line.place}: dns-forward-max={line.value} refuses what is asked beyond that at "
            f"once, and a verification asks {2 * names} questions",
            f"remove it: the default is 150; then {RESTART}",
        )
