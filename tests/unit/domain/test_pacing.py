"""Turns at a token bucket: AWS's own arithmetic says whether what is booked can be called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from connectivity.domain.pacing import (
    KEPT_SECONDS,
    MAKING,
    MAKING_NOW,
    TURNING_OFF,
    TURNING_OFF_NOW,
    TURNING_ON,
    Bucket,
    Turn,
    cost,
    due,
    granted,
    is_good_for,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_800_000_000.0
AWS_BURST, AWS_RATE = 4, 0.3
MILLISECOND = 0.001


def test_we_book_less_than_aws_gives() -> None:
    for bucket in (MAKING, MAKING_NOW, TURNING_ON, TURNING_OFF, TURNING_OFF_NOW):
        assert bucket.burst <= AWS_BURST
        assert 0.95 * AWS_RATE < bucket.rate < AWS_RATE


@pytest.mark.parametrize("calls", range(1, 11))
def test_one_vpc_in_an_idle_account_begins_at_once(calls: int) -> None:
    turn = granted(MAKING, calls, NOW + cost(MAKING, calls), NOW)
    assert turn == Turn("CreateVpcEndpoint", "make", NOW, calls)
    assert turn.seconds(NOW) == 0


def test_few_calls_need_not_wait_until_the_bucket_is_full() -> None:
    busy = NOW + 100
    assert granted(MAKING, 6, busy + cost(MAKING, 6), NOW).at == busy
    assert granted(MAKING, 1, busy + cost(MAKING, 1), NOW).at == busy - cost(MAKING, 3)


def test_seconds_are_whole_and_never_too_few() -> None:
    assert Turn("any", "any", NOW + 0.2, 6).seconds(NOW) == 1


def booked(bucket: Bucket, arrivals: Iterable[tuple[float, int]]) -> list[Turn]:
    """The turns of those who reserve `calls` so many seconds after the one before."""
    now, booked_until, turns = NOW, NOW, []
    for after, calls in arrivals:
        now += after
        booked_until = max(now, booked_until) + cost(bucket, calls)
        turns.append(granted(bucket, calls, booked_until, now))
    return turns


def calls_of(turn: Turn) -> list[float]:
    """Return when they are made: as many at once as the bucket holds, the rest one by one."""
    return [due(turn, MAKING, call) for call in range(turn.calls)]


def refused(turns: Iterable[Turn]) -> int:
    """How many of the calls find AWS's bucket empty."""
    level, last, count = float(AWS_BURST), NOW, 0
    for at in sorted(at for turn in turns for at in calls_of(turn)):
        level, last = min(AWS_BURST, level + (at - last) * AWS_RATE), at
        if level >= 1 - MILLISECOND:
            level -= 1
        else:
            count += 1
    return count


ARRIVALS = st.lists(st.tuples(st.floats(0, 60), st.integers(1, 30)), min_size=1, max_size=40)


@given(ARRIVALS)
def test_who_keeps_to_their_turn_is_not_refused(arrivals: list[tuple[float, int]]) -> None:
    assert refused(booked(MAKING, arrivals)) == 0


@given(st.lists(st.tuples(st.floats(0, 60), st.integers(1, 10)), min_size=1, max_size=40))
def test_turns_come_in_the_order_of_asking_but_for_those_who_need_little(
    arrivals: list[tuple[float, int]],
) -> None:
    turns = booked(MAKING, arrivals)
    full = [turn.at for turn in turns if turn.calls >= MAKING.burst]
    assert full == sorted(full)


@given(ARRIVALS)
def test_nobody_waits_longer_than_the_calls_before_them_take(
    arrivals: list[tuple[float, int]],
) -> None:
    now, before = NOW, 0
    for (after, calls), turn in zip(arrivals, booked(MAKING, arrivals), strict=True):
        now += after
        assert turn.at - now <= cost(MAKING, before) + MILLISECOND
        before += calls


def test_a_turn_is_good_for_a_repetition_and_for_nothing_else() -> None:
    turn = Turn(MAKING.name, MAKING.step, NOW, 6)
    assert is_good_for(turn, MAKING, 6, NOW - 7000)
    assert is_good_for(turn, MAKING, 2, NOW + KEPT_SECONDS - 1)
    assert not is_good_for(turn, MAKING, 6, NOW + KEPT_SECONDS)
    assert not is_good_for(turn, MAKING, 7, NOW)
    assert not is_good_for(turn, TURNING_OFF, 6, NOW)
    on = replace(turn, bucket=TURNING_ON.name, step=TURNING_ON.step)
    assert not is_good_for(on, TURNING_OFF, 6, NOW), "who connects and disconnects calls twice"
    assert not is_good_for(None, MAKING, 6, NOW)


def test_the_burst_of_a_turn_is_made_at_once_and_the_rest_as_the_bucket_refills() -> None:
    turn = Turn(MAKING.name, MAKING.step, NOW, 6)
    later = [NOW + cost(MAKING, 1), NOW + cost(MAKING, 2)]
    assert [due(turn, MAKING, call) for call in range(6)] == [*[NOW] * 4, *later]
