"""Meaning and cure of a status, an error, an alarm or an exit code: read from the manual, so that
the two say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from ecs_anywhere.manual import Place, places, plain, rows, section

_NAME = re.compile(r"`([A-Z][A-Za-z]+)`")
_STATUS = re.compile(r"`([a-z][a-z-]+)`")
STATUSES, FACTS, WAITING, ALARMS = "Status", "Facts", "Waiting", "Alarms"
OF_COMMANDS, OF_DNS_HOSTS = "Exit codes of the commands", "Exit codes of the pick-up tool"
DNS_HOSTS_COMMAND = "ecs-anywhere-dns"
UNFIT = "PreconditionsNotMet"
"""The error that stands for many problems, each with a cure of its own."""


class UnknownError(Exception):
    """Error: the app has no such word; the message names those that it has."""


@dataclass(frozen=True)
class Explanation:
    name: str
    kind: str
    """Kind of the word, as in `status`."""
    cause: str
    cure: str
    """Cure; of what is waited for, what happens when that is over."""
    at_most: str = ""
    """Longest time for which it is waited; empty for everything else."""
    more: tuple[tuple[str, str], ...] = ()
    """Problems that it covers, each with its cure."""
    places: tuple[Place, ...] = ()
    """Sections of the manual that the cure names, with their steps."""


def explain(word: str) -> tuple[Explanation, ...]:
    """Return what a status, an error or an alarm of the app means, or an exit code of each command
    that has it. Raises UnknownError."""
    asked = word.strip().lower()
    known: dict[str, list[Explanation]] = {}
    for each in explanations():
        known.setdefault(each.name.split(" ")[-1].lower(), []).append(each)
    if found := known.get(asked):
        return tuple(found)
    words = [name for name in known if not name.isdigit()]
    near = [known[each][0].name for each in get_close_matches(asked, words, n=3, cutoff=0.6)]
    raise UnknownError(
        "\n".join(
            [
                f"{word} is no status, error, alarm or exit code of the app.",
                *([f"Near it: {', '.join(near)}"] if near else []),
                *_all(each for group in known.values() for each in group),
            ]
        )
    )


def explanations() -> Iterator[Explanation]:
    """Yield what the tables of the manual say of statuses, errors, alarms and exit codes, in their
    order."""
    yield from _statuses()
    yield from _facts()
    yield from _waiting()
    yield from _alarms()
    yield from exit_codes()


def exit_codes() -> Iterator[Explanation]:
    """Yield those of all commands, named as in `ecs-anywhere 3`."""
    for command, code, means, cure in rows(section(OF_COMMANDS), 4):
        if code.isdigit():
            yield _explanation(f"{command.strip('`')} {code}", "exit code", means, cure)
    for code, answers, cure in rows(section(OF_DNS_HOSTS), 3):
        number, _, what = code.partition(", ")
        if number.isdigit():
            means = f"{what or 'done'}; the site's answers are {answers.replace('**', '')}"
            name = f"{DNS_HOSTS_COMMAND} {number}"
            yield _explanation(name, "exit code", means, cure.replace("**", ""))


def _statuses() -> Iterator[Explanation]:
    for name, means, detail in rows(section(STATUSES), 3):
        if found := _STATUS.fullmatch(name):
            cure = f"`ecs-anywhere status` shows its detail: {detail}"
            yield _explanation(found[1], "status", means, cure)


def _facts() -> Iterator[Explanation]:
    for name, cause, cure in rows(section(FACTS), 3):
        if found := _NAME.fullmatch(name):
            more = tuple(_problems()) if found[1] == UNFIT else ()
            yield _explanation(found[1], "error", cause, cure, more=more)


def _waiting() -> Iterator[Explanation]:
    for name, thing, at_most, over in rows(section(WAITING), 4):
        if found := _NAME.fullmatch(name):
            yield _explanation(found[1], "error", f"it waits for {thing}", over, at_most)


def _alarms() -> Iterator[Explanation]:
    for name, rings, cure in rows(section(ALARMS), 3):
        if found := _NAME.fullmatch(name):
            yield _explanation(found[1], "alarm", f"it rings when {rings}", cure)


def _problems() -> Iterator[tuple[str, str]]:
    """Yield the problems of an unfit VPC, which the manual has in a table of their own."""
    for problem, cure in rows(section(FACTS), 2):
        if problem not in {"problem", "---"}:
            yield plain(problem), plain(cure)


def _explanation(
    name: str,
    kind: str,
    cause: str,
    cure: str,
    at_most: str = "",
    *,
    more: tuple[tuple[str, str], ...] = (),
) -> Explanation:
    found = places(cause, at_most, cure)
    return Explanation(name, kind, plain(cause), plain(cure), plain(at_most), more, found)


def _all(known: Iterator[Explanation]) -> Iterator[str]:
    """Yield a line for each kind of word that there is, with all of that kind."""
    by_kind: dict[str, set[str]] = {}
    for each in known:
        word = each.name.split(" ")[-1]
        by_kind.setdefault(each.kind, set()).add(word)
    for kind, words in by_kind.items():
        ordered = sorted(words, key=lambda word: (len(word) if word.isdigit() else 0, word))
        yield f"{kind.capitalize()}: {', '.join(ordered)}"
