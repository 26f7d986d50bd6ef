"""The command line. Each command is parse -> one call -> print -> exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ecs_anywhere_dns import __version__
from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.examination import examine, installed
from ecs_anywhere_dns.forwarding import forwarding_of
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.initialise import (
    add_includes,
    make_empty_fragments,
    missing_includes,
    write_settings,
    write_units,
)
from ecs_anywhere_dns.looking import check, status, verify
from ecs_anywhere_dns.outcome import MEANINGS, BadUsage, Exit, Stop
from ecs_anywhere_dns.printing import (
    show_findings,
    show_fragments,
    show_lines,
    show_nothing,
    show_report,
    show_status,
    show_step,
)
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.rollback import rollback
from ecs_anywhere_dns.sequence import apply
from ecs_anywhere_dns.servers import RENDERED, SERVERS, make_renderer, make_server
from ecs_anywhere_dns.settings import DEFAULT_FILE, load
from ecs_anywhere_dns.wiring import host_of

Command = Callable[[argparse.Namespace], int]

NAME = "ecs-anywhere-dns"


def main(words: Sequence[str] | None = None) -> int:
    """The exit code; see `outcome.Exit`."""
    arguments = parser().parse_args(words)
    command: Command = arguments.command
    try:
        return command(arguments)
    except Stop as problem:
        show_report(Report(arguments.name).stopped(problem), as_json=arguments.json)
        return int(problem.exit)


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    codes = "\n".join(f"  {int(code):>2}  {meaning}" for code, meaning in MEANINGS.items())
    whole = argparse.ArgumentParser(
        prog=NAME,
        description="Keep this host's DNS server forwarding to the inbound resolver of a VPC.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=__version__)
    whole.add_argument("--config", type=Path, default=DEFAULT_FILE, help=f"default {DEFAULT_FILE}")
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


def _add_rollback(commands: Any) -> None:
    added = _add(commands, "rollback", _rollback, "back to the forwarding before the last change")
    added.add_argument("--to-none", action="store_true", help="forward nothing any more")


def _add_render(commands: Any) -> None:
    added = _add(commands, "render", _render, "print the configuration for a DNS server")
    added.add_argument("--server", choices=[*SERVERS, *RENDERED], help="default: the configured")
    added.add_argument("--source", type=Path, help="a file with the document; default: fetch it")
    added.add_argument("--mode", choices=["names", "region"], help="default: as configured")


def _add_init(commands: Any) -> None:
    added = _add(commands, "init", _init, "write the configuration file and empty fragments, once")
    added.add_argument("--vpc", required=True)
    added.add_argument("--region", required=True)
    added.add_argument("--server", required=True, choices=list(SERVERS))
    added.add_argument("--mode", choices=["names", "region"])
    added.add_argument("--source", help="ssm (default), or a file")
    added.add_argument("--resolver-ip", action="append", dest="resolver_ips", metavar="IP")
    added.add_argument("--endpoint-url")
    added.add_argument("--host", help="its name in acknowledgements; default: the host name")
    added.add_argument("--include", action="store_true", help="add the include lines as well")
    added.add_argument("--timer", action="store_true", help="write the systemd service and timer")
    added.add_argument("--replace", action="store_true", help="an existing configuration file")


def _apply(arguments: argparse.Namespace) -> int:
    return _run(arguments, lambda host: apply(host, force=arguments.force, dry=arguments.dry_run))


def _rollback(arguments: argparse.Namespace) -> int:
    return _run(arguments, lambda host: rollback(host, to_none=arguments.to_none))


def _check(arguments: argparse.Namespace) -> int:
    return _run(arguments, check)


def _verify(arguments: argparse.Namespace) -> int:
    return _run(arguments, verify)


def _run(arguments: argparse.Namespace, command: Callable[[Host], Report]) -> int:
    report = command(_host(arguments))
    show_report(report, as_json=arguments.json)
    return int(report.exit)


def _status(arguments: argparse.Namespace) -> int:
    show_status(status(_host(arguments)), as_json=arguments.json)
    return int(Exit.DONE)


def _doctor(arguments: argparse.Namespace) -> int:
    findings = examine(_host(arguments)) if arguments.config.exists() else installed()
    show_findings(findings, as_json=arguments.json)
    return int(Exit.DONE if all(finding.ok for finding in findings) else Exit.CHECK_FAILED)


def _render(arguments: argparse.Namespace) -> int:
    """Needs no configuration file where server and source are given."""
    if arguments.server and arguments.source:
        text, settings = _text_of(arguments.source), None
    else:
        host = _host(arguments)
        settings = host.settings
        text = _text_of(arguments.source) if arguments.source else host.publication.fetch(None)
    document = read_document(text)
    if arguments.server in {None, settings.server if settings else ""}:
        assert settings
        renderer: Any = make_server(
            settings.server, settings.region, settings.address, settings.port, settings.server_table
        )
    else:
        renderer = make_renderer(arguments.server, document.region)
    mode = arguments.mode or (settings.mode if settings else None)
    fragments = renderer.fragments(forwarding_of(document, document.resolver_ips, mode))
    show_fragments(fragments, as_json=arguments.json)
    return int(Exit.DONE)


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise BadUsage(f"{file} cannot be read: {error}", "name another file") from None


def _init(arguments: argparse.Namespace) -> int:
    keys = ("vpc", "region", "server", "mode", "source", "resolver_ips", "endpoint_url", "host")
    given = {key: getattr(arguments, key) for key in keys if getattr(arguments, key)}
    settings = write_settings(arguments.config, given, replace_it=arguments.replace)
    server = host_of(settings, show_nothing).server
    said = [f"wrote {arguments.config}", *make_empty_fragments(server)]
    missing = missing_includes(server)
    if arguments.include:
        said += add_includes(server, missing)
    else:
        said += [f"add to {item.file}{_inside(item.inside)}: {item.line}" for item in missing]
    if arguments.timer:
        said += write_units(_own_command(), arguments.config)
        said.append("then: systemctl daemon-reload; systemctl enable --now ecs-anywhere-dns.timer")
    said.append(f"next: {NAME} doctor; {NAME} check; {NAME} apply --dry-run; {NAME} apply")
    show_lines(said, as_json=arguments.json)
    return int(Exit.DONE)


def _inside(block: str) -> str:
    return f" inside `{block} {{…}}`" if block else ""


def _own_command() -> str:
    return str(Path(sys.argv[0]).resolve())


def _host(arguments: argparse.Namespace) -> Host:
    is_seen = sys.stderr.isatty() and not arguments.json
    return host_of(load(arguments.config), show_step if is_seen else show_nothing)
