"""The run for monitoring: a file that the node exporter of Prometheus reads (`metrics_file`).

The form is https://prometheus.io/docs/instrumenting/exposition_formats (text, version 0.0.4): for
each metric the lines `# HELP` and `# TYPE`, then a sample for each VPC, and a line end at the end.
The textfile collector takes no samples with times (https://github.com/prometheus/node_exporter), so
a moment is a value. It is a moment and no age, which would stand still in the file of a host that
does not run any more (https://prometheus.io/docs/practices/instrumentation, "Timestamps, not time
since"): `time() - …` in a rule is the age.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ecs_anywhere_dns.following.run import Run
from ecs_anywhere_dns.memory.files import FileState, put
from ecs_anywhere_dns.outcome import Exit, Stop
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.settings import Settings

PREFIX = "ecs_anywhere_dns_"
UP = (Exit.DONE, Exit.DEGRADED)
"""The exit codes of a run after which the DNS server forwards as published."""


@dataclass(frozen=True)
class Seen:
    """The samples of one VPC. None: not known, and no sample."""

    vpc: str
    report: Report
    generation: int | None
    verified: float | None
    """Seconds since the epoch."""
    now: float

    @property
    def is_up(self) -> bool:
        return self.report.exit in UP


@dataclass(frozen=True)
class Metric:
    """One metric, a gauge: its name without the prefix, what it says, and how it is read."""

    name: str
    help: str
    value: Callable[[Seen], float | None]


METRICS = (
    Metric("up", "1 if the last run left the DNS server doing what is published, else 0.",
           lambda seen: seen.is_up),
    Metric("generation", "Generation of the publication that is applied.",
           lambda seen: seen.generation),
    Metric("answers_asked", "Answers of the DNS server that the last run compared.",
           lambda seen: seen.report.answers),
    Metric("answers_right", "Those of them that were as published.",
           lambda seen: seen.report.answers_right),
    Metric("resolvers_asked", "Resolver IPs that the last run asked.",
           lambda seen: seen.report.resolvers),
    Metric("resolvers_degraded", "Those of them that did not answer as published.",
           lambda seen: len(seen.report.unfit)),
    Metric("last_exit_code", "Exit code of the last run, as far as this VPC goes.",
           lambda seen: seen.report.exit),
    Metric("last_verified_timestamp_seconds", "When a run last ended with up 1.",
           lambda seen: seen.verified),
    Metric("last_run_timestamp_seconds", "When the last run ended.",
           lambda seen: seen.now),
)  # fmt: skip


def metrics_text(seen: Sequence[Seen]) -> str:
    """Return the content of the file. The ids of VPCs have no character that has to be escaped."""
    lines = []
    for metric in METRICS:
        name = f"{PREFIX}{metric.name}"
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} gauge"]
        values = {each.vpc: metric.value(each) for each in seen}
        known = {vpc: float(value) for vpc, value in values.items() if value is not None}
        lines += [f'{name}{{vpc="{vpc}"}} {value:.15g}' for vpc, value in known.items()]
    return "".join(f"{line}\n" for line in lines)


def write_metrics(runs: Sequence[Run]) -> None:
    """Write how the runs ended, where that is configured. A failure is a hint in the report: it
    changes nothing about the forwarding."""
    file = runs[0].host.settings.metrics_file
    if not file:
        return
    try:
        text = metrics_text([_seen(run) for run in runs])
        put(FileState(Path(file), text.encode()))
    except Stop as problem:
        runs[0].hint(f"monitoring will not know of this run: {problem.message}", problem.cure)


def remove_metrics(settings: Settings) -> tuple[str, ...]:
    """Remove the file, where nothing is forwarded any more. Returns hints for the report."""
    if not settings.metrics_file:
        return ()
    try:
        put(FileState(Path(settings.metrics_file), None))
    except Stop as problem:
        return (f"monitoring is still told of the forwarding: {problem.message}", problem.cure)
    return ()


def _seen(run: Run) -> Seen:
    """Return what is known, also where what this host remembers cannot be read or written."""
    host, now = run.host, run.host.now()
    document, verified = None, ""
    with suppress(Stop):
        document = host.state.memory().document
    with suppress(Stop):
        verified = host.state.verified()
    if run.report.exit in UP:
        verified = host.timestamp()
        with suppress(Stop):
            host.state.write_verified(verified)
    return Seen(
        vpc=run.vpc,
        report=run.report,
        generation=document.generation if document else None,
        verified=datetime.fromisoformat(verified).timestamp() if verified else None,
        now=now.timestamp(),
    )
