"""`rollback`: back to the forwarding before the last change. `following.rollback` tells how."""

from __future__ import annotations

import argparse

from ecs_anywhere_dns.commands.followers import chosen, run_with
from ecs_anywhere_dns.following.rollback import rollback
from ecs_anywhere_dns.outcome import BadUsage


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `rollback`."""
    parser.add_argument(
        "--to-none", action="store_true", help="forward nothing until the next generation"
    )
    parser.add_argument("--vpc", help="with --to-none: only of this VPC")


def run(arguments: argparse.Namespace) -> int:
    """Take the forwarding back. Raises BadUsage."""
    if arguments.vpc and not arguments.to_none:
        raise BadUsage("--vpc needs --to-none", "leave it out, or add --to-none")
    return run_with(
        arguments,
        lambda hosts: rollback(chosen(hosts, arguments.vpc), to_none=arguments.to_none),
    )
