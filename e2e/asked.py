"""The options of a run, from the command line: `make e2e` hands its variables on."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STACK = "ecs-anywhere-e2e-private-connectivity"
"""The stack's name, longer than 25 characters, so that CloudFormation cuts the names of its
rules."""


@dataclass(frozen=True)
class Asked:
    """The options of a run."""

    yes: bool = False
    """True where the run begins without a question."""
    cleanup: bool = False
    """True where only what an earlier run has left is removed."""
    keep: bool = False
    """True where what was made stays after a failure, so that the next run goes on from there."""
    onprem: str = ""
    """An EC2 instance in a network that is peered, by its id, or a command that runs a shell script
    from its standard input on a host on-premises; empty for none."""
    node: str = ""
    """The id of a managed node of AWS Systems Manager that is a DNS host; empty for none."""
    host: str = ""
    """The id of a managed node that is a container host; empty for none."""
    cluster: str = "default"
    """The Amazon ECS cluster of the container host."""
    email: str = ""
    only: tuple[str, ...] = ()
    """Names of steps; empty for all."""
    template: Path = ROOT / ".aws-sam" / "build" / "template.yaml"
    folder: Path = ROOT / ".local" / "e2e"
    stack: str = STACK
    patience: float = 1.0
    """Factor by which all waits are longer than usual."""
    fail_at: str = ""
    """The name of a step that fails on purpose, to see the clean-up."""


def read(arguments: Sequence[str]) -> Asked:
    """Return the options. Exits with a message where they cannot be read."""
    parser = argparse.ArgumentParser(prog="make e2e", description=__doc__)
    parser.add_argument("--yes", action="store_true", help="begin without asking")
    parser.add_argument("--cleanup", action="store_true", help="only remove what is left")
    parser.add_argument("--keep", action="store_true", help="leave everything after a failure")
    parser.add_argument("--onprem", default="", help="i-... or a command such as 'ssh dns1 sh -s'")
    parser.add_argument("--node", default="", help="mi-... of a DNS host")
    parser.add_argument("--host", default="", help="mi-... of a container host")
    parser.add_argument("--cluster", default=Asked.cluster, help="Amazon ECS cluster of that host")
    parser.add_argument("--email", default="")
    parser.add_argument("--only", default="", help="steps, separated by commas")
    parser.add_argument("--template", type=Path, default=Asked.template)
    parser.add_argument("--folder", type=Path, default=Asked.folder)
    parser.add_argument("--patience", type=float, default=1.0)
    parser.add_argument("--fail-at", default="", help=argparse.SUPPRESS)
    given = vars(parser.parse_args(arguments))
    only = tuple(name for name in given.pop("only").split(",") if name)
    return Asked(only=only, **given)
