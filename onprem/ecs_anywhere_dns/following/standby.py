"""The decision when a standby serves in the place of another VPC, and when no longer. Pure.

    over    none of the other VPC's resolver IPs answers as published, in TRIES looks of one run,
            and those of the standby do
    back    the other VPC answered in GOOD_LOOKS runs, one after the other, at least APART from
            each other; twice as many for each further time that it went over within a day, or that
            a way back failed, and never more than MOST_LOOKS
    again   where a switch failed after the reload, over or back: in the next run, and after that
            it rests, longer each time, never longer than LONGEST_REST

To go over at once ends an outage. To go back ends none, so that waits: a link that comes and goes
would change the answers of a whole site each time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ecs_anywhere_dns.following.acceptance import rest_after
from ecs_anywhere_dns.memory.records import Distrust, Duty

TRIES = 3
PAUSE = 5.0
"""Seconds between two looks of a run."""
GOOD_LOOKS = 3
MOST_LOOKS = 48
APART = timedelta(minutes=1)
REMEMBERED = timedelta(days=1)
LONGEST_REST = timedelta(hours=1)
"""An outage may have no other end than the switch that rests."""


def looks_needed(duty: Duty, now: datetime) -> int:
    """Return in how many looks the other VPC has to answer before it is gone back to."""
    times = max(len(_lately(duty, now)), 1)
    return int(min(GOOD_LOOKS * 2 ** min(times - 1, 10), MOST_LOOKS))


def is_enough(duty: Duty, now: datetime) -> bool:
    return duty.good >= looks_needed(duty, now)


def after_look(duty: Duty, now: datetime, *, is_fit: bool) -> Duty:
    """Return the duty after one more look at the other VPC."""
    if not is_fit:
        return replace(duty, good=0, looked="")
    # Looked at later than now: the clock was set back.
    if duty.looked and timedelta() <= now - datetime.fromisoformat(duty.looked) < APART:
        return duty
    return replace(duty, good=duty.good + 1, looked=now.isoformat())


def gone_over(duty: Duty, now: datetime, first: str) -> Duty:
    """Return the duty of a standby that began to serve in the place of `first`."""
    went = (*_lately(duty, now), now.isoformat())
    return Duty(True, f"{now:%Y-%m-%dT%H:%M:%SZ}", went=went, first=first)


def gone_back(duty: Duty) -> Duty:
    """Return the duty of a standby that waits again."""
    return Duty(went=duty.went, first=duty.first)


def way_back_failed(duty: Duty, now: datetime) -> Duty:
    """Return the duty of a standby that serves on: the count begins anew, and is longer."""
    return replace(duty, good=0, looked="", went=(*_lately(duty, now), now.isoformat()))


def rests(distrust: Distrust, now: datetime) -> bool:
    """Return whether a switch that failed after the reload is not tried again yet."""
    if distrust.by_hand or distrust.failures < 2:
        return False
    failed = datetime.fromisoformat(distrust.at)
    return failed <= now < failed + min(rest_after(distrust.failures - 1), LONGEST_REST)


def _lately(duty: Duty, now: datetime) -> tuple[str, ...]:
    """Return the times that count, of the last day. Later than now: the clock was set back."""
    return tuple(
        at for at in duty.went if timedelta() <= now - datetime.fromisoformat(at) < REMEMBERED
    )
