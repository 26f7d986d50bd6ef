"""Answers of container hosts about their own way to AWS, as far as they can be believed.

A host's answer is the output of a command that AWS Systems Manager ran on it. Whoever is root there
can print anything, so: which host has answered is AWS's word and never the answer's, the addresses
are judged here by what is published, and words stay words, bounded and in one line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from connectivity.domain.printable import first_lines, listed, printable

SCHEMA = 1
VPC_TAG = "ecs-anywhere:vpc"
"""Tag of a managed instance that says whose names its host is to find private."""
COUNTS_FOR = 2 * 86400.0
"""Seconds after which an answer says nothing of now."""
LARGEST_ANSWER = 2500
"""Characters that AWS Systems Manager keeps of an output."""
LONGEST_NAME, LONGEST_WORD = 64, 160
MOST_WRONG = 5
"""Things that are told of one host."""
UNDER_WAY = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
RAN = frozenset({"Success", "Failed"})
"""Status of an invocation whose script has come to an end, well or not."""

Verdict = Literal["private", "public", "failed", "unchecked"]
ASK_ALL = "ecs-anywhere-check --document FILE, with the published document in that file"
_IN_PART = "private for the names that were asked"
_VERDICTS = frozenset({"PRIVATE", "PUBLIC", "FAILED"})


@dataclass(frozen=True)
class ManagedHost:
    """A container host that is to be checked, as AWS Systems Manager knows it."""

    instance: str
    """Id in AWS Systems Manager, as in mi-0123456789abcdef0."""
    name: str = ""
    """Name of the host, as its agent says it."""
    ping: str = ""
    """`Online`, or what AWS says instead."""
    vpc: str = ""
    """The VPC that its tag `ecs-anywhere:vpc` names; empty where it has no such tag."""


@dataclass(frozen=True)
class Invocation:
    """One run of the check on one host, as AWS Systems Manager keeps it."""

    instance: str
    at: float
    """Seconds since the epoch, when AWS was asked for it."""
    status: str
    output: str = ""


@dataclass(frozen=True)
class HostCheck:
    """Knowledge of one container host's way to AWS."""

    instance: str
    name: str
    verdict: Verdict
    checked_at: float
    """Seconds since the epoch; 0 for never."""
    said: tuple[str, ...] = ()
    """Faults and their cures, in the host's words where it has some."""
    names_are_private: bool = False
    """True where every name that was asked leads to what is published, by every DNS server of the
    host: what is wrong then is what the agents have learned before, and a restart mends."""
    published: int = 0
    """Number of names that are published for its VPC, without those that stand for many."""
    not_asked: tuple[str, ...] = ()
    """Published names of which the host's answer says nothing: the check asks for the names that an
    agent needs, and a VPC may have more."""

    @property
    def label(self) -> str:
        """Return how a person calls the host: its own name is its own word, the id is AWS's."""
        return f"{self.name} {self.instance}".strip()

    @property
    def word(self) -> str:
        """Return the verdict as a person reads it: nobody knows whether a name that was not asked
        is private."""
        if self.verdict != "private" or not self.not_asked:
            return self.verdict
        return f"private for {self.published - len(self.not_asked)} of {self.published} names"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def host_checks(
    hosts: Iterable[ManagedHost],
    invocations: Iterable[Invocation],
    published: Mapping[str, Sequence[str]],
    now: float,
) -> tuple[HostCheck, ...]:
    """Return what each host says, by the names and addresses that are published for its VPC, worst
    first. An answer of an instance that is none of `hosts` counts for nobody."""
    last = _last_ended(invocations)
    found = [_check(host, last.get(host.instance), published, now) for host in hosts]
    worst = ("public", "failed", "unchecked", "private")
    return tuple(sorted(found, key=lambda each: (worst.index(each.verdict), each.label)))


def of_vpc(hosts: Iterable[ManagedHost], vpc_id: str, is_only: bool) -> tuple[ManagedHost, ...]:
    """Return the hosts of a VPC: those tagged with it, and, where it is the only one that is
    connected, those that have no such tag."""
    return tuple(host for host in hosts if host.vpc == vpc_id or (is_only and not host.vpc))


def summary(checks: Sequence[HostCheck]) -> str:
    """Return one line: how many are private, which are not. Empty where there is no host."""
    parts: list[str] = []
    for kind in ("private", _IN_PART, "public", "failed", "unchecked"):
        of_it = [each for each in checks if _kind(each) == kind]
        if of_it:
            named = "" if kind == "private" else f" ({listed([e.label for e in of_it])})"
            parts.append(f"{len(of_it)} {kind}{named}")
    return f"container hosts: {', '.join(parts)}" if parts else ""


def _kind(check: HostCheck) -> str:
    return _IN_PART if check.verdict == "private" and check.not_asked else check.verdict


def wrong(checks: Iterable[HostCheck]) -> tuple[str, ...]:
    """Return a line for each host that is not private, ten at most."""
    lines = [
        f"{each.label} is {each.verdict}: {'; '.join(each.said)}"
        for each in checks
        if each.verdict in {"public", "failed"}
    ]
    return tuple(first_lines(lines))


def _last_ended(invocations: Iterable[Invocation]) -> dict[str, Invocation]:
    ended = [each for each in invocations if each.status not in UNDER_WAY]
    return {each.instance: each for each in sorted(ended, key=lambda each: each.at)}


