"""The last check of the words that are written into a server's configuration.

A `Forwarding` comes from a validated document. Still, nobody writes quotes, brackets or line ends
into a name server's configuration because some check elsewhere was forgotten.
"""

from __future__ import annotations

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.fragment_lines import checked

CURE = "this is a defect of this tool: report it with the publication"


def harmless(forwarding: Forwarding) -> Forwarding:
    """Return `forwarding` unchanged. Raises CheckFailed, naming the zone, the forwarder or the
    label that is none."""
    if not forwarding.label.isprintable():
        raise CheckFailed(
            f"the label {forwarding.label!r} is not one line of printable characters", CURE
        )
    for zone, forwarders in forwarding.targets.items():
        if not forwarders:
            raise CheckFailed(f"zone {zone} has no resolver IP to be forwarded to", CURE)
        for address in forwarders:
            checked(zone, address, str(forwarding.port), 1)
    return forwarding
