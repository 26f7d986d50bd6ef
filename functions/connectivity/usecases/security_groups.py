"""Carry out the part of a plan that is about security groups."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from connectivity.domain.ledger import MAKING
from connectivity.domain.model import Rule, SecurityGroup
from connectivity.domain.ownership import Ownership
from connectivity.domain.steps import Admit, MakeGroup, Plan, Revoke
from connectivity.usecases.aws import Aws
from connectivity.usecases.ports import Groups, Ledger


@dataclass(frozen=True)
class GroupSteps:
    """Makes, opens and closes the groups of one VPC, and remembers their ids."""

    vpc_id: str
    groups: Groups
    ledger: Ledger
    ids: dict[str, str]
    """Purpose -> id, growing as groups are made."""

    def apply(self, plan: Plan) -> None:
        self._announce(plan)
        for step in plan:
            match step:
                case MakeGroup():
                    self._make(step)
                case Admit():
                    self.groups.admit(self.ids[step.purpose], self._resolved(step.rules))
                case Revoke():
                    self.groups.revoke(self.ids[step.purpose], self._resolved(step.rules))
                case _:
                    pass

    def _announce(self, plan: Plan) -> None:
        """A group's name is its token, so one word in the ledger says that we are making it."""
        making = {
            step.purpose: f"{MAKING}{step.name}" for step in plan if isinstance(step, MakeGroup)
        }
        if making:
            self.ledger.hold(self.vpc_id, making)

    def _make(self, step: MakeGroup) -> None:
        self.ids[step.purpose] = self.groups.make(self.vpc_id, step.name, step.purpose)
        self.ledger.hold(self.vpc_id, {step.purpose: self.ids[step.purpose]})

    def _resolved(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """A source that is a purpose becomes the id of the group made for it."""
        return tuple(replace(rule, source=self.ids.get(rule.source, rule.source)) for rule in rules)


def group_steps(
    purposes: Collection[str], observed: tuple[SecurityGroup, ...], ownership: Ownership, aws: Aws
) -> GroupSteps:
    """Return the steps for the groups of these purposes; another branch of the workflow sees to
    the others. Groups whose creation never answered us are written down first."""
    entry, ours = ownership.entry, ownership.groups(observed)
    ids = {purpose: ours[purpose].id for purpose in purposes if purpose in ours}
    found = {purpose: id_ for purpose, id_ in ids.items() if entry.held[purpose] != id_}
    if found:
        aws.ledger.hold(entry.vpc_id, found)
    return GroupSteps(entry.vpc_id, aws.groups, aws.ledger, ids)
