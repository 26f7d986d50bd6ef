"""The story: what `apply` does, in the order in which it does it.

    lock -> recover -> read each publication -> each VPC's turn (see `turn`) -> leave VPCs that are
         no longer followed -> acknowledge each -> tell monitoring

One VPC after the other: what fails for one is undone for that one, and is nothing of the others'.
Withdrawals come last: whoever takes over a zone takes it from the one that had it, and its names
are the internet's at no time.

A failed fetch or preflight leaves the forwarding as it is: to remove it would send the site's
questions to the internet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from ecs_anywhere_dns.configuration import in_order
from ecs_anywhere_dns.following.confirmation import confirm
from ecs_anywhere_dns.following.leaving import leave_unfollowed
from ecs_anywhere_dns.following.metrics import write_metrics
from ecs_anywhere_dns.following.nothing_remembered import check_known, found_on
from ecs_anywhere_dns.following.remembering import note_validated
from ecs_anywhere_dns.following.run import Run
from ecs_anywhere_dns.following.shared import Shared
from ecs_anywhere_dns.following.standby import looks_needed
from ecs_anywhere_dns.following.switchover import recover
from ecs_anywhere_dns.following.turn import read, take
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import Busy, Exit, Stop
from ecs_anywhere_dns.pinned.belief import warnings_of
from ecs_anywhere_dns.report import Report, as_one

RECOVERED = "an earlier run had died while it switched; what it had begun was undone first"
TO_RECOVER = "an earlier run died while it switched; `ecs-anywhere-dns apply` undoes that first"


def apply(hosts: Sequence[Host], *, force: Collection[str] = (), dry: bool = False) -> Report:
    """Follow each publication. Never raises Stop: the report says how it ended. `dry` stops before
    anything is touched; of the VPCs in `force` it takes what is older, held back or rests."""
    runs = [Run(host, _report_of(host), host.settings.vpc in force, dry) for host in hosts]
    first = hosts[0]
    try:
        with first.state.locked():
            _locked(runs)
    except Stop as problem:
        for run in runs:
            run.report = run.report.stopped(problem)
        # The run that holds the lock writes its own.
        if not dry and not isinstance(problem, Busy):
            write_metrics(runs)
    first.progress.end()
    whole = as_one([run.report for run in runs])
    return replace(whole, at=first.timestamp(), seconds=dict(first.progress.seconds))


def _report_of(host: Host) -> Report:
    settings = host.settings
    return Report("apply", host=settings.host, server=host.server.name, vpc=settings.vpc)


def _locked(runs: Sequence[Run]) -> None:
    for run in runs:
        run.hint(*warnings_of(run.host.settings))
    try:
        _recover(runs[0])
        _read(runs)
    except Stop as problem:
        for run in runs:
            run.report = run.report.stopped(problem)
    else:
        _take_turns(runs)
    for run in runs:
        if run.document is not None and not run.dry:
            run.hint(*confirm(run.host, run.document, run.report))
    if not runs[0].dry:
        write_metrics(runs)
        _write_down(runs)


def _read(runs: Sequence[Run]) -> None:
    """Read each publication, and what our files forward where nothing is remembered of it. Raises
    CheckFailed."""
    seen = found_on([run.host for run in runs])
    runs[0].hint(*([seen] if seen else []))
    for run in runs:
        read(run)
    if any(run.problem for run in runs):
        check_known(runs[0].host)


def _take_turns(runs: Sequence[Run]) -> None:
    shared = Shared(runs)
    if not runs[0].dry:
        shared.end_old_duties()
    for run in _in_turn(runs):
        take(run, shared)
    leave_unfollowed(shared)
    _tell_of_standbys(shared)


def _in_turn(runs: Sequence[Run]) -> list[Run]:
    """Return the turns: first who comes first, and withdrawals after all others."""
    place = {s.vpc: n for n, s in enumerate(in_order([run.host.settings for run in runs]))}
    return sorted(runs, key=lambda run: (_is_withdrawn(run), place[run.vpc]))


def _is_withdrawn(run: Run) -> bool:
    return run.document is not None and run.document.state == "withdrawn"


def _tell_of_standbys(shared: Shared) -> None:
    """Say in the report of both who serves in the place of whom."""
    for run in shared.runs:
        first = run.host.settings.standby_for
        if not first or run.dry:
            continue
        duty = shared.duty(run)
        other = next(each for each in shared.runs if each.vpc == first)
        if duty.serving:
            exit_code = other.report.exit if other.report.exit != Exit.DONE else Exit.DEGRADED
            other.say(
                exit=exit_code,
                summary=f"{other.report.summary}; its standby {run.vpc} serves in its place since "
                f"{duty.since}",
            )
            said = f"it serves in the place of {first} since {duty.since}"
            if duty.good:
                needed = looks_needed(duty, run.host.now())
                said += f", which answered again {duty.good} of {needed} times"
        else:
            said = f"it stands by for {first}"
        run.say(summary=f"{run.report.summary}; {said}")


def _write_down(runs: Sequence[Run]) -> None:
    """Write how the run ended: that stays true where it cannot be written."""
    host = runs[0].host
    for run in runs:
        # Only time is lost with it.
        with suppress(Stop):
            note_validated(run)
    try:
        whole = as_one([run.report for run in runs])
        host.state.write_report(replace(whole, at=host.timestamp()).as_json())
    except Stop as problem:
        runs[0].hint(f"`status` will not know of this run: {problem.message}", problem.cure)


def _recover(run: Run) -> None:
    run.host.state.applied().check_server(run.host.server.name)
    if run.dry:
        run.hint(*([TO_RECOVER] if run.host.state.journal() else []))
    elif recover(run.host):
        run.hint(RECOVERED)
