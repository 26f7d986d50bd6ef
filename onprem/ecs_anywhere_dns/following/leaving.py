"""Taking out what is forwarded for a VPC that the configuration no longer names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecs_anywhere_dns.following.remembering import forget
from ecs_anywhere_dns.following.shared import Shared
from ecs_anywhere_dns.following.switchover import (
    Target,
    check_fragments,
    check_room,
    check_unhindered,
    end_switch,
    files_of,
    switch,
)
from ecs_anywhere_dns.forwarding import NOTHING, merged
from ecs_anywhere_dns.memory.records import FOUND
from ecs_anywhere_dns.outcome import Exit, Stop

FINE = (Exit.DONE, Exit.DEGRADED)


def leave_unfollowed(shared: Shared) -> None:
    """Take out the forwarding of VPCs that are no longer followed, once all others are in force: a
    mistake in the configuration must not send a site's questions to the internet."""
    run = shared.runs[0]
    applied = run.host.state.applied()
    followed = {each.vpc for each in shared.runs}
    left = sorted(
        vpc
        for vpc, last in applied.vpcs.items()
        if vpc not in followed and (last.document or last.forwarding.zones)
    )
    if not left or run.dry or any(each.report.exit not in FINE for each in shared.runs):
        return
    parts = shared.left_alone(applied)
    whole = merged(tuple(parts.values())) if parts else NOTHING
    try:
        if whole.targets != applied.forwarding.targets:
            fragments = run.host.server.fragments(whole)
            check_room(run.host, fragments)
            check_fragments(run.host, fragments)
            check_unhindered(run.host, whole)
            target = Target(whole, files_of(fragments), lambda: None, tell=run.hint)
            journal = switch(run.host, run.id, target)
            end_switch(run.host, journal, target, lambda: forget(run, left))
            run.say(changed=True)
            run.hint(*_hints(left))
        else:
            forget(run, left)
    except Stop as problem:
        run.report = run.report.stopped(problem)


def _hints(left: Sequence[str]) -> Iterator[str]:
    """Yield what was taken out."""
    vpcs = [vpc for vpc in left if not vpc.startswith(FOUND)]
    if vpcs:
        yield f"nothing is forwarded any more to {', '.join(vpcs)}, no longer followed"
    if len(vpcs) < len(left):
        yield "what was forwarded, and no publication asks for, was taken out"
