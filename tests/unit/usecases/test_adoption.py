"""What is not ours is used and never touched; what drifted is put right and told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from connectivity.domain import ledger
from connectivity.domain.errors import NotReadyYet, PreconditionsNotMet, ResolverFailed
from connectivity.domain.model import InterfaceEndpoint, ResolverIp, Rule, SecurityGroup

from tests.unit.domain.test_resolver_adoption import GROUP, IPS, THEIRS
from tests.unit.example import ONPREM, WITH_ECR, full
from tests.unit.usecases.world import DOCUMENT, LIST, World, connected

HTTPS = SecurityGroup("sg-https", "https", frozenset({Rule("tcp", 443, "0.0.0.0/0")}))
SSM = InterfaceEndpoint(
    id="vpce-theirs",
    service_name=full("ssm"),
    state="available",
    private_dns=True,
    subnets=("subnet-a", "subnet-b"),
    security_groups=(HTTPS.id,),
    interfaces=("eni-theirs-0", "eni-theirs-1"),
)


def with_theirs() -> World:
    """A VPC in which the company has an inbound resolver and an interface endpoint."""
    world = World()
    world.groups.all = {group.id: group for group in (GROUP, HTTPS)}
    world.resolvers.all = {THEIRS.id: THEIRS}
    world.endpoints.all = {SSM.id: SSM}
    world.endpoints.interfaces = {"eni-theirs-0": "10.20.0.7", "eni-theirs-1": "10.20.1.7"}
    return world


def connected_with_theirs() -> World:
    world = with_theirs()
    world.connect()
    world.weather.changes.clear()
    return world


def repaired(world: World) -> list[str]:
    """What the next run tells of repairs; nothing more is to do after it."""
    status = world.connect()
    told = [part for part in status.detail.split("; ") if part.startswith("repaired: ")]
    assert list(status.to_tell) == told
    assert world.check().converged
    assert world.check().repairs == ()
    return [line.removeprefix("repaired: ") for line in told]


def test_what_is_not_ours_is_used_published_recorded_and_left_as_it_is() -> None:
    world = with_theirs()
    status = world.connect()
    assert world.weather.changes.count("make resolver") == 0
    assert world.document["resolverIps"] == [ip.ip for ip in IPS]
    assert world.document["names"]["ssm.us-east-2.amazonaws.com"] == ["10.20.0.7", "10.20.1.7"]
    assert world.entry.served.adopted == {
        ledger.RESOLVER: THEIRS.id,
        ledger.endpoint_purpose(full("ssm")): SSM.id,
    }
    assert ledger.RESOLVER not in world.entry.held
    assert f"uses {THEIRS.id} which is not ours; uses {SSM.id} which is" in status.detail
    assert world.check().converged
    assert f"uses {THEIRS.id} which is not ours" in world.check().status.detail

    assert world.disconnect().startswith("sg-")
    assert world.resolvers.all == {THEIRS.id: THEIRS}
    assert world.endpoints.all == {SSM.id: SSM}
    assert {GROUP.id, HTTPS.id} <= world.groups.all.keys()
    assert world.groups.all[GROUP.id] == GROUP
    assert world.entry.served.adopted == {}


def test_a_plan_names_what_it_would_use() -> None:
    check = with_theirs().check()
    assert f"uses {THEIRS.id} which is not ours" in check.status.detail.split("; ")
    assert "nothing was made" in check.status.detail.split("; ")
    assert check.monthly_dollars == pytest.approx(730 * 10 * 0.01)


def test_nothing_is_made_where_theirs_does_not_fit() -> None:
    world = with_theirs()
    world.groups.all[GROUP.id] = replace(GROUP, rules=frozenset())
    with pytest.raises(PreconditionsNotMet, match="is not ours and cannot be used"):
        world.connect()
    assert world.weather.changes == []
    assert world.entry.held == {}


def test_other_addresses_of_an_adopted_resolver_are_a_new_generation() -> None:
    world = connected_with_theirs()
    more = (*IPS, ResolverIp("10.20.0.9", "subnet-a", "attached"))
    world.resolvers.all[THEIRS.id] = replace(THEIRS, ips=more)
    assert repaired(world) == [
        "inbound resolver rslvr-in-theirs was given other addresses (new: 10.20.0.9): verified and "
        "published anew"
    ]
    assert world.document["generation"] == 2
    assert world.document["resolverIps"] == sorted(ip.ip for ip in more)


def test_an_adopted_resolver_that_its_owner_changes_is_waited_for() -> None:
    world = connected_with_theirs()
    desired = world.check().desired
    world.resolvers.all[THEIRS.id] = replace(THEIRS, status="updating")
    assert not world.check().converged
    with pytest.raises(NotReadyYet, match=f"{THEIRS.id}, which is not ours, is updating"):
        world.ensure_resolver(desired)


@pytest.mark.parametrize("status", ["gone", "deleting", "failed"])
def test_an_adopted_resolver_that_goes_between_check_and_use_is_a_fact(status: str) -> None:
    world = with_theirs()
    desired = world.check().desired
    world.resolvers.all[THEIRS.id] = replace(THEIRS, status=status)
    if status == "gone":
        world.resolvers.all = {}
    with pytest.raises(ResolverFailed, match=f"was to be used, is {status}: the next sweep"):
        world.ensure_resolver(desired)
    assert "make resolver" not in world.weather.changes


def test_an_adopted_resolver_that_is_gone_is_replaced_by_ours_with_its_addresses() -> None:
    world = connected_with_theirs()
    world.resolvers.all = {}
    assert repaired(world) == [
        f"inbound resolver {THEIRS.id}, which is not ours, was gone: ours is made"
    ]
    assert world.document["resolverIps"] == [ip.ip for ip in IPS]
    assert world.document["generation"] == 1, "on-premises has nothing to do"
    assert world.entry.served.resolver == world.entry.held[ledger.RESOLVER]


def test_an_adopted_resolver_that_is_gone_is_replaced_by_another_that_fits() -> None:
    world = connected_with_theirs()
    another = replace(THEIRS, id="rslvr-in-another")
    world.resolvers.all = {another.id: another}
    assert repaired(world) == [
        f"inbound resolver {THEIRS.id}, which is not ours, was gone: rslvr-in-another, which is "
        "not ours, is used instead"
    ]


def test_an_adopted_endpoint_that_is_gone_is_replaced_by_ours() -> None:
    world = connected_with_theirs()
    world.endpoints.all.pop(SSM.id)
    assert repaired(world) == [
        f"interface endpoint for ssm {SSM.id}, which is not ours, was gone: ours is made"
    ]
    assert SSM.id not in world.entry.verified_endpoints


@pytest.mark.parametrize(
    ("types", "because"),
    [
        ({"address_type": "ipv6"}, "its addresses are of IPv6 alone"),
        ({"record_type": "ipv6"}, "--vpc-endpoint-id vpce-theirs --dns-options DnsRecordIpType="),
    ],
    ids=str,
)
def test_an_endpoint_of_others_that_serves_nobody_over_ipv4_does_not_fit(
    types: dict[str, str], because: str
) -> None:
    world = with_theirs()
    world.endpoints.all[SSM.id] = replace(SSM, **types)  # type: ignore[arg-type]
    with pytest.raises(PreconditionsNotMet, match=because):
        world.connect()
    assert world.weather.changes == []


def test_an_endpoint_of_others_that_serves_over_both_fits() -> None:
    world = with_theirs()
    world.endpoints.all[SSM.id] = replace(SSM, address_type="dualstack", record_type="dualstack")
    assert f"uses {SSM.id} which is" in world.connect().detail
    assert not any("IPv6" in warning for warning in world.check().warnings)


def test_an_adopted_endpoint_without_private_dns_stays_and_ours_comes_beside_it() -> None:
    world = connected_with_theirs()
    world.endpoints.all[SSM.id] = dark = replace(SSM, private_dns=False)
    assert repaired(world) == [
        f"interface endpoint for ssm {SSM.id}, which is not ours, had private DNS off: ours is made"
    ]
    assert world.endpoints.all[SSM.id] == dark


def endpoint_gone(world: World) -> str:
    world.endpoints.all.pop(next(iter(world.endpoints.all)))
    return "interface endpoint for ecs-agent was gone: made anew"


def resolver_gone(world: World) -> str:
    [resolver_id] = world.resolvers.all
    world.resolvers.all = {}
    return f"inbound resolver {resolver_id} was gone: made anew"


def private_dns_off(world: World) -> str:
    first = next(iter(world.endpoints.all.values()))
    world.endpoints.all[first.id] = replace(first, private_dns=False)
    return f"private DNS of {first.id} (ecs-agent) was off: turned on again"


def rule_gone(world: World) -> str:
    [group] = [g for g in world.groups.all.values() if "-endpoints-" in g.name]
    rules = frozenset(rule for rule in group.rules if rule.source != ONPREM)
    world.groups.all[group.id] = replace(group, rules=rules)
    return f"{group.id} did not admit 443/tcp from {ONPREM}: admitted again"


def rule_added(world: World) -> str:
    [group] = [g for g in world.groups.all.values() if "-resolver-" in g.name]
    rules = group.rules | {Rule("tcp", 22, "0.0.0.0/0")}
    world.groups.all[group.id] = replace(group, rules=rules)
    return f"{group.id} admitted 22/tcp from 0.0.0.0/0: revoked"


def document_gone(world: World) -> str:
    world.parameters.all.pop(DOCUMENT)
    return f"parameter {DOCUMENT} was edited or deleted: written again"


def list_edited(world: World) -> str:
    world.parameters.all[LIST] = "192.0.2.1"
    return f"parameter {LIST} was edited or deleted: written again"


@pytest.mark.parametrize(
    "drift",
    [
        endpoint_gone,
        resolver_gone,
        private_dns_off,
        rule_gone,
        rule_added,
        document_gone,
        list_edited,
    ],
)
def test_drift_is_put_right_and_told(drift: Callable[[World], str]) -> None:
    world = connected()
    line = drift(world)
    assert repaired(world) == [line]


def test_several_at_once_are_told_one_by_one() -> None:
    world = connected()
    lines = [drift(world) for drift in (resolver_gone, endpoint_gone, rule_gone, list_edited)]
    assert repaired(world) == lines


def test_a_repair_that_another_run_began_is_told_by_the_one_that_ends_it() -> None:
    world = connected()
    lines = [resolver_gone(world), endpoint_gone(world)]
    desired = world.check().desired
    world.patiently(lambda: world.ensure_resolver(desired))
    world.patiently(lambda: world.ensure_endpoints(desired))
    assert repaired(world) == lines


def test_what_a_new_wish_asks_for_is_no_repair() -> None:
    world = connected()
    assert world.check(WITH_ECR).steps
    assert world.check(WITH_ECR).repairs == ()
    assert World().check().repairs == ()
