"""Every step can be repeated, whatever AWS did with the last attempt. The design rests on this:
the workflow answers bad weather by trying again."""

from __future__ import annotations

from contextlib import suppress

import pytest
from connectivity.domain import ledger
from connectivity.domain.wish import Options
from connectivity.usecases.publish import Published
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.example import OPTIONS, WITH_ECR
from tests.unit.usecases.fakes import Aborted
from tests.unit.usecases.world import World, connected

CHANGES_OF_A_RUN = 40
WEATHER = st.sets(st.integers(0, CHANGES_OF_A_RUN), max_size=6)


@pytest.mark.parametrize("options", [OPTIONS, WITH_ECR], ids=["plain", "with ecr"])
def test_repeating_every_step_on_a_connected_vpc_changes_nothing(options: Options) -> None:
    world = connected(options)
    check = world.check(options)
    assert check.converged
    assert check.steps == ()
    world.ensure_endpoints(check.desired)
    resolver = world.ensure_resolver(check.desired)
    assert world.turn_on_private_dns(check.desired) == ()
    assert world.weather.changes == []
    verified = world.patiently(lambda: world.verify(check.desired, resolver))
    assert world.weather.changes == ["make probe", "remove probe"]
    assert publish_again(world, options, verified).changed is False
    assert world.weather.changes == ["make probe", "remove probe"]


def publish_again(world: World, options: Options, verified: object) -> Published:
    assert isinstance(verified, dict)
    desired = world.check(options).desired
    return world.publish(desired, world.ensure_resolver(desired), verified)


def things(world: World) -> tuple[object, ...]:
    """What there is and what on-premises is told, apart from ids, addresses and times."""
    return (
        sorted((e.service_name, e.type, e.private_dns) for e in world.endpoints.all.values()),
        sorted((g.name.rpartition("-")[0], len(g.rules)) for g in world.groups.all.values()),
        [(r.status, len(r.ips)) for r in world.resolvers.all.values()],
        world.probe.state,
        sorted(world.entry.held),
        world.parameters.all and {k: world.document[k] for k in ("state", "zones", "generation")},
    )


@settings(deadline=None)
@given(lost=WEATHER, refused=WEATHER)
def test_lost_answers_and_throttling_lead_to_the_same_connection(
    lost: set[int], refused: set[int]
) -> None:
    """Nothing is made twice, and nothing stays written down as being made."""
    world = World()
    world.weather.lost, world.weather.refused = {*lost}, {*refused}
    world.connect(WITH_ECR)
    assert things(world) == things(connected(WITH_ECR))
    assert [i for i in world.entry.held.values() if i.startswith(ledger.MAKING)] == []
    assert world.document["generation"] == world.entry.generation == 1
    assert world.check(WITH_ECR).converged


@settings(deadline=None)
@given(lost=WEATHER, refused=WEATHER, lag=st.integers(1, ledger.VISIBLE_WITHIN - 1))
def test_security_groups_that_aws_shows_late_are_made_once(
    lost: set[int], refused: set[int], lag: int
) -> None:
    """Amazon EC2 is eventually consistent."""
    world = World()
    world.groups.lag = lag
    world.weather.lost, world.weather.refused = {*lost}, {*refused}
    world.connect(WITH_ECR)
    assert things(world) == things(connected(WITH_ECR))


@settings(deadline=None)
@given(changes=st.integers(0, CHANGES_OF_A_RUN), lag=st.integers(1, ledger.VISIBLE_WITHIN - 1))
def test_security_groups_that_aws_shows_late_are_removed_by_a_teardown_right_after_their_creation(
    changes: int, lag: int
) -> None:
    """The execution that made them was aborted, maybe before it learned their ids."""
    world = World()
    world.groups.lag = lag
    world.weather.aborted_after = changes
    with suppress(Aborted):
        world.connect(WITH_ECR)
    world.weather.aborted_after = None
    world.disconnect(after=0)
    world.probe.group = None
    world.disconnect()
    assert things(world) == things(World())


@settings(deadline=None)
@given(lost=WEATHER, refused=WEATHER)
def test_lost_answers_and_throttling_leave_nothing_behind_after_a_teardown(
    lost: set[int], refused: set[int]
) -> None:
    world = connected(WITH_ECR)
    world.weather.lost, world.weather.refused = {*lost}, {*refused}
    world.disconnect()
    world.probe.group = None
    world.disconnect()
    assert things(world) == things(World())


@pytest.mark.parametrize("changes", range(0, CHANGES_OF_A_RUN, 2))
def test_a_teardown_after_an_aborted_run_leaves_nothing_behind(changes: int) -> None:
    world = World()
    world.weather.aborted_after = changes
    with suppress(Aborted):
        world.connect(WITH_ECR)
    world.weather.aborted_after = None
    world.disconnect()
    world.probe.group = None
    world.disconnect()
    assert things(world) == things(World())
