"""A hub's inbound resolver is used where the tag names it and it can answer for everything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.ledger import RESOLVER, Entry
from connectivity.domain.model import (
    Answered,
    HostedZone,
    InboundResolver,
    ResolverIp,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
)
from connectivity.domain.preconditions import Prepared, prepare
from connectivity.domain.survey import Survey

from tests.unit.example import (
    LIMITS,
    OFFERED,
    ONPREM,
    OPTIONS,
    PRIVATE_NAMES,
    SURVEY,
    US,
    VPC,
    WITH_ECR,
    full,
)

HUB, ID = "vpc-hub", "rslvr-in-0a1b2c3d4e5f67890"
IN_THE_HUB = ("10.90.0.9", "10.90.1.9")
SERVED = [name for service in ("ecs-agent", "ecs-telemetry", "ecs", "ssm", "ssmmessages")
          for name in PRIVATE_NAMES[service]] + [*PRIVATE_NAMES["ec2messages"]]  # fmt: skip
RESOLVER_OF_HUB = InboundResolver(
    ID,
    HUB,
    "operational",
    ips=(
        ResolverIp("10.90.0.53", "subnet-x", "attached"),
        ResolverIp("10.90.1.53", "subnet-y", "attached"),
    ),
    security_groups=("sg-dns",),
)
OPEN = SecurityGroup(
    "sg-dns",
    "dns",
    frozenset(Rule(p, 53, cidr) for p in ("udp", "tcp") for cidr in (ONPREM, "10.20.0.0/16")),
)
TO_ONPREM = RouteTable("rtb-hub", (), main=True, routes=(Route(ONPREM, "tgw-1"),))


def survey(resolver: InboundResolver = RESOLVER_OF_HUB, **changes: Any) -> Survey:
    """Zones for every name that is wanted, and the tag that names the hub's inbound resolver."""
    said: dict[str, Any] = {
        "hosted_zones": tuple(HostedZone(name, f"Z-{name}", "9" * 12) for name in SERVED),
        "answers": {name: Answered(IN_THE_HUB) for name in SERVED},
        "resolvers": (resolver,),
        "other_groups": (OPEN,),
        "other_routes": {HUB: (TO_ONPREM,)},
        "named_resolver": ID,
    }
    return replace(SURVEY, **{**said, **changes})


def prepared(of: Survey) -> Prepared:
    return prepare(of, OPTIONS, LIMITS)


def refusal(of: Survey, **options: Any) -> str:
    with pytest.raises(PreconditionsNotMet) as refused:
        prepare(of, replace(OPTIONS, **options), LIMITS)
    return str(refused.value)


def test_the_one_that_is_named_is_used_and_its_networks_are_told() -> None:
    desired = prepared(survey()).desired
    assert desired.adopted_resolver == ID
    assert desired.ours == ()
    assert desired.networks(["10.90.0.53", "10.90.1.53"]) == (
        "10.20.0.0/16",
        "10.90.0.0/28",
        "10.90.0.48/28",
        "10.90.1.0/28",
        "10.90.1.48/28",
    )


def test_without_the_tag_it_is_not_used_and_only_named() -> None:
    seen = survey(named_resolver="", resolvers=(), hub_resolvers=(RESOLVER_OF_HUB,))
    ready = prepared(seen)
    assert ready.desired.adopted_resolver is None
    (line,) = (w for w in ready.warnings if ID in w)
    assert f"{ID} in {HUB}" in line
    assert f"set the tag ecs-anywhere:resolver to {ID}" in line


def test_it_is_not_named_where_something_has_to_be_made_here() -> None:
    seen = survey(named_resolver="", resolvers=(), hub_resolvers=(RESOLVER_OF_HUB,))
    assert not [w for w in prepare(seen, WITH_ECR, LIMITS).warnings if ID in w]


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "is being made": ({"status": "creating"}, "its status is creating and operational is needed"),
    "is another kind": (
        {"direction": "inbound_delegation"},
        "its direction is inbound_delegation and inbound is needed",
    ),
    "speaks no DNS over port 53": ({"protocols": ("doh",)}, "it speaks doh only"),
    "is shut": ({"security_groups": ("sg-shut",)}, f"not admit 53/udp from {ONPREM}, 10.20.0.0/16"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_one_that_lacks_something_is_refused_and_ours_is_not_made_instead(case: str) -> None:
    changes, lacking = UNFIT[case]
    cause = refusal(survey(replace(RESOLVER_OF_HUB, **changes)))
    assert f"the tag ecs-anywhere:resolver names the inbound resolver {ID} in {HUB}" in cause
    assert lacking in cause
    assert "take the tag off" in cause


def test_one_that_is_not_there_is_refused() -> None:
    cause = refusal(survey(resolvers=(), other_groups=(), other_routes={}))
    assert f"names {ID}, and there is no such inbound resolver in account" in cause


def test_it_does_not_answer_for_what_has_to_be_made_here() -> None:
    cause = refusal(survey(), services=("ecr",))
    assert f"names {ID} in {HUB}, which cannot answer for ecr.api, ecr.dkr, s3" in cause


def test_it_does_not_answer_for_what_another_s_private_dns_serves_here() -> None:
    zones = tuple(z for z in survey().hosted_zones if z.name not in PRIVATE_NAMES["ssm"])
    assert f"names {ID} in {HUB}, which cannot answer for ssm:" in refusal(
        survey(hosted_zones=zones)
    )
    assert full("ssm") in OFFERED


def test_one_of_this_stack_is_opened_by_the_hub_s_own_tag() -> None:
    """Who opens a security group of ours by hand finds it shut after the next look."""
    ours = replace(OPEN, rules=frozenset(), owner=US)
    cause = refusal(survey(other_groups=(ours,)))
    assert "add that to the tag ecs-anywhere:onprem-cidrs there" in cause
    assert "authorize-security-group-ingress" not in cause


def test_ours_stays_where_it_is_and_the_tag_is_a_warning() -> None:
    ours = InboundResolver("rslvr-in-ours", VPC.id, "operational")
    entry = Entry(VPC.id, held={RESOLVER: ours.id})
    ready = prepared(survey(resolvers=(ours,), entry=entry))
    assert ready.desired.adopted_resolver is None
    assert any(f"names {ID}, which is not used" in w for w in ready.warnings)


def test_a_hub_without_a_visible_way_to_on_premises_is_warned_of() -> None:
    """Its routes into this VPC are none, nor those of its gateway endpoints."""
    blind = replace(
        TO_ONPREM, routes=(Route("10.20.0.0/16", "pcx-1"), Route("pl-s3", "vpce-gateway"))
    )
    (line,) = (w for w in prepared(survey(other_routes={HUB: (blind,)})).warnings if "route" in w)
    assert line.startswith(
        f"what is used stands in {HUB}, and no route towards {ONPREM} is visible"
    )
    assert "subnet-x, subnet-y" in line
    assert not [w for w in prepared(survey()).warnings if "no route" in w]
