"""Evidence for the owner of resources that the ledger does not know; a person decides.

    thing                 is proposed as ours if it is the only one for its purpose, and
    -------------------   ---------------------------------------------------------------------
    security group        carries our owner tag and is named as ours are
    interface endpoint    carries our owner tag, and one of those security groups is on it
    gateway endpoint      carries our owner tag, and our interface endpoint for the same service is
                          there: it serves nothing else
    inbound resolver      carries our owner tag and name, and one of those security groups is on it
    probe                 is named as ours are, and carries our owner tag
    publication           stands below the parameter path; its generation counts if the stack's key
                          signed it, or if the stack signs nothing

What is proposed never replaces what the ledger knows and AWS still shows. Everything else that
looks like ours is left undecided, with the reason, and is not written down.
`recovery/connection.py` says what is written beside the proposals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from connectivity.domain import ledger
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, SecurityGroup
from connectivity.domain.ownership import group_name, purpose_of, resolver_name
from connectivity.domain.plan import price

from recovery.connection import policies, promised, served, serving
from recovery.seen import Seen

OUR_TAG = "our owner tag"
_CURE_OF_A_GROUP = (
    " - aws ec2 delete-security-group --group-id {}: AWS refuses that while it is used"
)
"""The cure of a second security group: a look at a VPC before the ledger is rebuilt makes another
one for its probe."""


@dataclass(frozen=True)
class Proposal:
    """One thing that can be written into the ledger."""

    purpose: str
    id: str
    """Id or name of the thing."""
    because: str


@dataclass(frozen=True)
class Undecided:
    """One thing that looks like ours and is not written down."""

    id: str
    because: str
    dollars: float = 0.0
    """The list price of the thing for a month, in US dollars."""


@dataclass(frozen=True)
class Finding:
    """The findings in one VPC."""

    seen: Seen
    proposals: tuple[Proposal, ...] = ()
    undecided: tuple[Undecided, ...] = ()

    @property
    def vpc_id(self) -> str:
        return self.seen.entry.vpc_id

    @property
    def is_older(self) -> bool:
        """Tell whether the ledger knows a lower generation than on-premises has read."""
        issue = self.seen.issue
        return issue is not None and issue.generation > self.seen.entry.highest_generation

    @property
    def _is_back(self) -> bool:
        """Tell whether the VPC was connected after a removal that the ledger knows of."""
        return self.is_older and self.seen.is_active

    @property
    def asks_for_a_yes(self) -> bool:
        return bool(self.proposals) or self.is_older

    @property
    def entry(self) -> Entry:
        """Return the entry that the ledger shall hold."""
        seen, entry = self.seen, self.seen.entry
        held = {**entry.held, **{each.purpose: each.id for each in self.proposals}}
        issue = seen.issue if self.is_older else entry.issued
        known = {} if self.is_older else entry.policies
        return replace(
            entry,
            held=held,
            resolver_ips=promised(seen, held) or entry.resolver_ips,
            generation=max(entry.generation, issue.generation if issue else 0),
            issued=issue,
            policies={
                **entry.policies,
                **{p: given for p, given in policies(seen, held).items() if p not in known},
            },
            verified_endpoints=entry.verified_endpoints | serving(seen, held),
            served=served(seen, held),
            withdrawn_at="" if self._is_back else entry.withdrawn_at,
            removing="" if self._is_back else entry.removing,
        )

    @property
    def dollars(self) -> float:
        """Return the list price for a month of what is proposed, in US dollars."""
        ids = {each.id for each in self.proposals}
        return _dollars(
            (e for e in self.seen.endpoints if e.id in ids),
            (r for r in self.seen.resolvers if r.id in ids),
        )


@dataclass
class _Candidates:
    """Candidates by purpose, before it is known which of them is the only one."""

    found: dict[str, list[Proposal]] = field(default_factory=lambda: defaultdict(list))
    undecided: list[Undecided] = field(default_factory=list)


def examine(seen: Seen) -> Finding:
    """Return what can be written into the ledger, and what looks like ours and stays undecided."""
    candidates = _Candidates()
    groups = tuple(_our_groups(seen))
    for purpose, group in groups:
        candidates.found[purpose].append(Proposal(purpose, group.id, f"{OUR_TAG}, our name"))
    ids = {group.id for _, group in groups}
    _of_half_groups(seen, candidates)
    _of_endpoints(seen, ids, candidates)
    _of_resolvers(seen, ids, candidates)
    for name in seen.probes:
        candidates.found[ledger.PROBE].append(Proposal(ledger.PROBE, name, f"{OUR_TAG}, our name"))
    if seen.document:
        found = Proposal(ledger.PUBLICATION, seen.document, "it stands below our path")
        candidates.found[ledger.PUBLICATION].append(found)
    proposals = tuple(_the_only_ones(seen, candidates))
    return Finding(seen, proposals, tuple(candidates.undecided))


def _our_groups(seen: Seen) -> Iterator[tuple[str, SecurityGroup]]:
    """Yield purpose and group of those that carry our tag and are named as ours are."""
    for group in seen.groups:
        purpose = _purpose_of(group, seen)
        if purpose and group.owner == seen.owner:
            yield purpose, group


def _purpose_of(group: SecurityGroup, seen: Seen) -> str:
    """Return what a group is for by its name, which has a random end behind a hyphen; empty where
    it is not named as ours are."""
    names = {purpose: f"{group_name(seen.entry.vpc_id, purpose)}-" for purpose in ledger.GROUPS}
    return next((purpose for purpose, name in names.items() if group.name.startswith(name)), "")


def _of_half_groups(seen: Seen, candidates: _Candidates) -> None:
    """Add groups with only one of the two signs to the undecided ones."""
    for group in seen.groups:
        tagged, named = group.owner == seen.owner, bool(_purpose_of(group, seen))
        if tagged != named and group.id not in seen.entry.held.values():
            lacks = "named otherwise" if tagged else f"without {OUR_TAG}"
            candidates.undecided.append(Undecided(group.id, f"looks like ours, but {lacks}"))


def _of_endpoints(seen: Seen, groups: Collection[str], candidates: _Candidates) -> None:
    for endpoint in sorted(seen.endpoints, key=lambda e: e.id):
        tagged = endpoint.owner == seen.owner
        ours = sorted(set(groups).intersection(endpoint.security_groups))
        if not endpoint.exists or not (tagged or ours):
            continue
        purpose = purpose_of(endpoint)
        if tagged and ours:
            because = f"{OUR_TAG}, our security group {ours[0]}"
            candidates.found[purpose].append(Proposal(purpose, endpoint.id, because))
        elif tagged and _serves_ours(endpoint, seen, groups):
            because = f"{OUR_TAG}, beside our interface endpoint"
            candidates.found[purpose].append(Proposal(purpose, endpoint.id, because))
        elif endpoint.id not in seen.entry.held.values():
            lacks = "no security group of ours" if tagged else f"no {OUR_TAG}"
            because = f"looks like ours, but {lacks}"
            candidates.undecided.append(Undecided(endpoint.id, because, _dollars([endpoint])))


def _serves_ours(gateway: InterfaceEndpoint, seen: Seen, groups: Collection[str]) -> bool:
    """Tell whether a gateway endpoint stands beside an interface endpoint of ours for the same
    service: somebody else's, with a copied tag, carries their routes."""
    return gateway.type == "Gateway" and any(
        e.type == "Interface"
        and e.service_name == gateway.service_name
        and e.owner == seen.owner
        and set(groups).intersection(e.security_groups)
        for e in seen.endpoints
    )


