"""`rollback`: back to the forwarding before the last change, or to none, at a person's word.

What was rolled back is not taken again until the next generation, or by `apply --force`: the timer
would undo a person's decision within minutes.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from ecs_anywhere_dns.following.confirmation import confirm
from ecs_anywhere_dns.following.switchover import (
    NotPutBack,
    RolledBack,
    Target,
    check_fragments,
    check_running,
    check_unhindered,
    files_of,
    readable,
    recover,
    switch,
)
from ecs_anywhere_dns.forwarding import NOTHING
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.files import FileState
from ecs_anywhere_dns.memory.state import Applied, Distrust, Memory, step_back
from ecs_anywhere_dns.outcome import BadUsage, CheckFailed, Exit, Stop
from ecs_anywhere_dns.report import Report

BY_HAND = "rolled back by hand"


def rollback(host: Host, *, to_none: bool = False) -> Report:
    """Never raises Stop: the report says how it ended."""
    report = Report("rollback", host=host.settings.host, server=host.server.name)
    try:
        with host.state.locked():
            report = _locked(host, report, to_none)
    except Stop as problem:
        report = report.stopped(problem)
    host.progress.end()
    return replace(report, at=host.timestamp(), seconds=dict(host.progress.seconds))


def _locked(host: Host, report: Report, to_none: bool) -> Report:
    host.state.applied().check_server(host.server.name)
    recover(host)
    memory = Memory.of(host.state.applied())
    check_running(host)
    former, files = _to_none(host, memory.applied) if to_none else _one_step(memory.applied)
    check_unhindered(host, former.forwarding)
    run = uuid4().hex
    _switch_exactly_or_readable(host, run, Target(former.forwarding, files, lambda: None))
    host.progress.begin("commit")
    # First: if it died in between, the timer must not take back what a person is taking back.
    _distrust(host, memory)
    host.state.commit(replace(former, run=run, at=host.timestamp()))
    report = replace(
        report, changed=True, zones=former.forwarding.zones, summary=_summary(host, former)
    )
    return _written_down(host, _confirmed(host, memory, report))


def _switch_exactly_or_readable(host: Host, run: str, target: Target) -> None:
    """Switch to the files with the modes that they had, or, where the server cannot read them so,
    for everybody to read. Raises CheckFailed, RolledBack, RollbackFailed."""
    wider = readable(target.files)
    try:
        switch(host, run, target)
    except NotPutBack:
        raise
    except (CheckFailed, RolledBack):
        if wider == target.files:
            raise
        switch(host, run, replace(target, files=wider))


def _written_down(host: Host, report: Report) -> Report:
    """How it ended stays true where it cannot be written."""
    try:
        host.state.write_report(replace(report, at=host.timestamp()).as_json())
    except Stop as problem:
        hint = f"`status` will not know of this run: {problem.message}"
        return replace(report, hints=(*report.hints, hint))
    return report


def _distrust(host: Host, memory: Memory) -> None:
    """Of an unknown document, as where our memory was lost, every one is meant."""
    if memory.document is not None:
        host.state.write_distrust(Distrust(memory.document.checksum, by_hand=True))
    elif not host.state.distrust().by_hand:
        host.state.write_distrust(Distrust(by_hand=True))


def _one_step(applied: Applied) -> tuple[Applied, tuple[FileState, ...]]:
    former = step_back(applied)
    if former is None:
        raise BadUsage(
            "there is nothing to roll back to: nothing was changed here before",
            "`ecs-anywhere-dns rollback --to-none` removes the forwarding",
        )
    return replace(
        former,
        known=applied.known or former.known,
        newest=applied.newest,
        newest_checksum=applied.newest_checksum,
    ), applied.before


def _to_none(host: Host, applied: Applied) -> tuple[Applied, tuple[FileState, ...]]:
    fragments = host.server.fragments(NOTHING)
    check_fragments(host, fragments)
    former = Applied(
        server=host.server.name,
        known=applied.known,
        newest=applied.newest,
        newest_checksum=applied.newest_checksum,
        forwarding=NOTHING,
    )
    return former, files_of(fragments)


def _summary(host: Host, former: Applied) -> str:
    if former.forwarding.is_none:
        return f"{host.server.title} forwards nothing any more; its names are the internet's again"
    return f"{host.server.title} forwards again as before: {former.forwarding.label}"


def _confirmed(host: Host, memory: Memory, report: Report) -> Report:
    """The other side must not believe that this host still does what it said."""
    if memory.document is None:
        return report
    if memory.document.state == "withdrawn":
        return report
    failed = replace(report, exit=Exit.NOT_RESOLVING, summary=BY_HAND)
    return replace(report, hints=confirm(host, memory.document, failed))
