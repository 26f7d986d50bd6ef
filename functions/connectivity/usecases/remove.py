"""Remove what is ours: everything, or what is no longer asked for. Repeating it is harmless.

What goes, and in which order, `domain/removal.py` says. Here it is carried out with what AWS shows
now, as far as it can be at once; the state machine comes back for the rest, which is planned anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectivity.domain import ledger as ledgers
from connectivity.domain import status as statuses
from connectivity.domain.desired import Desired
from connectivity.domain.errors import JustBegun, NotReadyYet, NotRemoved
from connectivity.domain.group_holders import named_in_rules
from connectivity.domain.ledger import Entry
from connectivity.domain.ownership import Ownership, purpose_of
from connectivity.domain.printable import listed
from connectivity.domain.refused_deletion import is_freed, told_of
from connectivity.domain.removal import Removal, Seen, plan_surplus, plan_teardown
from connectivity.domain.removal_steps import (
    RemoveEndpoint,
    RemoveGroup,
    RemoveProbe,
    RemovePublication,
    RemoveResolver,
)
from connectivity.domain.status import Status
from connectivity.usecases.acknowledgements import remove_with_acknowledgements
from connectivity.usecases.aws import Aws
from connectivity.usecases.called_back import check_wish
from connectivity.usecases.security_groups import look_at_all_groups


def remove_surplus(desired: Desired, aws: Aws) -> tuple[str, ...]:
    """Return the ids of the endpoints whose deletion was started. Raises NotReadyYet while a
    gateway endpoint has to wait for the interface endpoint beside it, and NotRemoved."""
    vpc_id = desired.vpc_id
    ownership = aws.ownership(aws.ledger.read(vpc_id))
    seen = Seen(aws.endpoints.all_in(vpc_id))
    removal = plan_surplus(desired, seen, ownership)
    ids = _start_endpoints(removal, aws)
    purposes = {endpoint.id: purpose_of(endpoint) for endpoint in seen.endpoints}
    aws.ledger.record_gone(vpc_id, [*(purposes[id_] for id_ in ids), *removal.gone])
    waiting = [s.endpoint_id for s in removal.of(RemoveEndpoint) if s.endpoint_id not in ids]
    if waiting:
        raise NotReadyYet(f"{', '.join(waiting)} waits for the endpoint that needs it")
    return ids


def remove_everything(vpc_id: str, aws: Aws) -> Status:
    """Remove what we made for the VPC, and the acknowledgements of its DNS hosts; return the status
    that is left. Raises JustBegun, NotReadyYet until AWS shows nothing of it any more, NotRemoved
    for what AWS refuses to remove or what is no longer recognisable as ours, and WishedAgain before
    anything is removed. Once it has begun, it is carried through."""
    return aws.patience.until(lambda _: _remove(vpc_id, aws), lambda: None)


def _remove(vpc_id: str, aws: Aws) -> Status:
    ownership = aws.ownership(aws.ledger.read(vpc_id))
    entry = ownership.entry
    if ledgers.PUBLICATION in entry.held and not entry.is_being_removed:
        check_wish(entry, aws.vpcs)
    seen = _look(ownership, aws)
    removal = _plan(seen, ownership, aws)
    _start(removal, entry, aws)
    begun = _started(removal)
    if begun:
        raise JustBegun(f"being removed: {listed([*begun, *removal.going])}")
    if removal.going:
        raise NotReadyYet(f"being removed: {listed(removal.going)}")
    return _finish(seen, ownership, aws)


def _plan(seen: Seen, ownership: Ownership, aws: Aws) -> Removal:
    return plan_teardown(seen, ownership, aws.settings.parameter_path)


def _look(ownership: Ownership, aws: Aws) -> Seen:
    """Look at the endpoints and the resolver. While the endpoints of a removal that has begun are
    on their way, so is the resolver: it need not be looked at."""
    seen = Seen(aws.endpoints.all_in(ownership.entry.vpc_id))
    if ownership.entry.is_being_removed:
        removal = _plan(seen, ownership, aws)
        if removal.going or removal.of(RemoveEndpoint):
            return seen
    return replace(seen, resolvers=aws.resolvers.in_vpc(ownership.entry.vpc_id))


def _started(removal: Removal) -> list[str]:
    """Return the ids of what has to be gone before security groups can go."""
    endpoints = [step.endpoint_id for step in removal.of(RemoveEndpoint)]
    return [*endpoints, *(step.resolver_id for step in removal.of(RemoveResolver))]


def _start(removal: Removal, entry: Entry, aws: Aws) -> None:
    """Start all deletions, also where AWS refuses one of them, and write down that they have begun.
    Raises NotRemoved for what AWS refuses."""
    refused: NotRemoved | None = None
    try:
        _start_endpoints(removal, aws)
    except NotRemoved as error:
        refused = error
    for resolver in removal.of(RemoveResolver):
        try:
            aws.resolvers.remove(resolver.resolver_id)
        except NotRemoved as error:
            refused = refused or error
    for probe in removal.of(RemoveProbe):
        aws.probe.remove(probe.name)
        aws.ledger.record_gone(entry.vpc_id, [ledgers.PROBE])
    if _started(removal) and not entry.is_being_removed:
        aws.ledger.record_removal(entry)
    if refused:
        raise refused


def _start_endpoints(removal: Removal, aws: Aws) -> tuple[str, ...]:
    """Start the deletion of what can go at once, in one call, and return the ids. Raises
    NotRemoved."""
    steps = [step for step in removal.of(RemoveEndpoint) if not step.after]
    ids = tuple(step.endpoint_id for step in steps)
    if ids:
        _refuse_to_forget(aws.endpoints.remove(ids))
    return ids


@dataclass(frozen=True)
class _Groups:
    """The result of removing the security groups."""

    removed: tuple[str, ...]
    """Purposes."""
    waiting: tuple[str, ...]
    """The reasons why groups other than the probe's have to wait."""


