"""The pace of a turn, seen from AWS: a bucket of four that refills with 0.3 a second."""

from __future__ import annotations

import pytest
from connectivity.domain.pacing import MAKING_NOW, TURNING_ON, Bucket, Turn
from connectivity.usecases.patience import Patience
from connectivity.usecases.turns import Pace

from local.unkind.buckets import Buckets
from local.unkind.limits import Limit
from tests.unit.usecases.fakes import FakeClock

CALLS = 6
AWS = Limit("either bucket", 4, 0.3, "EC2 developer guide, Request throttling")


def refused(bucket: Bucket, begun: float, made: int, takes: list[float]) -> list[int]:
    """Return the numbers of the calls that AWS refuses of a turn that has come, of which `made`
    were made right then. The others begin so many seconds later, and take so many to arrive."""
    clock = FakeClock()
    aws, began = Buckets(clock.seconds), clock.seconds()
    assert all(aws.take("here", AWS) for _ in range(made))
    clock.waited += begun
    turn = Turn(bucket.name, bucket.step, began, CALLS)
    pace = Pace(turn, bucket, made, clock.seconds(), Patience(clock), {})
    amiss = []
    for call, seconds in zip(range(made, CALLS), takes, strict=False):
        pace.wait_for_next()
        clock.waited += seconds
        if not aws.take("here", AWS):
            amiss.append(call)
    return amiss


@pytest.mark.parametrize("bucket", [MAKING_NOW, TURNING_ON], ids=lambda b: str(b.step))
@pytest.mark.parametrize("begun", [0.0, 0.16, 2.0, 20.0])
@pytest.mark.parametrize("made", [0, 1, 3, 4])
def test_whoever_begins_late_is_not_refused_for_it(bucket: Bucket, begun: float, made: int) -> None:
    assert refused(bucket, begun, made, [0.5, *[0.08] * 5]) == []


def test_a_call_that_takes_long_does_not_make_the_next_one_early() -> None:
    assert refused(MAKING_NOW, 0.0, 0, [1.2, 0.08, 0.08, 0.9, 0.08, 0.08]) == []
