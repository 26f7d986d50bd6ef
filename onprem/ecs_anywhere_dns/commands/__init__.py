"""The list of the commands. Each is a module beside this file, with its options and `run`, which
executes the command, prints its report and returns the exit code."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

NAME = "ecs-anywhere-dns"
COMMANDS: Mapping[str, str] = {
    "apply": "follow the publication; the timer runs this",
    "check": "fetch and validate the publication, ask each resolver IP",
    "verify": "ask this DNS server for every name that was published",
    "status": "what is applied, and how the last run ended",
    "doctor": "everything that would stop or weaken the forwarding here",
    "rollback": "back to the forwarding before the last change",
    "render": "print the configuration for a DNS server",
    "init": "write the configuration file and empty fragments, once",
}
"""Each command with its line of the help, in the order in which the help has them."""


class Command(Protocol):
    """A module of this folder."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options that this command has besides `--json`."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Execute the command, print its report, and return the exit code. Raises Stop."""
        ...


def command(name: str) -> Command:
    """Return the module of a command. It is imported here: a run needs one of them."""
    return cast(Command, import_module(f"{__name__}.{name}"))
