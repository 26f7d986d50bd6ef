"""The forwarding of a host that remembers nothing of it: what our files forward stays until every
VPC could be followed.

A person may have moved `applied.json` away. Then our files alone know of a VPC whose publication
cannot be read just now: written anew without it, they would send its names to the internet.
"""

from __future__ import annotations

from collections.abc import Sequence

from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.files import state_of
from ecs_anywhere_dns.memory.records import FOUND, Applied, Last
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.contract import ReadsBack


def found_on(hosts: Sequence[Host]) -> str:
    """Take what our files forward as applied, for no VPC, where nothing else says what was. Returns
    what to say of it."""
    host = hosts[0]
    forwarding = forwarded_unremembered(host)
    if forwarding is None or forwarding.is_none:
        return ""
    parts = {f"{FOUND}{n}": Last(forwarding=part) for n, part in enumerate(forwarding.groups)}
    found = Applied(server=host.server.name, vpcs=parts)
    for each in hosts:
        each.state.take_as_applied(found)
    return (
        f"nothing is remembered of what was applied, and {_named(host)} forwards "
        f"{len(forwarding.zones)} zones: each stays until every VPC could be followed"
    )


def forwarded_unremembered(host: Host) -> Forwarding | None:
    """Return what our files forward, and nobody remembers; None where that cannot be read."""
    if not host.state.is_without_memory() or not _is_forwarding(host):
        return NOTHING
    if not isinstance(host.server, ReadsBack):
        return None
    try:
        return host.server.forwarded()
    except CheckFailed:
        return None


def check_known(host: Host) -> None:
    """Check that it is known what our files forward, where a VPC cannot be followed. Raises
    CheckFailed."""
    if forwarded_unremembered(host) is None:
        raise CheckFailed(
            f"nothing is remembered of what was applied, {_named(host)} cannot be read back, and "
            "not every publication can be read: what is forwarded for the others is not known",
            "see that every publication can be read (`ecs-anywhere-dns check`); or restore "
            f"{host.state.folder / 'applied.json'}",
        )


def _is_forwarding(host: Host) -> bool:
    """Return whether one of our files is there, and is not as without forwarding."""
    contents = [(state_of(f.path).content, f.text) for f in host.server.fragments(NOTHING)]
    return any(content not in (None, b"", text.encode()) for content, text in contents)


def _named(host: Host) -> str:
    return ", ".join(str(fragment.path) for fragment in host.server.fragments(NOTHING)[:1])
