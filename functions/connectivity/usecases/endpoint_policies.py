"""Set the policies of our VPC endpoints, and remember which of them are ours."""

from __future__ import annotations

from collections.abc import Iterable

from connectivity.domain import pacing
from connectivity.domain.desired import Desired
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.ownership import Ownership
from connectivity.domain.policies import policies_given, policies_seen, policies_to_give
from connectivity.domain.steps import Plan, SetPolicy
from connectivity.usecases.aws import Aws
from connectivity.usecases.ports import Ledger
from connectivity.usecases.turns import take_turn_now


def give_policies(plan: Plan, entry: Entry, now: float, aws: Aws) -> None:
    """Set the endpoint policies of the plan, as fast as AWS lets endpoints be changed. Each is
    written down before, because its answer may be lost; and afterwards, when nothing else can be
    there of ours."""
    steps = [step for step in plan if isinstance(step, SetPolicy)]
    if not steps:
        return
    pace = take_turn_now(entry, pacing.SETTING_POLICIES_NOW, len(steps), now, aws)
    aws.ledger.record_policies(entry.vpc_id, policies_to_give(steps, entry))
    done: list[SetPolicy] = []
    try:
        for step in steps:
            pace.wait_for_next()
            aws.endpoints.set_policy(step.endpoint_id, step.service_name, step.policy)
            done.append(step)
    finally:
        if done:
            aws.ledger.record_policies(entry.vpc_id, policies_given(done))


def note_policies(
    desired: Desired, observed: Iterable[InterfaceEndpoint], ownership: Ownership, ledger: Ledger
) -> None:
    """Write down which policies are there as they are asked for; nothing where that is known."""
    ours = [e for e in observed if e.exists and ownership.of_endpoint(e)]
    if seen := policies_seen(desired, ours, ownership.entry):
        ledger.record_policies(ownership.entry.vpc_id, seen)
