"""`ecs-anywhere`: see, plan, ask, watch.

Exit codes: 0 well, 1 something needs a person, 2 the command line, 3 the stack or AWS cannot be
read, 4 you did not say yes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from connectivity.domain import tags
from connectivity.domain.errors import Waiting
from connectivity.domain.ledger import Entry

from ecs_anywhere import (
    agent_commands,
    asking,
    aws_errors,
    examining,
    explaining,
    overview,
    planning,
    showing,
)
from ecs_anywhere import costs as costing
from ecs_anywhere import leaks as finding
from ecs_anywhere.answering import (
    INTERRUPTED,
    NEEDS_A_PERSON,
    UNREADABLE,
    AsJson,
    PriceFile,
    Profiles,
    Regions,
    Vpc,
    Watched,
    Yes,
    as_written,
    ask,
    end,
    end_as_written,
    print_json,
    told,
    vpc_in,
)
from ecs_anywhere.evidence_commands import evidence_app
from ecs_anywhere.leak_records import in_event_history, in_files
from ecs_anywhere.looking import look
from ecs_anywhere.options import STACK, Place, StackName, TagOptions, with_options
from ecs_anywhere.prices import Prices, read_prices
from ecs_anywhere.stack import NoStack, Stack, Where, read_stack
from ecs_anywhere.standing import read_standing
from ecs_anywhere.watching import Watch

NEEDING = ("failed", "held-up", "needed")
"""States of a VPC in which a person has to do something."""
UNTIL_SOMEBODY_COMES = 120.0
"""Seconds that an event is given to start an execution."""

app = typer.Typer(
    no_args_is_help=True,
    help="Private connectivity for ECS Anywhere: what it will do, what it did, what is wrong.",
    epilog="Exit codes: 0 well, 1 something needs a person, 2 the command line, 3 the stack or AWS "
    "cannot be read, 4 you did not say yes, 130 you left while something went on.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(evidence_app, name="evidence")
app.add_typer(agent_commands.app, name="agents")


@app.command()
def status(
    stack: StackName = STACK,
    region: Regions = [],  # noqa: B006 (typer copies it)
    profile: Profiles = [],  # noqa: B006
    prices: PriceFile = None,
    as_json: AsJson = False,
) -> None:
    """Show every VPC on one screen.

    State, resolver IPs, DNS hosts that confirmed, last verification, cost, and what is wrong.
    """
    with told():
        listed = read_prices(prices)
        lines, unread = _read_all(list(_everywhere(stack, region, profile)), listed)
    lines.sort(key=lambda line: line.is_well)
    if as_json:
        print_json([line.as_json() for line in lines])
    else:
        showing.console().print(showing.status(lines, listed))
    if unread:
        end_as_written(UNREADABLE, "\n".join(unread))
    if not all(line.is_well for line in lines):
        raise typer.Exit(NEEDS_A_PERSON)


def _read_all(places: list[Where], prices: Prices) -> tuple[list[overview.Line], list[str]]:
    """Return the lines of all places that can be read, and why the others cannot: one of several
    that fails hides nothing of the rest."""
    lines: list[overview.Line] = []
    unread: list[str] = []
    for where in places:
        try:
            lines += _lines(read_stack(where), prices)
        except (NoStack, ClientError, BotoCoreError, Waiting) as error:
            if len(places) == 1:
                raise
            named = " ".join(filter(None, (where.profile, where.region)))
            unread.append(f"{named}: {_told(error)}")
    return lines, unread


def _told(error: NoStack | ClientError | BotoCoreError | Waiting) -> str:
    if isinstance(error, ClientError | BotoCoreError):
        return aws_errors.told(error)
    return str(error)


def _lines(stack: Stack, prices: Prices) -> Iterator[overview.Line]:
    return overview.lines(look(stack), stack.owner, prices)


def _everywhere(stack: str, regions: list[str], profiles: list[str]) -> Iterator[Where]:
    for profile in profiles or [""]:
        for region in regions or [""]:
            yield Where(stack, region, profile)


@app.command()
@with_options
def costs(
    place: Place,
    prices: PriceFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what is paid for and serves nobody, or twice.

    Changes nothing.
    """
    with told():
        listed, found = read_prices(prices), place.read()
        standing = read_standing(found)
        wasted = costing.wasted(standing, found.owner, listed)
    if as_json:
        print_json([each.as_json() for each in wasted])
    else:
        showing.console().print(showing.costs(wasted, listed))
    for each in standing.unseen:
        typer.echo(as_written(f"could not be looked at: {each}"), err=True)


