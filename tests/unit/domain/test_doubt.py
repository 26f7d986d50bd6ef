"""When a failed verification is tried again."""

from __future__ import annotations

import pytest
from connectivity.domain.doubt import rests
from connectivity.domain.ledger import Entry

DOUBTED = Entry("vpc-0a1b2c3d", doubt="this", doubted_at="2026-11-23T06:00:00Z")


@pytest.mark.parametrize(
    ("fingerprint", "because", "now", "expected"),
    [
        ("this", "sweep", "2026-11-23T11:59:59Z", True),
        ("this", "sweep", "2026-11-23T12:00:00Z", False),
        ("this", "tag", "2026-11-23T06:00:01Z", False),
        ("this", "request", "2026-11-23T06:00:01Z", False),
        ("other", "sweep", "2026-11-23T06:00:01Z", False),
    ],
)
def test_only_a_sweep_leaves_alone_what_failed_unchanged_within_six_hours(
    fingerprint: str, because: str, now: str, expected: bool
) -> None:
    assert rests(DOUBTED, fingerprint, because, now) is expected


def test_what_was_never_doubted_does_not_rest() -> None:
    assert not rests(Entry("vpc-0a1b2c3d"), "this", "sweep", "2026-11-23T06:00:00Z")
