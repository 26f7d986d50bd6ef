"""The eleven steps, in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from e2e.lab import Lab
from e2e.steps import (
    connecting,
    deleting,
    deployment,
    disturbing,
    facts,
    hosts,
    options,
    outside,
    planning,
    untagging,
    updating,
)


@dataclass(frozen=True)
class Step:
    """A part of the run that is done, failed or skipped as a whole, and may be repeated."""

    name: str
    about: str
    run: Callable[[Lab], None]


STEPS = (
    Step("facts", "what AWS says of its services, patterns and definitions", facts.run),
    Step("deploy", "a VPC, and the stack by the SAM CLI", deployment.run),
    Step("plan", "the tag says plan, and nothing is made", planning.run),
    Step("connect", "six services, watched each second", connecting.run),
    Step("outside", "the names, asked from another network", outside.run),
    Step("hosts", "a container host, checked and shown", hosts.run),
    Step("options", "services and networks come and go", options.run),
    Step("disturb", "parts are deleted by hand, and the app repairs them", disturbing.run),
    Step("update", "the stack is updated, and an update fails", updating.run),
    Step("untag", "drained and removed, and what lingers", untagging.run),
    Step("delete", "too early, with the policy attached, and then for good", deleting.run),
)
