"""One VPC by itself: tagged, tagged again to what it was, untagged, each in a quiet account."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench import floors
from bench.amazon.account import Called
from bench.amazon.compute import Network
from bench.app import AS_DEPLOYED, OWN_STATE, App, Design
from bench.lifecycles import drawn

LIVES = 400
QUIET = 3600.0
"""Seconds after which buckets are full, and nobody's environment is warm."""
READS = ("Describe", "Get", "Invoke", "List", "Scan")
"""Beginnings of the calls that read. Invoke is one: the probe is asked, which changes nothing."""

TRANSITION_USD = 0.025 / 1000
GB_SECOND_USD = 0.0000133334
"""List price of a GB-second on arm64 (docs/cost.md)."""
REQUEST_USD = 0.20 / 1_000_000
WRITE_USD = 0.625 / 1_000_000
"""List price of a kilobyte that is written, DynamoDB on demand."""


@dataclass(frozen=True)
class Lap:
    """One story of one VPC."""

    story: str
    seconds: float
    """Seconds from the event to the status on the VPC, without drain and expiry."""
    whole: float
    """`seconds` over the floor of this app's work."""
    simple: float
    """`seconds` over the floor of the rivals' work."""
    transitions: int
    executions: int
    failed: int
    cold: int
    reads: int
    changes: int
    own: int
    refused: int
    usd: float


def laps(seed: int, design: Design = AS_DEPLOYED, throttles: bool = True) -> list[Lap]:
    """Return enable, knock and disable of a VPC with the durations of `seed`."""
    lives = drawn(seed)
    with App(seed, throttles=throttles, design=design) as app:
        network = app.add_vpc(1, lives)
        told = app.template.environment
        waits = float(told["DRAIN_SECONDS"]) + float(told["EXPIRY_SECONDS"])
        return [
            _lap(app, network, "enable", app.tag, floors.enable(lives), 0),
            _lap(app, network, "knock", app.touch, None, 0),
            _lap(app, network, "disable", app.untag, floors.disable(lives), waits),
        ]


def _lap(
    app: App,
    network: Network,
    story: str,
    begin: Callable[[Network], None],
    floor: floors.Floor | None,
    waits: float,
) -> Lap:
    began, since, known = app.clock.now, len(app.account.calls), len(app.executions)
    spent = (app.spent.cold, app.spent.seconds, app.spent.invocations, app.tables.units)
    begin(network)
    app.clock.run(began + 3 * QUIET)
    calls, executions = app.account.calls[since:], app.executions[known:]
    seconds = _status_written(calls, began) - began - waits
    transitions = sum(execution.transitions for execution in executions)
    kinds = Counter(kind_of(call.name) for call in calls)
    lambda_seconds = app.spent.seconds - spent[1]
    usd = (
        transitions * TRANSITION_USD
        + lambda_seconds * 0.25 * GB_SECOND_USD
        + (app.spent.invocations - spent[2]) * REQUEST_USD
        + (app.tables.units - spent[3]) * WRITE_USD
    )
    return Lap(
        story=story,
        seconds=seconds,
        whole=seconds / floor.whole if floor else 0,
        simple=seconds / floor.simple if floor else 0,
        transitions=transitions,
        executions=len(executions),
        failed=sum(bool(execution.error) for execution in executions),
        cold=app.spent.cold - spent[0],
        reads=kinds["reads"],
        changes=kinds["changes"],
        own=kinds["own"],
        refused=sum(call.throttled for call in calls),
        usd=usd,
    )


def _status_written(calls: Sequence[Called], began: float) -> float:
    """Return the time at which the status was written on the VPC last; where it was not, the end of
    the last call."""
    written = [c.at for c in calls if c.name == "ec2:CreateTags" and not c.refused]
    return written[-1] if written else (calls[-1].at if calls else began)


def kind_of(name: str) -> str:
    """Return `reads`, `changes`, or `own` for a call about our own state."""
    if name.startswith(OWN_STATE):
        return "own"
    return "reads" if name.partition(":")[2].startswith(READS) else "changes"


def percentile(values: Iterable[float], percent: int) -> float:
    """Return the least of the values that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)]


def summary(found: Sequence[Lap], story: str) -> dict[str, float]:
    """Return medians and the 95th percentiles of a story's laps."""
    chosen = [lap for lap in found if lap.story == story]

    def median(name: str) -> float:
        return float(statistics.median(getattr(lap, name) for lap in chosen))

    return {
        "lives": len(chosen),
        "seconds": median("seconds"),
        "whole_p50": median("whole"),
        "whole_p95": percentile((lap.whole for lap in chosen), 95),
        "simple_p50": median("simple"),
        "simple_p95": percentile((lap.simple for lap in chosen), 95),
        "failed": sum(lap.failed for lap in chosen),
        **{
            name: median(name)
            for name in (
                "transitions",
                "executions",
                "cold",
                "reads",
                "changes",
                "own",
                "refused",
                "usd",
            )
        },
    }
