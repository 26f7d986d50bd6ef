"""Verify: nothing is published that was not seen to resolve."""

from __future__ import annotations

import pytest
from connectivity.domain import ledger
from connectivity.domain.errors import NotReadyYet, NotResolvingYet
from connectivity.usecases.turn_off_private_dns import turn_off_unverified

from tests.unit.example import ACCOUNT, VPC, WITH_ECR
from tests.unit.usecases.fakes import PUBLIC
from tests.unit.usecases.world import World, connected


def test_what_was_verified_are_the_names_that_agents_use() -> None:
    names = connected(WITH_ECR).document["names"]
    assert f"{ACCOUNT}.dkr.ecr.us-east-2.amazonaws.com" in names
    assert "prod-us-east-2-starport-layer-bucket.s3.us-east-2.amazonaws.com" in names
    assert not [name for name in names if "*" in name]


def test_the_probe_is_made_waited_for_asked_and_gone() -> None:
    world = World()
    world.connect()
    assert world.probe.asked == 1
    assert world.probe.state == "none"
    assert ledger.PROBE not in world.entry.held


def test_the_probe_is_in_the_ledger_before_it_is_made() -> None:
    """Else an execution that dies now leaves a function behind that nobody knows of."""
    world = connected()
    desired = world.check().desired
    resolver = world.ensure_resolver(desired)
    with pytest.raises(NotReadyYet):
        world.verify(desired, resolver)
    assert ledger.PROBE in world.entry.held


@pytest.mark.parametrize("answer", [(), (PUBLIC,), ("10.20.0.4",)])
def test_nothing_is_published_when_verification_fails(answer: tuple[str, ...]) -> None:
    world = World()
    world.probe.answer = lambda name: answer
    with pytest.raises(NotResolvingYet, match="checks in vpc-0a1b2c3d failed") as raised:
        world.connect()
    assert world.parameters.all == {}
    assert world.entry.verified_endpoints == frozenset()
    assert f"got {' '.join(answer) or 'nothing'}" in str(raised.value)


def test_one_wrong_name_is_enough() -> None:
    world = World()
    right = world.endpoints.answer
    world.probe.answer = lambda name: (PUBLIC,) if name.startswith("ssm.") else right(name)
    with pytest.raises(NotResolvingYet, match="4 of 36 checks") as raised:
        world.connect()
    assert str(raised.value).count("\n") == 4
    assert world.parameters.all == {}


def test_a_verification_on_the_clock_publishes_nothing_new() -> None:
    world = connected()
    before = dict(world.parameters.all)
    world.connect(because="verification")
    assert world.probe.asked == 2
    assert world.parameters.all == before
    assert world.entry.verified_at == world.seconds
    assert world.weather.changes == ["make probe", "remove probe"]


def test_a_verification_on_the_clock_that_fails_leaves_the_connection_as_it_is() -> None:
    """On-premises forwards meanwhile: what still answers is better than nothing."""
    world = connected()
    right, before = world.probe.answer, dict(world.parameters.all)
    world.probe.answer = lambda name: (PUBLIC,) if name.startswith("ssm.") else right(name)
    with pytest.raises(NotResolvingYet, match=r"ssm\.us-east-2"):
        world.connect(because="verification")
    assert turn_off_unverified(VPC.id, world.aws) == ()
    assert all(e.private_dns for e in world.endpoints.all.values() if e.type == "Interface")
    assert world.parameters.all == before
    assert world.check(because="sweep").rests


def test_what_failed_a_verification_on_the_clock_is_not_connected_before_one_succeeds() -> None:
    """Nothing that a look sees has changed: only another verification can tell."""
    world = connected()
    right = world.probe.answer
    world.probe.answer = lambda name: ()
    with pytest.raises(NotResolvingYet):
        world.connect(because="verification")
    world.clock.waited += 7 * 3600
    after_its_rest = world.check(because="sweep")
    assert (after_its_rest.rests, after_its_rest.converged) == (False, False)
    world.probe.answer = right
    world.connect(because="sweep")
    assert world.check(because="sweep").converged


def test_a_long_table_is_cut_and_says_how_much_is_missing() -> None:
    world = World()
    world.probe.answer = lambda name: ()
    with pytest.raises(NotResolvingYet, match=r"24 of 36 checks[\s\S]*\nand 12 more$"):
        world.connect()


def test_network_interfaces_that_cannot_be_seen_prove_nothing() -> None:
    world = connected()
    world.endpoints.interfaces.clear()
    world.probe.answer = lambda name: ()
    desired = world.check().desired
    resolver = world.ensure_resolver(desired)
    with pytest.raises(NotResolvingYet, match="expected nothing, got nothing"):
        world.patiently(lambda: world.verify(desired, resolver))


def test_an_endpoint_that_went_away_meanwhile_is_waited_for_by_name() -> None:
    world = connected()
    desired = world.check().desired
    resolver = world.ensure_resolver(desired)
    world.ledger.hold(VPC.id, {ledger.PROBE: "ecs-anywhere-probe"})
    world.probe.state, world.probe.name = "active", "ecs-anywhere-probe"
    world.endpoints.all.popitem()
    with pytest.raises(NotReadyYet, match="no interface endpoint can be seen for ec2messages"):
        world.verify(desired, resolver)
