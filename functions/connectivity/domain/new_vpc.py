"""A VPC that is being made, its wish tag with it: the parts that come after the VPC itself, and are
waited for (docs/decisions/0022-which-subnets.md)."""

from __future__ import annotations

from collections.abc import Iterator

from connectivity.domain import routes
from connectivity.domain.derivation import usable_subnets
from connectivity.domain.desired import Desired
from connectivity.domain.survey import Limits, Survey


def incomplete(survey: Survey, limits: Limits) -> tuple[str, ...]:
    """Return what a VPC lacks without which it is refused: its DNS attributes and its subnets."""
    zones = {subnet.zone for subnet in usable_subnets(survey)}
    subnets = [] if len(zones) >= limits.zones else [f"subnets in {limits.zones} zones"]
    return (*dns_attributes(survey), *subnets)


def unrouted(survey: Survey, desired: Desired) -> tuple[str, ...]:
    """Return the networks on-premises where something of ours is to be made in the VPC, and no
    usable subnet has a route towards any of them; else none. Whoever makes VPCs adds route tables
    last, and what is made keeps the subnets that were chosen without them."""
    if not desired.ours and desired.adopted_resolver:
        return ()
    subnets, networks = usable_subnets(survey), desired.onprem_cidrs
    leads = any(routes.leads_towards(survey, s.id, each) for s in subnets for each in networks)
    return () if leads else networks


def dns_attributes(survey: Survey, *_: object) -> Iterator[str]:
    """Yield a problem for each DNS attribute that is off."""
    attributes = {
        "enableDnsSupport": (survey.dns_support, "--enable-dns-support"),
        "enableDnsHostnames": (survey.dns_hostnames, "--enable-dns-hostnames"),
    }
    for attribute, (on, option) in attributes.items():
        if not on:
            yield (
                f"{attribute} of {survey.vpc.id} is false, and private DNS needs it: "
                f"aws ec2 modify-vpc-attribute --vpc-id {survey.vpc.id} {option} Value=true"
            )
