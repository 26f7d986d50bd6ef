"""Mails: short, without links, and a bounded number of them."""

from __future__ import annotations

import pytest
from connectivity.domain.mails import (
    LONGEST_TEXT,
    MOST_ABOUT_HOSTS,
    MOST_ABOUT_REQUESTS,
    MOST_ABOUT_TAGS,
    MOST_AN_HOUR,
    Mail,
    as_news,
)
from hypothesis import given
from hypothesis import strategies as st

VPC = "vpc-0a1b2c3d"


@given(st.text(st.characters(codec=None)), st.text(max_size=200))
def test_whatever_is_told_a_mail_is_short_and_has_no_link(text: str, about: str) -> None:
    mail = Mail(VPC, about, text)
    assert len(mail.subject) <= 100
    written = mail.written("arn:aws:states:us-east-2:1:execution:app:vpc-1-2-3", 7)
    assert len(written) < LONGEST_TEXT + 400
    assert "://" not in written
    assert written.encode()
    assert "7 more mails were held back" in written


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "unexpected Runtime.ExitError: RequestId: 1937b408-0b0e-4c6f-9a6e-1d1b2c3d4e5f Error",
            "unexpected Runtime.ExitError: RequestId: 2037b408-0b0e-4c6f-9a6e-1d1b2c3d4e5f Error",
        ),
        ("3 of 21 checks failed", "4 of 22 checks failed"),
        ("at 2026-11-28T17:00:00Z", "at 2026-11-28T17:30:00.5Z"),
        (
            "user arn:aws:sts::1:assumed-role/a/b-1 may not",
            "user arn:aws:sts::1:assumed-role/a/b-2 may not",
        ),
        (
            "Encoded authorization failure message: abc-DEF_1 end",
            "Encoded authorization failure message: abc-GHI_2 end",
        ),
    ],
)
def test_request_ids_arns_times_and_counters_are_no_news(before: str, after: str) -> None:
    assert as_news(before) == as_news(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("vpce-0a1b failed", "vpce-0a1c failed"),
        ("10.0.0.0/8 is public", "11.0.0.0/8 is public"),
        ("subnet-1 is full", "subnet-2 is full"),
        ("dns1 failed", "dns2 failed"),
        ("443/tcp is shut", "53/tcp is shut"),
    ],
)
def test_another_resource_or_network_is_news(before: str, after: str) -> None:
    assert as_news(before) != as_news(after)


def test_the_doors_together_leave_room_for_what_the_workflow_says() -> None:
    assert MOST_ABOUT_TAGS + MOST_ABOUT_REQUESTS + MOST_ABOUT_HOSTS < MOST_AN_HOUR
