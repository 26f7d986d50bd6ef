"""The decision whether this host takes a fit document now. Pure.

not what this host was told to believe    refused, see `pinned.belief`
lower generation than was ever applied    refused, unless forced
the same generation with other content    refused, unless forced
more than 1,000 generations ahead         refused, unless forced; the first contact takes any
rolled back by hand                       refused until there is another one, unless forced
rolled back by hand, not known which      refused, unless forced
failed after the reload                   rests, longer each time, unless forced
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.memory.records import Distrust, Last
from ecs_anywhere_dns.outcome import Exit, Refused, Stop
from ecs_anywhere_dns.pinned.belief import check_believed
from ecs_anywhere_dns.settings import Settings

FIRST_REST = timedelta(minutes=15)
LONGEST_REST = timedelta(hours=6)
LARGEST_STEP = 1_000
"""Generations between two documents that this host sees: the app writes a handful in a busy week.
Without a bound, one document with a very high generation would make all later ones too old."""
LARGEST_UNSIGNED = 900_000_000
"""Generation that an unsigned document may begin with. The app counts on from what others wrote up
to this one, so that a host that believed them follows the app again by itself."""


class Resting(Stop):
    """The document rests after failures: each try changes the answers of a whole site for
    seconds."""

    exit = Exit.ROLLED_BACK


@dataclass(frozen=True)
class History:
    """The records of a VPC that decide: the part that was applied, and the distrusted document."""

    last: Last
    distrust: Distrust


def accept(
    document: Document, settings: Settings, history: History, now: datetime, *, force: bool
) -> None:
    """Check that this host takes the document now. `force`, a person's word, overrules all but the
    pins. Raises Refused and Resting."""
    check_believed(document, settings)
    if force:
        return
    last, distrust = history.last, history.distrust
    _check_generation(document, last)
    if not last.newest and settings.signature == "none":
        _check_beginning(document)
    if distrust.by_hand and not distrust.checksum:
        raise Refused(
            "a person took the forwarding back when none was known to this tool",
            f"`ecs-anywhere-dns apply --force` takes {document.label}",
        )
    # What is in force was not rolled back after all: that run died, and was undone.
    if document.checksum == distrust.checksum and document.text != last.document:
        _check_distrust(document, distrust, now)


def rest_after(failures: int) -> timedelta:
    """Return how long a document rests: 15 minutes, doubled with each failure, 6 hours at most."""
    doubled: timedelta = FIRST_REST * 2 ** min(failures - 1, 10)
    return min(doubled, LONGEST_REST)


def _check_generation(document: Document, last: Last) -> None:
    if document.generation < last.newest:
        raise Refused(
            f"{document.label} is older than generation {last.newest}, which was applied here",
            "if the app was deployed anew and counts from 1 again: "
            "`ecs-anywhere-dns apply --force`",
            "nothing to do if Parameter Store lags behind",
        )
    if document.generation == last.newest and last.is_another(document):
        raise Refused(
            f"{document.label} says something else than the document of the same generation that "
            "was applied here",
            "find out who wrote it: the app gives each new content a higher generation, and its "
            "next one is taken; `ecs-anywhere-dns apply --force` takes this one",
        )
    if last.newest and document.generation > last.newest + LARGEST_STEP:
        raise Refused(
            f"{document.label} is more than {LARGEST_STEP:,} generations ahead of "
            f"{last.newest}, which was applied here",
            "find out who wrote it; if this host was away for very long: "
            "`ecs-anywhere-dns apply --force`",
        )


def _check_beginning(document: Document) -> None:
    if document.generation > LARGEST_UNSIGNED:
        raise Refused(
            f"{document.label} is not signed, and begins with a generation above "
            f"{LARGEST_UNSIGNED:,}",
            "find out who wrote it: the app counts from 1; `ecs-anywhere-dns apply --force` takes "
            "it",
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
