"""Options, exit codes, questions and the form of errors, which every command shares."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from connectivity.domain.errors import Fact, Waiting
from connectivity.domain.printable import printable_lines, shortened

from ecs_anywhere import asking, aws_errors, explaining
from ecs_anywhere.evidence import NoEvidence
from ecs_anywhere.evidence_files import NoRecords
from ecs_anywhere.leak_records import UnreadableRecords
from ecs_anywhere.prices import UnreadablePrices
from ecs_anywhere.public_key import UnreadableKey
from ecs_anywhere.stack import NoStack, Stack
from ecs_anywhere.watching import NobodyCameError

NEEDS_A_PERSON, COMMAND_LINE, UNREADABLE, NOT_SAID_YES, INTERRUPTED = 1, 2, 3, 4, 130

Regions = Annotated[
    list[str], typer.Option("--region", help="AWS Region; can be given several times.")
]
Profiles = Annotated[
    list[str], typer.Option("--profile", help="Profile; can be given several times.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of tables.")]


def vpc_id(given: str) -> str:
    """Return the id of a VPC as it was given. Raises BadParameter for what is none."""
    if not re.fullmatch(r"vpc-[0-9a-f]{8}([0-9a-f]{9})?", given):
        raise typer.BadParameter(f"{given} is no id of a VPC, as in vpc-0a1b2c3d")
    return given


Vpc = Annotated[
    str,
    typer.Argument(metavar="VPC", help="Id of the VPC, as in vpc-0a1b2c3d.", callback=vpc_id),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Watched = Annotated[bool, typer.Option("--watch/--no-watch", help="Stay until it is done.")]
PriceFile = Annotated[
    Path | None, typer.Option("--prices", help="Your own prices, as JSON.", dir_okay=False)
]
LONGEST_MESSAGE = 4000
HERE = Path()


@contextmanager
def told() -> Iterator[None]:
    """Let an error that was to be expected end in a line with its cure, and an exit code. Any other
    is a fault of this command, and ends in its traceback."""
    try:
        yield
    except (NoStack, NoRecords, UnreadableKey, UnreadablePrices, UnreadableRecords) as error:
        end_as_written(UNREADABLE, str(error))
    except (ClientError, BotoCoreError) as error:
        end_as_written(UNREADABLE, aws_errors.told(error))
    except Waiting as error:
        end(UNREADABLE, f"{error}: try again in a minute")
    except ResponseParserError as error:
        first = str(error).partition("\n")[0]
        end(UNREADABLE, f"no answer of AWS that can be read: {first}")
    except OSError as error:
        end_as_written(UNREADABLE, f"a file cannot be read or written: {error}")
    except explaining.UnknownError as error:
        end(COMMAND_LINE, str(error))
    except (
        Fact,
        NoEvidence,
        asking.NotAskedError,
        NobodyCameError,
    ) as error:
        end(NEEDS_A_PERSON, str(error))
    except KeyboardInterrupt:
        end(INTERRUPTED, "Interrupted: what AWS was asked for already goes on.")


def end(code: int, message: str) -> NoReturn:
    """Write the message on standard error, and end with that exit code."""
    typer.echo(printable_lines(message, LONGEST_MESSAGE), err=True)
    raise typer.Exit(code)


def end_as_written(code: int, message: str) -> NoReturn:
    """End as `end` does, with the links of the message: it names an endpoint or a file of the
    person's own, which has to be copied, and quotes nobody else."""
    typer.echo(as_written(message), err=True)
    raise typer.Exit(code)


def as_written(message: str) -> str:
    """Return the message, at most `LONGEST_MESSAGE` long, with nothing that moves a cursor."""
    kept = (letter if letter.isprintable() or letter == "\n" else "_" for letter in message)
    return shortened("".join(kept), LONGEST_MESSAGE)


def ask(question: str, yes: bool) -> None:
    """Ask the person, and end with `NOT_SAID_YES` where nobody says yes."""
    if not says_yes(question, yes):
        end(NOT_SAID_YES, "Nothing was changed.")


def says_yes(question: str, yes: bool) -> bool:
    """Tell whether the person says yes; with `yes` nobody is asked."""
    try:
        return yes or typer.confirm(question, default=False)
    except typer.Abort:  # nobody is there to answer
        return False


def vpc_in(stack: Stack, vpc: str) -> str:
    """Return the VPC with its account and Region, for a question or an error."""
    return f"{vpc} in account {stack.account}, {stack.region}"


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    typer.echo(json.dumps(value, indent=2))
