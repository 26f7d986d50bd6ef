"""A hub's inbound resolver, named by the tag `ecs-anywhere:resolver`: whether it can answer for a
VPC, and which one could (docs/decisions/0060-a-hub-s-inbound-resolver.md).
"""

from __future__ import annotations

from collections.abc import Iterator

from connectivity.domain import tags
from connectivity.domain.answered_elsewhere import answered_names
from connectivity.domain.derivation import wanted
from connectivity.domain.desired import Desired
from connectivity.domain.resolver_adoption import adopted_resolver, serves_already
from connectivity.domain.routes import hub_route_warnings, route_warnings
from connectivity.domain.survey import Survey
from connectivity.domain.wish import Options


def is_elsewhere(survey: Survey, resolver_id: str | None) -> bool:
    """Tell whether an inbound resolver stands in another VPC."""
    return any(r.id == resolver_id and r.vpc != survey.vpc.id for r in survey.resolvers)


def hub_problems(survey: Survey, options: Options, *_: object) -> Iterator[str]:
    """Yield why a hub's inbound resolver cannot answer for this VPC, if it was to be used and
    cannot: private DNS of an interface endpoint answers in its own VPC only."""
    used = adopted_resolver(survey, options.onprem_cidrs)
    here = _answered_here_only(survey, options)
    if used and used.vpc != survey.vpc.id and here:
        yield (
            f"the tag {tags.RESOLVER} names {used.id} in {used.vpc}, which cannot answer for "
            f"{', '.join(here)}: private DNS serves them in {survey.vpc.id} alone - serve them "
            f"from {used.vpc}, too, ask for less in {tags.SERVICES}, or take the tag off: then "
            f"an inbound resolver is made in {survey.vpc.id}"
        )


def hub_warnings(survey: Survey, options: Options) -> Iterator[str]:
    """Yield a warning where the tag names an inbound resolver that is not used, and where it names
    none although one of a hub may do."""
    named = survey.named_resolver
    if named and serves_already(survey):
        yield (
            f"the tag {tags.RESOLVER} names {named}, which is not used: on-premises forwards to "
            f"the inbound resolver that was made in {survey.vpc.id} - take the wish off and set it "
            "again to change that"
        )
    for hub in survey.hub_resolvers:
        if not _answered_here_only(survey, options):
            yield (
                f"an inbound resolver is made in {survey.vpc.id}, although {hub.id} in {hub.vpc}, "
                "from where its names are served, may answer for them: to have that checked and "
                f"used instead, set the tag {tags.RESOLVER} to {hub.id}"
            )


def may_be_served_by_a_hub(survey: Survey, options: Options) -> bool:
    """Tell whether to look for a hub's inbound resolver: one is to be made here, and the names are
    served from another VPC."""
    there = adopted_resolver(survey, options.onprem_cidrs) or survey.named_resolver
    is_to_be_made = not there and not serves_already(survey)
    return is_to_be_made and not _answered_here_only(survey, options)


def ways_that_are_missing(survey: Survey, desired: Desired) -> Iterator[str]:
    """Warn of ways that are missing: in this VPC where on-premises reaches something here, and in
    each other VPC of which it uses something."""
    if desired.in_the_vpc or not is_elsewhere(survey, desired.adopted_resolver):
        yield from route_warnings(survey, desired.subnets, desired.onprem_cidrs)
    used = {*desired.adopted.values()}
    for vpc in sorted(survey.other_routes):
        subnets = sorted(
            {
                *(s for e in survey.led_to if e.vpc == vpc and e.id in used for s in e.subnets),
                *(
                    ip.subnet
                    for r in survey.resolvers
                    if r.vpc == vpc and r.id in used
                    for ip in r.ips
                ),
            }
        )
        if subnets:
            yield from hub_route_warnings(survey, vpc, subnets, desired.onprem_cidrs)


def _answered_here_only(survey: Survey, options: Options) -> list[str]:
    """Return the wanted services whose names private DNS serves, or shall: ours and others'."""
    services = wanted(survey, options).items()
    return [name for name, service in services if not answered_names(survey, service)]
