"""Ensure the interface endpoints: made dark, once, and waited for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain import ledger
from connectivity.domain.desired import Desired
from connectivity.domain.errors import (
    EndpointFailed,
    JustBegun,
    NotItsTurnYet,
    NotReadyYet,
    Throttled,
    Unavailable,
)
from connectivity.domain.model import InterfaceEndpoint, Rule, SecurityGroup
from connectivity.domain.pacing import MAKING_NOW
from connectivity.usecases.patience import BETWEEN_LOOKS, PATIENCE

from tests.unit.example import ONPREM, VPC, WITH_ECR, full
from tests.unit.usecases.world import World, connected

THEIRS = InterfaceEndpoint(
    id="vpce-theirs",
    service_name=full("ssm"),
    state="available",
    private_dns=True,
    subnets=("subnet-a", "subnet-b"),
    security_groups=("sg-theirs",),
    interfaces=("eni-theirs",),
)
THEIR_GROUP = SecurityGroup("sg-theirs", "https", frozenset({Rule("tcp", 443, ONPREM)}))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def desired(world: World) -> Desired:
    return world.check(WITH_ECR).desired


def test_endpoints_are_made_with_private_dns_off_in_one_group_of_their_own(
    world: World, desired: Desired
) -> None:
    world.patiently(lambda: world.ensure_endpoints(desired))
    interfaces = [e for e in world.endpoints.all.values() if e.type == "Interface"]
    [group] = world.groups.all.values()
    assert [e.service_name for e in interfaces] == [e.service_name for e in desired.endpoints]
    assert {e.private_dns for e in interfaces} == {False}
    assert {e.security_groups for e in interfaces} == {(group.id,)}
    assert group.rules == {Rule("tcp", 443, ONPREM), Rule("tcp", 443, VPC.cidrs[0])}


def test_what_was_just_made_is_waited_for_by_name(world: World, desired: Desired) -> None:
    with pytest.raises(JustBegun, match="10 endpoints of vpc-0a1b2c3d are being made"):
        world.ensure_endpoints(desired)
    with pytest.raises(NotReadyYet, match=f"{full('ecs-agent')}, {full('ecs-telemetry')}, "):
        world.ensure_endpoints(desired)
    world.settle()
    assert len(world.ensure_endpoints(desired)) == len(desired.endpoints)


def test_a_creation_whose_answer_was_lost_is_not_repeated(world: World, desired: Desired) -> None:
    world.weather.lost = {"make Interface endpoint"}
    with pytest.raises(Unavailable):
        world.ensure_endpoints(desired)
    [made] = [e for e in world.endpoints.all.values() if e.type == "Interface"]
    assert world.entry.held[ledger.endpoint_purpose(made.service_name)].startswith("making:")
    world.patiently(lambda: world.ensure_endpoints(desired))
    assert world.weather.changes.count("make Interface endpoint") == len(desired.endpoints)
    assert world.entry.held[ledger.endpoint_purpose(made.service_name)] == made.id


def test_what_was_made_and_cannot_be_seen_yet_is_not_made_twice(
    world: World, desired: Desired
) -> None:
    """A description may lag behind a creation; the same token is the same endpoint."""
    with pytest.raises(JustBegun):
        world.ensure_endpoints(desired)
    unseen, world.endpoints.all = world.endpoints.all, {}
    with pytest.raises(NotReadyYet):
        world.ensure_endpoints(desired)
    assert world.endpoints.all == {}
    world.endpoints.all = unseen
    made = world.patiently(lambda: world.ensure_endpoints(desired))
    assert set(made) < set(world.entry.held.values())


def test_a_security_group_that_aws_does_not_show_yet_is_waited_for_and_not_made_again(
    world: World, desired: Desired
) -> None:
    """The retry that follows within seconds: the first try had made it and was then throttled."""
    world.groups.lag, world.patience_seconds = 60, 0
    world.weather.refused = {"admit"}
    with pytest.raises(Throttled):
        world.ensure_endpoints(desired)
    [made] = world.groups.all
    with pytest.raises(NotReadyYet, match="was made just before"):
        world.ensure_endpoints(desired)
    world.ledger.hold(VPC.id, {ledger.ENDPOINTS_GROUP: made}, world.seconds)
    with pytest.raises(NotReadyYet, match=f"made a moment ago and not shown by AWS yet: {made}"):
        world.ensure_endpoints(desired)
    world.clock.waited += 60
    world.patiently(lambda: world.ensure_endpoints(desired))
    assert [*world.groups.all] == [made]


def test_a_security_group_whose_id_was_never_written_down_is_made_once_under_its_name(
    world: World, desired: Desired
) -> None:
    world.groups.lag, world.patience_seconds = 60, 0
    world.weather.lost = {f"make {ledger.ENDPOINTS_GROUP}"}
    with pytest.raises(Unavailable):
        world.ensure_endpoints(desired)
    with pytest.raises(NotReadyYet, match="was made just before"):
        world.ensure_endpoints(desired)
    world.clock.waited += 60
    world.patiently(lambda: world.ensure_endpoints(desired))
    [made] = world.groups.all
    assert world.entry.held[ledger.ENDPOINTS_GROUP] == made


def test_a_security_group_that_somebody_deleted_is_made_anew_when_aws_cannot_be_late_any_more(
    world: World, desired: Desired
) -> None:
    world.patience_seconds = 0
    world.patiently(lambda: world.ensure_endpoints(desired))
    [deleted] = world.groups.all
    world.groups.all.clear()
    world.clock.waited += ledger.VISIBLE_WITHIN
    world.patiently(lambda: world.ensure_endpoints(desired))
    assert [*world.groups.all] != [deleted]


@pytest.mark.parametrize("state", ["failed", "rejected", "expired", "partial"])
def test_an_endpoint_that_ended_badly_is_named_with_awss_reason(
    world: World, desired: Desired, state: str
) -> None:
    world.patiently(lambda: world.ensure_endpoints(desired))
    bad = list(world.endpoints.all.values())[-1]
    world.endpoints.all[bad.id] = replace(bad, state=state, failure="no capacity")
    with pytest.raises(EndpointFailed, match=rf"{bad.id} \(.*\) is {state}: no capacity"):
        world.ensure_endpoints(desired)


def test_an_adopted_endpoint_is_used_and_never_changed(world: World) -> None:
    world.endpoints.all["vpce-theirs"] = THEIRS
    world.endpoints.interfaces["eni-theirs"] = "10.20.0.200"
    world.groups.all["sg-theirs"] = THEIR_GROUP
    world.connect()
    assert world.document["names"]["ssm.us-east-2.amazonaws.com"] == ["10.20.0.200"]
    assert "vpce-theirs" in world.entry.verified_endpoints
    assert "vpce-theirs" not in world.entry.held.values()
    world.probe.group = None
    world.disconnect()
    assert world.endpoints.all == {"vpce-theirs": THEIRS}
    assert world.groups.all == {"sg-theirs": THEIR_GROUP}


def test_an_endpoint_that_somebody_deleted_is_made_anew() -> None:
    world = connected()
    lost = next(iter(world.endpoints.all))
    service_name = world.endpoints.all.pop(lost).service_name
    world.connect()
    assert world.weather.changes.count("make Interface endpoint") == 1
    assert world.entry.held[ledger.endpoint_purpose(service_name)] != lost
    assert world.check().converged


def test_of_two_that_are_at_it_at_once_only_one_makes() -> None:
    """An execution was stopped while its function still runs, and the next one has begun: both have
    read the ledger before either wrote into it."""
    world = World()
    entry = world.entry
    world.ledger.announce(entry, {"resolver": "one"})
    with pytest.raises(NotReadyYet, match="somebody else is making the same"):
        world.ledger.announce(entry, {"resolver": "other"})
    assert world.entry.held["resolver"] == "making:one"
    world.ledger.announce(world.entry, {"resolver": "one"})


def test_endpoints_are_made_no_faster_than_aws_allows_also_by_one_try_after_the_other(
    world: World, desired: Desired
) -> None:
    """A try that waits no longer leaves the rest to the next one."""
    made, world.patience_seconds = [], 0
    for _ in range(9):
        with pytest.raises((NotReadyYet, JustBegun)):
            world.ensure_endpoints(desired)
        made.append(len(world.endpoints.all))
        world.endpoints.settle()
        world.clock.waited += 2
    assert made == [MAKING_NOW.burst + int(2 * each * MAKING_NOW.rate) for each in range(9)]


def test_one_try_makes_all_of_them_at_the_pace_of_aws(world: World, desired: Desired) -> None:
    began, world.patience_seconds = world.seconds, PATIENCE
    with pytest.raises(JustBegun, match="10 endpoints of vpc-0a1b2c3d are being made"):
        world.ensure_endpoints(desired)
    assert len(world.endpoints.all) == 10
    assert world.seconds - began == pytest.approx(6 / MAKING_NOW.rate, abs=0.1)


def test_a_try_looks_itself_until_all_of_them_are_available(world: World, desired: Desired) -> None:
    world.patience_seconds = PATIENCE
    with pytest.raises(JustBegun):
        world.ensure_endpoints(desired)
    began = world.seconds
    world.clock.meanwhile = lambda: world.endpoints.settle() if world.seconds > began + 9 else None
    assert len(world.ensure_endpoints(desired)) == len(desired.endpoints)
    assert world.seconds - began == pytest.approx(10, abs=0.1)


def test_a_try_that_has_waited_long_leaves_the_rest_to_the_workflow(
    world: World, desired: Desired
) -> None:
    world.patience_seconds = PATIENCE
    with pytest.raises(JustBegun):
        world.ensure_endpoints(desired)
    began = world.seconds
    with pytest.raises(NotReadyYet, match="not available yet"):
        world.ensure_endpoints(desired)
    assert PATIENCE - BETWEEN_LOOKS <= world.seconds - began <= PATIENCE


def test_who_comes_late_to_its_turn_waits_for_those_whose_turn_it_is(
    world: World, desired: Desired
) -> None:
    """AWS Lambda may have kept it waiting, with many others: they would all meet at the bucket."""
    began, world.patience_seconds = world.seconds, 20
    world.ledger.reserve(MAKING_NOW, 6, began)
    with pytest.raises(NotItsTurnYet, match="other VPCs come before vpc-0a1b2c3d"):
        world.ensure_endpoints(desired)
    assert world.endpoints.all == {}
    assert world.entry.held.keys() == {ledger.ENDPOINTS_GROUP}
    world.patience_seconds = PATIENCE
    with pytest.raises(JustBegun, match="10 endpoints of vpc-0a1b2c3d are being made"):
        world.ensure_endpoints(desired)
    assert world.seconds - began > 6 / MAKING_NOW.rate


def test_promised_addresses_are_the_resolvers_before_they_are_an_endpoints() -> None:
    """Also where it announced itself and AWS did not make it: it tries again, and needs them."""
    world = connected()
    world.disconnect()
    desired = world.check().desired
    with pytest.raises(NotReadyYet, match="has to take its addresses first"):
        world.ensure_endpoints(desired)
    world.weather.refused = {"make resolver"}
    with pytest.raises(Throttled):
        world.ensure_resolver(desired)
    assert world.entry.held[ledger.RESOLVER].startswith(ledger.MAKING)
    with pytest.raises(NotReadyYet, match="has to take its addresses first"):
        world.ensure_endpoints(desired)
    with pytest.raises(JustBegun):
        world.ensure_resolver(desired)
    with pytest.raises(JustBegun, match="endpoints of vpc-0a1b2c3d are being made"):
        world.ensure_endpoints(desired)
