"""Options that many commands share, and those that a VPC's tags stand for."""

from __future__ import annotations

from dataclasses import fields

import pytest
import typer
from connectivity.domain import tags
from ecs_anywhere.commands import app
from ecs_anywhere.options import Place, TagOptions, tag_of
from typer.main import get_command
from typer.testing import CliRunner


def options_of(*words: str) -> set[str]:
    command = get_command(app)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    return {name for each in command.params for name in each.opts}


@pytest.mark.parametrize("command", ["plan", "enable"])
def test_whatever_a_tag_can_say_the_command_can_say(command: str) -> None:
    wanted = {key: f"--{key.partition(':')[2]}" for key in tags.WISH_TAGS if key != tags.WISH}
    assert {tag_of(each.name) for each in fields(TagOptions)} == set(wanted)
    assert set(wanted.values()) <= options_of(command)


def test_only_the_tags_that_were_asked_for_are_set() -> None:
    said = TagOptions(services="ecr", onprem_cidrs="").as_tags()
    assert said == {tags.SERVICES: "ecr", tags.ONPREM_CIDRS: ""}


def test_options_that_contradict_each_other_are_a_mistake_on_the_command_line() -> None:
    both = {"resolver": "rslvr-in-0a1b2c3d4e5f67890", "resolver_ips": "10.0.0.9 10.0.1.9"}
    with pytest.raises(typer.BadParameter, match="give one of the two"):
        TagOptions(**both)
    words = [f"--{name.replace('_', '-')}={value}" for name, value in both.items()]
    ran = CliRunner().invoke(app, ["plan", "vpc-0a1b2c3d", *words], env={"COLUMNS": "400"})
    assert ran.exit_code == 2, ran.output
    assert "give one of the two" in ran.output


EVERYWHERE = [
    *(["costs"], ["leaks"], ["plan"], ["enable"], ["disable"], ["verify"], ["watch"], ["doctor"]),
    *(["evidence", "show"], ["evidence", "verify"]),
    *(["agents", each] for each in ("role", "activate", "install", "status", "check", "restart")),
]


@pytest.mark.parametrize("words", EVERYWHERE, ids=" ".join)
def test_each_command_that_reads_a_stack_can_be_told_which(words: list[str]) -> None:
    wanted = {f"--{each.name}" for each in fields(Place)}
    assert wanted <= options_of(*words)


def test_the_stack_s_name_can_come_from_the_environment() -> None:
    command = get_command(app).commands["doctor"]  # type: ignore[attr-defined]
    [stack] = [each for each in command.params if each.name == "stack"]
    assert stack.envvar == "ECS_ANYWHERE_STACK"


@pytest.mark.parametrize("group", [[], ["agents"], ["evidence"]], ids=["all", "agents", "evidence"])
def test_each_command_is_told_on_one_line_of_the_help(group: list[str]) -> None:
    """A terminal of 80 columns leaves 64 characters beside the longest name."""
    command = get_command(app)
    for word in group:
        command = command.commands[word]  # type: ignore[attr-defined]
    for name, each in command.commands.items():  # type: ignore[attr-defined]
        first = each.help.partition("\n\n")[0]
        assert len(first) <= 64, name
        assert "\n" not in first, name
