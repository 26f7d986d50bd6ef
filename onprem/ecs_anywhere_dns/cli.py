"""The command line. Each command is a module of `commands`; here it is found and run, and the way
in which it ends becomes an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NoReturn

from ecs_anywhere_dns import __version__
from ecs_anywhere_dns.commands import COMMANDS, NAME, command
from ecs_anywhere_dns.configuration import DEFAULT_FILE
from ecs_anywhere_dns.outcome import MEANINGS, Exit, Stop
from ecs_anywhere_dns.printing import accept_any_locale, show_defect, show_report
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.visible import visible

READER_LEFT = 141
"""The exit code of a program that ended by SIGPIPE."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command that `words` name, by default those of the process. Return the exit code; see
    `outcome.Exit`."""
    accept_any_locale()
    said = sys.argv[1:] if words is None else list(words)
    arguments = parser(said).parse_args(said)
    try:
        code = _run_command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has enough, as in `… | head`. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_LEFT
    except Exception as defect:  # noqa: BLE001 - the end of the program: nobody else would show it
        show_defect(defect)
        return int(Exit.UNEXPECTED)
    return code


def _run_command(arguments: argparse.Namespace) -> int:
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except Stop as problem:
        show_report(Report(arguments.name).stopped(problem), as_json=arguments.json)
        return int(problem.exit)


class Parser(argparse.ArgumentParser):
    """A parser that quotes words of the command line without their escape sequences."""

    def error(self, message: str) -> NoReturn:
        super().error(visible(message))


def parser(words: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Return the parser of every command. Only those among `words` are imported, and have their
    options: the others cannot be meant."""
    codes = "\n".join(f"  {int(code):>2}  {meaning}" for code, meaning in MEANINGS.items())
    whole = Parser(
        prog=NAME,
        description="Keep this host's DNS server forwarding to the inbound resolver of a VPC.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=__version__)
    whole.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=DEFAULT_FILE,
        help=f"configuration file; default: {DEFAULT_FILE}",
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND", dest="name")
    for name, summary in COMMANDS.items():
        added = commands.add_parser(name, help=summary, description=summary)
        if name in words:
            added.add_argument("--json", action="store_true", help="print JSON")
            module = command(name)
            module.add_options(added)
            added.set_defaults(run=module.run)
    return whole
