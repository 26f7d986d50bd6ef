"""Names that something else answers in the VPC before private DNS would: private hosted zones and
Resolver rules (docs/decisions/0028-names-that-others-answer.md).

Landing zones serve these very names that way, so that nobody is told to take away what may be the
private answer of somebody's hosts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from connectivity.domain.model import HostedZone, OfferedService, ResolverRule
from connectivity.domain.survey import Survey

_ENDPOINT = re.compile(r"vpce-[0-9a-f]+")


def zone_problems(survey: Survey, services: Mapping[str, OfferedService]) -> Iterator[str]:
    """Yield one problem, if any: all private hosted zones whose name is that of a wanted service.
    AWS refuses private DNS beside such a zone; one of a parent's name does not matter to it."""
    zones = zones_of(survey.hosted_zones, services)
    if zones:
        yield (
            f"private hosted zones answer for these names in {survey.vpc.id} already, as landing "
            "zones do it: nothing was changed, and the zones stay as they are, because hosts may "
            "be served through them - such a VPC cannot be adopted yet, so leave it to its zones, "
            "or ask their owners to move it to private DNS of interface endpoints - "
            f"{', '.join(_described(zone, survey.account) for zone in zones)}"
        )


def zones_of(
    zones: tuple[HostedZone, ...], services: Mapping[str, OfferedService]
) -> tuple[HostedZone, ...]:
    """Return the zones whose name is a private name of a service, or what its wildcard is below."""
    names = {n.removeprefix("*.") for service in services.values() for n in service.private_names}
    return tuple(sorted((z for z in zones if z.name in names), key=lambda z: (z.name, z.id)))


def rule_problems(survey: Survey, services: Mapping[str, OfferedService]) -> Iterator[str]:
    """Yield a problem for each forwarding rule of a wanted name, or of one below it.

    Of the rules and the private hosted zones of a VPC the most specific name wins, and of the same
    name the rule: a rule for `amazonaws.com` does no harm. Source: Route 53 developer guide,
    "Considerations when working with a private hosted zone" and "How Resolver determines whether
    the domain name in a query matches any rules".
    """
    for rule in sorted(survey.resolver_rules, key=lambda r: r.id):
        names = [service for service, offered in services.items() if _overrides(rule, offered)]
        if names:
            whose = f" of account {rule.owner}" if rule.owner else ""
            where = f" to {' '.join(rule.targets)}" if rule.targets else ""
            yield (
                f"the Resolver rule {rule.id}{whose} forwards {rule.domain} in {survey.vpc.id}"
                f"{where}, before private DNS of {', '.join(names)} answers: if hosts get their "
                "private answers from there, leave it; else ask its owner, or take it off this VPC "
                "(aws route53resolver disassociate-resolver-rule "
                f"--vpc-id {survey.vpc.id} --resolver-rule-id {rule.id})"
            )


def _overrides(rule: ResolverRule, service: OfferedService) -> bool:
    names = {name.removeprefix("*.") for name in service.private_names}
    return any(rule.domain == name or rule.domain.endswith(f".{name}") for name in names)


def _described(zone: HostedZone, account: str) -> str:
    whose = f" of account {zone.owner}" if zone.owner and zone.owner != account else ""
    return f"{zone.name} ({zone.id}{whose}, {_leads_to(zone)})"


def _leads_to(zone: HostedZone) -> str:
    if zone.leads_to is None:
        return "what it leads to cannot be seen from here"
    if not zone.leads_to:
        return "no record of its own name"
    endpoints = [m[0] for target in zone.leads_to if (m := _ENDPOINT.search(target))]
    return f"leads to {' '.join(dict.fromkeys(endpoints or zone.leads_to))}"
