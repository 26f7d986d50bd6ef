"""Limits of PowerDNS Recursor with which forwarded names would not be answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ecs_anywhere_dns.servers.contract import QUESTIONS_FOR_ONE_ANSWER, Finding
from ecs_anywhere_dns.servers.powerdns.configuration import Configuration


@dataclass(frozen=True)
class Limit:
    """The lowest value of a setting that serves, and what happens below it."""

    least: int
    otherwise: str
    zero_is_none: bool = False
    """True where 0 means that there is no limit."""

    def is_passed_by(self, value: int) -> bool:
        return value < self.least and not (self.zero_is_none and value == 0)


LIMITS = {
    # Milliseconds that a resolver IP has for its answer: no link to a VPC needs less.
    "network-timeout": Limit(10, "lets no answer of a resolver IP come through"),
    "max-qperq": Limit(
        QUESTIONS_FOR_ONE_ANSWER, "leaves no question for the resolver IP that does answer"
    ),
    # Milliseconds for one answer: a dead resolver IP costs 1.5 s, for the name and for its alias.
    "max-total-msec": Limit(
        3000, "leaves no time for the resolver IP that does answer", zero_is_none=True
    ),
    "server-down-max-fails": Limit(
        2, "leaves a resolver IP out for a minute after one lost answer", zero_is_none=True
    ),
}
"""The limits, by the name of the setting."""


def too_low(disk: Configuration) -> Iterator[Finding]:
    """Yield the settings with which a name is not answered, or not once a resolver IP is dead."""
    for key, limit in LIMITS.items():
        found = disk.of(key)
        if found and found[-1].value.isdigit() and limit.is_passed_by(int(found[-1].value)):
            yield Finding(
                False,
                f"{found[-1].place}: {key}={found[-1].value} {limit.otherwise} (SERVFAIL)",
                f"remove it, or raise it to {limit.least} or more: the default serves",
            )
