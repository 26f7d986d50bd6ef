"""Whether a fit document is for this host, and now. Pure.

another VPC or Region than configured     refused
lower generation than was ever applied    refused, unless forced
rolled back by hand                       refused until there is another one, unless forced
rolled back by hand, not known which      refused, unless forced
failed after the reload                   rests, longer each time, unless forced
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.memory.state import Applied, Distrust
from ecs_anywhere_dns.outcome import Exit, Refused, Stop
from ecs_anywhere_dns.settings import Settings

FIRST_REST = timedelta(minutes=15)
LONGEST_REST = timedelta(hours=6)


class Resting(Stop):
    """Each try changes the answers of a whole site for seconds, so they become rare."""

    exit = Exit.ROLLED_BACK


def accept(
    document: Document,
    settings: Settings,
    applied: Applied,
    distrust: Distrust,
    now: datetime,
    *,
    force: bool,
) -> None:
    """Raises Refused and Resting. `force` is a person's word; it never crosses VPCs."""
    _check_place(document, settings)
    if force:
        return
    if document.generation < applied.newest:
        raise Refused(
            f"{document.label} is older than generation {applied.newest}, which was applied here",
            "nothing to do if Parameter Store lags behind; if the app was deployed anew and counts "
            "from 1 again: `ecs-anywhere-dns apply --force`",
        )
    if distrust.by_hand and not distrust.checksum:
        raise Refused(
            "a person took the forwarding back when none was known to this tool",
            f"`ecs-anywhere-dns apply --force` takes {document.label}",
        )
    # What is in force was not rolled back after all: that run died, and was undone.
    if document.checksum == distrust.checksum and document.text != applied.document:
        _check_distrust(document, distrust, now)


def rest_after(failures: int) -> timedelta:
    """15 minutes, doubled with each failure, 6 hours at most."""
    doubled: timedelta = FIRST_REST * 2 ** min(failures - 1, 10)
    return min(doubled, LONGEST_REST)


def _check_place(document: Document, settings: Settings) -> None:
    for what, said, wanted in (
        ("VPC", document.vpc_id, settings.vpc),
        ("Region", document.region, settings.region),
    ):
        if said != wanted:
            raise Refused(
                f"the publication is of {what} {said}, and this host follows {wanted}",
                f"correct the source, or `{what.lower()}` in the configuration file",
            )


def _check_distrust(document: Document, distrust: Distrust, now: datetime) -> None:
    if distrust.by_hand:
        raise Refused(
            f"{document.label} was rolled back by hand",
            "the next generation is taken again; `ecs-anywhere-dns apply --force` takes this one",
        )
    failed = datetime.fromisoformat(distrust.at)
    until = failed + rest_after(distrust.failures)
    # Where it failed later than now the clock was set back, perhaps by years.
    if failed <= now < until:
        times = "once" if distrust.failures == 1 else f"{distrust.failures} times"
        raise Resting(
            f"{document.label} failed here {times} and rests until {until:%Y-%m-%d %H:%M} UTC; "
            f"the last time: {distrust.why}",
            "once that is mended, `ecs-anywhere-dns apply --force` tries it at once",
        )
