"""`rollback`: back to the forwarding before the last change, or to none, at a person's word.

What was rolled back is not taken again until the next generation, or by `apply --force`: the timer
would undo a person's decision within minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ecs_anywhere_dns.following.confirmation import confirm
from ecs_anywhere_dns.following.metrics import remove_metrics
from ecs_anywhere_dns.following.moved import former_files, to_remove
from ecs_anywhere_dns.following.nothing_remembered import forwarded_unremembered
from ecs_anywhere_dns.following.run import new_id
from ecs_anywhere_dns.following.switchover import (
    NotPutBack,
    RolledBack,
    Target,
    check_fragments,
    check_running,
    check_unhindered,
    end_switch,
    files_of,
    readable,
    recover,
    roll_back,
    switch,
)
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.documents import Memory
from ecs_anywhere_dns.memory.files import FileState
from ecs_anywhere_dns.memory.forms import step_back
from ecs_anywhere_dns.memory.records import (
    FOLLOW_FIRST,
    FOUND,
    NOTHING_APPLIED,
    Applied,
    Distrust,
    Journal,
)
from ecs_anywhere_dns.outcome import BadUsage, CheckFailed, Exit, Stop
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.servers.ownership import passing_over

BY_HAND = "rolled back by hand"


@dataclass(frozen=True)
class Step:
    """The forwarding to go back to."""

    applied: Applied
    files: tuple[FileState, ...]
    vpcs: tuple[str, ...]
    """The VPCs whose publication is taken back."""


def rollback(hosts: Sequence[Host], *, to_none: bool = False) -> Report:
    """Go back to the former forwarding of the host, or, where `hosts` are some of the followed
    VPCs, to none for these. Never raises Stop: the report says how it ended."""
    host = hosts[0]
    report = Report("rollback", host=host.settings.host, server=host.server.name)
    told: list[str] = []
    try:
        with host.state.locked():
            report = _locked(hosts, report, to_none, told.append)
    except Stop as problem:
        report = report.stopped(problem)
    host.progress.end()
    # What was found in the replaced files is named also where the rollback failed.
    hints = (*dict.fromkeys(told), *report.hints)
    at, seconds = host.timestamp(), dict(host.progress.seconds)
    return replace(report, hints=hints, at=at, seconds=seconds)


def _locked(
    hosts: Sequence[Host], report: Report, to_none: bool, tell: Callable[[str], object]
) -> Report:
    host = hosts[0]
    host.state.applied().check_server(host.server.name)
    recover(host)
    former = host.state.applied()
    if not to_none:
        # First: where nothing was applied, the DNS server need not even be there. To none is a
        # person's word also beforehand.
        _check_applied(host)
    check_running(host)
    step = _to_none(hosts, former) if to_none else _one_step(host, former)
    forwarding = step.applied.forwarding
    check_unhindered(host, forwarding)
    run = new_id()
    taken = [each for each in hosts if each.settings.vpc in step.vpcs]
    names = [zone for vpc in step.vpcs for zone in former.of(vpc).forwarding.zones]
    target = Target(forwarding, step.files, lambda: None, names, tell=tell)
    switched = replace(host, server=passing_over(host.server, step.files))
    journal = _switch_exactly_or_readable(switched, run, target)
    memories = {each.settings.vpc: Memory.of(former.of(each.settings.vpc)) for each in taken}
    # First: if it died in between, the timer must not take back what a person is taking back.
    try:
        for each in taken:
            _distrust(each, memories[each.settings.vpc])
    except Stop as problem:
        roll_back(host, replace(journal, reloading=True), problem)
        raise
    applied = replace(step.applied, run=run, at=host.timestamp())
    end_switch(host, journal, target, lambda: host.state.commit(applied))
    report = replace(report, changed=True, zones=forwarding.zones, summary=_summary(host, step))
    for each in taken:
        report = _confirmed(each, memories[each.settings.vpc], report)
    if to_none and forwarding.is_none:
        report = replace(report, hints=(*report.hints, *remove_metrics(host.settings)))
    return _written_down(host, report)


def _check_applied(host: Host) -> None:
    """Check that something was applied that can be gone back from. Raises BadUsage."""
    if not host.state.is_without_memory():
        return
    found = forwarded_unremembered(host)
    if found is not None and found.is_none:
        raise BadUsage(NOTHING_APPLIED, FOLLOW_FIRST)


def _switch_exactly_or_readable(host: Host, run: str, target: Target) -> Journal:
    """Switch to the files with the modes that they had, or, where the server cannot read them so,
    for everybody to read. Returns the journal. Raises CheckFailed, RolledBack, RollbackFailed."""
    wider = readable(target.files)
    try:
        return switch(host, run, target)
    except NotPutBack:
        raise
    except (CheckFailed, RolledBack):
        if wider == target.files:
            raise
        return switch(host, run, replace(target, files=wider))


def _written_down(host: Host, report: Report) -> Report:
    """Return the report after writing it, with a hint where it could not be written."""
    try:
        host.state.write_report(replace(report, at=host.timestamp()).as_json())
    except Stop as problem:
        hint = f"`status` will not know of this run: {problem.message}"
        return replace(report, hints=(*report.hints, hint))
    return report


def _distrust(host: Host, memory: Memory) -> None:
    """Write down that the document is distrusted; every document, where the memory was lost and
    none is known."""
    if memory.document is not None:
        host.state.write_distrust(Distrust(memory.document.checksum, by_hand=True))
    elif not _is_by_hand(host):
        host.state.write_distrust(Distrust(by_hand=True))


def _is_by_hand(host: Host) -> bool:
    """Return whether a person has taken something back already; False where that cannot be read, so
    that it is written anew."""
    try:
        return host.state.distrust().by_hand
    except BadUsage:
        return False


def _one_step(host: Host, applied: Applied) -> Step:
    """Return the step back. VPCs that the last step did not change stay as they are. Raises
    BadUsage where there is none."""
    former = step_back(applied)
    if former is None:
        raise BadUsage(
            "there is nothing to roll back to: nothing was changed here before",
            "`ecs-anywhere-dns rollback --to-none` removes the forwarding",
        )
    changed = tuple(
        vpc for vpc, last in applied.vpcs.items() if last.document != former.of(vpc).document
    )
    # Of what was found without a memory of it, VPCs may have taken all.
    vpcs = {vpc: last for vpc, last in former.vpcs.items() if vpc.startswith(FOUND)}
    vpcs |= {
        vpc: replace(
            former.of(vpc),
            known=last.known or former.of(vpc).known,
            newest=last.newest,
            newest_checksum=last.newest_checksum,
        )
        for vpc, last in applied.vpcs.items()
    }
    step = replace(former, vpcs=vpcs)
    return Step(step, _files_of_step(host, step.forwarding, applied.before), changed)


def _files_of_step(
    host: Host, forwarding: Forwarding, before: tuple[FileState, ...]
) -> tuple[FileState, ...]:
    """Return the files to put back: those of then, or, where their paths have changed since, what
    they forwarded, at the paths of now."""
    fragments = host.server.fragments(forwarding)
    if {file.path for file in before} == {fragment.path for fragment in fragments}:
        return before
    return (*files_of(fragments), *to_remove(host, former_files(host, fragments)))


def _to_none(hosts: Sequence[Host], applied: Applied) -> Step:
    host = hosts[0]
    taken = {each.settings.vpc for each in hosts}
    if taken == {*host.state.followed, host.settings.vpc}:
        taken |= applied.vpcs.keys()
    lasts = {vpc: applied.of(vpc) for vpc in sorted({*applied.vpcs, *taken})}
    vpcs = {vpc: last.without_document() if vpc in taken else last for vpc, last in lasts.items()}
    former = Applied(server=host.server.name, vpcs=vpcs)
    forwarding = former.forwarding if not former.forwarding.is_none else NOTHING
    fragments = host.server.fragments(forwarding)
    check_fragments(host, fragments)
    files = (*files_of(fragments), *to_remove(host, former_files(host, fragments)))
    return Step(former, files, tuple(sorted(taken)))


def _summary(host: Host, step: Step) -> str:
    former = step.applied
    if former.forwarding.is_none:
        return f"{host.server.title} forwards nothing any more; its names are the internet's again"
    return f"{host.server.title} forwards again as before: {former.forwarding.label}"


def _confirmed(host: Host, memory: Memory, report: Report) -> Report:
    """Acknowledge the rollback: the app must not believe that this host still forwards as it
    acknowledged before."""
    if memory.document is None:
        return report
    if memory.document.state == "withdrawn":
        return report
    failed = replace(report, exit=Exit.NOT_RESOLVING, summary=BY_HAND)
    return replace(report, hints=confirm(host, memory.document, failed))
