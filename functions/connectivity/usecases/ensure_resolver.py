"""Ensure the inbound resolver, with the addresses once promised to on-premises if there are any; an
adopted one is only looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectivity.domain import ledger as ledgers
from connectivity.domain import plan as plans
from connectivity.domain.desired import Desired
from connectivity.domain.errors import JustBegun, NotReadyYet, ResolverFailed
from connectivity.domain.ledger import Beside, Entry
from connectivity.domain.model import InboundResolver, ResolverIp
from connectivity.domain.resolver_adoption import FEWEST_ADDRESSES
from connectivity.domain.steps import MakeResolver, Plan
from connectivity.usecases.aws import Aws
from connectivity.usecases.ports import Ledger
from connectivity.usecases.security_groups import GroupSteps, group_steps, look_at_groups
from connectivity.usecases.tokens import token as new_token

_GROUPS = (ledgers.PROBE_GROUP, ledgers.RESOLVER_GROUP)
_HEALTHY_IP = "attached"
_PROTOCOL = "do53"
_PASSING = frozenset({"creating", "updating", "auto_recovering", "action_needed"})
"""`action_needed` is met on the way to `operational` (terraform-provider-aws #46782)."""


@dataclass(frozen=True)
class Resolver:
    """The inbound resolver, ready, and the security group for the probe that will ask it."""

    id: str
    ips: tuple[str, ...]
    probe_group: str

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "ips": list(self.ips), "probe_group": self.probe_group}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Resolver:
        return cls(said["id"], tuple(said["ips"]), said["probe_group"])


def ensure_resolver(desired: Desired, aws: Aws) -> Resolver:
    """Return the inbound resolver, ready to be asked. Raises JustBegun, NotReadyYet,
    ResolverFailed, ResolverRefused, QuotaReached."""
    vpc_id, resolvers, ledger = desired.vpc_id, aws.resolvers, aws.ledger
    entry = ledger.read(vpc_id)
    ownership = aws.ownership(entry)
    observed = () if desired.adopted_resolver else resolvers.in_vpc(vpc_id)
    groups = look_at_groups(_GROUPS, entry, aws)
    plan = plans.plan_resolver(desired, observed, groups, ownership)
    steps = group_steps(_GROUPS, groups, ownership, aws)
    steps.apply(plan)
    if not any(isinstance(step, MakeResolver) for step in plan):
        steps.write_down()
    if desired.adopted_resolver:
        used = _in_use(desired.adopted_resolver, aws)
        _promise(used.attached, entry, ledger)
        ips = tuple(sorted(ip.ip for ip in used.attached))
        return Resolver(used.id, ips, steps.ids[ledgers.PROBE_GROUP])
    _make(plan, steps, aws)
    ours = ownership.resolver(observed)
    if ours is None:
        raise JustBegun(f"the inbound resolver of {vpc_id} is being made")
    if entry.held.get(ledgers.RESOLVER) != ours.id:
        ledger.hold(vpc_id, {ledgers.RESOLVER: ours.id})
    resolver = aws.patience.until(
        lambda seen: _operational(ours.id, seen), lambda: resolvers.find(ours.id)
    )
    _promise(resolver.attached, entry, ledger)
    ips = tuple(sorted(ip.ip for ip in resolver.attached))
    return Resolver(resolver.id, ips, steps.ids[ledgers.PROBE_GROUP])


def _make(plan: Plan, steps: GroupSteps, aws: Aws) -> None:
    """Make the resolver if the plan says so. The token is kept until the resolver can be seen: a
    repetition makes the same one."""
    entry, group = steps.entry, steps.ids[ledgers.RESOLVER_GROUP]
    for step in plan:
        if isinstance(step, MakeResolver):
            token = ledgers.announced_token(entry, ledgers.RESOLVER) or new_token()
            aws.ledger.announce(entry, {ledgers.RESOLVER: token}, Beside(steps.unwritten))
            aws.resolvers.make(entry.vpc_id, step.addresses, group, token)


def _in_use(resolver_id: str, aws: Aws) -> InboundResolver:
    """Return somebody else's resolver, that fitted a moment ago."""
    return aws.patience.until(
        lambda seen: _fit(resolver_id, seen), lambda: aws.resolvers.find(resolver_id)
    )


def _fit(resolver_id: str, resolver: InboundResolver | None) -> InboundResolver:
    if resolver is None or resolver.status not in _PASSING | {"operational"}:
        state = resolver.status if resolver else "gone"
        raise ResolverFailed(
            f"{resolver_id}, which is not ours and was to be used, is {state}: the next sweep "
            "looks what there is instead"
        )
    if resolver.status != "operational" or len(resolver.attached) < FEWEST_ADDRESSES:
        raise NotReadyYet(f"{resolver_id}, which is not ours, is {resolver.status}")
    return resolver


def _operational(resolver_id: str, resolver: InboundResolver | None) -> InboundResolver:
    if resolver is None:
        raise NotReadyYet(f"{resolver_id} cannot be seen yet")
    if resolver.status in _PASSING:
        raise NotReadyYet(f"{resolver_id} is {resolver.status}: {resolver.message}")
    if resolver.status != "operational":
        raise ResolverFailed(f"{resolver_id} is {resolver.status}: {resolver.message}")
    if _PROTOCOL not in resolver.protocols:
        raise ResolverFailed(
            f"{resolver_id} speaks {', '.join(resolver.protocols)} only and Do53 is needed "
            "(aws route53resolver update-resolver-endpoint "
            f"--resolver-endpoint-id {resolver_id} --protocols Do53)"
        )
    failed = [f"{ip.ip or ip.subnet} is {ip.status}" for ip in resolver.ips if ip.failed]
    if failed:
        raise ResolverFailed(
            f"{resolver_id}: {', '.join(failed)} - delete this resolver endpoint and set the tag "
            "again, or it is made anew by a later sweep"
        )
    detached = [ip for ip in resolver.ips if ip.status != _HEALTHY_IP]
    if detached or not resolver.ips:
        states = ", ".join(f"{ip.ip or ip.subnet} is {ip.status}" for ip in detached)
        raise NotReadyYet(f"{resolver_id}: {states or 'no address yet'}")
    return resolver


def _promise(ips: Iterable[ResolverIp], entry: Entry, ledger: Ledger) -> None:
    """Write down that from now on these are the addresses, and which ones that on-premises was told
    of before are lost."""
    addresses = {ip.ip: ip.subnet for ip in ips}
    if entry.resolver_ips != addresses:
        told = {*entry.resolver_ips, *entry.lost_ips} if entry.generation else set()
        ledger.record_resolver_ips(entry.vpc_id, addresses, told - addresses.keys())