def _check(
    host: ManagedHost, run: Invocation | None, published: Mapping[str, Sequence[str]], now: float
) -> HostCheck:
    name = printable(host.name, LONGEST_NAME)
    if run is None or now - run.at > COUNTS_FOR:
        said = f"not checked within two days; its SSM agent is {host.ping or 'unknown'}"
        return HostCheck(host.instance, name, "unchecked", run.at if run else 0.0, (said,))
    return _judged(HostCheck(host.instance, name, "failed", run.at), run, published)


def _judged(check: HostCheck, run: Invocation, published: Mapping[str, Sequence[str]]) -> HostCheck:
    """Return the check with what the run says. It is `failed` where nothing else is known."""
    if run.status not in RAN:
        cure = "see whether its SSM agent is online, and ask again"
        said = f"the check did not run there ({printable(run.status, 40)}): {cure}"
        return replace(check, said=(said,))
    answer = read_answer(run.output)
    if answer is None:
        words = printable(run.output.strip(), LONGEST_WORD) or "nothing"
        cure = "install ecs-anywhere-check there, of this release"
        return replace(check, said=(f"no answer that can be read: {words} -> {cure}",))
    names = {n: said for n, said in answer["names"].items() if n in published or not published}
    if not names:
        return replace(check, said=("its answer names nothing that is published",))
    return _compared(check, answer, names, published)


def _compared(
    check: HostCheck,
    answer: Mapping[str, Any],
    names: Mapping[str, Sequence[str]],
    published: Mapping[str, Sequence[str]],
) -> HostCheck:
    unasked = set(answer["names"]) - set(names)
    of = [name for name in published if not name.startswith("*")]
    not_asked = tuple(sorted(set(of) - set(names)))
    found = [each for each in answer["wrong"] if each[1] not in unasked]
    elsewhere = list(_elsewhere(names, published))
    verdicts = {each[0] for each in (*found, *names.values())}
    return replace(
        check,
        verdict=_worst(verdicts, answer, bool(elsewhere)),
        said=(
            *(*elsewhere, *_words(found))[:MOST_WRONG],
            *_of_not_asked(not_asked, of, answer["left"]),
        ),
        names_are_private=not elsewhere
        and {each[0] for each in names.values()} == {"PRIVATE"}
        and not any(each[1] in names for each in found),
        published=len(of),
        not_asked=not_asked,
    )


def _of_not_asked(not_asked: Sequence[str], published: Sequence[str], left: int) -> Iterator[str]:
    """Yield how many names were asked, and which were not; nothing where all were. `left` things
    had no room in the answer."""
    if not_asked:
        asked = len(published) - len(not_asked)
        named = listed(not_asked)
        room = " (or without room in its answer)" if left else ""
        said = f"{asked} of {len(published)} published names were asked: not asked{room} {named}"
        yield f"{said} -> on it: {ASK_ALL}"


def _worst(verdicts: set[str], answer: Mapping[str, Any], is_elsewhere: bool) -> Verdict:
    """Return the one verdict. What had no room in the answer is in the host's own verdict alone."""
    if answer.get("left"):
        verdicts = verdicts | {answer["verdict"]}
    if is_elsewhere or "PUBLIC" in verdicts:
        return "public"
    return "private" if verdicts == {"PRIVATE"} else "failed"


def read_answer(output: str) -> dict[str, Any] | None:
    """Return the first line that is an answer of `ecs-anywhere-check --brief`, in a schema that is
    known here; None where there is none."""
    for line in output[:LARGEST_ANSWER].splitlines():
        if not line.startswith("{"):
            continue
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if _is_fit(said):
            return dict(said)
    return None


def _is_fit(said: Any) -> bool:
    if not isinstance(said, dict) or type(said.get("schema")) is not int:
        return False
    names, found = said.get("names"), said.get("wrong")
    return (
        said["schema"] == SCHEMA
        and isinstance(said.get("verdict"), str)
        and said["verdict"] in _VERDICTS
        and isinstance(names, dict)
        and type(said.get("left")) is int
        and all(_are_words(each, 2) and each[0] in _VERDICTS for each in names.values())
        and isinstance(found, list)
        and all(_are_words(each, 5) and each[0] in _VERDICTS for each in found)
    )


def _are_words(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(each, str) for each in value)
    )


def _elsewhere(
    names: Mapping[str, Sequence[str]], published: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Yield the names that the host calls private and that lead it past the interface endpoints of
    its VPC: into another one, or to addresses that are no longer so."""
    for name, (verdict, said) in names.items():
        others = [a for a in said.split() if name in published and a not in published[name]]
        if verdict == "PRIVATE" and others:
            led = printable(" ".join(others), LONGEST_WORD)
            yield f"{printable(name, LONGEST_WORD)} leads to {led}, which is not published for it"


def _words(found: Iterable[Sequence[str]]) -> Iterator[str]:
    for verdict, subject, vantage, said, cure in found:
        line = f"{verdict} {subject} ({vantage}): {said}"
        remedy = f" -> {printable(cure, LONGEST_WORD)}" if cure else ""
        yield printable(line, 2 * LONGEST_WORD) + remedy
