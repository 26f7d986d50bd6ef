"""`ecs-anywhere agents`: from nothing to registered, connected, and proven private."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from connectivity.domain.printable import printable

from ecs_anywhere import asking, installing, joining, showing
from ecs_anywhere.agents import Agent, Site
from ecs_anywhere.answering import (
    NEEDS_A_PERSON,
    NOT_SAID_YES,
    AsJson,
    Vpc,
    Yes,
    ask,
    end,
    print_json,
    says_yes,
    told,
    vpc_in,
)
from ecs_anywhere.options import Place, with_options

app = typer.Typer(
    no_args_is_help=True,
    help="Register, see and check container hosts, restart their agents.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
Role = Annotated[str, typer.Option(help="Name of the role that hosts get.")]
Cluster = Annotated[str, typer.Option(help="Amazon ECS cluster of the hosts.")]
ROLE, DEFAULT = "ecs-anywhere-container-host", "default"
MOST_HOSTS, MOST_HOURS = 1000, 720
"""AWS's limits of one activation."""


@app.command()
@with_options
def role(
    place: Place,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the role.")] = ROLE,
    yes: Yes = False,
) -> None:
    """Make the role that container hosts get.

    It has the two policies that AWS names for it.
    """
    with told():
        found = place.read()
        for arn in joining.policies(found):
            typer.echo(f"attaches: {arn}")
        ask(f"Make the role {name} in account {found.account}?", yes)
        joining.make_role(found, name)
    typer.echo(f"{name} is there.")


@app.command()
@with_options
def activate(
    vpc: Vpc,
    place: Place,
    into: Annotated[
        Path, typer.Option(help="New file for id and code of the activation.", dir_okay=False)
    ] = Path("ecs-anywhere-activation"),
    role: Role = ROLE,
    hosts: Annotated[int, typer.Option(min=1, max=MOST_HOSTS, help="Hosts that may use it.")] = 1,
    hours: Annotated[int, typer.Option(min=1, max=MOST_HOURS, help="Until it expires.")] = 24,
    yes: Yes = False,
) -> None:
    """Make an activation, with which hosts register.

    Its code goes into a file alone.
    """
    with told():
        found = place.read()
        asking.tags_of(found, vpc)
        if lacking := list(joining.missing(found, role)):
            end(NEEDS_A_PERSON, "\n".join((f"the role {role} is not as it has to be:", *lacking)))
        for key, value in joining.tags_of(found, vpc).items():
            typer.echo(f"tags each host: {key}={value}")
        ask(f"Let {hosts} host(s) register for {vpc_in(found, vpc)}, within {hours} h?", yes)
        until = joining.activate(found, joining.Activation(vpc, role, hosts, hours), into)
    typer.echo(f"{into} holds id and code, until {until:%Y-%m-%d %H:%M} UTC. Whoever has it can")
    typer.echo("register a host of this account: bring it to the host, and delete it here.")
    typer.echo("Next: ecs-anywhere agents install --cluster CLUSTER [--offline]")


@app.command()
@with_options
def install(
    place: Place,
    cluster: Cluster = DEFAULT,
    offline: Annotated[bool, typer.Option(help="For hosts that never reach the internet.")] = False,
    package: Annotated[installing.Package, typer.Option(help="Of the distribution.")] = "deb",
    processor: Annotated[installing.Processor, typer.Option(help="Of the host.")] = "amd64",
) -> None:
    """Print the commands that install both agents.

    Nothing is run.
    """
    with told():
        if not installing.CLUSTER.fullmatch(cluster):
            raise asking.NotAskedError(f"{cluster!r} is no name of a cluster: correct --cluster")
        found = place.read()
        host = installing.Host(found.region, cluster, package, processor)
    lines = [*installing.to_bring(host), "", *installing.offline(host)]
    typer.echo("\n".join(lines if offline else installing.online(host)))


@app.command()
@with_options
def status(
    vpc: Vpc,
    place: Place,
    cluster: Cluster = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Show each host: online, connected, private?"""
    with told():
        found = _site(vpc, cluster, place).agents()
    _show(found, as_json)


@app.command()
@with_options
def check(
    vpc: Vpc,
    place: Place,
    cluster: Cluster = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Let every host look at its own way now.

    Asks those that are online, shows what each says, and changes nothing on it.
    """
    with told():
        site = _site(vpc, cluster, place)
        online = [host.instance for host in site.hosts() if host.ping == "Online"]
        since = site.check(online)
        found = tuple(
            each.as_of(since) if each.check.instance in online else each for each in site.agents()
        )
    _show(found, as_json)


@app.command()
@with_options
def restart(
    vpc: Vpc,
    place: Place,
    cluster: Cluster = DEFAULT,
    every: Annotated[bool, typer.Option("--all", help="Also those that are private.")] = False,
    yes: Yes = False,
) -> None:
    """Restart ECS agents, one host after the other.

    Of hosts whose names are private and whose agent is not: each after a yes, and none after one
    that did not come back.
    """
    with told():
        site = _site(vpc, cluster, place)
        for agent in _to_restart(site.agents(), every):
            name, instance = printable(agent.check.label), agent.check.instance
            if not says_yes(f"Restart the ECS agent of {name}? Its containers go on.", yes):
                end(NOT_SAID_YES, f"{name} and the hosts after it were not touched.")
            since = site.restart(instance)
            found = site.agents()
            after = next(each for each in found if each.check.instance == instance).as_of(since)
            typer.echo(f"{name}: connected, and {after.check.word}")
            if not after.is_well:
                said = f"{after.next_step or 'look at it'}. No other host was touched"
                end(NEEDS_A_PERSON, f"{name} is not known to be private after its restart: {said}")
        found = site.agents()
    _show(found, as_json=False)


def _to_restart(found: tuple[Agent, ...], every: bool) -> list[Agent]:
    """Return the hosts that a restart can mend; with `every` also those that need none. A host
    whose names are not private would learn the public way once more."""
    for agent in found:
        if not agent.is_well and not agent.check.names_are_private:
            typer.echo(f"passed over: {printable(agent.check.label)}: {agent.next_step}")
    return [
        agent
        for agent in found
        if agent.ping == "Online"
        and agent.connected is not None
        and agent.check.names_are_private
        and (every or not agent.is_well)
    ]


def _site(vpc: str, cluster: str, place: Place) -> Site:
    return Site(place.read(), vpc, cluster)


def _show(found: tuple[Agent, ...], as_json: bool) -> None:
    """Show the hosts. Whoever is not well ends with that."""
    if as_json:
        print_json([each.as_json() for each in found])
    else:
        showing.console().print(showing.agents(found))
    if not found or not all(each.is_well for each in found):
        raise typer.Exit(NEEDS_A_PERSON)
