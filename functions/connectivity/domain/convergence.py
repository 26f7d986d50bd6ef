"""The decision whether a VPC is as desired: made, verified, and published as it was."""

from __future__ import annotations

from collections.abc import Mapping

from connectivity.domain import plan, publication
from connectivity.domain.derivation import our_resolver
from connectivity.domain.desired import Desired
from connectivity.domain.ledger import Entry
from connectivity.domain.removal import plan_surplus
from connectivity.domain.removal_steps import RemoveEndpoint, TurnOffPrivateDns
from connectivity.domain.steps import Plan
from connectivity.domain.survey import Survey


def whole_plan(desired: Desired, survey: Survey) -> Plan:
    """Return the steps for everything that is missing and everything that is too much."""
    ownership, groups = survey.ownership, survey.groups
    surplus = plan_surplus(desired, survey.seen, ownership)
    return (
        *plan.plan_endpoints(desired, survey.endpoints, groups, ownership),
        *plan.plan_resolver(desired, survey.resolvers, groups, ownership),
        *plan.plan_private_dns(desired, survey.endpoints, ownership),
        *surplus.of(TurnOffPrivateDns),
        *surplus.of(RemoveEndpoint),
    )


def is_verified(desired: Desired, survey: Survey) -> bool:
    """Tell whether exactly what is there now was verified and published."""
    entry = survey.entry
    wanted = [plan.endpoint_for(e, survey.endpoints, survey.ownership) for e in desired.in_the_vpc]
    available = {e.id: e.interfaces for e in wanted if e and e.state == "available"}
    available |= {e.adopted: e.addresses for e in desired.endpoints if e.adopted and e.addresses}
    return (
        available.keys() == entry.verified_endpoints
        and available == {id_: tuple(held) for id_, held in entry.served.interfaces.items()}
        and desired.adopted == entry.served.adopted
        and _resolver_serves(desired, survey)
    )


def spoilt(parameters: Mapping[str, str], entry: Entry, path: str) -> tuple[str, ...]:
    """Return the names of the publication's parameters that do not say what was published last.

    Where the document is no longer ours, the addresses that the ledger remembers are those that
    were published with it.
    """
    list_name, document_name = publication.parameter_names(path, entry.vpc_id)
    document = parameters.get(document_name, "")
    stands = _is_published(document, entry)
    remembered = publication.string_list(entry.resolver_ips)
    listed = publication.string_list_of(document) if stands else remembered
    said = {list_name: parameters.get(list_name) == listed, document_name: stands}
    return tuple(name for name, is_so in said.items() if not is_so)


def is_signed_as_it_shall_be(entry: Entry, key_id: str) -> bool:
    """Return whether the key with which documents are signed now signed what is published; an
    empty `key_id` means that nothing is to be signed. An upgrade of the stack changes it, which
    is no damage."""
    return key_id == (entry.issued.key_id if entry.issued else "")


def _is_published(document: str, entry: Entry) -> bool:
    """Return whether a text is the document that was published last."""
    if entry.issued is not None:
        return entry.issued.fingerprint == entry.verified and publication.is_issue(
            document, entry.issued
        )
    return (
        publication.generation_of(document) == entry.generation > 0
        and publication.fingerprint_of(document) == entry.verified
    )


def _resolver_serves(desired: Desired, survey: Survey) -> bool:
    """Return whether the resolver serves with the addresses that the ledger has, over DNS on port
    53. Anybody with the permission can change the addresses, of our own resolver, too."""
    serving = desired.adopted_resolver or our_resolver(survey)
    return any(
        r.status == "operational"
        and "do53" in r.protocols
        and {ip.ip for ip in r.attached} == survey.entry.resolver_ips.keys()
        for r in survey.resolvers
        if r.id == serving
    )
