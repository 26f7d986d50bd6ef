"""Remove what is ours: everything, or what is no longer asked for. Repeating it is harmless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectivity.domain import ledger as ledgers
from connectivity.domain import plan
from connectivity.domain.desired import Desired
from connectivity.domain.errors import NotReadyYet, NotRemoved, WishedAgain
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint
from connectivity.domain.ownership import Ownership, purpose_of
from connectivity.domain.publication import parameter_names
from connectivity.domain.wish import Wish, read_wish
from connectivity.usecases.acknowledgements import remove_acknowledgements
from connectivity.usecases.aws import Aws
from connectivity.usecases.ports import Vpcs


def remove_surplus(desired: Desired, aws: Aws) -> tuple[str, ...]:
    """Return the ids of the endpoints whose deletion was started. Raises NotReadyYet while a
    gateway endpoint has to wait for the interface endpoint beside it, and NotRemoved."""
    vpc_id = desired.vpc_id
    entry = aws.ledger.read(vpc_id)
    ownership = aws.ownership(entry)
    observed = aws.endpoints.all_in(vpc_id)
    surplus = {step.endpoint_id for step in plan.plan_surplus(desired, observed, ownership)}
    ours = _our_endpoints(observed, ownership)
    ids = _start_deletion([e for e in ours if e.id in surplus], observed, aws)
    gone = plan.gone_surplus(desired, observed, entry)
    aws.ledger.let_go(vpc_id, [*(purpose_of(e) for e in ours if e.id in ids), *gone])
    if surplus - set(ids):
        raise NotReadyYet(f"{', '.join(surplus - set(ids))} waits for the endpoint that needs it")
    return ids


def remove_everything(vpc_id: str, aws: Aws) -> None:
    """Remove what we made for the VPC, and the acknowledgements of its DNS hosts; confirm_gone
    collects later ones. Raises NotReadyYet until endpoints, resolver, their security groups and
    the acknowledgements are gone, NotRemoved for what AWS refuses to remove or what is no longer
    recognisable as ours, and WishedAgain before anything is removed."""
    entry = aws.ledger.read(vpc_id)
    if ledgers.PUBLICATION in entry.held:
        check_wish(vpc_id, aws.vpcs)
    observed = aws.endpoints.all_in(vpc_id)
    endpoints = _remove_endpoints(vpc_id, observed, entry, aws)
    resolver = _remove_resolver(entry, aws)
    parameters = _remove_probe_and_publication(vpc_id, entry, aws)
    if endpoints or resolver or parameters:
        going = [f"{len(endpoints)} endpoints", *resolver, *parameters]
        raise NotReadyYet(f"being removed: {' '.join(going)}")
    _refuse_to_forget(aws.ownership(entry).out_of_reach(observed))
    _remove_groups(vpc_id, entry, aws)


def check_wish(vpc_id: str, vpcs: Vpcs) -> None:
    """Whoever puts the tag back while on-premises drains finds everything as it was. Raises
    WishedAgain."""
    vpc = vpcs.find(vpc_id)
    if vpc is not None and read_wish(vpc.tags) is not Wish.DISABLED:
        raise WishedAgain(f"the tag of {vpc_id} asks for the connection again")


def _remove_endpoints(
    vpc_id: str, observed: Sequence[InterfaceEndpoint], entry: Entry, aws: Aws
) -> list[str]:
    """Return the ids of what is still there and has to be waited for."""
    ours = _our_endpoints(observed, aws.ownership(entry))
    _start_deletion(ours, observed, aws)
    if not ours:
        kept = aws.ownership(entry).out_of_reach(observed)
        gone = [
            purpose
            for purpose, id_ in entry.held.items()
            if purpose.startswith(ledgers.ENDPOINT_PURPOSES) and id_ not in kept
        ]
        aws.ledger.let_go(vpc_id, gone)
    return [endpoint.id for endpoint in ours]


def _start_deletion(
    unwanted: Sequence[InterfaceEndpoint],
    observed: Sequence[InterfaceEndpoint],
    aws: Aws,
) -> tuple[str, ...]:
    """In one call. AWS keeps a gateway endpoint as long as the private DNS of an interface
    endpoint of the same service depends on it, so it has its turn when that one is gone."""
    going = {e.id for e in unwanted} | {e.id for e in observed if e.state == "deleting"}
    needed = {e.service_name for e in observed if e.type == "Interface" and e.id in going}
    ids = tuple(
        endpoint.id
        for endpoint in unwanted
        if endpoint.exists and (endpoint.type == "Interface" or endpoint.service_name not in needed)
    )
    if ids:
        _refuse_to_forget(aws.endpoints.remove(ids))
    return ids


def _our_endpoints(
    observed: Sequence[InterfaceEndpoint], ownership: Ownership
) -> list[InterfaceEndpoint]:
    """Return our endpoints, also those that are being deleted; interface endpoints before the
    gateway they need."""
    ours = [e for e in observed if e.state != "deleted" and ownership.of_endpoint(e)]
    return sorted(ours, key=lambda e: (e.type != "Interface", e.service_name))


def _remove_resolver(entry: Entry, aws: Aws) -> list[str]:
    resolver = _our_resolver(entry, aws)
    if resolver is None:
        aws.ledger.let_go(entry.vpc_id, {ledgers.RESOLVER} & entry.held.keys())
        return []
    if resolver.status != "deleting":
        aws.resolvers.remove(resolver.id)
    return [resolver.id]


def _our_resolver(entry: Entry, aws: Aws) -> InboundResolver | None:
    """Return our inbound resolver, also while it is being deleted."""
    held = ledgers.RESOLVER in entry.held
    observed = aws.resolvers.in_vpc(entry.vpc_id) if held else ()
    return aws.ownership(entry).resolver(observed, also_deleting=True)


def _remove_probe_and_publication(vpc_id: str, entry: Entry, aws: Aws) -> list[str]:
    """Return what is left of it: acknowledgements, where there are very many."""
    if ledgers.PROBE in entry.held:
        aws.probe.remove(entry.held[ledgers.PROBE])
        aws.ledger.let_go(vpc_id, [ledgers.PROBE])
    held = entry.held.keys() & {ledgers.PUBLICATION, ledgers.ACKNOWLEDGEMENTS}
    if not held:
        return []
    path = aws.settings.parameter_path
    if ledgers.PUBLICATION in held:
        aws.parameters.remove(parameter_names(path, vpc_id))
    none_left = remove_acknowledgements(vpc_id, aws.parameters, path)
    if not none_left:
        aws.ledger.hold(vpc_id, {ledgers.ACKNOWLEDGEMENTS: "more"})
        held -= {ledgers.ACKNOWLEDGEMENTS}
    aws.ledger.let_go(vpc_id, held)
    return [] if none_left else ["and more acknowledgements"]


def _remove_groups(vpc_id: str, entry: Entry, aws: Aws) -> None:
    """Remove our security groups, the probe's last, because the resolver's rules name it. It may
    outlast a teardown: AWS Lambda keeps a removed function's network interfaces for 20 to 45
    minutes."""
    ownership, observed = aws.ownership(entry), aws.groups.all_in(vpc_id)
    ours, lost = ownership.groups(observed), ownership.out_of_reach(groups=observed)
    busy = aws.groups.in_use(group.id for group in ours.values()) if ours else frozenset()
    waiting = [g.id for p, g in ours.items() if g.id in busy and p != ledgers.PROBE_GROUP]
    known = ownership.known_groups(observed)
    gone = [p for p in ledgers.GROUPS if p in entry.held and p not in known]
    for purpose, group in ours.items():
        if group.id not in busy and not (waiting and purpose == ledgers.PROBE_GROUP):
            aws.groups.remove(group.id)
            gone.append(purpose)
    aws.ledger.let_go(vpc_id, gone)
    if waiting:
        raise NotReadyYet(f"still held by network interfaces: {', '.join(waiting)}")
    _refuse_to_forget(lost)


def _refuse_to_forget(refused: Mapping[str, str]) -> None:
    if refused:
        raise NotRemoved(
            "; ".join(f"{endpoint}: {reason}" for endpoint, reason in sorted(refused.items()))
            + " - remove what depends on it; the next sweep goes on from here"
        )
