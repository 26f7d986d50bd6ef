"""Is the VPC fit? Each problem alone, all of them at once, and what is decided where there is
none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain import ledger, tags
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.ledger import Entry
from connectivity.domain.model import (
    Answered,
    HostedZone,
    InboundResolver,
    InterfaceEndpoint,
    OfferedService,
    Route,
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


def left_out(prepared: Prepared) -> list[str]:
    return [warning for warning in prepared.warnings if warning.startswith("left out: ")]


def resolvers(count: int) -> tuple[str, ...]:
    return tuple(f"rslvr-in-{number}" for number in range(count))


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
        "1 Availability Zone (us-east-2a) of vpc-0a1b2c3d has a subnet with 8 free addresses",
    ),
    "no room, by subnet": (
        {"subnets": CROWDED},
        f"2 zones are needed: free addresses or add a subnet - {CROWDED[1].id} in us-east-2b has 7",
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
    "interface endpoint quota": (
        {"endpoints": others(45)},
        "vpc-0a1b2c3d has 45 interface endpoints, 6 more are needed and the quota is 50 per VPC",
    ),
    "resolver quota": (
        {"resolvers_of_region": resolvers(4)},
        "us-east-2 holds 4 Route 53 Resolver endpoints (rslvr-in-0, rslvr-in-1, rslvr-in-2, "
        "rslvr-in-3) and the quota is 4 per Region",
    ),
    "hosted zone": (
        {
            "hosted_zones": (HostedZone("ecs.us-east-2.amazonaws.com", "Z1"),),
            "answers": {"ecs.us-east-2.amazonaws.com": Answered(error="NXDOMAIN")},
        },
        "ecs.us-east-2.amazonaws.com answers NXDOMAIN",
    ),
    "hosted zone of a wildcard": (
        {
            "options": WITH_ECR,
            "hosted_zones": (HostedZone("dkr.ecr.us-east-2.amazonaws.com", "Z1"),),
            "answers": {
                "dkr.ecr.us-east-2.amazonaws.com": Answered(("10.9.0.4", "10.9.1.4")),
                "111122223333.dkr.ecr.us-east-2.amazonaws.com": Answered(error="NXDOMAIN"),
            },
        },
        "111122223333.dkr.ecr.us-east-2.amazonaws.com answers NXDOMAIN",
    ),
    "unfit: being made": (
        {"endpoints": (replace(THEIRS, state="pending"),), "groups": (ADMITTING,)},
        "the existing interface endpoint vpce-theirs for ssm has private DNS on but its state is "
        "pending: ask its owner to mend it",
    ),
    "unfit: one zone": (
        {"endpoints": (replace(THEIRS, subnets=("subnet-a",)),), "groups": (ADMITTING,)},
        "vpce-theirs for ssm has private DNS on but it is in one Availability Zone only",
    ),
    "unfit: shut": (
        {"endpoints": (THEIRS,), "groups": (replace(ADMITTING, rules=frozenset()),)},
        "its security group sg-theirs does not admit 443/tcp from 192.168.0.0/16 (aws ec2 "
        "authorize-security-group-ingress --group-id sg-theirs --protocol tcp --port 443 "
        "--cidr 192.168.0.0/16)",
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
        resolvers_of_region=resolvers(4),
        endpoints=(*others(47), replace(THEIRS, state="failed")),
        hosted_zones=(HostedZone("ecs-a.us-east-2.amazonaws.com", "Z1"),),
        answers={"ecs-a.us-east-2.amazonaws.com": Answered(("198.51.100.7",))},
    )
    told = [
        "enableDnsSupport",
        "enableDnsHostnames",
        "dedicated",
        "ecs is not offered",
        "1 Availability Zone",
        "48 interface endpoints",
        "4 Route 53 Resolver endpoints",
        "leads to 198.51.100.7, which no private network has",
        "its state is failed",
        'left out: the stack\'s parameter DefaultServices asks for "lgos", which is no interface',
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
        assert "sg-theirs does not admit 443/tcp" in problems(**changes)[0]


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
        resolvers=(InboundResolver("rslvr-in-2", VPC.id, "operational"),),
        resolvers_of_region=resolvers(4),
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


CHINA = "cn-north-1"
CHINAS_ZONES = (f"{CHINA}a", f"{CHINA}b")
WITH_PREFIX = {"ecr.api", "ecr.dkr", "s3"}
IN_CHINA: dict[str, Any] = {
    "region": CHINA,
    "subnets": tuple(replace(s, zone=z) for s, z in zip(SUBNETS, CHINAS_ZONES, strict=True)),
    "offered": {
        name: OfferedService(name, (f"{short}.amazonaws.com.cn",), frozenset(CHINAS_ZONES))
        for short in PRIVATE_NAMES
        for name in [f"{'cn.' if short in WITH_PREFIX else ''}com.amazonaws.{CHINA}.{short}"]
    },
}


def test_in_china_the_gateway_endpoint_of_s3_has_another_prefix_than_the_interface_endpoint() -> (
    None
):
    """`cn.com.amazonaws.cn-north-1.s3` is no service of gateway endpoints."""
    gateway = f"com.amazonaws.{CHINA}.s3"
    desired = prepared(options=WITH_ECR, **IN_CHINA).desired
    assert f"cn.{gateway}" in {endpoint.service_name for endpoint in desired.endpoints}
    assert desired.gateway_service == gateway
    theirs = replace(GATEWAY, service_name=gateway)
    assert prepared(options=WITH_ECR, endpoints=(theirs,), **IN_CHINA).desired.gateway_service is (
        None
    )


@pytest.mark.parametrize(
    ("tables", "warned"),
    [
        ((), True),
        ((RouteTable("rtb-1", ("subnet-a",), False, (Route(ONPREM, "tgw-1"),)),), False),
        ((RouteTable("rtb-1", (), True, (Route("0.0.0.0/0", "vgw-1"),)),), False),
        ((RouteTable("rtb-1", (), True, (Route("192.168.7.0/24", "vgw-1"),)),), False),
        ((RouteTable("rtb-1", (), True, (Route("10.0.0.0/8", "vgw-1"),)),), True),
        ((RouteTable("rtb-1", ("subnet-other",), False, (Route("0.0.0.0/0", "vgw-1"),)),), True),
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


def test_a_service_without_a_private_name_is_left_out() -> None:
    nameless = OfferedService(full("athena"), (), OFFERED[full("ssm")].zones)
    options = Options(("athena",), OPTIONS.onprem_cidrs)
    found = prepared(options=options, offered={**OFFERED, nameless.name: nameless})
    [warning] = left_out(found)
    assert '"athena", which has no private DNS name' in warning
    assert found.desired == prepared().desired


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


def test_a_service_of_somebody_whom_the_stack_does_not_allow_is_left_out_by_its_owner() -> None:
    refused = with_partner(("amazon",))
    [warning] = left_out(refused)
    assert "a service of 666666666666: leave it out" in warning
    assert refused.desired == prepared().desired
    wanted = with_partner(("amazon", "666666666666")).desired.endpoints
    assert PARTNERS in {endpoint.service_name for endpoint in wanted}


def test_what_is_left_out_needs_no_quota_no_zone_no_room_and_no_policy() -> None:
    """It would be one interface endpoint too many, in a zone in which no subnet is."""
    elsewhere = replace(PARTNER_S, zones=frozenset({f"{REGION}c"}))
    subnets = tuple(replace(subnet, free_addresses=8) for subnet in SUBNETS)
    found = prepared(
        options=Options((PARTNERS,), (ONPREM,), endpoint_policy="account"),
        offered={**OFFERED, PARTNERS: elsewhere},
        endpoints=others(44),
        subnets=subnets,
    )
    assert len(left_out(found)) == 1
    assert len(found.desired.ours) == 6
    assert not any(PARTNERS in line for line in found.policies)


def test_amazon_s_own_services_need_amazon_among_the_owners() -> None:
    with pytest.raises(PreconditionsNotMet, match='"ssm", a service of amazon'):
        prepare(SURVEY, OPTIONS, replace(LIMITS, service_owners=("666666666666",)))


def test_a_service_whose_owner_has_to_accept_first_holds_nobody_up() -> None:
    """Ten minutes of waiting for somebody in another account, and nothing for ECS Anywhere."""
    found = with_partner(("amazon", "666666666666"), needs_acceptance=True)
    [warning] = left_out(found)
    assert "its owner, 666666666666, has to accept first" in warning
    assert found.desired == prepared().desired


@pytest.mark.parametrize("name", ["email-smtp", "cassandra", full("email-smtp")])
def test_a_service_that_does_not_speak_https_is_left_out_with_what_it_speaks(name: str) -> None:
    full_name = full(name.rpartition(".")[2])
    service = OfferedService(full_name, (f"x.{REGION}.amazonaws.com",), ZONES)
    options = Options(services=(name,), onprem_cidrs=OPTIONS.onprem_cidrs)
    found = prepared(options=options, offered={**OFFERED, full_name: service})
    [warning] = left_out(found)
    assert re.search(r"which speaks .* only TLS on 443", warning)
    assert found.desired == prepared().desired


def test_a_vpc_that_another_stack_connects_is_refused_unless_we_were_first() -> None:
    name = f"ecs-anywhere-{VPC.id}-endpoints-0123456789"
    group = SecurityGroup("sg-another", name, owner="private-connectivity-dev")
    with pytest.raises(PreconditionsNotMet, match=r"another stack: .* = private-connectivity-dev"):
        prepared(groups=(group,))
    held = Entry(VPC.id, held={ledger.RESOLVER: "rslvr-in-ours"})
    assert prepared(groups=(group,), entry=held)


def test_a_mistyped_key_of_a_vpc_is_a_warning_and_no_reason_to_stop() -> None:
    mistyped = replace(VPC, tags={tags.WISH: "enabled", "ecs-anywhere:service": "ecr"})
    warnings = prepared(vpc=mistyped).warnings
    assert any("the nearest key is ecs-anywhere:services" in warning for warning in warnings)


def test_what_only_carries_our_tag_is_a_warning() -> None:
    copied = InterfaceEndpoint("vpce-copied", full("ssm"), "available", owner=US)
    group = SecurityGroup("sg-copied", "default", owner=US)
    warnings = prepared(endpoints=(copied,), groups=(group,)).warnings
    [said] = [warning for warning in warnings if "like ours" in warning]
    assert (
        "sg-copied, vpce-copied looks like ours by its tag ecs-anywhere:owner or its name" in said
    )


def test_what_lost_its_owner_tag_stops_the_run_with_the_cure() -> None:
    ours = InterfaceEndpoint("vpce-ours", full("ssm"), "available")
    entry = Entry(VPC.id, held={ledger.endpoint_purpose(full("ssm")): "vpce-ours"})
    with pytest.raises(PreconditionsNotMet, match=r"vpce-ours: made by us, but its tag .* put it"):
        prepared(endpoints=(ours,), entry=entry)


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        ("vgw-1", True),
        ("tgw-1", True),
        ("arn:aws:networkmanager::111122223333:core-network/core-network-1", True),
        ("lgw-1", True),
        ("eni-1", True),
        ("i-1", True),
        ("vpce-firewall", True),
        ("pcx-1", True),
        ("local", False),
        ("igw-1", False),
        ("nat-1", False),
        ("eigw-1", False),
        ("cagw-1", False),
        ("vpce-gw", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("destination", [ONPREM, "pl-onprem", "0.0.0.0/0"])
def test_a_route_counts_whatever_its_target_if_on_premises_can_be_behind_it(
    target: str, leads: bool, destination: str
) -> None:
    """A warning that is wrong in every large network teaches people to ignore warnings."""
    warnings = prepared(
        route_tables=(RouteTable("rtb-1", (), True, (Route(destination, target),)),),
        prefix_lists={"pl-onprem": ("10.0.0.0/8", "192.168.0.0/17")},
        endpoints=(GATEWAY,),
    ).warnings
    assert any("no route towards" in warning for warning in warnings) is not leads


def test_a_route_by_a_prefix_list_of_other_networks_leads_elsewhere() -> None:
    tables = (RouteTable("rtb-1", (), True, (Route("pl-other", "tgw-1"),)),)
    assert prepared(route_tables=tables, prefix_lists={"pl-other": ("10.0.0.0/8",)}).warnings
    assert not prepared(route_tables=tables).warnings, "it may not be read, so nobody knows"


@pytest.mark.parametrize(
    ("sources", "lists", "admits"),
    [
        (("192.168.0.0/17", "192.168.128.0/17"), {}, True),
        (("192.168.0.0/18", "192.168.64.0/18", "192.168.128.0/17"), {}, True),
        (("192.168.0.0/17", "192.168.192.0/18"), {}, False),
        (("pl-onprem",), {"pl-onprem": ("192.168.0.0/16",)}, True),
        (("pl-onprem", "192.168.0.0/17"), {"pl-onprem": ("192.168.128.0/17",)}, True),
        (("pl-onprem",), {"pl-onprem": ("192.168.0.0/24",)}, False),
        (("pl-onprem",), {}, False),
        (("fd00::/8", "sg-theirs"), {}, False),
    ],
)
def test_what_admits_on_premises_is_summed_up_over_rules_and_prefix_lists(
    sources: tuple[str, ...], lists: dict[str, tuple[str, ...]], admits: bool
) -> None:
    rules = frozenset(Rule("tcp", 443, source) for source in sources)
    changes: dict[str, Any] = {
        "endpoints": (THEIRS,),
        "groups": (replace(ADMITTING, rules=rules),),
        "prefix_lists": lists,
    }
    if admits:
        assert prepared(**changes).desired.adopted
    else:
        [problem] = problems(**changes)
        assert "sg-theirs does not admit 443/tcp from 192.168.0.0/16" in problem
        assert ("(pl-onprem could not be read)" in problem) is (
            "pl-onprem" in sources and not lists
        )


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ALL: dict[str, Any] = {"Principal": "*", "Action": "*", "Resource": "*"}
ALLOW_ALL, DENY_ALL = {"Effect": "Allow"} | ALL, {"Effect": "Deny"} | ALL
OWN_PRINCIPALS = ALLOW_ALL | {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}


@pytest.mark.parametrize(
    "text",
    [
        policy(DENY_ALL),
        policy(ALLOW_ALL, DENY_ALL | {"Action": ["*"], "Principal": {"AWS": "*"}}),
        policy(),
        policy(DENY_ALL | {"Action": "ecs:*"}),
    ],
)
def test_an_endpoint_whose_policy_allows_nothing_is_not_adopted(text: str) -> None:
    """Every name would resolve, every check be green, and every agent get AccessDenied."""
    [problem] = problems(endpoints=(replace(THEIRS, policy=text),), groups=(ADMITTING,))
    assert "vpce-theirs for ssm" in problem
    assert "--reset-policy" in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", False),
        (policy(ALLOW_ALL), False),
        (policy(ALLOW_ALL | {"Principal": {"AWS": "*"}, "Action": ["*"]}), False),
        (policy(OWN_PRINCIPALS), True),
        (policy(ALLOW_ALL | {"Action": "ssm:*"}), True),
        (policy(ALLOW_ALL, DENY_ALL | {"Action": "ssm:PutParameter"}), True),
        ("no JSON", True),
    ],
)
@pytest.mark.parametrize("ours", [False, True])
def test_an_endpoint_policy_that_is_not_the_default_one_is_a_warning(
    text: str, said: bool, ours: bool
) -> None:
    owner = US if ours else None
    held = {ledger.endpoint_purpose(full("ssm")): THEIRS.id} if ours else {}
    found = prepared(
        endpoints=(replace(THEIRS, policy=text, owner=owner),),
        groups=(ADMITTING,),
        entry=Entry(VPC.id, held=held),
    )
    warned = [w for w in found.warnings if "vpce-theirs (ssm) has an endpoint policy" in w]
    assert bool(warned) is said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("com.amazonaws.eu-west-1.kms", "a service of eu-west-1, and vpc-0a1b2c3d is in us-east-2"),
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-1", "a service of eu-west-1"),
        ("com.amazonaws.route53", "no interface endpoint service in us-east-2"),
        ("com.amazonaws.us-east-2.lgos", "or in full com.amazonaws.us-east-2.logs"),
    ],
)
def test_the_full_name_of_what_is_not_offered_here_is_left_out_with_the_reason(
    name: str, said: str
) -> None:
    found = prepared(options=Options((name,), (ONPREM,)))
    [warning] = left_out(found)
    assert said in warning
    assert found.desired == prepared().desired


@pytest.mark.parametrize("service", ["ecrr", "com.amazonaws.eu-west-1.kms"])
def test_a_wrong_option_is_blamed_on_where_it_was_written(service: str) -> None:
    options = Options((service,), (ONPREM,))
    [of_stack] = left_out(prepared(options=options))
    assert of_stack.startswith("left out: the stack's parameter DefaultServices asks for")
    [of_tag] = left_out(prepared(options=options, vpc=replace(VPC, tags={tags.SERVICES: service})))
    assert of_tag.startswith("left out: ecs-anywhere:services of vpc-0a1b2c3d asks for")


@pytest.mark.parametrize(
    ("cidrs", "network", "refused"),
    [
        (("10.20.0.0/16",), "10.20.64.0/18", True),
        (("10.20.0.0/16",), "10.20.0.0/16", True),
        (("10.20.0.0/16", "100.64.0.0/16"), "100.64.7.0/24", True),
        (("10.20.0.0/16",), "10.0.0.0/8", False),
        (("10.20.0.0/16",), "10.21.0.0/16", False),
    ],
)
def test_a_network_on_premises_inside_the_vpcs_own_is_refused_by_name(
    cidrs: tuple[str, ...], network: str, refused: bool
) -> None:
    options, vpc = Options((), (ONPREM, network)), replace(VPC, cidrs=cidrs)
    if refused:
        [problem] = problems(options, vpc=vpc)
        assert f"names {network} as a network on-premises" in problem
        assert "overlaps the VPC's own network" in problem
    else:
        assert prepared(options=options, vpc=vpc)


@pytest.mark.parametrize(
    ("cidr", "whose"),
    [
        ("172.17.1.0/24", "docker0"),
        ("172.16.0.0/12", "docker0"),
        ("169.254.170.0/24", "link-local"),
        ("172.18.0.0/24", None),
        ("172.31.0.0/20", None),
        ("10.20.0.0/24", None),
        ("", None),
    ],
)
def test_subnets_in_a_network_that_container_hosts_keep_for_themselves_are_a_warning(
    cidr: str, whose: str | None
) -> None:
    subnets = (replace(SUBNETS[0], cidr=cidr), SUBNETS[1])
    warned = [w for w in prepared(subnets=subnets).warnings if "container host" in w]
    assert bool(warned) is bool(whose)
    assert all(w.startswith("subnet-a overlaps") and str(whose) in w for w in warned)


def test_more_rules_per_security_group_are_more_networks() -> None:
    networks = tuple(f"172.16.{number}.0/24" for number in range(99))
    options, limits = Options((), networks), replace(LIMITS, rules_per_security_group=200)
    assert prepare(SURVEY, options, limits).desired.onprem_cidrs == networks
    [problem] = problems(options)
    assert "the stack's parameter RulesPerSecurityGroup" in problem
