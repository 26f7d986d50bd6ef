"""A service whose names are served already: by somebody else's interface endpoint with private DNS,
or by whatever else answers for its names and leads to interface endpoints that fit.

Everything that is wrong is told with the name, what answers for it, and the command; nothing of
other people is changed (docs/decisions/0050-names-are-adopted-as-they-are-served.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from connectivity.domain.adoption import foreign_endpoint, unfit
from connectivity.domain.answered_elsewhere import (
    answered_names,
    as_asked,
    described,
    how_to_look,
    is_inside,
    sources,
)
from connectivity.domain.model import Answered, InterfaceEndpoint, OfferedService, Profile
from connectivity.domain.printable import listed
from connectivity.domain.survey import Survey

FEWEST_ADDRESSES = 2
"""An interface endpoint has one address in each of its Availability Zones."""
MOST_ADDRESSES = 6
"""Addresses that a warning names."""


@dataclass(frozen=True)
class Adoption:
    """An adopted server of a service's names, used instead of an interface endpoint of ours."""

    id: str
    """The id of the interface endpoint, or of the zone or rule that answers for its names where
    that endpoint cannot be seen."""
    names: tuple[str, ...]
    """The private names that lead to it."""
    addresses: tuple[str, ...] = ()
    """The addresses that the names have to answer; empty where these are all that an interface
    endpoint in this VPC has."""


def adoption_of(survey: Survey, service: OfferedService) -> Adoption | None:
    """Return what serves a service already and is not ours; None where nothing does."""
    names = answered_names(survey, service)
    if not names:
        foreign = foreign_endpoint(survey, service)
        return Adoption(foreign.id, service.private_names) if foreign else None
    first = sources(survey, names[0])[0]
    answers = [survey.answers.get(as_asked(survey, name)) for name in names]
    addresses = tuple(sorted({ip for said in answers if said for ip in said.addresses}))
    endpoint = _endpoint_at(survey, service, addresses)
    if endpoint is None:
        unseen = f"{first.id}/{names[0]}" if isinstance(first, Profile) else first.id
        return Adoption(unseen, names, addresses)
    if survey.ownership.of_endpoint(endpoint):
        return None
    is_here = endpoint.vpc == survey.vpc.id and _has_no_other(survey, endpoint, addresses)
    return Adoption(endpoint.id, names, () if is_here else addresses)


def is_served(survey: Survey, service: OfferedService) -> bool:
    """Tell whether an interface endpoint serves the service, ours or not."""
    return adoption_of(survey, service) is not None or any(
        endpoint.exists
        and endpoint.type == "Interface"
        and endpoint.service_name == service.name
        and survey.ownership.of_endpoint(endpoint)
        for endpoint in survey.endpoints
    )


def unfit_names(
    survey: Survey, name: str, service: OfferedService, onprem_cidrs: tuple[str, ...]
) -> Iterator[str]:
    """Yield the first thing that is wrong with what others answer for a service, if anything is;
    `name` is the service's short name. What was not asked yet is not wrong yet."""
    names = answered_names(survey, service)
    expected: set[str] = set()
    for private_name in names:
        asked = as_asked(survey, private_name)
        said = survey.answers.get(asked)
        if said is None:
            return
        wrong = _wrong_answer(survey, said, expected)
        if wrong:
            yield _complaint(survey, private_name, asked, wrong)
            return
        expected = {*said.addresses}
    addresses = tuple(sorted(expected))
    there = () if _unseen(survey, service, addresses) else _endpoints_at(survey, service, addresses)
    wrong = _unfit_there(survey, name, there, onprem_cidrs) or _too_few(there, expected)
    if names and wrong:
        yield _complaint(survey, names[0], as_asked(survey, names[0]), wrong)


def unseen_warnings(survey: Survey, services: dict[str, OfferedService]) -> Iterator[str]:
    """Yield a warning for addresses that are adopted because names lead there, and are of no
    interface endpoint that can be seen: nobody could look at its security groups from here."""
    unseen = {
        name: left
        for name, service in services.items()
        if (found := adoption_of(survey, service))
        if (left := _unseen(survey, service, found.addresses))
    }
    if unseen:
        addresses = sorted({ip for left in unseen.values() for ip in left})
        yield (
            f"{', '.join(unseen)} are served by interface endpoints that cannot be seen from "
            f"account {survey.account}, at {listed(addresses, most=MOST_ADDRESSES)}: whether they "
            "admit 443/tcp from on-premises, only their owner can tell"
        )


def public_name_warnings(survey: Survey, services: dict[str, OfferedService]) -> Iterator[str]:
    """Yield a warning for further names of an adopted service that nobody serves privately."""
    for service in services.values():
        names = answered_names(survey, service)
        left = [name for name in service.private_names if name not in names]
        if names and left:
            yield (
                f"{', '.join(left)} of {service.name} stay public in {survey.vpc.id}: what answers "
                f"for {', '.join(names)} does not answer for them"
            )


