"""One try of an execution to read its VPC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_BEGUN = re.compile(r"-(\d{8}T\d{9})Z$")
"""The end of an execution's name, as `StepFunctionsExecutions` writes it."""


@dataclass(frozen=True)
class Run:
    """The run of an execution: its VPC, its name and its reason."""

    vpc_id: str
    execution: str
    """ARN of the execution."""
    because: str
    """The cause of the execution: `tag`, `request`, `sweep` or `acknowledgement`."""
    now: float
    """Seconds since the epoch, as the workflow's clock shows them."""
    tries: int = 0
    """The number of times that this execution has looked before and had to wait."""


def seconds_since_begun(execution: str, now: float) -> float:
    """Return the seconds since the execution with this ARN was started, by its name; 0 where the
    name does not say it. `now` is in seconds since the epoch."""
    begun = _BEGUN.search(execution)
    if begun is None:
        return 0.0
    at = datetime.strptime(f"{begun[1]}000", "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    return max(0.0, now - at.timestamp())
