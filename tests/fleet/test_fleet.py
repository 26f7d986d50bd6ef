"""Many VPCs tagged in one moment: all are connected, at AWS's pace, and nobody is starved.

The floor is arithmetic: AWS gives 4 calls of CreateVpcEndpoint or ModifyVpcEndpoint at once and
then 0.3 a second, and the last VPC's own life comes on top. What is left of the rate to others
is in docs/decisions/0041. Few VPCs are quick, and a busy machine's own delays count for much:
what is said of time is strict where there are many.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from connectivity.domain.pacing import TURNING_OFF_NOW, TURNING_ON, cost

from local.settings import Lifecycles
from tests.fleet.conftest import DRAIN_SECONDS, EXPIRY_SECONDS, SIZE
from tests.fleet.fleet import Fleet, Lap

SERVICES = 6
BURST, RATE = 4, 0.3
IS_LARGE = SIZE >= 50

LONGEST = 1.3 if IS_LARGE else 4
"""Times the floor until the last one has ended."""
LAST_TURN = {"connected": TURNING_ON, "gone": TURNING_OFF_NOW}
"""For what a VPC has its last turn."""
MOST_REFUSED = 0.03 if IS_LARGE else 0.1
"""Share of all calls that AWS refuses. Few VPCs run at a tenth of real time: a tenth of a second of
this machine is one in which AWS would have refilled its bucket. That hardly a call is refused of
those who keep to their turns is held in virtual time, where no machine is late
(tests/bench/test_fleet.py)."""
MOST_CALLS = {"connected": 200, "gone": 140}
"""A VPC, however many there are."""
FARTHEST_OVERTAKING = max(6, SIZE // 10)
"""Places, in the order of turns."""

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(scope="module")
def laps(fleet: Fleet) -> Mapping[str, Lap]:
    """All connected, then all gone; each is looked at when it has ended."""
    calls = len(fleet.vpc_ids) * SERVICES
    bucket, life = (calls - BURST) / RATE, Lifecycles()
    connecting = bucket + life.interface_endpoint_creating
    connected = fleet.lap("connected", fleet.tag, connecting)
    print(connected.table())  # noqa: T201 (pytest -s shows it)
    assert fleet.statuses() == {"connected": SIZE}
    assert len(fleet.published()) == SIZE
    going = bucket + DRAIN_SECONDS + EXPIRY_SECONDS + life.resolver_endpoint_deleting
    gone = fleet.lap("gone", fleet.untag, going)
    print(gone.table())  # noqa: T201
    return {"connected": connected, "gone": gone}


@pytest.fixture(scope="module", params=["connected", "gone"])
def lap(request: pytest.FixtureRequest, laps: Mapping[str, Lap]) -> Lap:
    return laps[request.param]


def test_every_vpc_comes_to_its_end_in_one_execution(lap: Lap) -> None:
    assert set(lap.ends.values()) == {"SUCCEEDED"}


def test_afterwards_nothing_is_left(fleet: Fleet, laps: Mapping[str, Lap]) -> None:
    assert laps["gone"].ends.keys() == {*fleet.vpc_ids}
    assert fleet.statuses() == {"removed": SIZE}
    assert fleet.remnants() == {}


def test_no_two_vpcs_have_their_turn_together(lap: Lap) -> None:
    apart = [later - earlier for earlier, later in pairwise(lap.turns)]
    assert min(apart) >= cost(LAST_TURN[lap.wish], SERVICES) - 0.01


def test_the_last_one_waits_no_longer_than_aws_makes_it(lap: Lap) -> None:
    assert lap.factor <= LONGEST


def test_aws_refuses_few_calls(lap: Lap) -> None:
    assert lap.refused_share() <= MOST_REFUSED


def test_a_vpc_takes_as_many_calls_among_many_as_among_few(lap: Lap) -> None:
    assert lap.calls_per_vpc <= MOST_CALLS[lap.wish]


def test_nobody_is_overtaken_by_many(lap: Lap) -> None:
    assert lap.longest_overtaking <= FARTHEST_OVERTAKING
