"""The command line. Each command is parse -> one call -> print -> exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ecs_anywhere_dns import __version__
from ecs_anywhere_dns.configuration import DEFAULT_FILE, load, server_of
from ecs_anywhere_dns.configuring import KeyStep, Wish, configure
from ecs_anywhere_dns.examination import examine, installed
from ecs_anywhere_dns.following.rollback import rollback
from ecs_anywhere_dns.following.sequence import apply
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.init_options import add_options
from ecs_anywhere_dns.initialise import (
    add_includes,
    check_there,
    make_empty_fragments,
)
from ecs_anywhere_dns.looking import check, status, verify
from ecs_anywhere_dns.outcome import MEANINGS, BadUsage, Exit, Stop
from ecs_anywhere_dns.pinned.belief import pins_of
from ecs_anywhere_dns.pinned.keys import WHAT_IT_IS, read_public_key
from ecs_anywhere_dns.printing import (
    accept_any_locale,
    show_defect,
    show_findings,
    show_fragments,
    show_lines,
    show_nothing,
    show_report,
    show_status,
    show_step,
)
from ecs_anywhere_dns.rendering import Wanted, fragments_of, write_fragments
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.servers import RENDERED, SERVERS
from ecs_anywhere_dns.servers.layouts import layout_of
from ecs_anywhere_dns.settings import Settings
from ecs_anywhere_dns.units import Unit, own_command, write_units
from ecs_anywhere_dns.visible import visible
from ecs_anywhere_dns.wiring import hosts_of

Command = Callable[[argparse.Namespace], int]

NAME = "ecs-anywhere-dns"
CONFIGURED = (
    "vpc", "region", "server", "account", "networks", "resolver_ips", "signature", "allowed_zones",
    "mode", "source", "endpoint_url", "profile", "host", "address", "port", "after", "standby_for",
    "metrics_file",
)  # fmt: skip
"""Keys of the configuration that `init` takes as they are said."""
READER_LEFT = 141
"""As of a program that ended by SIGPIPE."""


def main(words: Sequence[str] | None = None) -> int:
    """The exit code; see `outcome.Exit`."""
    accept_any_locale()
    arguments = parser().parse_args(words)
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
    command: Command = arguments.command
    try:
        return command(arguments)
    except Stop as problem:
        show_report(Report(arguments.name).stopped(problem), as_json=arguments.json)
        return int(problem.exit)


class Parser(argparse.ArgumentParser):
    """A parser that quotes words of the command line without their escape sequences."""

    def error(self, message: str) -> NoReturn:
        super().error(visible(message))


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    codes = "\n".join(f"  {int(code):>2}  {meaning}" for code, meaning in MEANINGS.items())
    whole = Parser(
        prog=NAME,
        description="Keep this host's DNS server forwarding to the inbound resolver of a VPC.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=__version__)
    whole.add_argument(
        "--config", type=Path, metavar="FILE", default=DEFAULT_FILE, help=f"default {DEFAULT_FILE}"
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND", dest="name")
    _add_apply(commands)
    _add(commands, "check", _check, "fetch and validate the publication, ask each resolver IP")
    _add(commands, "verify", _verify, "ask this DNS server for every name that was published")
    _add(commands, "status", _status, "what is applied, and how the last run ended")
    _add(commands, "doctor", _doctor, "everything that would stop or weaken the forwarding here")
    _add_rollback(commands)
    _add_render(commands)
    _add_init(commands)
    return whole


def _add(commands: Any, name: str, command: Command, what: str) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(name, help=what, description=what)
    added.set_defaults(command=command)
    added.add_argument("--json", action="store_true", help="for machines")
    return added


def _add_apply(commands: Any) -> None:
    added = _add(commands, "apply", _apply, "follow the publication; the timer runs this")
    added.add_argument("--dry-run", action="store_true", help="say what would change, change none")
    added.add_argument(
        "--force", action="store_true", help="also what is older, rolled back by hand, or rests"
    )
    added.add_argument("--vpc", help="with --force: only of this one of several VPCs")


def _add_rollback(commands: Any) -> None:
    added = _add(commands, "rollback", _rollback, "back to the forwarding before the last change")
    added.add_argument("--to-none", action="store_true", help="forward nothing any more")
    added.add_argument("--vpc", help="with --to-none: only of this one of several VPCs")


def _add_render(commands: Any) -> None:
    added = _add(commands, "render", _render, "print the configuration for a DNS server")
    added.add_argument("--server", choices=[*SERVERS, *RENDERED], help="default: the configured")
    added.add_argument("--source", type=Path, help="a file with the document; default: fetch it")
    added.add_argument("--mode", choices=["names", "region"], help="default: as configured")
    added.add_argument("--vpc", help="of several VPCs: only this one")
    added.add_argument(
        "--output", type=Path, metavar="FOLDER", help="write the files there, print their names"
    )


def _add_init(commands: Any) -> None:
    what = "write the configuration file and empty fragments, once"
    add_options(_add(commands, "init", _init, what))


def _apply(arguments: argparse.Namespace) -> int:
    if arguments.vpc and not arguments.force:
        raise BadUsage("--vpc says something of --force", "leave it out, or add --force")

    def follow(hosts: Sequence[Host]) -> Report:
        forced = [host.settings.vpc for host in _chosen(hosts, arguments.vpc)]
        return apply(hosts, force=forced if arguments.force else (), dry=arguments.dry_run)

    return _run(arguments, follow)


def _rollback(arguments: argparse.Namespace) -> int:
    if arguments.vpc and not arguments.to_none:
        raise BadUsage("--vpc says something of --to-none", "leave it out, or add --to-none")
    return _run(
        arguments,
        lambda hosts: rollback(_chosen(hosts, arguments.vpc), to_none=arguments.to_none),
    )


def _check(arguments: argparse.Namespace) -> int:
    return _run(arguments, check)


def _verify(arguments: argparse.Namespace) -> int:
    return _run(arguments, verify)


def _run(arguments: argparse.Namespace, command: Callable[[Sequence[Host]], Report]) -> int:
    report = command(_hosts(arguments))
    show_report(report, as_json=arguments.json)
    return int(report.exit)


def _status(arguments: argparse.Namespace) -> int:
    show_status(status(_hosts(arguments)), as_json=arguments.json)
    return int(Exit.DONE)


def _doctor(arguments: argparse.Namespace) -> int:
    findings = examine(_hosts(arguments)) if arguments.config.exists() else installed()
    show_findings(findings, as_json=arguments.json)
    return int(Exit.DONE if all(finding.ok for finding in findings) else Exit.CHECK_FAILED)


def _render(arguments: argparse.Namespace) -> int:
    """Needs no configuration file where server and source are given."""
    is_enough = arguments.server and arguments.source and not arguments.config.exists()
    hosts = () if is_enough else _chosen(_hosts(arguments), arguments.vpc)
    wanted = Wanted(arguments.server, arguments.source, arguments.mode)
    fragments = fragments_of(wanted, hosts)
    if arguments.output:
        show_lines(list(write_fragments(fragments, arguments.output)), as_json=arguments.json)
    else:
        show_fragments(fragments, as_json=arguments.json)
    return int(Exit.DONE)


def _init(arguments: argparse.Namespace) -> int:
    step: KeyStep = arguments.key_step
    layout = layout_of(arguments.server or "")
    wish = Wish(_given(arguments), arguments.replace, arguments.add, step, layout)
    settings, done = configure(arguments.config, wish)
    said = [*done, *(line for each in settings for line in pins_of(each))]
    # What was done is told, also where it ends early.
    try:
        for line in _initialise(arguments, settings):
            said.append(line)
    except Stop as problem:
        raise type(problem)(f"{'; '.join(said)}; but {problem.message}", problem.cure) from problem
    show_lines(said, as_json=arguments.json)
    return int(Exit.DONE)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The keys of the configuration that were said. Raises BadUsage."""
    given = {key: getattr(arguments, key) for key in CONFIGURED if getattr(arguments, key)}
    if arguments.no_acknowledge:
        given["acknowledge"] = False
    if arguments.public_key and arguments.signature == "none":
        raise BadUsage("--public-key and --signature none contradict each other", "leave out one")
    if arguments.public_key:
        key = read_public_key(arguments.public_key, arguments.key_id or "")
        given["public_keys"] = [key.entry]
    elif arguments.key_id or arguments.key_step != "agree":
        raise BadUsage(
            "--key-id, --add-key and --replace-key say something of --public-key", WHAT_IT_IS
        )
    return given


