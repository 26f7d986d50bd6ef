"""Problems of the networks on-premises: each has to be outside of the VPC, and all of them have to
fit into a security group."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from connectivity.domain import tags
from connectivity.domain.service_problems import asked_by
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options


def overlap_problems(survey: Survey, options: Options, *_: object) -> Iterator[str]:
    """Yield a problem for each network on-premises inside the VPC's own: "local" is the first route
    of each table. One that contains the VPC's is usual (10.0.0.0/8)."""
    own = [ipaddress.IPv4Network(cidr) for cidr in survey.vpc.cidrs]
    for cidr in options.onprem_cidrs:
        network = ipaddress.IPv4Network(cidr)
        around = next((vpc for vpc in own if network.subnet_of(vpc)), None)
        if around:
            yield (
                f"{asked_by(survey, tags.ONPREM_CIDRS)} names {cidr} as a network on-premises, and "
                f"it overlaps the VPC's own network {around}: an answer to an address in it never "
                "leaves the VPC, whatever its routes say - leave it out, or use a VPC with another "
                "network"
            )


def rule_problems(survey: Survey, options: Options, limits: Limits) -> Iterator[str]:
    """Yield a problem where networks are more than a security group holds. The resolver's group has
    two rules for each network and two for the probe, the interface endpoints' group one for each
    network, those of the VPC among them."""
    limit = limits.rules_per_security_group
    most = min(limit // 2 - 1, limit - len(survey.vpc.cidrs))
    if len(options.onprem_cidrs) > most:
        yield (
            f"{len(options.onprem_cidrs)} networks on-premises are named, and a security group "
            f"holds rules for {most}: summarise them into wider ones, or ask AWS for more rules "
            "per security group and tell the stack's parameter RulesPerSecurityGroup"
        )
