"""Many VPCs under AWS's token buckets, in virtual time: it repeats exactly, so its bounds hold.

Up to 100 by default; `FLEET_VPCS=1000` takes some minutes more.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from bench import fleet

LONGEST = {1: 1.15, 10: 1.3, 100: 1.06, 300: 1.06, 1000: 1.06}
"""VPCs -> times the floor until the last one is connected. Of ten those decide whose endpoints take
AWS longest, which the floor knows beforehand."""
LARGEST = int(os.environ.get("FLEET_VPCS", "100"))
MOST_REFUSED = 0.1
"""Share of all calls that AWS refuses."""
MOST_REFUSED_IN_TURN = 0.01
"""Share of the calls for which turns are taken."""
MOST_REFUSED_OF_THE_FIRST = 8
"""Calls, however many VPCs: the functions of the first ones start cold, which makes them late."""
SERVICES = 6


@pytest.fixture(scope="module", params=[size for size in LONGEST if size <= LARGEST])
def laps(request: pytest.FixtureRequest) -> Sequence[fleet.Lap]:
    return fleet.laps(request.param)


def test_nobody_of_a_fleet_fails_and_nobody_is_mailed(laps: Sequence[fleet.Lap]) -> None:
    assert [lap.reached for lap in laps] == [lap.vpcs for lap in laps]
    assert [(lap.failed, lap.mails) for lap in laps] == [(0, 0)] * 3


def test_the_last_of_a_fleet_is_connected_as_soon_as_aws_makes_it(
    laps: Sequence[fleet.Lap],
) -> None:
    connected, _, gone = laps
    assert connected.factor <= LONGEST[connected.vpcs]
    assert gone.factor <= LONGEST[gone.vpcs]


def test_aws_refuses_few_calls_of_a_fleet(laps: Sequence[fleet.Lap]) -> None:
    assert max(lap.refused_share for lap in laps) <= MOST_REFUSED


def test_aws_refuses_nearly_none_of_those_who_keep_to_their_turns(
    laps: Sequence[fleet.Lap],
) -> None:
    connected, _, gone = laps
    for lap, buckets in ((connected, 2), (gone, 1)):
        refused = sum(lap.refused.get(f"ec2:{name}VpcEndpoint", 0) for name in ("Create", "Modify"))
        paced = buckets * SERVICES * lap.vpcs
        assert refused <= MOST_REFUSED_OF_THE_FIRST + MOST_REFUSED_IN_TURN * paced
