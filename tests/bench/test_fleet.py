"""Many VPCs under AWS's token buckets, in virtual time: it repeats exactly, so its bounds hold."""

from __future__ import annotations

import pytest

from bench import fleet


@pytest.mark.parametrize("size", [1, 10, 100])
def test_nobody_of_a_fleet_fails_and_nobody_is_mailed(size: int) -> None:
    laps = fleet.laps(size)
    assert [lap.reached for lap in laps] == [size] * 3
    assert [(lap.failed, lap.mails) for lap in laps] == [(0, 0)] * 3
