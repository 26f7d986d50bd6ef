"""Is the VPC fit? Each problem alone, all of them at once, and what is decided where there is
none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain import ledger
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.ledger import Entry
from connectivity.domain.model import (
    InboundResolver,
    InterfaceEndpoint,
    OfferedService,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
)
from connectivity.domain.preconditions import Prepared, prepare
from connectivity.domain.survey import Survey
from connectivity.domain.wish import Options
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.example import (
    LIMITS,
    OFFERED,
    ONPREM,
    OPTIONS,
    PRIVATE_NAMES,
    REGION,
    SUBNETS,
    SURVEY,
    US,
    VPC,
    WITH_ECR,
    ZONES,
    full,
)

ADMITTING = SecurityGroup("sg-theirs", "https", frozenset({Rule("tcp", 443, "192.168.0.0/16")}))
THEIRS = InterfaceEndpoint(
    id="vpce-theirs",
    service_name=full("ssm"),
    state="available",
    private_dns=True,
    subnets=("subnet-a", "subnet-b"),
    security_groups=("sg-theirs",),
)


def prepared(survey: Survey = SURVEY, options: Options = OPTIONS, **changes: Any) -> Prepared:
    return prepare(replace(survey, **changes), options, LIMITS)


def problems(options: Options = OPTIONS, **changes: Any) -> list[str]:
    with pytest.raises(PreconditionsNotMet) as raised:
        prepared(options=options, **changes)
    return str(raised.value).split("; ")


def others(count: int) -> tuple[InterfaceEndpoint, ...]:
    """Interface endpoints of a service that nobody asked for."""
    return tuple(
        InterfaceEndpoint(f"vpce-{i}", full("kms"), "available", private_dns=True)
        for i in range(count)
    )


def resolvers(count: int) -> tuple[InboundResolver, ...]:
    return tuple(InboundResolver(f"rslvr-in-{i}", "vpc-other", "operational") for i in range(count))


def without(*names: str) -> Mapping[str, OfferedService]:
    return {name: service for name, service in OFFERED.items() if name not in map(full, names)}


def only_in(zone: str, name: str) -> Mapping[str, OfferedService]:
    return {**OFFERED, full(name): replace(OFFERED[full(name)], zones=frozenset({zone}))}


ONE_ZONE = (SUBNETS[0], Subnet("subnet-a2", SUBNETS[0].zone, 200))
CROWDED = (SUBNETS[0], replace(SUBNETS[1], free_addresses=7))

ONE_PROBLEM: dict[str, tuple[dict[str, Any], str]] = {
    "no DNS support": (
        {"dns_support": False},
        "enableDnsSupport of vpc-0a1b2c3d is false, and private DNS needs it: "
        "aws ec2 modify-vpc-attribute --vpc-id vpc-0a1b2c3d --enable-dns-support Value=true",
    ),
    "no DNS hostnames": ({"dns_hostnames": False}, "--enable-dns-hostnames Value=true"),
    "dedicated tenancy": (
        {"vpc": replace(VPC, tenancy="dedicated")},
        "vpc-0a1b2c3d has dedicated instance tenancy",
    ),
    "no subnet": ({"subnets": ()}, "has subnets in 0 Availability Zones, and 2 are needed"),
    "one zone": ({"subnets": ONE_ZONE}, "has subnets in 1 Availability Zone (us-east-2a), and 2"),
    "no room": (
        {"subnets": CROWDED},
        "only 1 Availability Zone (us-east-2a) of vpc-0a1b2c3d has a subnet with 8 free addresses",
    ),
    "service in one zone": (
        {"offered": only_in("us-east-2a", "ssm")},
        "ssm supports 1 Availability Zone (us-east-2a), and the usable subnets are in "
        "us-east-2a, us-east-2b",
    ),
    "service not offered": (
        {"offered": without("ecs-telemetry")},
        "the required interface endpoint service ecs-telemetry is not offered in us-east-2",
    ),
    "unknown service": (
        {"options": Options(("lgos",), (ONPREM,))},
        'ecs-anywhere:services asks for "lgos", which is no interface endpoint service in',
    ),
    "interface endpoint quota": (
        {"endpoints": others(45)},
        "vpc-0a1b2c3d has 45 interface endpoints, 6 more are needed and the quota is 50 per VPC",
    ),
    "resolver quota": (
        {"resolvers": resolvers(4)},
        "us-east-2 holds 4 Route 53 Resolver endpoints (rslvr-in-0, rslvr-in-1, rslvr-in-2, "
        "rslvr-in-3) and the quota is 4 per Region",
    ),
    "hosted zone": (
        {"hosted_zones": ("ecs.us-east-2.amazonaws.com.",)},
        "a private hosted zone ecs.us-east-2.amazonaws.com is associated with vpc-0a1b2c3d and "
        "conflicts with the private DNS of ecs",
    ),
    "hosted zone of a wildcard": (
        {"options": WITH_ECR, "hosted_zones": ("dkr.ecr.us-east-2.amazonaws.com.",)},
        "conflicts with the private DNS of ecr.dkr",
    ),
    "unfit: being made": (
        {"endpoints": (replace(THEIRS, state="pending"),), "groups": (ADMITTING,)},
        "the existing interface endpoint vpce-theirs for ssm has private DNS on but its state is "
        "pending: mend it, or turn its private DNS off",
    ),
    "unfit: one zone": (
        {"endpoints": (replace(THEIRS, subnets=("subnet-a",)),), "groups": (ADMITTING,)},
        "vpce-theirs for ssm has private DNS on but it is in one Availability Zone only",
    ),
    "unfit: shut": (
        {"endpoints": (THEIRS,), "groups": (replace(ADMITTING, rules=frozenset()),)},
        "its security group does not admit 443/tcp from 192.168.0.0/16",
    ),
}


@pytest.mark.parametrize(("changes", "said"), ONE_PROBLEM.values(), ids=ONE_PROBLEM.keys())
def test_a_single_problem_is_named_alone(changes: dict[str, Any], said: str) -> None:
    [problem] = problems(**changes)
    assert said in problem


def test_all_problems_are_named_at_once() -> None:
    found = problems(
        options=Options(("lgos",), (ONPREM,)),
        dns_support=False,
        dns_hostnames=False,
        vpc=replace(VPC, tenancy="dedicated"),
        offered=without("ecs"),
        subnets=ONE_ZONE,
        resolvers=resolvers(4),
        endpoints=(*others(46), replace(THEIRS, state="failed")),
        hosted_zones=("ecs-a.us-east-2.amazonaws.com.",),
    )
    told = [
        "enableDnsSupport",
        "enableDnsHostnames",
        "dedicated",
        "ecs is not offered",
        "lgos",
        "1 Availability Zone",
        "47 interface endpoints",
        "4 Route 53 Resolver endpoints",
        "hosted zone ecs-a.",
        "its state is failed",
    ]
    assert len(found) == len(told)
    assert all(fragment in problem for fragment, problem in zip(told, found, strict=True)), found


def test_a_fit_vpc_gets_every_service_in_the_order_of_the_catalogue() -> None:
    desired = prepared(options=WITH_ECR).desired
    assert [endpoint.service for endpoint in desired.endpoints] == [
        "ecs-agent",
        "ecs-telemetry",
        "ecs",
        "ssm",
        "ssmmessages",
        "ec2messages",
        "ecr.api",
        "ecr.dkr",
        "s3",
    ]
    assert {endpoint.subnets for endpoint in desired.endpoints} == {("subnet-a", "subnet-b")}
    assert {endpoint.adopted for endpoint in desired.endpoints} == {None}
    assert desired.resolver_subnets == ("subnet-a", "subnet-b")


def test_ec2messages_is_left_out_where_the_region_does_not_offer_it() -> None:
    desired = prepared(offered=without("ec2messages")).desired
    assert "ec2messages" not in [endpoint.service for endpoint in desired.endpoints]


def test_names_and_zones_are_those_that_aws_offers_not_made_up() -> None:
    odd = OfferedService(full("ssm"), ("ssm.odd.example",), ZONES)
    desired = prepared(offered={**OFFERED, full("ssm"): odd}).desired
    [ssm] = [endpoint for endpoint in desired.endpoints if endpoint.service == "ssm"]
    assert ssm.private_names == ("ssm.odd.example",)


def test_an_existing_endpoint_that_fits_is_adopted() -> None:
    desired = prepared(endpoints=(THEIRS,), groups=(ADMITTING,)).desired
    assert {e.service: e.adopted for e in desired.endpoints if e.adopted} == {"ssm": "vpce-theirs"}
    assert "ssm" not in [endpoint.service for endpoint in desired.ours]


@pytest.mark.parametrize(
    ("rule", "admits"),
    [
        (Rule("tcp", 0, "0.0.0.0/0", last_port=65535), True),
        (Rule("tcp", 400, "0.0.0.0/0", last_port=500), True),
        (Rule("tcp", 444, "0.0.0.0/0", last_port=500), False),
        (Rule("tcp", 443, "192.0.0.0/8"), True),
        (Rule("udp", 443, "0.0.0.0/0"), False),
        (Rule("tcp", 8443, "0.0.0.0/0"), False),
        (Rule("tcp", 443, "sg-theirs"), False),
        (Rule("tcp", 443, "192.168.0.0/17"), False),
    ],
)
def test_what_a_rule_must_say_for_an_endpoint_to_be_adopted(rule: Rule, admits: bool) -> None:
    changes: dict[str, Any] = {
        "endpoints": (THEIRS,),
        "groups": (replace(ADMITTING, rules=frozenset({rule})),),
    }
    if admits:
        assert prepared(**changes).desired != prepared().desired
    else:
        assert "does not admit 443/tcp" in problems(**changes)[0]


@pytest.mark.parametrize("state", ["deleting", "deleted"])
def test_an_endpoint_that_is_going_is_neither_adopted_nor_in_the_way(state: str) -> None:
    assert prepared(endpoints=(replace(THEIRS, state=state),)) == prepared()


def test_an_endpoint_without_private_dns_is_left_alone_and_ours_comes_beside_it() -> None:
    assert prepared(endpoints=(replace(THEIRS, private_dns=False),)) == prepared()


def test_what_is_there_already_counts_neither_for_quotas_nor_for_room() -> None:
    """Else a connected VPC of a full region would fail at every sweep."""
    names = [name for name in PRIVATE_NAMES if name not in {"ecr.api", "ecr.dkr", "s3", "logs"}]
    ours = tuple(
        InterfaceEndpoint(f"vpce-{name}", full(name), "available", owner=US) for name in names
    )
    held = {ledger.endpoint_purpose(full(name)): f"vpce-{name}" for name in names}
    connected = prepared(
        endpoints=(*ours, *others(44)),
        resolvers=resolvers(4),
        subnets=tuple(replace(subnet, free_addresses=0) for subnet in SUBNETS),
        entry=Entry(VPC.id, held=held | {ledger.RESOLVER: "rslvr-in-2"}),
    )
    assert connected == prepared()


GATEWAY = InterfaceEndpoint("vpce-gw", full("s3"), "available", "Gateway")
FITTING_S3 = replace(THEIRS, service_name=full("s3"))


@pytest.mark.parametrize(
    ("options", "changes", "expected"),
    [
        (OPTIONS, {}, None),
        (WITH_ECR, {}, full("s3")),
        (WITH_ECR, {"endpoints": (GATEWAY,)}, None),
        (WITH_ECR, {"endpoints": (replace(GATEWAY, state="deleting"),)}, full("s3")),
        (WITH_ECR, {"endpoints": (FITTING_S3,), "groups": (ADMITTING,)}, None),
    ],
    ids=["no s3", "none there", "theirs there", "theirs going", "s3 adopted"],
)
def test_s3_needs_a_gateway_endpoint_unless_somebody_keeps_one(
    options: Options, changes: dict[str, Any], expected: str | None
) -> None:
    assert prepared(options=options, **changes).desired.gateway_service == expected


@pytest.mark.parametrize(
    ("tables", "warned"),
    [
        ((), True),
        ((RouteTable("rtb-1", ("subnet-a",), False, ("192.168.0.0/16",)),), False),
        ((RouteTable("rtb-1", (), True, ("0.0.0.0/0",)),), False),
        ((RouteTable("rtb-1", (), True, ("192.168.7.0/24",)),), False),
        ((RouteTable("rtb-1", (), True, ("10.0.0.0/8",)),), True),
        ((RouteTable("rtb-1", ("subnet-other",), False, ("0.0.0.0/0",)),), True),
    ],
    ids=["no table", "explicit", "main", "towards a part", "elsewhere", "other subnet"],
)
def test_a_missing_route_towards_onprem_is_a_warning(
    tables: tuple[RouteTable, ...], warned: bool
) -> None:
    warnings = prepared(route_tables=tables).warnings
    assert bool(warnings) is warned
    assert all("no route towards 192.168.0.0/16" in warning for warning in warnings)


@given(st.permutations([*SUBNETS, Subnet("subnet-c", f"{REGION}c", 99), *ONE_ZONE[1:]]), st.data())
def test_the_order_in_which_aws_lists_things_never_matters(
    subnets: list[Subnet], data: st.DataObject
) -> None:
    endpoints = data.draw(st.permutations([THEIRS, GATEWAY, *others(2)]))
    offered = dict(data.draw(st.permutations(list(OFFERED.items()))))
    shuffled = replace(
        SURVEY,
        subnets=tuple(subnets),
        endpoints=tuple(endpoints),
        offered=offered,
        groups=(ADMITTING,),
    )
    ordered = replace(
        shuffled,
        subnets=tuple(sorted(subnets, key=lambda s: s.id)),
        endpoints=(THEIRS, GATEWAY, *others(2)),
        offered=OFFERED,
    )
    assert prepared(shuffled, WITH_ECR) == prepared(ordered, WITH_ECR)


@pytest.mark.parametrize("ip", [{}, {"10.20.1.53": "subnet-b", "10.20.0.53": "subnet-a2"}])
def test_a_resolver_that_is_made_anew_stands_where_its_addresses_were_promised(
    ip: dict[str, str],
) -> None:
    """A subnet with a lower id, or more room by now, does not move it: on-premises forwards to
    these addresses."""
    subnets = (*SUBNETS, ONE_ZONE[1])
    desired = prepared(subnets=subnets, entry=Entry(VPC.id, resolver_ips=ip)).desired
    assert set(desired.resolver_subnets) == (set(ip.values()) or {"subnet-a", "subnet-b"})


def test_a_vpc_of_another_account_is_refused() -> None:
    [problem] = problems(vpc=replace(VPC, owner="999999999999"))
    assert f"{VPC.id} is shared by account 999999999999" in problem


def test_more_networks_than_a_security_group_holds_are_refused() -> None:
    """Two rules for each network and two for the probe, of sixty."""
    networks = tuple(f"172.16.{number}.0/24" for number in range(30))
    assert prepared(options=Options((), networks[:29])).desired.onprem_cidrs == networks[:29]
    [problem] = problems(Options((), networks))
    assert problem.startswith("30 networks on-premises are named, and a security group holds")


def test_a_service_without_a_private_name_is_refused() -> None:
    nameless = OfferedService(full("athena"), (), OFFERED[full("ssm")].zones)
    [problem] = problems(
        Options(("athena",), OPTIONS.onprem_cidrs), offered={**OFFERED, nameless.name: nameless}
    )
    assert '"athena", which has no private DNS name' in problem


def test_a_promised_address_that_something_else_took_is_given_up_and_said() -> None:
    entry = Entry(VPC.id, resolver_ips={"10.20.0.53": "subnet-a", "10.20.1.53": "subnet-b"})
    ready = prepared(entry=entry, taken=frozenset({"10.20.1.53"}))
    assert ready.desired.given_up == ("10.20.1.53",)
    assert ready.warnings[0].startswith("10.20.1.53 was an address of the inbound resolver")


PARTNERS = f"com.amazonaws.vpce.{REGION}.vpce-svc-0123"
PARTNER_S = OfferedService(PARTNERS, ("api.partner.example",), ZONES, owner="666666666666")


def with_partner(owners: tuple[str, ...], **how: Any) -> Prepared:
    offered = {**OFFERED, PARTNERS: replace(PARTNER_S, **how)}
    options = Options(services=(PARTNERS,), onprem_cidrs=OPTIONS.onprem_cidrs)
    limits = replace(LIMITS, service_owners=owners)
    return prepare(replace(SURVEY, offered=offered), options, limits)


def test_a_service_of_somebody_whom_the_stack_does_not_allow_is_refused_by_its_owner() -> None:
    with pytest.raises(PreconditionsNotMet, match="a service of 666666666666, and the stack's"):
        with_partner(("amazon",))
    wanted = with_partner(("amazon", "666666666666")).desired.endpoints
    assert PARTNERS in {endpoint.service_name for endpoint in wanted}


def test_amazon_s_own_services_need_amazon_among_the_owners() -> None:
    with pytest.raises(PreconditionsNotMet, match='"ssm", a service of amazon'):
        prepare(SURVEY, OPTIONS, replace(LIMITS, service_owners=("666666666666",)))


def test_a_service_whose_owner_has_to_accept_first_holds_nobody_up() -> None:
    """Ten minutes of waiting for somebody in another account, and nothing for ECS Anywhere."""
    with pytest.raises(PreconditionsNotMet, match="its owner, 666666666666, has to accept first"):
        with_partner(("amazon", "666666666666"), needs_acceptance=True)


@pytest.mark.parametrize("name", ["email-smtp", "cassandra", full("email-smtp")])
def test_a_service_that_does_not_speak_https_is_refused_with_what_it_speaks(name: str) -> None:
    full_name = full(name.rpartition(".")[2])
    service = OfferedService(full_name, (f"x.{REGION}.amazonaws.com",), ZONES)
    options = Options(services=(name,), onprem_cidrs=OPTIONS.onprem_cidrs)
    with pytest.raises(PreconditionsNotMet, match=r"which speaks .* only TLS on 443"):
        prepared(options=options, offered={**OFFERED, full_name: service})


def test_a_vpc_that_another_stack_connects_is_refused_unless_we_were_first() -> None:
    name = f"ecs-anywhere-{VPC.id}-endpoints-0123456789"
    group = SecurityGroup("sg-another", name, owner="private-connectivity-dev")
    with pytest.raises(PreconditionsNotMet, match=r"another stack: .* = private-connectivity-dev"):
        prepared(groups=(group,))
    held = Entry(VPC.id, held={ledger.RESOLVER: "rslvr-in-ours"})
    assert prepared(groups=(group,), entry=held)


def test_what_only_carries_our_tag_is_a_warning() -> None:
    copied = InterfaceEndpoint("vpce-copied", full("ssm"), "available", owner=US)
    group = SecurityGroup("sg-copied", "default", owner=US)
    warnings = prepared(endpoints=(copied,), groups=(group,)).warnings
    [said] = [warning for warning in warnings if "our tag" in warning]
    assert "sg-copied, vpce-copied carries our tag ecs-anywhere:owner" in said


def test_what_lost_its_owner_tag_stops_the_run_with_the_cure() -> None:
    ours = InterfaceEndpoint("vpce-ours", full("ssm"), "available")
    entry = Entry(VPC.id, held={ledger.endpoint_purpose(full("ssm")): "vpce-ours"})
    with pytest.raises(PreconditionsNotMet, match=r"vpce-ours: made by us, but its tag .* put it"):
        prepared(endpoints=(ours,), entry=entry)