def _of_resolvers(seen: Seen, groups: Collection[str], candidates: _Candidates) -> None:
    for resolver in sorted(seen.resolvers, key=lambda r: r.id):
        named = resolver.name == resolver_name(seen.entry.vpc_id)
        tagged = resolver.id in seen.our_resolvers
        if resolver.status == "deleting" or not (named or tagged):
            continue
        ours = sorted(set(groups).intersection(resolver.security_groups))
        if named and tagged and ours:
            because = f"{OUR_TAG}, our name, our security group {ours[0]}"
            candidates.found[ledger.RESOLVER].append(
                Proposal(ledger.RESOLVER, resolver.id, because)
            )
        else:
            signs = {OUR_TAG: tagged, "our name": named, "a security group of ours": bool(ours)}
            missing = ", ".join(f"no {sign}" for sign, there in signs.items() if not there)
            because = f"looks like ours, but {missing}"
            candidates.undecided.append(
                Undecided(resolver.id, because, _dollars(resolvers=[resolver]))
            )


def _the_only_ones(seen: Seen, candidates: _Candidates) -> Iterator[Proposal]:
    """Yield the proposals that nothing stands against; the others become undecided."""
    there = _there(seen)
    for purpose, found in candidates.found.items():
        known = seen.entry.held.get(purpose, "")
        if known and (known in there or purpose == ledger.PUBLICATION):
            others = [each for each in found if each.id != known]
            _doubt(seen, others, f"the ledger has {known} for the same", candidates)
        elif len(found) == 1:
            yield found[0]
        else:
            _doubt(seen, found, f"one of {len(found)} for the same purpose", candidates)


def _doubt(seen: Seen, found: Iterable[Proposal], because: str, candidates: _Candidates) -> None:
    for each in found:
        price_of_it = _dollars(
            (e for e in seen.endpoints if e.id == each.id),
            (r for r in seen.resolvers if r.id == each.id),
        )
        cure = _CURE_OF_A_GROUP.format(each.id) if each.purpose in ledger.GROUPS else ""
        candidates.undecided.append(Undecided(each.id, f"{because}{cure}", price_of_it))


def _there(seen: Seen) -> frozenset[str]:
    """Return the ids and names of everything that exists in the VPC."""
    return frozenset(
        {
            *(e.id for e in seen.endpoints if e.exists),
            *(g.id for g in seen.groups),
            *(r.id for r in seen.resolvers if r.status != "deleting"),
            *seen.probes,
        }
    )


def _dollars(
    endpoints: Iterable[InterfaceEndpoint] = (), resolvers: Iterable[InboundResolver] = ()
) -> float:
    interfaces = sum(len(e.subnets) for e in endpoints if e.type == "Interface")
    return price(interfaces, sum(len(r.ips) for r in resolvers))
