"""Whether a fit document is for this host, and now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from connectivity.domain.generations import HIGHEST_BELIEVED
from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.following.acceptance import (
    FIRST_REST,
    LONGEST_REST,
    History,
    Resting,
    accept,
    rest_after,
)
from ecs_anywhere_dns.memory.records import Distrust, Last
from ecs_anywhere_dns.outcome import Exit, Refused
from hypothesis import given
from hypothesis import strategies as st

from tests.onprem.example import content, fit, settings
from tests.onprem.lab.document import document as signed_document
from tests.onprem.lab.signing import SigningKey

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SETTINGS = settings()
DOCUMENT = fit(generation=5)
FAILED = Distrust(DOCUMENT.checksum, failures=1, at=NOW.isoformat(), why="a stone in the way")


def taken(
    document: Document = DOCUMENT,
    *,
    newest: int = 0,
    checksum: str = "",
    distrust: Distrust = Distrust(),  # noqa: B008 - frozen
    after: timedelta = timedelta(0),
    force: bool = False,
) -> None:
    accept(
        document,
        SETTINGS,
        History(Last(newest=newest, newest_checksum=checksum), distrust),
        NOW + after,
        force=force,
    )


def test_the_first_the_same_and_a_newer_one_are_taken() -> None:
    for newest in (0, 4, 5):
        taken(newest=newest)


@pytest.mark.parametrize("force", [False, True])
def test_that_of_another_vpc_or_region_is_never_taken(force: bool) -> None:
    for document in (
        replace(DOCUMENT, vpc_id="vpc-00000000000000001"),
        replace(DOCUMENT, region="eu-west-1"),
    ):
        with pytest.raises(Refused) as caught:
            taken(document, force=force)
        assert "this host follows" in caught.value.message
        assert caught.value.cure


def test_an_older_one_is_only_taken_by_a_persons_word() -> None:
    with pytest.raises(Refused, match="older than generation 6") as caught:
        taken(newest=6)
    assert "--force" in caught.value.cure
    taken(newest=6, force=True)


def test_the_same_generation_is_only_taken_with_the_same_content() -> None:
    withdrawn = fit(generation=5, state="withdrawn", zones=[], names={}, vpcCidrs=[])
    for other in (fit(generation=5, state="draining"), withdrawn):
        with pytest.raises(Refused, match="of the same generation") as caught:
            taken(other, newest=5, checksum=DOCUMENT.checksum)
        assert "--force" in caught.value.cure
        taken(other, newest=5, checksum=DOCUMENT.checksum, force=True)
        taken(other, newest=5)
    taken(newest=5, checksum=DOCUMENT.checksum)
    taken(replace(DOCUMENT, text="with another signature"), newest=5, checksum=DOCUMENT.checksum)


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_generation_is_taken_from_the_highest_to_a_thousand_more(newest: int, it: int) -> None:
    try:
        taken(replace(DOCUMENT, generation=it), newest=newest)
    except Refused as refused:
        assert it < newest or it > newest + 1000
        assert "--force" in refused.cure
        taken(replace(DOCUMENT, generation=it), newest=newest, force=True)
    else:
        assert newest <= it <= newest + 1000


def test_the_first_contact_takes_any_signed_generation_and_unsigned_the_apps_bound() -> None:
    key = SigningKey()
    signed = settings(signature="required", public_keys=(key.entry,))
    for generation in (1, HIGHEST_BELIEVED, HIGHEST_BELIEVED + 1, 10**9):
        text = signed_document(content(generation=generation), key)
        accept(read_document(text), signed, History(Last(), Distrust()), NOW, force=False)
    taken(fit(generation=HIGHEST_BELIEVED))
    with pytest.raises(Refused, match="above 900,000,000"):
        taken(fit(generation=HIGHEST_BELIEVED + 1))


def test_what_was_rolled_back_by_hand_waits_for_another_one() -> None:
    by_hand = Distrust(DOCUMENT.checksum, by_hand=True)
    with pytest.raises(Refused, match="rolled back by hand"):
        taken(distrust=by_hand, after=timedelta(days=365))
    taken(fit(generation=6), distrust=by_hand)
    taken(distrust=by_hand, force=True)


def test_what_failed_rests_and_is_taken_after_that() -> None:
    with pytest.raises(Resting) as caught:
        taken(distrust=FAILED, after=FIRST_REST - timedelta(seconds=1))
    assert caught.value.exit == Exit.ROLLED_BACK
    assert "failed here once and rests until 2026-11-23 12:15 UTC" in caught.value.message
    assert "a stone in the way" in caught.value.message
    assert "--force" in caught.value.cure
    taken(distrust=FAILED, after=FIRST_REST)
    taken(distrust=FAILED, force=True)
    taken(fit(generation=6), distrust=FAILED)


def test_how_often_it_failed_is_said() -> None:
    with pytest.raises(Resting, match="failed here 3 times"):
        taken(distrust=replace(FAILED, failures=3))


def test_a_clock_that_was_set_back_does_not_make_it_rest_for_years() -> None:
    taken(distrust=FAILED, after=timedelta(days=-3650))


@given(st.integers(1, 10_000))
def test_rests_become_longer_up_to_six_hours(failures: int) -> None:
    assert FIRST_REST <= rest_after(failures) <= rest_after(failures + 1) <= LONGEST_REST


def test_the_rests_are_those_of_the_readme() -> None:
    minutes = [rest_after(failures).total_seconds() / 60 for failures in range(1, 8)]
    assert minutes == [15, 30, 60, 120, 240, 360, 360]
