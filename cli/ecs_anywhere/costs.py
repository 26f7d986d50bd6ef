"""Costs: what is paid for every month and serves nobody, or serves twice. A proposal for each; what
is done about it is a person's decision.

    kind       is
    --------   -----------------------------------------------------------------------------------
    idle       a connection that nobody has used for as long as the stack's IdleDays
    unasked    a connection whose tag asks for nothing, and that waits for somebody's yes
    stranded   what stands in a VPC that is not connected: a run failed, and nobody has mended it
    orphaned   what looks like ours in a VPC that asks for nothing, and no ledger knows
    doubled    a second interface endpoint for one service, or a second inbound resolver, in a VPC;
               one of ours beside one that a Route 53 Profile brings
    left       a signing key of a stack that is gone
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from connectivity.domain import ledger
from connectivity.domain.ledger import HELD_UP, NEEDED, Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint
from connectivity.domain.needs_a_look import wish_of
from connectivity.domain.orphans import orphans
from connectivity.domain.ownership import Ownership, resolver_name
from connectivity.domain.usage import is_about_idleness
from connectivity.domain.whole_account import WholeAccount
from connectivity.domain.wish import Wish

from ecs_anywhere.prices import Prices

KEY_MONTHLY = 1.0
"""Price of an asymmetric key (aws.amazon.com/kms/pricing)."""
LEAST_ADDRESSES = 2
"""Addresses of a resolver of which no list says how many addresses it has."""


@dataclass(frozen=True)
class Waste:
    """Thing that is paid for, and what can be done about it."""

    kind: str
    vpc: str
    """Empty where it belongs to none."""
    ids: tuple[str, ...]
    why: str
    cure: str
    monthly: float

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "monthly": round(self.monthly, 2)}


@dataclass(frozen=True)
class Standing:
    """Things that stand in one stack's account and Region."""

    entries: tuple[Entry, ...] = ()
    seen: WholeAccount = field(default_factory=WholeAccount)
    endpoints: Mapping[str, tuple[InterfaceEndpoint, ...]] = field(default_factory=dict)
    """Interface endpoints by VPC that the ledger knows, whose ever they are."""
    addresses: Mapping[str, int] = field(default_factory=dict)
    """Id of a resolver -> how many addresses it has."""
    profiles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """VPC -> service -> id of the interface endpoint that a Route 53 Profile brings to it."""
    left_keys: tuple[str, ...] = ()
    """Aliases of keys of stacks that are gone."""
    unseen: tuple[str, ...] = ()
    """Things that could not be looked at, and why."""


def wasted(standing: Standing, owner: str, prices: Prices) -> list[Waste]:
    """Return everything that is wasted, the dearest first, and nothing twice. `owner` is the value
    of our owner tag."""
    looking = _Looking(standing, owner, prices)
    found: list[Waste] = []
    named: set[str] = set()
    for each in (
        *looking.connections(),
        *looking.orphaned(),
        *looking.doubled(),
        *looking.left(),
    ):
        if not named >= set(each.ids):
            found.append(each)
            named.update(each.ids)
    return sorted(found, key=lambda each: (-each.monthly, each.vpc, each.ids))


