"""The manual page: it says what the code says, and man takes it without a warning."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
from ecs_anywhere_dns import __version__
from ecs_anywhere_dns.cli import parser
from ecs_anywhere_dns.following.metrics import METRICS, PREFIX
from ecs_anywhere_dns.outcome import MEANINGS
from ecs_anywhere_dns.servers import OTHERS, SERVERS, make_server
from ecs_anywhere_dns.settings import Settings

from scripts.manual_page import page
from tests.onprem.lab.forked import REPOSITORY
from tests.onprem.test_commands import LABORATORY_ONLY

PAGE = REPOSITORY / "onprem" / "man" / "ecs-anywhere-dns.8"


def shown(*command: str | Path) -> str:
    """Return the page as a terminal shows it, in lines without an end."""
    ran = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "1000"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    return re.sub(r"\x1b\[[0-9;]*m|.\x08", "", ran.stdout)


@pytest.fixture(scope="module")
def text() -> str:
    return shown("man", "-l", "--warnings=all", PAGE)


def test_the_page_in_the_repository_is_the_one_that_the_code_gives() -> None:
    assert PAGE.read_text() == page(), (
        "PYTHONPATH=onprem .venv/bin/python scripts/manual_page.py onprem/man/ecs-anywhere-dns.8"
    )


@pytest.mark.parametrize(
    "command",
    [("man", "-l", "--warnings=all"), ("groff", "-man", "-Tutf8", "-ww", "-rCHECKSTYLE=3")],
)
def test_it_is_shown_without_a_warning(command: tuple[str, ...]) -> None:
    assert __version__ in shown(*command, PAGE)


def test_it_has_every_command_with_its_options(text: str) -> None:
    commands = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    said = text.split("\nCOMMANDS\n")[1].split("\nEXIT STATUS\n")[0]
    parts = re.split(r"^   (\w+)$", said, flags=re.MULTILINE)
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(told) == list(commands.choices)
    for name, command in commands.choices.items():
        there = set(command._option_string_actions) - {"-h", "--help", "--json"}
        assert set(re.findall(r"^       (--[a-z-]+)", told[name], re.MULTILINE)) == there


def test_it_has_every_exit_code_with_its_meaning(text: str) -> None:
    said = text.split("\nEXIT STATUS\n")[1].split("\nCONFIGURATION\n")[0]
    told = dict(re.findall(r"^ +(\d+) +(.+)\.$", said, re.MULTILINE))
    assert told == {str(int(code)): meaning for code, meaning in MEANINGS.items()}


def test_it_has_every_key_of_the_configuration(text: str) -> None:
    said = text.split("\nCONFIGURATION\n")[1].split("\nMONITORING\n")[0]
    own, of_servers = said.split("A table named as the server")
    words = set(re.findall(r"\w+", " ".join(re.findall(r"^       (\w.*)$", own, re.MULTILINE))))
    assert {each.name for each in fields(Settings)} - {"server_table"} - LABORATORY_ONLY <= words
    for name in SERVERS:
        server = make_server(name, "us-east-2", "127.0.0.1", 53, {})
        keys = {each.name for each in fields(server)} - {"region", "address", "port", OTHERS}  # type: ignore[arg-type]
        told = set(re.findall(rf"^       \[{name}\] (\w+)", of_servers, re.MULTILINE))
        assert told == keys, name


def test_it_has_every_metric(text: str) -> None:
    assert all(f"{PREFIX}{metric.name}" in text for metric in METRICS)


def test_what_is_typed_can_be_copied_from_it(text: str) -> None:
    """In ASCII: a hyphen of typography is no hyphen of a command."""
    assert "ecs-anywhere-dns init --server bind --vpc vpc-0123456789abcdef0" in text
    assert "\u2010" not in text and "\u2212" not in text
