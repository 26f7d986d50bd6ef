"""What a status, an error, an alarm or an exit code means is read from the manual: none is without
meaning and cure, and nothing is explained that nobody says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from connectivity.domain import errors
from ecs_anywhere import answering, manual
from ecs_anywhere.commands import app
from ecs_anywhere.explaining import Explanation, UnknownError, exit_codes, explain, explanations
from ecs_anywhere_check.findings import FAILED, PRIVATE, PUBLIC, Finding
from ecs_anywhere_check.showing import exit_code
from ecs_anywhere_dns.outcome import Exit
from typer.testing import CliRunner

from recovery import __main__ as rebuild
from tests.template.sam_template import resources

ROOT = Path(__file__).parents[3]
KINDS = [*errors.Fact.__subclasses__(), *errors.Waiting.__subclasses__()]
ALARMS = sorted(resources("AWS::CloudWatch::Alarm"))
NAMES = {*(kind.__name__ for kind in KINDS), *ALARMS}
USAGE = 2
"""What Python's and typer's parsers end with."""


def codes(command: str) -> set[int]:
    """Return the exit codes of a command that the manual has."""
    named = (each.name.rpartition(" ") for each in exit_codes())
    return {int(code) for name, _, code in named if name == command}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_error_and_every_alarm_of_the_app_has_a_meaning_and_a_cure(name: str) -> None:
    [found] = explain(name)
    assert found.cause
    assert found.cure


def test_nothing_is_explained_that_the_app_does_not_say() -> None:
    said = {each.name for each in explanations() if each.kind in {"error", "alarm"}}
    assert said == NAMES


def test_every_exit_code_of_every_command_has_a_meaning_and_a_cure() -> None:
    assert codes("ecs-anywhere") == {
        0,
        answering.NEEDS_A_PERSON,
        answering.COMMAND_LINE,
        answering.UNREADABLE,
        answering.NOT_SAID_YES,
        answering.INTERRUPTED,
    }
    assert codes("ecs-anywhere-dns") == set(Exit)
    verdicts: tuple[list[str], ...] = (
        [PRIVATE],
        [PUBLIC],
        [FAILED],
        [PRIVATE, FAILED],
        [PRIVATE, PUBLIC],
        [],
    )
    check = {exit_code([Finding("", "", verdict, "") for verdict in each]) for each in verdicts}
    assert codes("ecs-anywhere-check") == {*check, USAGE}
    assert codes("make rebuild-ledger") == {
        rebuild.DONE,
        rebuild.UNDECIDED,
        rebuild.NOTHING_WRITTEN,
        rebuild.UNREADABLE,
    }
    e2e = (ROOT / "e2e" / "__main__.py").read_text()
    assert codes("make e2e") == {int(code) for code in re.findall(r"return (\d)\b", e2e)}
    for each in exit_codes():
        assert each.cause, each.name
        assert each.cure, each.name


def test_a_code_is_explained_for_each_command_that_has_it() -> None:
    assert [each.name for each in explain("61")] == ["ecs-anywhere-dns 61"]
    assert {each.name for each in explain(" 3")} == {
        "ecs-anywhere 3",
        "ecs-anywhere-check 3",
        "ecs-anywhere-dns 3",
        "make rebuild-ledger 3",
    }


def test_an_unfit_vpc_is_explained_with_every_problem_and_its_cure() -> None:
    [found] = explain("PreconditionsNotMet")
    assert len(found.more) > 20
    assert ("too few free addresses", "free some, or add a subnet") in found.more
    assert all(problem and cure for problem, cure in found.more)


@pytest.mark.parametrize("found", list(explanations()), ids=lambda found: str(found.name))
def test_an_explanation_stands_by_itself_and_sends_nobody_to_a_place_that_is_not_shown(
    found: Explanation,
) -> None:
    """It is read in a terminal, without the page around it."""
    assert not re.search(r"\b(see )?(below|above)\b", f"{found.cause} {found.cure}")
    assert "](" not in f"{found.cause} {found.cure} {found.more}"


@pytest.mark.parametrize(
    "status",
    [
        "planned",
        "waiting",
        "connected",
        "failed",
        "held-up",
        "needed",
        "removing",
        "removed",
    ],
)
def test_a_status_is_explained(status: str) -> None:
    [found] = explain(status)
    assert found.kind == "status"
    assert found.cause
    assert found.cure


def steps(word: str) -> dict[str, str]:
    """Return the sections of the manual that are shown for a word, by their titles."""
    return {
        place.title: "\n".join(place.lines) for found in explain(word) for place in found.places
    }


@pytest.mark.parametrize(
    ("word", "title", "step"),
    [
        ("61", "Not even rolled back", "systemctl status named"),
        ("60", "Rolled back", "2. Mend it, then `ecs-anywhere-dns apply --force`."),
        ("30", "Refused", "- edited by hand: its checksum is not that of its content -> do not"),
        ("20", "The publication is gone, and a host still forwards", "rollback --to-none"),
        ("20", "The resolver IPs changed", 'resolver_ips = ["10.0.0.40", "10.0.1.40"]'),
        ("held-up", "Many removals at once", "`remove`"),
        ("FailedVerificationsAlarm", "How to read a failed verification", "- a TLS error: 443/tcp"),
    ],
)
def test_where_the_cure_is_a_section_of_the_manual_its_steps_are_shown(
    word: str, title: str, step: str
) -> None:
    assert step in steps(word)[title]


@pytest.mark.parametrize("code", [60, 61, 70])
def test_what_is_done_about_a_code_of_a_dns_host_stands_in_one_line(code: int) -> None:
    [found] = explain(str(code))
    assert "`ecs-anywhere-dns " in found.cure


def test_a_long_section_is_shown_from_its_beginning_with_its_address() -> None:
    [place] = explain("NotResolvingYet")[0].places[1:]
    assert place.address == "docs/operations.md#failure-in-the-middle"
    assert not place.is_whole
    assert manual.BEGINNING <= len(place.lines) < manual.LONGEST
    assert "docs/operations.md#failure-in-the-middle goes on" in said("NotResolvingYet")


def test_a_link_to_another_document_is_shown_with_its_address() -> None:
    [found] = explain("EvidenceNotKept")
    assert "record of a run [docs/guide.md#records-of-runs]" in found.cause


def test_what_is_waited_for_is_told_with_its_longest_time_as_a_line_of_its_own() -> None:
    lines = said("TurnHoursAway").splitlines()
    assert [line[:7].strip() for line in lines] == ["TurnHou", "means", "at most", "then"]
    assert "at most" not in lines[1]


def said(word: str) -> str:
    """Return what the command prints about a word that it knows."""
    ran = CliRunner().invoke(app, ["explain", word])
    assert ran.exit_code == 0
    return ran.output


def test_a_word_that_is_nearly_an_error_finds_it() -> None:
    assert explain(" preconditionsnotmet ")[0].name == "PreconditionsNotMet"
    with pytest.raises(UnknownError, match="Near it: PreconditionsNotMet"):
        explain("Preconditions")
    with pytest.raises(UnknownError, match="99 is no status, error"):
        explain("99")


def test_a_word_that_is_unknown_is_a_mistake_on_the_command_line_and_all_words_are_named() -> None:
    ran = CliRunner().invoke(app, ["explain", "nonsense"])
    assert ran.exit_code == answering.COMMAND_LINE
    assert "Near it" not in ran.output
    words = {each.name.split(" ")[-1] for each in explanations()}
    assert [word for word in words if word not in ran.output] == []