@dataclass(frozen=True)
class _Looking:
    standing: Standing
    owner: str
    prices: Prices

    def connections(self) -> Iterator[Waste]:
        """Yield what the ledger holds, serves nobody, and costs something."""
        for entry in self.standing.entries:
            reason = _reason(entry)
            ours = self._ours(entry)
            resolver = self._resolver(entry)
            monthly = self._price(ours, [resolver] if resolver else [])
            if reason and monthly:
                kind, why, cure = reason
                ids = (*(each.id for each in ours), *([resolver.id] if resolver else []))
                yield Waste(kind, entry.vpc_id, ids, why, cure, monthly)

    def orphaned(self) -> Iterator[Waste]:
        seen = self.standing.seen
        known = {entry.vpc_id: entry for entry in self.standing.entries}
        asking = [id_ for id_, vpc in seen.vpcs.items() if wish_of(vpc) is not Wish.DISABLED]
        for each in orphans(seen, known, asking, self.owner):
            endpoints = [e for e in seen.endpoints.get(each.vpc_id, ()) if e.id in each.ids]
            resolvers = [r for r in seen.resolvers.values() if r.id in each.ids]
            if monthly := self._price(endpoints, resolvers):
                yield Waste(
                    "orphaned",
                    each.vpc_id,
                    each.ids,
                    "looks like this stack's, in a VPC that asks for nothing, and its ledger knows "
                    "nothing of it",
                    "from a ledger that was lost: make rebuild-ledger. Else ask whose it is, and "
                    "delete it",
                    monthly,
                )

    def doubled(self) -> Iterator[Waste]:
        for entry in self.standing.entries:
            ours = self._ours(entry)
            yield from self._doubled_endpoints(entry.vpc_id, ours)
            yield from self._beside_a_profile(entry.vpc_id, ours)
            yield from self._doubled_resolvers(entry)

    def _doubled_endpoints(self, vpc_id: str, ours: Iterable[InterfaceEndpoint]) -> Iterator[Waste]:
        there = [each for each in self.standing.endpoints.get(vpc_id, ()) if each.exists]
        for our in ours:
            others = [e for e in there if e.service_name == our.service_name and e.id != our.id]
            if others:
                yield Waste(
                    "doubled",
                    vpc_id,
                    tuple(each.id for each in others),
                    f"serves {our.service_name}, as ours ({our.id}) does",
                    "one is enough: ask its owner whether something uses its own names. Delete it, "
                    "or connect the VPC anew after its private DNS was turned on: then it is "
                    "adopted, and ours is not made",
                    self._price(others, []),
                )

    def _beside_a_profile(self, vpc_id: str, ours: Iterable[InterfaceEndpoint]) -> Iterator[Waste]:
        brought = self.standing.profiles.get(vpc_id, {})
        for our in ours:
            other = brought.get(our.service_name, "")
            if other and other != our.id:
                yield Waste(
                    "doubled",
                    vpc_id,
                    (our.id,),
                    f"serves {our.service_name}, which {other} serves here by a Route 53 Profile",
                    "if that one shall serve, disconnect the VPC and connect it again: names that "
                    "lead privately already are adopted",
                    self._price([our], []),
                )

    def _doubled_resolvers(self, entry: Entry) -> Iterator[Waste]:
        ours = self._resolver(entry)
        others = [
            each
            for each in self.standing.seen.resolvers.values()
            if each.vpc == entry.vpc_id
            and each.direction == "inbound"
            and each.status == "operational"
            and each.name != resolver_name(entry.vpc_id)
        ]
        if ours and others:
            yield Waste(
                "doubled",
                entry.vpc_id,
                (ours.id,),
                f"an inbound resolver of somebody else is here, too: {others[0].id}",
                "if that one may serve on-premises, disconnect the VPC and connect it again: one "
                "that fits is used, and ours is not made",
                self._price([], [ours]),
            )

    def left(self) -> Iterator[Waste]:
        for alias in self.standing.left_keys:
            yield Waste(
                "left",
                "",
                (alias,),
                "signs for a stack that is gone",
                f"aws kms schedule-key-deletion --key-id {alias}, when no DNS host pins it",
                KEY_MONTHLY,
            )

    def _ours(self, entry: Entry) -> list[InterfaceEndpoint]:
        ownership = Ownership(self.owner, entry)
        there = self.standing.endpoints.get(entry.vpc_id, ())
        return [each for each in there if each.exists and ownership.of_endpoint(each)]

    def _resolver(self, entry: Entry) -> InboundResolver | None:
        held = entry.held.get(ledger.RESOLVER, "")
        found = self.standing.seen.resolvers.get(held)
        return found if found and found.status != "deleting" else None

    def _price(
        self, endpoints: Iterable[InterfaceEndpoint], resolvers: Iterable[InboundResolver]
    ) -> float:
        zones = sum(len(each.subnets) for each in endpoints if each.type == "Interface")
        counts = (self.standing.addresses.get(each.id, LEAST_ADDRESSES) for each in resolvers)
        return self.prices.monthly(zones, sum(counts))


def _reason(entry: Entry) -> tuple[str, str, str] | None:
    """Return kind, why and cure; None where what is held serves somebody, or an execution is at
    work on it."""
    vpc = entry.vpc_id
    if entry.holder is not None:
        return None
    if entry.status in {HELD_UP, NEEDED}:
        why = f"its tag asks for nothing, and it stays connected ({entry.status})"
        return "unasked", why, f"say yes or no: ecs-anywhere status tells how for {vpc}"
    if entry.served.wish:
        idle = next((line for line in entry.told if is_about_idleness(line)), "")
        return ("idle", idle, f"if nobody needs it: ecs-anywhere disable {vpc}") if idle else None
    why = f"the VPC is not connected ({entry.status or 'nothing is said of it'})"
    return "stranded", why, f"mend it (ecs-anywhere status), or: ecs-anywhere disable {vpc}"
