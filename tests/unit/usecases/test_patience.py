"""Waiting inside a function: bounded, and handed on to the workflow when it is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from connectivity.domain.errors import NotReadyYet, NotResolvingYet, Throttled
from connectivity.usecases.patience import BETWEEN_LOOKS, Patience
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.usecases.fakes import FakeClock


def judged(seen: int) -> str:
    if seen < 3:
        raise NotReadyYet(f"{seen} of 3")
    return "ready"


def test_what_was_seen_already_is_judged_without_another_look() -> None:
    patience, looks = Patience(FakeClock(), 20), iter(())
    assert patience.until(judged, lambda: next(looks), 3) == "ready"
    assert patience.spent == 0


def test_it_looks_again_until_what_is_waited_for_is_there() -> None:
    patience, looks = Patience(FakeClock(), 20), iter(range(9))
    assert patience.until(judged, lambda: next(looks)) == "ready"
    assert patience.spent == 3 * BETWEEN_LOOKS


@given(st.floats(0, 100))
def test_it_never_waits_longer_than_it_may_and_then_says_what_it_waited_for(most: float) -> None:
    clock = FakeClock()
    began, patience = clock.seconds(), Patience(clock, most)
    with pytest.raises(NotReadyYet, match="0 of 3"):
        patience.until(judged, lambda: 0)
    assert most - BETWEEN_LOOKS < clock.seconds() - began <= most or most < BETWEEN_LOOKS


def test_the_looks_themselves_take_of_the_time() -> None:
    """A probe's questions take most of a minute where nobody answers."""
    clock = FakeClock()

    def slow() -> Iterator[int]:
        while True:
            clock.waited += 30
            yield 0

    looks, patience = slow(), Patience(clock, 45)
    with pytest.raises(NotReadyYet):
        patience.until(judged, lambda: next(looks))
    assert clock.waited == 30, "a second look would end after the function's time"


def test_another_wait_than_the_one_that_is_meant_goes_on_at_once() -> None:
    def throttled(_: int) -> None:
        raise Throttled("Rate exceeded")

    patience = Patience(FakeClock(), 20)
    with pytest.raises(Throttled):
        patience.until(throttled, lambda: 0)
    with pytest.raises(NotReadyYet):
        patience.until(judged, lambda: 0, not_yet=NotResolvingYet)
    assert patience.spent == 0


def test_a_pause_longer_than_what_is_left_is_the_workflow_s() -> None:
    clock = FakeClock()
    patience = Patience(clock, 20)
    patience.pause(15, NotReadyYet("the first"))
    with pytest.raises(NotReadyYet, match="the second"):
        patience.pause(6, NotReadyYet("the second"))
    assert clock.waited == 15
