"""Any VPC, fit or not: the fit ones with something amiss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from connectivity.domain.model import HostedZone
from connectivity.domain.survey import Limits
from hypothesis import strategies as st

from tests.unit.domain.any_vpc import OPEN, AnyVpc, fit_vpcs
from tests.unit.example import REGION, full


def any_vpcs() -> st.SearchStrategy[AnyVpc]:
    """Unfit for as many as three reasons."""
    return st.builds(_spoilt, fit_vpcs(), st.lists(st.sampled_from(SPOILT), max_size=3))


def _spoilt(vpc: AnyVpc, how: list[Callable[[AnyVpc], AnyVpc]]) -> AnyVpc:
    for spoil in how:
        vpc = spoil(vpc)
    return vpc


def _surveyed(**changes: Any) -> Callable[[AnyVpc], AnyVpc]:
    return lambda vpc: replace(vpc, survey=replace(vpc.survey, **changes))


def _not_offered(name: str) -> Callable[[AnyVpc], AnyVpc]:
    def without(vpc: AnyVpc) -> AnyVpc:
        left = {n: service for n, service in vpc.survey.offered.items() if n != full(name)}
        return _surveyed(offered=left)(vpc)

    return without


def _crowded(vpc: AnyVpc) -> AnyVpc:
    return _surveyed(subnets=tuple(replace(s, free_addresses=1) for s in vpc.survey.subnets))(vpc)


def _shut(vpc: AnyVpc) -> AnyVpc:
    """Return the VPC in which groups that are not ours admit nobody."""
    shut = (replace(g, rules=frozenset()) if g == OPEN else g for g in vpc.survey.groups)
    return _surveyed(groups=tuple(shut))(vpc)


def _ill(vpc: AnyVpc) -> AnyVpc:
    ill = (replace(r, status="action_needed", message="Odd.") for r in vpc.survey.resolvers)
    return _surveyed(resolvers=tuple(ill))(vpc)


SPOILT = (
    _surveyed(dns_support=False, dns_hostnames=False),
    _surveyed(
        hosted_zones=tuple(HostedZone(f"{name}.{REGION}.amazonaws.com") for name in ("ssm", "ecs"))
    ),
    _surveyed(subnets=()),
    *(_not_offered(name) for name in ("ecs", "ecs-agent", "ecs-telemetry", "ecr.dkr")),
    _crowded,
    _shut,
    _ill,
    lambda vpc: replace(vpc, limits=Limits(interface_endpoints_per_vpc=3)),
    lambda vpc: replace(vpc, limits=Limits(resolver_endpoints_per_region=1)),
)
