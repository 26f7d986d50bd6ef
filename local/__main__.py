"""`python -m local up` and `python -m local demo`: the embedded AWS on this machine."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from local.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    given = _parser().parse_args(arguments)
    settings = replace(Settings(), region=given.region, port=given.port, network=given.network)
    if not settings.lambda_python.exists():
        print(f"run `make setup` first: {settings.lambda_python} is missing", file=sys.stderr)
        return 2
    # Imported late: `--help` needs neither moto nor rich.
    if given.command == "demo":
        from local.demo import demo

        return demo(settings)
    from local.up import up

    return up(settings)


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
    return parser


if __name__ == "__main__":
    sys.exit(main())
