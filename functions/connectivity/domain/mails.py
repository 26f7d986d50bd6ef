"""Mails: what may stand in one, and how many there may be.

A tagger, an event writer and a DNS host can all make news, so the number of mails is bounded, and
what is held back is counted in the next one. No door can use up what the others need: 6 mails an
hour for tags of VPCs that are not connected, 6 for requests and 6 for DNS hosts leave 12 of 30 to
what the workflow itself has to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from connectivity.domain.printable import printable_lines, shortened

NO_VPC = "unknown"
"""The word for the VPC in the execution of a request that names none."""
Door = Literal["workflow", "tag", "request", "host"]
"""The source of the news: the workflow, a tag that asks for something impossible, a request, a DNS
host."""

MOST_AN_HOUR = 30
MOST_ABOUT_A_VPC = 12
"""The most mails about a VPC: as many as there can be sweeps, of which each may repair
something."""
MOST_ABOUT_TAGS = 6
MOST_ABOUT_REQUESTS = 6
MOST_ABOUT_HOSTS = 6
LONGEST_TEXT = 2000
"""Characters of a mail; the execution has all of it."""

_PREFIX = "ECS Anywhere private connectivity: "
_CHANGES = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a request id
    r"|arn:[^\s,;]+"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z?"
    r"|(?i:encoded authorization failure message: \S+)"
    r"|(?<![\w./:-])\d+(?:\.\d+)?(?![\w./:-]*[\w/:-])"  # a number that stands by itself
)


@dataclass(frozen=True)
class Allowance:
    """An allowance: the number of times that something may happen within an hour of the clock."""

    name: str
    most: int


@dataclass(frozen=True)
class Mail:
    """A mail to a person about a VPC."""

    vpc_id: str
    about: str
    text: str
    door: Door = "workflow"
    names_execution: bool = False

    @property
    def subject(self) -> str:
        """One line of at most 100 characters, as Amazon SNS takes it."""
        return shortened(f"{_PREFIX}{self.about}", 100)

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """Return what this mail has to fit into, the narrowest first. A request that was refused
        may name any VPC, so it does not count as one about it."""
        all_of_them = Allowance("mails", MOST_AN_HOUR)
        if self.door == "request":
            return Allowance("mails/requests", MOST_ABOUT_REQUESTS), all_of_them
        of_vpc = Allowance(f"mails/{self.door}/{self.vpc_id}", MOST_ABOUT_A_VPC)
        if self.door == "host":
            return of_vpc, Allowance("mails/hosts", MOST_ABOUT_HOSTS), all_of_them
        if self.door == "tag":
            return of_vpc, Allowance("mails/tags", MOST_ABOUT_TAGS), all_of_them
        return of_vpc, all_of_them

    def written(self, execution: str, held_back: int) -> str:
        """Return the text as it is sent, with the execution's ARN where the rest is only there,
        and how many mails were held back since the one before."""
        more = (
            f"\n\n{held_back} more mails were held back, as only so many may be sent in an hour "
            f"({MOST_AN_HOUR} in all, fewer about one thing): the tags of the VPCs and the "
            "executions have their news."
            if held_back
            else ""
        )
        is_cut = len(self.text) > LONGEST_TEXT
        where = f"\n\nExecution: {execution}" if self.names_execution or is_cut else ""
        return printable_lines(self.text, LONGEST_TEXT) + where + more


def about_a_request(vpc_id: str) -> str:
    """Return what a mail about a request is about, which may name no VPC."""
    return f"a request about {vpc_id}" if vpc_id != NO_VPC else "a request that names no VPC"


def hour_in(now: str) -> str:
    """Return the hour of the clock, as in `2026-11-23T12`, of a time in ISO 8601 UTC."""
    return now[: len("2026-11-23T12")]


def hour_of(now: float) -> str:
    """Return the hour of the clock, as in `2026-11-23T12`, of seconds since the epoch."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H")


def as_news(text: str) -> str:
    """Return `text` without request ids, ARNs, times and counters; what is equal then is no
    news."""
    return _CHANGES.sub("#", text)