def _initialise(arguments: argparse.Namespace, settings: Sequence[Settings]) -> Iterator[str]:
    server = server_of(settings)
    # First, because it may refuse: the configuration of the DNS server may be elsewhere.
    check_there(server, server.includes())
    yield from make_empty_fragments(server)
    # Only now can the server's own checker tell what it reads.
    missing = server.includes()
    if arguments.include:
        yield from add_includes(server, missing)
    else:
        yield from (f"add to {item.file}{_inside(item.inside)}: {item.line}" for item in missing)
    if arguments.timer:
        units = [
            Unit(own_command(), arguments.config, each, server, len(settings)) for each in settings
        ]
        for unit in units:
            unit.text()  # the service has to see the sources of all
        yield from write_units(units[0])
        yield "then: systemctl daemon-reload; systemctl enable --now ecs-anywhere-dns.timer"
    yield f"next: {NAME} doctor; {NAME} check; {NAME} apply --dry-run; {NAME} apply"


def _inside(block: str) -> str:
    return f" inside `{block} {{…}}`" if block else ""


def _hosts(arguments: argparse.Namespace) -> tuple[Host, ...]:
    is_seen = sys.stderr.isatty() and not arguments.json
    return hosts_of(load(arguments.config), show_step if is_seen else show_nothing)


def _chosen(hosts: Sequence[Host], vpc: str | None) -> Sequence[Host]:
    """Return the one of this VPC; all, where none is named. Raises BadUsage."""
    chosen = [host for host in hosts if vpc in (None, host.settings.vpc)]
    if not chosen:
        followed = ", ".join(host.settings.vpc for host in hosts)
        raise BadUsage(f"this host does not follow {vpc}", f"it follows {followed}")
    return chosen
