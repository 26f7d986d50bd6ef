"""The hosts that a command works on: this host once for each VPC that it follows."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from ecs_anywhere_dns.configuration import load
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.printing import show_nothing, show_report, show_step
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.wiring import hosts_of


def followers(arguments: argparse.Namespace) -> tuple[Host, ...]:
    """Return this host as the follower of each configured VPC. A person sees each step as it
    begins. Raises BadUsage."""
    is_seen = sys.stderr.isatty() and not arguments.json
    return hosts_of(load(arguments.config), show_step if is_seen else show_nothing)


def chosen(hosts: Sequence[Host], vpc: str | None) -> Sequence[Host]:
    """Return the follower of this VPC; all, where `vpc` is None. Raises BadUsage."""
    found = [host for host in hosts if vpc in (None, host.settings.vpc)]
    if not found:
        followed = ", ".join(host.settings.vpc for host in hosts)
        raise BadUsage(f"this host does not follow {vpc}", f"it follows {followed}")
    return found


def run_with(arguments: argparse.Namespace, command: Callable[[Sequence[Host]], Report]) -> int:
    """Run `command` for all followers, print its report, and return its exit code."""
    report = command(followers(arguments))
    show_report(report, as_json=arguments.json)
    return int(report.exit)