def _finish(seen: Seen, ownership: Ownership, aws: Aws) -> Status:
    """Remove what comes last, when AWS shows neither endpoints nor a resolver of ours, and return
    what is left. AWS answers the removal of security groups and parameters when they are gone."""
    entry = ownership.entry
    seen = replace(seen, groups=look_at_all_groups(entry, aws))
    removal = _plan(seen, ownership, aws)
    groups = _remove_groups(removal, seen, ownership, aws)
    done = [*removal.gone, *groups.removed]
    is_unpublished = _remove_publication(removal, entry, aws)
    if is_unpublished:
        done += entry.held.keys() & {ledgers.PUBLICATION, ledgers.ACKNOWLEDGEMENTS}
    lost = removal.staying("out of reach")
    if lost or groups.waiting or not is_unpublished:
        aws.ledger.record_gone(entry.vpc_id, done)
        _refuse_to_forget(lost)
        raise NotReadyYet("; ".join(groups.waiting) or "being removed: more acknowledgements")
    if done or entry.removing:
        aws.ledger.record_removed(entry.vpc_id, done)
    left = [id_ for p, id_ in entry.held.items() if p == ledgers.PROBE_GROUP and p not in done]
    strays = sorted(removal.staying("looks like ours"))
    line = told_of(entry, aws.clock.seconds())
    freed = line if is_freed(line) else ""
    lent = [str(each) for each in removal.stays if each.why == "routes"]
    return statuses.removed(left, strays, entry.unconfirmed, freed, lent)


def _remove_groups(removal: Removal, seen: Seen, ownership: Ownership, aws: Aws) -> _Groups:
    """Remove our security groups, the probe's last. That one may outlast a teardown: AWS Lambda
    keeps a removed function's network interfaces for 20 to 45 minutes."""
    purposes: list[str] = []
    kept: dict[str, str] = {}
    for step in removal.of(RemoveGroup):
        if kept.keys() & set(step.after):
            continue
        try:
            aws.groups.remove(step.group_id)
            purposes.append(step.purpose)
        except NotReadyYet as error:
            if step.purpose != ledgers.PROBE_GROUP:
                kept[step.group_id] = str(error)
    if not kept:
        return _Groups(tuple(purposes), ())
    held = replace(seen, holders=aws.groups.holders(kept))
    in_use = _plan(held, ownership, aws).staying("in use")
    others = ownership.others(seen.groups or ())
    return _Groups(
        tuple(purposes),
        tuple(
            f"{id_} is still {in_use.get(id_) or named_in_rules(id_, others) or f'needed: {said}'}"
            for id_, said in kept.items()
        ),
    )


def _remove_publication(removal: Removal, entry: Entry, aws: Aws) -> bool:
    """Remove what on-premises reads, and what DNS hosts have answered until now: also where nothing
    was published, as nobody would come back for that. Return whether all of it is gone."""
    names = [name for step in removal.of(RemovePublication) for name in step.parameters]
    path = aws.settings.parameter_path
    return remove_with_acknowledgements(names, entry.vpc_id, aws.parameters, path)


def _refuse_to_forget(refused: Mapping[str, str]) -> None:
    if refused:
        raise NotRemoved(
            "; ".join(f"{endpoint}: {reason}" for endpoint, reason in sorted(refused.items()))
            + " - remove what depends on it; the next sweep goes on from here"
        )
