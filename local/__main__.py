"""`python -m local up` and `python -m local demo`: the embedded AWS on this machine."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from dataclasses import replace

from local import partitions
from local.settings import Settings, Unkindness

ENDING = (signal.SIGTERM, signal.SIGINT)
INTERRUPTED = 130
"""The exit code of shells for Ctrl-C."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command of these arguments, and return its exit code."""
    given = _parser().parse_args(arguments)
    settings = replace(Settings(), region=given.region, port=given.port, network=given.network)
    if given.command == "up" and given.unkind:
        settings = replace(settings, unkindness=Unkindness.mild(given.seed))
    if hindrance := _hindrance(settings):
        print(hindrance, file=sys.stderr)
        return 2
    for number in ENDING:
        signal.signal(number, _interrupt)
    try:
        return _run(given.command, settings)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(command: str, settings: Settings) -> int:
    """Run a command, and return its exit code. Imports come late: `--help` needs neither moto nor
    rich."""
    if command == "demo":
        from local.demo import demo

        return demo(settings)
    from local.up import up

    return up(settings)


def _interrupt(*_: object) -> None:
    """Unwind the stack, so that nothing is left running. A second signal does not interrupt
    that."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _hindrance(settings: Settings) -> str | None:
    """Return the reason why the embedded AWS cannot start, in one line; None where it can."""
    if not partitions.is_known(settings.region):
        known = ", ".join(("aws", *partitions.OTHERS))
        return (
            f"{settings.region} is no Region of the partitions that this embedded AWS has "
            f"({known}): choose one as in make local REGION=eu-west-1"
        )
    if not settings.lambda_python.exists():
        return f"run `make setup` first: {settings.lambda_python} is missing"
    try:
        socket.create_server((settings.host, settings.port)).close()
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        return f"port {settings.port}: {reason}; choose another, as in make local PORT=4600"
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text, port in (
        ("up", "start the embedded AWS with the app deployed, until Ctrl-C", 4599),
        ("demo", "connect a VPC, show the proof, and take it all away again", 0),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--port", type=int, default=port, help="0 lets the machine choose")
        command.add_argument("--region", default=Settings.region)
        command.add_argument(
            "--network", choices=["auto", "namespaces", "loopback"], default="auto"
        )
        if name == "up":
            _add_weather(command)
    return parser


def _add_weather(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--unkind",
        action="store_true",
        help="throttles, faults, and lost, doubled or late events, as on AWS",
    )
    command.add_argument("--seed", type=int, default=1, help="the same seed, the same faults")


if __name__ == "__main__":
    sys.exit(main())
