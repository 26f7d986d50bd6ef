"""Problems of the wished services: each has to be offered here, by an allowed owner.

A required service that cannot be had is a problem of the VPC. An optional one is left out, unless
that would take away what is there (`left_out`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectivity.domain import catalogue, tags
from connectivity.domain.derivation import offered, wanted
from connectivity.domain.model import OfferedService
from connectivity.domain.printable import quoted
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options

_NEEDED = (*catalogue.REQUIRED, *catalogue.REQUIRED_WHERE_OFFERED)


@dataclass(frozen=True)
class Unfit:
    """An optional service that cannot be connected."""

    service: str
    """Name of the service, as `catalogue.requested` returns it."""
    problem: str
    """A sentence: who asks for the service, why it cannot be had, and the cure."""
    is_elsewhere: bool = False
    """True where the name says another Region."""


def required_problems(survey: Survey, options: Options, limits: Limits) -> Iterator[str]:
    """Yield a sentence for each required service that is not offered here, or whose owner is not
    allowed."""
    for name in catalogue.REQUIRED:
        if offered(survey, name) is None:
            yield (
                f"the required interface endpoint service {name} is not offered in "
                f"{survey.region}, so ECS Anywhere cannot be reached privately there"
            )
    for name, service in wanted(survey, options).items():
        if name in _NEEDED and service.owner not in limits.service_owners:
            yield f"ECS Anywhere asks for {quoted(name)}, {_not_allowed(service, limits)}"


def unfit_services(survey: Survey, options: Options, limits: Limits) -> Iterator[Unfit]:
    """Yield each optional service that is not offered here or cannot be connected, or whose owner
    is not allowed; twice where it is both."""
    asking = asked_by(survey, tags.SERVICES)
    for name in catalogue.requested(options.services, survey.region):
        service = offered(survey, name)
        if why := _cannot_be_connected(name, service, survey):
            problem = f"{asking} asks for {quoted(name)}, {why}"
            yield Unfit(name, problem, _is_elsewhere(name, service, survey))
        if service and service.owner not in limits.service_owners:
            why = _not_allowed(service, limits)
            yield Unfit(name, f"{asking} asks for {quoted(name)}, {why}")


def _cannot_be_connected(name: str, service: OfferedService | None, survey: Survey) -> str | None:
    """Return why no connection can be made with this service, and the cure."""
    if spoken := catalogue.NOT_BY_HTTPS.get(name):
        return f"which speaks {spoken}, and only TLS on 443 is admitted and verified: leave it out"
    if _is_elsewhere(name, service, survey):
        return (
            f"a service of {catalogue.region_of(name)}, and {survey.vpc.id} is in "
            f"{survey.region}: interface endpoints of other Regions' services are not made - leave "
            "it out, or name the service without its Region"
        )
    if service is None:
        return (
            f"which is no interface endpoint service in {survey.region}: correct the name (as in "
            f"logs, or in full {catalogue.service_names('logs', survey.region)[-1]}) or leave it "
            "out"
        )
    if not service.private_names:
        return "which has no private DNS name that on-premises could forward: leave it out"
    if service.needs_acceptance:
        return (
            f"every interface endpoint of which its owner, {service.owner}, has to accept first: "
            "leave it out and make its endpoint by hand"
        )
    return None


def _is_elsewhere(name: str, service: OfferedService | None, survey: Survey) -> bool:
    return service is None and catalogue.region_of(name) not in {None, survey.region}


def _not_allowed(service: OfferedService, limits: Limits) -> str:
    """Return that the stack does not allow the owner of a service: a service is a way out of the
    network to its owner, and its names are published."""
    allowed = ", ".join(sorted(limits.service_owners))
    return (
        f"a service of {service.owner}: leave it out, or allow its owner in the stack's parameter "
        f"AllowedServiceOwners, which allows {allowed}"
    )


def asked_by(survey: Survey, tag: str) -> str:
    """Return where an option comes from: the VPC's tag, or the stack's parameter behind it."""
    if tag in survey.vpc.tags:
        return f"{tag} of {survey.vpc.id}"
    return f"the stack's parameter {tags.PARAMETERS[tag]}"