def _wrong_answer(survey: Survey, said: Answered, expected: set[str]) -> str:
    """Return what is wrong with an answer, empty if nothing is. `expected` is what the service's
    other names answered."""
    if said.error or not said.addresses:
        return f"answers {said.error or 'nothing'}"
    public = [ip for ip in said.addresses if not is_inside(survey, ip)]
    if public:
        return f"leads to {', '.join(public)}, which no private network has"
    if expected and expected != {*said.addresses}:
        return (
            f"leads to {', '.join(said.addresses)}, and another name of the same service to "
            f"{', '.join(sorted(expected))}"
        )
    if said.shut:
        return f"leads to {', '.join(said.addresses)}, where 443/tcp does not serve it: {said.shut}"
    return ""


def _unfit(
    endpoint: InterfaceEndpoint, survey: Survey, onprem_cidrs: tuple[str, ...]
) -> str | None:
    """Return why an interface endpoint to which names lead cannot be used; None if it can."""
    if survey.ownership.of_endpoint(endpoint):
        return None if endpoint.private_dns else "it is ours, and its private DNS is off"
    return unfit(endpoint, survey, onprem_cidrs)


def _unfit_there(
    survey: Survey, name: str, there: tuple[InterfaceEndpoint, ...], onprem_cidrs: tuple[str, ...]
) -> str:
    """Return why interface endpoints to which names lead cannot be used, empty if they can. Where
    they are several, their zones count together."""
    subnets = tuple(subnet for endpoint in there for subnet in endpoint.subnets)
    for endpoint in there:
        reason = _unfit(replace(endpoint, subnets=subnets), survey, onprem_cidrs)
        if reason:
            return f"leads to {endpoint.id} for {name}, but {reason}"
    return ""


def _too_few(there: tuple[InterfaceEndpoint, ...], addresses: set[str]) -> str:
    """Return why the addresses that names lead to are too few, empty if they are enough."""
    if len(addresses) >= FEWEST_ADDRESSES:
        return ""
    whose = f" of {there[0].id}" if there else ""
    return (
        f"leads to one address only, {', '.join(addresses)}{whose}, and {FEWEST_ADDRESSES} "
        "Availability Zones are needed"
    )


def _complaint(survey: Survey, private_name: str, asked: str, what: str) -> str:
    source = sources(survey, private_name)[0]
    return (
        f"{asked} {what}, as asked of the DNS server of {survey.vpc.id}, where "
        f"{described(survey, source)} answers for it before private DNS would. Nothing was "
        "changed, and hosts may be served through it: ask its owner to mend it, who can look with "
        f"{how_to_look(source, asked)}"
    )


def _endpoint_at(
    survey: Survey, service: OfferedService, addresses: tuple[str, ...]
) -> InterfaceEndpoint | None:
    """Return the interface endpoint of this account that has all of these addresses, and maybe
    more: a record may name some of its zones only."""
    there = _endpoints_at(survey, service, addresses)
    whole = len(there) == 1 and {*addresses} <= _seen_of(survey, there[0])
    return there[0] if whole else None


def _endpoints_at(
    survey: Survey, service: OfferedService, addresses: tuple[str, ...]
) -> tuple[InterfaceEndpoint, ...]:
    """Return the interface endpoint of this account that has all of these addresses, rather one
    that has no other; else each that has some of them."""
    there = [
        endpoint
        for endpoint in survey.led_to
        if endpoint.service_name == service.name and endpoint.exists
        if {*addresses} & _seen_of(survey, endpoint)
    ]
    there.sort(
        key=lambda e: (not _has_no_other(survey, e, addresses), e.vpc != survey.vpc.id, e.id)
    )
    whole = [endpoint for endpoint in there if {*addresses} <= _seen_of(survey, endpoint)]
    return tuple(whole[:1] or there)


def _seen_of(survey: Survey, endpoint: InterfaceEndpoint) -> set[str]:
    """Return the addresses of an interface endpoint, as far as somebody looked for them."""
    return {survey.addresses[i] for i in endpoint.interfaces if i in survey.addresses}


def _has_no_other(survey: Survey, endpoint: InterfaceEndpoint, addresses: tuple[str, ...]) -> bool:
    return {survey.addresses.get(i) for i in endpoint.interfaces} == {*addresses}


def _unseen(survey: Survey, service: OfferedService, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of these addresses that no interface endpoint of this account has."""
    there = _endpoints_at(survey, service, addresses)
    seen = {ip for endpoint in there for ip in _seen_of(survey, endpoint)}
    return tuple(ip for ip in addresses if ip not in seen)
