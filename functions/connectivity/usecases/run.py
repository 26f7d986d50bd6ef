"""One try of an execution to read its VPC."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """Which VPC is looked at, by which execution, and why."""

    vpc_id: str
    execution: str
    """ARN of the execution."""
    because: str
    """What started the execution: `tag`, `request`, `sweep` or `acknowledgement`."""
    now: float
    """Seconds since the epoch, as the workflow's clock shows them."""
    tries: int = 0
    """How often this execution has looked before and had to wait."""
