"""`apply`: follow the publication. `following.sequence` tells how."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ecs_anywhere_dns.commands.followers import chosen, run_with
from ecs_anywhere_dns.following.sequence import apply
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.report import Report


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `apply`."""
    parser.add_argument(
        "--dry-run", action="store_true", help="print the files that would change, change none"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="take a document that is older, rolled back by hand, or rests",
    )
    parser.add_argument("--vpc", help="with --force: only of this VPC")


def run(arguments: argparse.Namespace) -> int:
    """Follow each publication. Raises BadUsage."""
    if arguments.vpc and not arguments.force:
        raise BadUsage("--vpc needs --force", "leave it out, or add --force")

    def follow(hosts: Sequence[Host]) -> Report:
        forced = [host.settings.vpc for host in chosen(hosts, arguments.vpc)]
        return apply(hosts, force=forced if arguments.force else (), dry=arguments.dry_run)

    return run_with(arguments, follow)
