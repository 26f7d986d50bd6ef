"""Desired x observed x ours -> what goes, in which order, and what stays, each with its reason.

One plan for a teardown and one for a dropped option: the dry run shows it, and the steps of the
workflow carry it out, each with what AWS shows by then. Only what `Ownership` says is ours is in a
step.

The order is safety: on-premises stops forwarding, the VPC's workloads find public answers again,
then the interface endpoints go, the resolver, the probe, the gateway endpoint that one of the first
needed, the security groups that all of these held, the probe's last because the resolver's rules
name it, and at the very end what on-premises reads: until then it reads that nothing is to be
forwarded.

A gateway endpoint of ours through which somebody has led route tables stays, and the ledger lets it
go: without it their subnets would lose Amazon S3 (docs/decisions/0090).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from connectivity.domain import ledger
from connectivity.domain.acknowledgement import acknowledgements_path
from connectivity.domain.desired import Desired
from connectivity.domain.group_holders import held_by
from connectivity.domain.model import (
    InboundResolver,
    InterfaceEndpoint,
    NetworkInterface,
    SecurityGroup,
)
from connectivity.domain.ownership import Ownership, purpose_of
from connectivity.domain.printable import listed
from connectivity.domain.publication import parameter_names
from connectivity.domain.removal_steps import (
    RemovalStep,
    RemoveEndpoint,
    RemoveGroup,
    RemoveProbe,
    RemovePublication,
    RemoveResolver,
    TurnOffPrivateDns,
    Withdraw,
    describe_removal,
)

Why = Literal[
    "out of reach", "in use", "routes", "looks like ours", "adopted", "asked for", "not ours"
]
StepKind = TypeVar("StepKind", bound=RemovalStep)

_REASONS: Mapping[Why, str] = {
    "looks like ours": "it looks like ours but is not in our ledger",
    "adopted": "it is used by this connection and not ours",
    "asked for": "it is still asked for",
    "not ours": "it is not ours",
}


@dataclass(frozen=True)
class Seen:
    """The resources that AWS shows in the VPC. None means that nobody looked: then they are not
    reported."""

    endpoints: Sequence[InterfaceEndpoint]
    resolvers: Sequence[InboundResolver] | None = None
    groups: Sequence[SecurityGroup] | None = None
    holders: Mapping[str, Sequence[NetworkInterface]] = field(default_factory=dict)
    """Id of a security group -> the network interfaces that hold it."""


@dataclass(frozen=True)
class Stays:
    """A thing that a removal leaves."""

    id: str
    why: Why
    reason: str

    def __str__(self) -> str:
        return f"{self.id} stays: {self.reason}"


@dataclass(frozen=True)
class Removal:
    """A removal: the resources that go, and those that stay."""

    steps: tuple[RemovalStep, ...] = ()
    going: tuple[str, ...] = ()
    """Ids of what AWS is removing already."""
    gone: tuple[str, ...] = ()
    """Purposes that the ledger still holds, and of which AWS shows nothing any more."""
    stays: tuple[Stays, ...] = ()

    def of(self, kind: type[StepKind]) -> tuple[StepKind, ...]:
        """Return the steps of one kind, in their order."""
        return tuple(step for step in self.steps if isinstance(step, kind))

    def staying(self, why: Why) -> dict[str, str]:
        """Return by id the reasons of what stays for that cause."""
        return {each.id: each.reason for each in self.stays if each.why == why}

    def as_json(self) -> dict[str, list[str]]:
        """Return the lines that a person reads."""
        return {
            "goes": [describe_removal(step) for step in self.steps],
            "stays": [str(each) for each in self.stays],
        }


def plan_surplus(desired: Desired, seen: Seen, ownership: Ownership) -> Removal:
    """Return what goes because it is asked for no longer while other things are: VPC endpoints."""
    wanted = wanted_purposes(desired)
    unwanted = _in_order(e for e in _ours(seen, ownership) if purpose_of(e) not in wanted)
    return Removal(
        steps=_endpoint_steps(unwanted, seen, "no longer asked for"),
        gone=_gone_surplus(seen, ownership, wanted),
        stays=tuple(_stays(desired, seen, ownership)),
    )


def plan_teardown(seen: Seen, ownership: Ownership, path: str) -> Removal:
    """Return what goes where nothing is asked for any more: everything of ours. The publications
    stand below `path`."""
    reason = "nothing is asked for any more"
    ours = _in_order(_ours(seen, ownership))
    resolver = ownership.resolver(seen.resolvers or ())
    going = tuple(sorted(_going(seen, ownership)))
    there = (*(e.id for e in ours), *going, *([resolver.id] if resolver else []))
    endpoints = _endpoint_steps(ours, seen, reason)
    waiting = [step for step in endpoints if isinstance(step, RemoveEndpoint) and step.after]
    return Removal(
        steps=(
            *plan_withdrawal(ownership, path),
            *(step for step in endpoints if step not in waiting),
            *([RemoveResolver(resolver.id, reason)] if resolver else []),
            *_probe_steps(ownership),
            *waiting,
            *_group_steps(seen, ownership, there, reason),
            *_publication_steps(ownership, path),
        ),
        going=going,
        gone=tuple(_gone(seen, ownership)),
        stays=tuple(_stays(None, seen, ownership)),
    )


def plan_withdrawal(ownership: Ownership, path: str) -> tuple[Withdraw, ...]:
    """Return the first step of a teardown; none where nothing was published."""
    if ledger.PUBLICATION not in ownership.entry.held:
        return ()
    _, document = parameter_names(path, ownership.entry.vpc_id)
    return (Withdraw(document, "on-premises stops forwarding before anything goes"),)


def wanted_purposes(desired: Desired) -> frozenset[str]:
    """Return the purposes of the VPC endpoints that shall be ours."""
    gateway = desired.gateway_service
    return frozenset(
        {
            *(ledger.endpoint_purpose(endpoint.service_name) for endpoint in desired.ours),
            *((ledger.gateway_purpose(gateway),) if gateway else ()),
        }
    )


def is_serving(endpoint: InterfaceEndpoint) -> bool:
    """Tell whether workloads may hold a private answer that leads to this endpoint."""
    return endpoint.type == "Interface" and endpoint.state == "available"


def ecs_first(endpoint: InterfaceEndpoint) -> bool:
    """Sort `ecs` before the others to be turned off, as the reverse of turning on: an agent that
    still reached `ecs` privately would be sent to names that are public already."""
    return not endpoint.service_name.endswith(".ecs")


def _ours(seen: Seen, ownership: Ownership) -> Iterator[InterfaceEndpoint]:
    """Yield the VPC endpoints of ours that others have not come to use."""
    return (e for e in seen.endpoints if e.exists and ownership.of_endpoint(e) and not _is_lent(e))


def _is_lent(endpoint: InterfaceEndpoint) -> bool:
    """Tell whether somebody has led route tables through it: ours has none."""
    return endpoint.exists and bool(endpoint.route_tables)


def _in_order(endpoints: Iterable[InterfaceEndpoint]) -> tuple[InterfaceEndpoint, ...]:
    return tuple(sorted(endpoints, key=lambda e: (e.type != "Interface", e.service_name, e.id)))


def _endpoint_steps(
    unwanted: Sequence[InterfaceEndpoint], seen: Seen, reason: str
) -> tuple[TurnOffPrivateDns | RemoveEndpoint, ...]:
    """Return the steps for `unwanted` endpoints. A gateway endpoint goes after the interface
    endpoint of the same service, as AWS keeps it while the private DNS of that depends on it."""
    to_turn_off = sorted((e for e in unwanted if is_serving(e) and e.private_dns), key=ecs_first)
    before = {e.id for e in unwanted} | {e.id for e in seen.endpoints if e.state == "deleting"}
    needing = sorted(e.id for e in seen.endpoints if e.type == "Interface" and e.id in before)
    service_of = {e.id: _last_label(e.service_name) for e in seen.endpoints}
    steps: list[TurnOffPrivateDns | RemoveEndpoint] = [
        TurnOffPrivateDns(e.id, e.service_name, "its names become public before it goes")
        for e in to_turn_off
    ]
    for endpoint in unwanted:
        service = endpoint.service_name
        is_gateway = endpoint.type == "Gateway"
        after = tuple(
            id_ for id_ in needing if is_gateway and service_of[id_] == _last_label(service)
        )
        why = f"{reason} - once {', '.join(after)} is gone" if after else reason
        steps.append(RemoveEndpoint(endpoint.id, service, why, after))
    return tuple(steps)


def _last_label(service_name: str) -> str:
    """Return `s3`, the label that the services of gateway and interface endpoints share: the rest
    of their names differs in China (`catalogue.gateway_name`)."""
    return service_name.rpartition(".")[2]


def _probe_steps(ownership: Ownership) -> tuple[RemoveProbe, ...]:
    probe = ownership.entry.held.get(ledger.PROBE)
    return (RemoveProbe(probe, "a verification left it behind"),) if probe else ()


def _group_steps(
    seen: Seen, ownership: Ownership, there: tuple[str, ...], reason: str
) -> Iterator[RemoveGroup]:
    ours = ownership.groups(seen.groups or ())
    for purpose in (p for p in ledger.GROUPS if p in ours and ours[p].id not in seen.holders):
        named_by = [ours[p].id for p in ours if purpose == ledger.PROBE_GROUP and p != purpose]
        after = (*there, *named_by)
        why = f"{reason} - once nothing holds it" if after else reason
        yield RemoveGroup(ours[purpose].id, purpose, why, after)


def _publication_steps(ownership: Ownership, path: str) -> tuple[RemovePublication, ...]:
    entry = ownership.entry
    if not entry.held.keys() & {ledger.PUBLICATION, ledger.ACKNOWLEDGEMENTS}:
        return ()
    names = parameter_names(path, entry.vpc_id)
    folder = acknowledgements_path(path, entry.vpc_id)
    return (RemovePublication(names, folder, "last, so that on-premises reads it until the end"),)


def _going(seen: Seen, ownership: Ownership) -> Iterator[str]:
    """Yield the ids of what is being removed and was ours: by the owner tag or the name, because
    the ledger may have let go of it already."""
    held = set(ownership.entry.held.values())
    for endpoint in seen.endpoints:
        if endpoint.state == "deleting" and (
            endpoint.owner == ownership.owner or endpoint.id in held
        ):
            yield endpoint.id
    for resolver in seen.resolvers or ():
        if resolver.status == "deleting" and (
            ownership.is_named_like_ours(resolver) or resolver.id in held
        ):
            yield resolver.id


def _gone(seen: Seen, ownership: Ownership) -> Iterator[str]:
    """Yield the purposes of a teardown that nothing stands behind any more."""
    held = ownership.entry.held
    there = {e.id for e in seen.endpoints if e.state != "deleted" and not _is_lent(e)}
    for purpose, id_ in held.items():
        if purpose.startswith(ledger.ENDPOINT_PURPOSES) and id_ not in there:
            yield purpose
    if ledger.RESOLVER in held and seen.resolvers is not None:
        there_is = ownership.resolver(seen.resolvers, also_deleting=True)
        yield from () if there_is else (ledger.RESOLVER,)
    if seen.groups is not None:
        known = ownership.known_groups(seen.groups)
        yield from (p for p in ledger.GROUPS if p in held and p not in known)


def _gone_surplus(seen: Seen, ownership: Ownership, wanted: frozenset[str]) -> tuple[str, ...]:
    """Return the purposes that nobody asks for and nothing stands behind: whoever removed it died
    before writing that down, or it is left to the routes that lead through it. What was begun is
    learnt first."""
    there = {endpoint.id for endpoint in seen.endpoints if not _is_lent(endpoint)}
    return tuple(
        purpose
        for purpose, id_ in ownership.entry.held.items()
        if purpose.startswith(ledger.ENDPOINT_PURPOSES)
        and purpose not in wanted
        and id_ not in there
        and not id_.startswith(ledger.MAKING)
    )


def _stays(desired: Desired | None, seen: Seen, ownership: Ownership) -> Iterator[Stays]:
    """Yield what stays: of security groups only those that a person could take for ours, as a VPC
    has hundreds of others."""
    groups = tuple(seen.groups or ())
    lost = ownership.out_of_reach(seen.endpoints, groups)
    yield from (Stays(id_, "out of reach", lost[id_]) for id_ in sorted(lost))
    for group in ownership.groups(groups).values():
        if group.id in seen.holders:
            yield Stays(group.id, "in use", held_by(seen.holders[group.id]))
    strays = set(ownership.strays(seen.endpoints, groups, seen.resolvers or ()))
    adopted = {*(desired.adopted if desired else ownership.entry.served.adopted).values()}
    wanted = wanted_purposes(desired) if desired else frozenset()
    for endpoint in _in_order(e for e in seen.endpoints if e.exists and e.id not in lost):
        if not ownership.of_endpoint(endpoint):
            yield _others(endpoint.id, strays, adopted)
        elif purpose_of(endpoint) in wanted:
            yield _because(endpoint.id, "asked for")
        elif _is_lent(endpoint):
            yield Stays(endpoint.id, "routes", _led_through(endpoint))
    ours = ownership.resolver(seen.resolvers or ())
    for resolver in seen.resolvers or ():
        if resolver == ours and desired:
            yield _because(resolver.id, "asked for")
        elif resolver.status != "deleting" and resolver != ours:
            yield _others(resolver.id, strays, adopted)
    yield from (_others(g.id, strays, adopted) for g in groups if g.id in strays)


def _led_through(endpoint: InterfaceEndpoint) -> str:
    """Return why a gateway endpoint stays, and how it goes where it is not needed."""
    return (
        f"route tables lead {_last_label(endpoint.service_name)} through it "
        f"({listed(endpoint.route_tables)}). It costs nothing, and is yours now: where nobody "
        f"needs it, aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {endpoint.id}"
    )


def _others(id_: str, strays: set[str], adopted: set[str]) -> Stays:
    if id_ in adopted:
        return _because(id_, "adopted")
    return _because(id_, "looks like ours" if id_ in strays else "not ours")


def _because(id_: str, why: Why) -> Stays:
    return Stays(id_, why, _REASONS[why])
