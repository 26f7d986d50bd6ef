"""Carry out the part of a plan that is about security groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from connectivity.domain import ledger as ledgers
from connectivity.domain.errors import NotReadyYet, OutOfReach
from connectivity.domain.ledger import Beside, Entry
from connectivity.domain.model import Rule, SecurityGroup
from connectivity.domain.ownership import Ownership
from connectivity.domain.steps import Admit, MakeGroup, Plan, Revoke
from connectivity.usecases.aws import Aws
from connectivity.usecases.tokens import ending


@dataclass(frozen=True)
class GroupSteps:
    """The steps on the security groups of one VPC: make, admit, revoke. The ledger gets their
    ids."""

    entry: Entry
    aws: Aws
    ids: dict[str, str]
    """Purpose -> id, growing as groups are made."""
    unwritten: dict[str, str] = field(default_factory=dict)
    """Purpose -> id of those that were made and go into the ledger with the next write. Until then
    they are known by their names, which were announced."""

    def apply(self, plan: Plan) -> None:
        names = self._announce(plan)
        for step in plan:
            match step:
                case MakeGroup():
                    self._make(step.purpose, names[step.purpose])
                case Admit():
                    self.aws.groups.admit(self.ids[step.purpose], self._resolved(step.rules))
                case Revoke():
                    self.aws.groups.revoke(self.ids[step.purpose], self._resolved(step.rules))
                case _:
                    pass

    def _announce(self, plan: Plan) -> dict[str, str]:
        """Return by purpose the names of the groups to be made. A name is unique in its VPC, and
        with its random end it is the token of its creation: a group of that name is the one that
        we made."""
        steps = [step for step in plan if isinstance(step, MakeGroup)]
        names = {
            step.purpose: ledgers.announced_token(self.entry, step.purpose)
            or f"{step.name}-{ending()}"
            for step in steps
        }
        if names:
            now = self.aws.clock.seconds()
            self.aws.ledger.announce(self.entry, names, Beside(groups_made_at=now))
        return names

    def _make(self, purpose: str, name: str) -> None:
        id_ = self.aws.groups.make(self.entry.vpc_id, name, purpose)
        self.ids[purpose] = self.unwritten[purpose] = id_

    def write_down(self) -> None:
        """Write the ids of the groups that were made, where no other write follows."""
        if self.unwritten:
            self.aws.ledger.hold(self.entry.vpc_id, self.unwritten)

    def _resolved(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Return the rules, in which a source that is a purpose has become the id of that group."""
        return tuple(replace(rule, source=self.ids.get(rule.source, rule.source)) for rule in rules)


def group_steps(
    purposes: Collection[str], observed: tuple[SecurityGroup, ...], ownership: Ownership, aws: Aws
) -> GroupSteps:
    """Return the steps for the groups of these purposes; another branch of the workflow sees to
    the others. Groups whose creation never answered us are written down first. Raises OutOfReach
    for a group of ours that lost its owner tag."""
    refuse_out_of_reach(ownership.out_of_reach(groups=observed))
    entry, ours = ownership.entry, ownership.groups(observed)
    ids = {purpose: ours[purpose].id for purpose in purposes if purpose in ours}
    found = {purpose: id_ for purpose, id_ in ids.items() if entry.held[purpose] != id_}
    if found:
        aws.ledger.hold(entry.vpc_id, found, aws.clock.seconds())
    return GroupSteps(entry, aws, ids)


def look_at_groups(purposes: Collection[str], entry: Entry, aws: Aws) -> tuple[SecurityGroup, ...]:
    """Return the security groups that AWS shows in the VPC, when it shows ours for these purposes
    that were made a moment ago. Raises NotReadyYet: taken for gone, they would be made again."""

    def _judge(observed: tuple[SecurityGroup, ...]) -> tuple[SecurityGroup, ...]:
        unseen = _unseen(entry, observed, aws)
        known = [id_ for p, id_ in unseen.items() if p in purposes and ledgers.known_id(entry, p)]
        _refuse_unseen(known)
        return observed

    return aws.patience.until(_judge, lambda: aws.groups.all_in(entry.vpc_id))


def look_at_all_groups(entry: Entry, aws: Aws) -> tuple[SecurityGroup, ...]:
    """Return the security groups that AWS shows in the VPC, for a removal. Raises NotReadyYet while
    it may still show one of ours that was made, or only announced, a moment ago."""
    observed = aws.groups.all_in(entry.vpc_id)
    _refuse_unseen(_unseen(entry, observed, aws).values())
    return observed


def _unseen(entry: Entry, observed: Iterable[SecurityGroup], aws: Aws) -> dict[str, str]:
    shown = [name for group in observed for name in (group.id, group.name)]
    return ledgers.unseen_groups(entry, shown, aws.clock.seconds())


def _refuse_unseen(unseen: Iterable[str]) -> None:
    named = ", ".join(sorted(unseen))
    if named:
        raise NotReadyYet(f"made a moment ago and not shown by AWS yet: {named}")


def refuse_out_of_reach(lost: dict[str, str]) -> None:
    """Check that no resource is out of reach: made anew, it would exist twice. Raises
    OutOfReach."""
    if lost:
        raise OutOfReach("; ".join(f"{id_}: {why}" for id_, why in sorted(lost.items())))