@app.command()
@with_options
def leaks(
    place: Place,
    file: Annotated[
        list[Path],
        typer.Option(help="Records of a trail or of a Resolver query log; several times."),
    ] = [],  # noqa: B006
    hours: Annotated[
        float, typer.Option(help="Of CloudTrail's event history, without files.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Show who still reaches AWS over the internet.

    Container hosts and tasks, as far as records of AWS tell. Changes nothing.
    """
    with told():
        found_in = in_files(file) if file else in_event_history(place.read(), hours)
        records = list(found_in)
        found = finding.leaks(finding.public_ways(records))
    if as_json:
        print_json([each.as_json() for each in found])
    else:
        showing.console().print(showing.leaks(found, len(records)))


@app.command()
@with_options
def plan(
    vpc: Vpc,
    place: Place,
    options: TagOptions,
    prices: PriceFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what would be made for a VPC, and its cost.

    Also for whom it changes something, and what firewalls have to let through. Nothing is written
    anywhere: only reads are sent.
    """
    with told():
        place.read().check_release()
        planned = planning.plan(vpc, options.as_tags(), read_prices(prices))
    if as_json:
        print_json(planned.as_json())
    else:
        showing.console().print(showing.plan(planned))


@app.command()
@with_options
def enable(
    vpc: Vpc,
    place: Place,
    options: TagOptions,
    prices: PriceFile = None,
    yes: Yes = False,
    watch: Watched = True,
) -> None:
    """Connect a VPC.

    Shows the plan, asks, sets the VPC's tags, and stays until it is connected.
    """
    with told():
        found = place.read()
        found.check_release()
        showing.console().print(
            showing.plan(planning.plan(vpc, options.as_tags(), read_prices(prices)))
        )
        ask(f"Connect {vpc_in(found, vpc)}?", yes)
        _act(
            found,
            vpc,
            lambda: asking.set_tags(found, vpc, {**options.as_tags(), tags.WISH: "enabled"}),
            watch,
        )


@app.command()
@with_options
def disable(
    vpc: Vpc,
    place: Place,
    yes: Yes = False,
    watch: Watched = True,
) -> None:
    """Disconnect a VPC.

    Shows what goes, asks, takes the tag off, and stays until it is gone. Options stay as tags.
    """
    with told():
        found = place.read()
        asking.tags_of(found, vpc)
        entry = Watch(found, vpc).entry()
        for purpose, id_ in sorted(entry.held.items()):
            typer.echo(f"goes: {id_} ({purpose})")
        if entry.held:
            typer.echo("On-premises is told first, and has time to stop forwarding.")
        else:
            typer.echo("Nothing of ours is known to be there.")
        ask(f"Remove what is in {vpc_in(found, vpc)}?", yes)
        if tags.WISH not in asking.tags_of(found, vpc):
            _say(entry)
            return
        _act(found, vpc, lambda: asking.remove_wish(found, vpc), watch)


@app.command()
@with_options
def verify(
    vpc: Vpc,
    place: Place,
    watch: Watched = True,
) -> None:
    """Verify a connected VPC now.

    Has every name asked at every resolver IP from inside the VPC. Changes nothing else.
    """
    with told():
        found = place.read()
        if not Watch(found, vpc).entry().served.wish:
            asking.tags_of(found, vpc)
            raise asking.NotAskedError(f"{vpc_in(found, vpc)} is not connected: enable it first")
        before = _act(found, vpc, lambda: asking.verify(found, vpc), watch)
        if watch and Watch(found, vpc).entry().verified_at == before.verified_at:
            end(UNREADABLE, "Nothing was verified: AWS did not show all of it. Try again later")


@app.command()
@with_options
def watch(vpc: Vpc, place: Place) -> None:
    """Show what happens to a VPC, as it happens."""
    with told():
        found = place.read()
        entry = Watch(found, vpc).entry()
        if entry.holder is None:
            if not entry.status:
                asking.tags_of(found, vpc)
            typer.echo("Nobody is at work on it.")
            _say(entry)
        else:
            _follow(found, vpc, entry)


@app.command()
def explain(
    word: Annotated[
        str,
        typer.Argument(metavar="WORD", help="As in failed, PreconditionsNotMet, SweepAlarm or 61."),
    ],
) -> None:
    """Explain a status, an error, an alarm or an exit code."""
    with told():
        showing.console().print(showing.explanations(explaining.explain(word)))


@app.command()
@with_options
def doctor(
    place: Place,
    as_json: AsJson = False,
) -> None:
    """Examine the deployment.

    Do events come in, do failures reach a person, is there room?
    """
    with told():
        found = list(examining.examine(place.read()))
    if as_json:
        print_json([each.as_json() for each in found])
    else:
        showing.console().print(showing.examined(found))
    if any(each.verdict == "bad" for each in found):
        raise typer.Exit(NEEDS_A_PERSON)


def _act(stack: Stack, vpc: str, act: Callable[[], None], watched: bool) -> Entry:
    """Do it, follow it if it is watched, and return the ledger's entry as it was before."""
    before = Watch(stack, vpc).entry()
    act()
    if watched:
        _follow(stack, vpc, before)
    else:
        typer.echo(f"Asked. What comes of it: ecs-anywhere watch {vpc}")
    return before


def _follow(stack: Stack, vpc: str, before: Entry) -> None:
    watching, console = Watch(stack, vpc), showing.console()
    try:
        execution = watching.execution(before, UNTIL_SOMEBODY_COMES)
        for happened in watching.steps(execution) if execution else ():
            console.print(showing.step(happened))
    except KeyboardInterrupt:
        end(INTERRUPTED, f"It goes on without you: ecs-anywhere watch {vpc}")
    _say(watching.entry())


def _say(entry: Entry) -> None:
    """Show the status that stands. What needs a person ends with that."""
    nothing = "nobody has asked for anything yet, or AWS has told nobody: ecs-anywhere doctor"
    said = f"{entry.status}: {entry.detail}" if entry.status else nothing
    showing.console().print(said, markup=False)
    if entry.status in NEEDING:
        raise typer.Exit(NEEDS_A_PERSON)
