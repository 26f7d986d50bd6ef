"""`doctor`: everything that would stop or weaken the forwarding here. `examination` looks."""

from __future__ import annotations

import argparse

from ecs_anywhere_dns.commands.examination import examine, installed
from ecs_anywhere_dns.commands.followers import followers
from ecs_anywhere_dns.outcome import Exit
from ecs_anywhere_dns.printing import show_findings


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add nothing: `doctor` has no options of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Print the findings. Before `init` they are the DNS servers that are installed."""
    findings = examine(followers(arguments)) if arguments.config.exists() else installed()
    show_findings(findings, as_json=arguments.json)
    return int(Exit.DONE if all(finding.ok for finding in findings) else Exit.CHECK_FAILED)
