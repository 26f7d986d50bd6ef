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


LIMITS = {
    # Milliseconds that a resolver IP has for its answer: no link to a VPC needs less.
    "network-timeout": Limit(10, "lets no answer of a resolver IP come through"),
    "max-qperq": Limit(
        QUESTIONS_FOR_ONE_ANSWER, "leaves no question for the resolver IP that does answer"
    ),
}
"""The limits, by the name of the setting."""


def too_low(disk: Configuration) -> Iterator[Finding]:
    """Yield the settings with which a name is not answered, or not once a resolver IP is dead."""
    for key, limit in LIMITS.items():
        found = disk.of(key)
        if found and found[-1].value.isdigit() and int(found[-1].value) < limit.least:
            yield Finding(
                False,
                f"{found[-1].place}: {key}={found[-1].value} {limit.otherwise} (SERVFAIL)",
                f"remove it, or raise it to {limit.least} or more: the default serves",
            )
