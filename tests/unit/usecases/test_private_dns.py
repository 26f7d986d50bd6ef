"""Private DNS: on in an order that harms nobody, off again only where nobody relies on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain.desired import Desired
from connectivity.domain.errors import (
    Fact,
    JustBegun,
    NotItsTurnYet,
    NotReadyYet,
    NotResolvingYet,
    ProbeFailed,
    SigningRefused,
    Throttled,
    TurnHoursAway,
    Unavailable,
    Waiting,
    WishedAgain,
)
from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.pacing import TURNING_OFF_NOW, TURNING_OFF_SURPLUS, TURNING_ON
from connectivity.domain.tags import WISH
from connectivity.domain.wish import Options
from connectivity.usecases.patience import PATIENCE
from connectivity.usecases.turn_off_private_dns import turn_off_unverified

from tests.unit.example import OPTIONS, US, VPC, WITH_ECR, full
from tests.unit.usecases.fakes import Aborted, FakeProbe
from tests.unit.usecases.world import LATER, SETTINGS, World, connected


def turn_off(world: World) -> tuple[str, ...]:
    return turn_off_unverified(VPC.id, world.aws)


def test_private_dns_goes_on_in_the_order_that_agents_need() -> None:
    world = World()
    desired = with_endpoints_and_a_resolver(world, WITH_ECR)
    assert world.turn_on_private_dns(desired)[:3] == ("ecs-agent", "ecs-telemetry", "ecs")
    assert world.turn_on_private_dns(desired) == ()


def test_what_was_never_verified_is_turned_off_again_and_the_probe_goes() -> None:
    world = World()
    world.probe.answer = lambda name: ()
    with pytest.raises(NotResolvingYet):
        world.connect()
    assert world.probe.state == "active"
    assert len(turn_off(world)) == 6
    assert not any(endpoint.private_dns for endpoint in world.endpoints.all.values())
    assert world.probe.state == "none"
    assert turn_off(world) == ()


def test_what_onprem_relies_on_stays_on_when_a_later_run_fails() -> None:
    world = connected(OPTIONS)
    world.probe.answer = lambda name: ()
    with pytest.raises(NotResolvingYet):
        world.connect(WITH_ECR)
    turn_off(world)
    assert lit(world) == {e.service_name for e in world.check(OPTIONS).desired.endpoints}


SIX_HOURS = 6 * 3600
HALF_AN_HOUR = 1800


def a_probe_that_cannot_be_made(world: World) -> None:
    def ensure(*_: object) -> None:
        raise ProbeFailed("lambda:CreateFunction is denied by a policy of the organization")

    world.probe = replace_ensure(world, ensure)


def replace_ensure(world: World, ensure: Callable[..., None]) -> FakeProbe:
    class Probe(FakeProbe):
        def ensure(self, name: str, vpc_id: str, subnets: Sequence[str], group: str) -> None:
            ensure()

    return Probe(world.weather, world.endpoints.answer)


def an_answer_that_is_wrong(world: World) -> None:
    world.probe.answer = lambda name: ()


def weather_that_does_not_end(world: World) -> None:
    def ensure(*_: object) -> None:
        raise Unavailable("AWS Lambda does not answer")

    world.probe = replace_ensure(world, ensure)


def a_key_that_does_not_sign(world: World) -> None:
    world.signatures.refusal = SigningRefused("the key is disabled")


def a_document_that_does_not_fit(world: World) -> None:
    """By what the preconditions could not know: where the names lead through."""
    world.probe = Chained(world.weather, world.endpoints.answer)


class Chained(FakeProbe):
    def ask(self, name: str, questions: Mapping[str, Any]) -> Mapping[str, Any]:
        answers = super().ask(name, questions)
        chain = [f"{'c' * 50}{number}.example" for number in range(200)]
        return {**answers, "dns": [answer | {"chain": chain} for answer in answers["dns"]]}


@pytest.mark.parametrize(
    "trouble",
    [
        a_probe_that_cannot_be_made,
        an_answer_that_is_wrong,
        weather_that_does_not_end,
        a_key_that_does_not_sign,
        a_document_that_does_not_fit,
    ],
)
def test_whatever_failed_after_private_dns_was_turned_on_no_sweep_changes_anything_for_six_hours(
    trouble: Callable[[World], None],
) -> None:
    """Workloads of the VPC would get other answers twice an hour."""
    world = World()
    trouble(world)
    assert fails(world, "tag")
    world.weather.changes.clear()
    for _ in range(SIX_HOURS // HALF_AN_HOUR - 1):
        world.clock.waited += HALF_AN_HOUR
        assert not fails(world, "sweep")
    assert world.weather.changes == []
    world.clock.waited += HALF_AN_HOUR
    assert fails(world, "sweep"), "what was wrong may have been mended"


def fails(world: World, because: str) -> bool:
    """Whether a run tried, and failed; with what the workflow does then."""
    if world.check(because=because).rests:
        return False
    with pytest.raises((Fact, Waiting)):
        world.connect()
    turn_off(world)
    return True


@pytest.mark.parametrize("trouble", [a_key_that_does_not_sign, a_document_that_does_not_fit])
def test_what_was_verified_stays_on_though_it_could_not_be_published(
    trouble: Callable[[World], None],
) -> None:
    """Its answers are right, and nobody on-premises asks yet."""
    world = World()
    trouble(world)
    assert fails(world, "tag")
    assert len(lit(world)) == 6


def test_what_was_verified_once_and_is_wrong_by_now_is_turned_off() -> None:
    world = World()
    a_key_that_does_not_sign(world)
    fails(world, "tag")
    an_answer_that_is_wrong(world)
    fails(world, "tag")
    assert lit(world) == set()


def test_a_publication_that_aws_did_not_take_is_tried_again_by_the_next_sweep() -> None:
    """It changes no answer of the VPC."""
    world = World()
    world.weather.refused = {"write forwarding"}
    check = world.patiently(world.check)
    resolver = world.patiently(lambda: world._side_by_side(check.desired))
    world.turn_on_private_dns(check.desired)
    verified = world.patiently(lambda: world.verify(check.desired, resolver))
    with pytest.raises(Throttled):
        world.publish(check.desired, resolver, verified)
    assert turn_off(world) == ()
    assert not world.check(because="sweep").rests
    assert world.connect().state == "connected"


def test_an_execution_that_died_before_it_verified_is_taken_up_by_the_next_sweep() -> None:
    """Private DNS is on and nobody knows whether it is right: that is no time to rest."""
    world = World()
    check = world.patiently(world.check)
    world.patiently(lambda: world.ensure_endpoints(check.desired))
    world.patiently(lambda: world.ensure_resolver(check.desired))
    world.turn_on_private_dns(check.desired)
    assert not world.check(because="sweep").rests
    turn_off(world)
    assert world.check(because="sweep").rests


def test_what_is_not_ours_stays_as_it_is() -> None:
    world = World()
    theirs = InterfaceEndpoint("vpce-theirs", full("logs"), "available", private_dns=True)
    copied = replace(theirs, id="vpce-copied", service_name=full("ecr.api"), owner=US)
    world.endpoints.all = {"vpce-theirs": theirs, "vpce-copied": copied}
    assert turn_off(world) == ()
    assert world.weather.changes == []


def lit(world: World) -> set[str]:
    return {e.service_name for e in world.endpoints.all.values() if e.private_dns}


def test_before_a_teardown_removes_anything_all_private_dns_is_off() -> None:
    """A workload that holds a private answer must find the endpoint until it has asked again."""
    world = connected(OPTIONS)
    assert world.turn_off_all() == SETTINGS.expiry_seconds
    assert lit(world) == set()
    assert all(endpoint.state == "available" for endpoint in world.endpoints.all.values())


def test_ecs_goes_public_first() -> None:
    """Who is told of a numbered name by a private `ecs` still finds the others private."""
    world = connected(OPTIONS)
    before = lit(world)
    world.weather.aborted_after = 1
    with pytest.raises(Aborted):
        world.turn_off_all()
    assert before - lit(world) == {full("ecs")}


def test_who_died_after_turning_private_dns_off_waits_again() -> None:
    world = connected(OPTIONS)
    world.turn_off_all()
    world.weather.changes.clear()
    assert world.turn_off_all() == SETTINGS.expiry_seconds
    assert world.weather.changes == []


def test_where_no_endpoint_serves_nothing_has_to_expire() -> None:
    world = connected(OPTIONS)
    world.disconnect()
    assert world.turn_off_all() == 0


def test_private_dns_stays_on_when_the_tag_is_back() -> None:
    world = connected(OPTIONS)
    world.vpcs.all[VPC.id] = replace(VPC, tags={WISH: "enabled"})
    with pytest.raises(WishedAgain):
        world.turn_off_all()
    assert len(lit(world)) == 6


def test_only_what_is_no_longer_asked_for_loses_its_private_dns() -> None:
    world = connected(WITH_ECR)
    desired = world.check(OPTIONS).desired
    assert world.turn_off_surplus(desired) == SETTINGS.expiry_seconds
    assert lit(world) == {endpoint.service_name for endpoint in desired.endpoints}
    assert world.turn_off_surplus(world.check(WITH_ECR).desired) == 0


def test_private_dns_is_turned_on_in_its_turn_and_at_the_pace_of_aws() -> None:
    world = World()
    desired = with_endpoints_and_a_resolver(world)
    world.patience_seconds = 0
    world.ledger.reserve(TURNING_ON, 6, world.seconds)
    with pytest.raises(NotItsTurnYet, match="other VPCs come before vpc-0a1b2c3d"):
        world.turn_on_private_dns(desired)
    assert lit(world) == set()
    began, world.patience_seconds = world.seconds, PATIENCE
    world.turn_on_private_dns(desired)
    assert len(lit(world)) == 6
    assert world.seconds - began >= 8 / TURNING_ON.rate - 1, "twelve calls, of which four at once"


def test_what_one_try_did_not_turn_on_the_next_one_does() -> None:
    world = World()
    desired = with_endpoints_and_a_resolver(world)
    world.patience_seconds = 0
    with pytest.raises(NotReadyYet, match="4 of 6 calls are made"):
        world.turn_on_private_dns(desired)
    assert len(lit(world)) == TURNING_ON.burst
    world.clock.waited += 2 / TURNING_ON.rate
    world.turn_on_private_dns(desired)
    assert len(lit(world)) == 6


def test_nobodys_answers_change_before_the_resolver_can_be_seen() -> None:
    world = World()
    desired = world.check().desired
    world.patiently(lambda: world.ensure_endpoints(desired))
    with pytest.raises(NotReadyYet, match="the resolver of vpc-0a1b2c3d cannot be seen yet"):
        world.turn_on_private_dns(desired)
    with pytest.raises(JustBegun):
        world.ensure_resolver(desired)
    with pytest.raises(NotReadyYet, match="the resolver of vpc-0a1b2c3d cannot be seen yet"):
        world.turn_on_private_dns(desired)
    assert lit(world) == set()


def with_endpoints_and_a_resolver(world: World, options: Options = OPTIONS) -> Desired:
    desired = world.check(options).desired
    world.patiently(lambda: world.ensure_endpoints(desired))
    world.patiently(lambda: world.ensure_resolver(desired))
    world.clock.waited += LATER
    return desired


def test_a_turn_that_is_hours_away_is_left_to_a_later_run() -> None:
    world = World()
    desired = with_endpoints_and_a_resolver(world)
    world.ledger.reserve(TURNING_ON, 2000, world.seconds)
    with pytest.raises(TurnHoursAway, match="so many other VPCs come before vpc-0a1b2c3d"):
        world.turn_on_private_dns(desired)


def test_what_is_no_longer_asked_for_is_turned_off_in_its_turn() -> None:
    """When the stack's own services change, every VPC has some of it."""
    world = connected(WITH_ECR)
    desired = world.check(OPTIONS).desired
    world.patience_seconds = 0
    world.ledger.reserve(TURNING_OFF_SURPLUS, 6, world.seconds)
    before = lit(world)
    with pytest.raises(NotItsTurnYet, match="other VPCs come before vpc-0a1b2c3d"):
        world.turn_off_surplus(desired)
    assert lit(world) == before
    world.patience_seconds = PATIENCE
    assert world.turn_off_surplus(desired) == SETTINGS.expiry_seconds
    assert lit(world) == {endpoint.service_name for endpoint in desired.endpoints}


def test_it_is_turned_off_at_the_pace_of_aws_and_ecs_first() -> None:
    world = connected(OPTIONS)
    world.patience_seconds = 0
    world.ledger.reserve(TURNING_OFF_NOW, 6, world.seconds)
    with pytest.raises(NotItsTurnYet):
        world.turn_off_all()
    world.clock.waited += 6 / TURNING_OFF_NOW.rate
    with pytest.raises(NotReadyYet, match="4 of 6 calls are made"):
        world.turn_off_all()
    assert len(lit(world)) == 6 - TURNING_OFF_NOW.burst
    assert full("ecs") not in lit(world)
    world.patience_seconds = PATIENCE
    world.turn_off_all()
    assert lit(world) == set()
