"""Problems of the wished services: each has to be offered here, by an allowed owner."""

from __future__ import annotations

from collections.abc import Iterator

from connectivity.domain import catalogue, tags
from connectivity.domain.derivation import offered, wanted
from connectivity.domain.model import OfferedService
from connectivity.domain.printable import quoted
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options


def service_problems(survey: Survey, options: Options, *_: object) -> Iterator[str]:
    """Yield a sentence for each service that is not offered here, or cannot be connected."""
    for name in catalogue.REQUIRED:
        if offered(survey, name) is None:
            yield (
                f"the required interface endpoint service {name} is not offered in "
                f"{survey.region}, so ECS Anywhere cannot be reached privately there"
            )
    asking = asked_by(survey, tags.SERVICES)
    for name in catalogue.requested(options.services, survey.region):
        if unfit := _unfit_service(name, offered(survey, name), survey):
            yield f"{asking} asks for {quoted(name)}, {unfit}"


def _unfit_service(name: str, service: OfferedService | None, survey: Survey) -> str | None:
    """Return why no connection can be made with this service, and the cure."""
    if spoken := catalogue.NOT_BY_HTTPS.get(name):
        return f"which speaks {spoken}, and only TLS on 443 is admitted and verified: leave it out"
    region = catalogue.region_of(name)
    if service is None and region not in {None, survey.region}:
        return (
            f"a service of {region}, and {survey.vpc.id} is in {survey.region}: interface "
            "endpoints of other Regions' services are not made - leave it out, or name the service "
            "without its Region"
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


def owner_problems(survey: Survey, options: Options, limits: Limits) -> Iterator[str]:
    """Yield a sentence for each service whose owner the stack does not allow: a service is a way
    out of the network to its owner, and its names are published."""
    needed = {*catalogue.REQUIRED, *catalogue.REQUIRED_WHERE_OFFERED}
    for name, service in wanted(survey, options).items():
        if service.owner not in limits.service_owners:
            allowed = ", ".join(sorted(limits.service_owners))
            who = "ECS Anywhere" if name in needed else asked_by(survey, tags.SERVICES)
            yield (
                f"{who} asks for {quoted(name)}, a service of {service.owner}: leave "
                "it out, or allow its owner in the stack's parameter AllowedServiceOwners, which "
                f"allows {allowed}"
            )


def asked_by(survey: Survey, tag: str) -> str:
    """Return where an option comes from: the VPC's tag, or the stack's parameter behind it."""
    if tag in survey.vpc.tags:
        return f"{tag} of {survey.vpc.id}"
    return f"the stack's parameter {tags.PARAMETERS[tag]}"
