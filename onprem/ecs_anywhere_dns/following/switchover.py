"""Switching a DNS server from one forwarding to another, and back at any failure.

    journal -> swap -> check configuration -> reload -> check what runs -> flush -> verify

Until `State.commit`, the journal holds the fragments as they were, to the byte. Whoever fails puts
them back; whoever dies is put back by the next run (`recover`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ecs_anywhere_dns.following.edited import keep_copies
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.files import (
    READABLE,
    FileState,
    check_replaceable,
    put,
    remove_half_written,
    state_of,
)
from ecs_anywhere_dns.memory.records import Journal
from ecs_anywhere_dns.memory.state import ROOM
from ecs_anywhere_dns.outcome import (
    CheckFailed,
    Exit,
    NotResolving,
    NotTaken,
    ReloadFailed,
    RollbackFailed,
    Stop,
)
from ecs_anywhere_dns.servers.contract import Fragment
from ecs_anywhere_dns.servers.ownership import check_ours

PERMISSIONS = 0o777
"""The mode bits that are kept: without those that make a program run as its owner."""


UNCHANGED = "The running DNS server has what it had"


class RolledBack(Stop):
    """The former forwarding is back, and was seen to work again."""

    exit = Exit.ROLLED_BACK


class NotPutBack(CheckFailed):
    """The files are not as they were, and the journal stays for the next run; the running server
    has read none of it."""


@dataclass(frozen=True)
class Target:
    """The forwarding to switch to, with its files."""

    forwarding: Forwarding
    files: tuple[FileState, ...]
    verify: Callable[[], object]
    """The verification of the answers. Raises NotResolving."""
    names: Collection[str] = ()
    """The names to flush besides the zones that change: the published names, as a server may flush
    name by name, and all zones of a VPC that are put in force again."""
    note: Callable[[RolledBack], object] = lambda _: None
    """Write down that the switch failed: before it is undone, as the run may end in that."""
    tell: Callable[[str], object] = lambda _: None
    """Tell a person of what was found in the files that are replaced."""


def files_of(fragments: Sequence[Fragment]) -> tuple[FileState, ...]:
    """Return the files to write: with the owner that each has already, for everybody to read."""
    return readable(_as_they_are(fragments))


def readable(files: Sequence[FileState]) -> tuple[FileState, ...]:
    """Return the same files, for everybody to read: a server reads them as a user of its own, and
    one that may not refuses every reload, also that of a rollback (BIND, PowerDNS, measured)."""
    return tuple(replace(file, mode=file.mode & PERMISSIONS | READABLE) for file in files)


def check_running(host: Host) -> None:
    """Check that the server runs, before a switch: a server that somebody stopped must not be
    started by an undone switch. Raises NotResolving, and CheckFailed where the configuration may be
    wrong: unbound-control reads that itself and fails with it, while the server still runs, and
    would not survive a restart."""
    if not host.server.is_running():
        # First: what the configuration of this tool names by mistake is not judged as ours.
        check_ours(host.server, host.server.fragments(NOTHING), host.state.applied().written)
        host.server.check_configuration()
        seen = next(
            (finding for finding in host.server.findings(None, NOTHING) if not finding.ok), None
        )
        why, cure = (f": {seen.what}", seen.cure) if seen else ("", "start it, then try again")
        raise NotResolving(f"{host.server.title} is not running, or cannot be asked{why}", cure)


def check_fragments(host: Host, fragments: Sequence[Fragment]) -> None:
    """Check the files with the server's checker, which reads copies, and that each is to replace
    none of somebody else. Raises CheckFailed."""
    host.progress.begin("check fragment")
    check_ours(host.server, fragments, host.state.applied().written)
    # Imported here: most runs switch nothing.
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ecs-anywhere-dns-") as scratch:
        # The server's checker may run as a user of its own.
        Path(scratch).chmod(0o755)
        host.server.check_fragments(fragments, Path(scratch))


def check_room(host: Host, fragments: Sequence[Fragment]) -> None:
    """Check that a switch could be written, as far as the file systems tell. Raises CheckFailed."""
    host.state.check_writable()
    for fragment in fragments:
        check_replaceable(fragment.path, ROOM)


def check_unhindered(host: Host, forwarding: Forwarding) -> None:
    """Check that nothing hinders the switch, as far as can be seen before it. Raises
    CheckFailed."""
    host.progress.begin("look for hindrances")
    try:
        found = next(iter(host.server.hindrances(forwarding)), None)
    except ReloadFailed as problem:
        raise CheckFailed(problem.message, problem.cure) from None
    if found is not None:
        raise CheckFailed(found.what, found.cure)


def switch(host: Host, run: str, target: Target) -> Journal:
    """Switch to the target, and return the journal, which the caller commits. Raises CheckFailed
    (nothing was reloaded), its subclass NotPutBack (and the files are not as they were),
    RolledBack, RollbackFailed."""
    for line in keep_copies(host, target.files):
        target.tell(line)
    # Without the note a file is copied once more than needed, and nothing is lost.
    with suppress(Stop):
        host.state.note_written(host.server.name, target.files)
    journal = _begin(host, run, target)
    try:
        _swap(host, target.files)
        _check_configuration(host)
        host.state.write_journal(replace(journal, reloading=True))
    except CheckFailed as problem:
        _put_back(host, journal, problem)
        raise
    try:
        _reload(host, target.forwarding, journal.zones)
        host.progress.begin("verify")
        target.verify()
    except Stop as problem:
        is_changed = not isinstance(problem, NotTaken)
        raise _undone(host, replace(journal, reloading=is_changed), target, problem) from problem
    return journal


def end_switch(host: Host, journal: Journal, target: Target, commit: Callable[[], object]) -> None:
    """Commit the switch, or undo it where that cannot be written: the next run would undo it, and
    switch again. Raises RolledBack, RollbackFailed."""
    host.progress.begin("commit")
    try:
        commit()
    except Stop as problem:
        if host.state.is_committed(journal.run):
            return
        undone = replace(journal, reloading=True)
        raise _undone(host, undone, target, problem) from problem


def _undone(host: Host, journal: Journal, target: Target, problem: Stop) -> RolledBack:
    """Undo the switch, and return what to raise. Raises RollbackFailed and NotPutBack."""
    undone = RolledBack(f"{problem.message} - rolled back", problem.cure)
    # What cannot be written, as on a full disk, is no reason to leave the switch as it is.
    with suppress(Stop):
        target.note(undone)
    roll_back(host, journal, problem)
    return undone


def roll_back(host: Host, journal: Journal, because: Stop) -> None:
    """Restore files, running server and its cache. Raises RollbackFailed where the running server
    may have another forwarding than before, and NotPutBack where only the files have."""
    host.progress.begin("roll back")
    try:
        _put_in_force_or_readable(host, journal)
    except Stop as problem:
        said = f"{because.message}; and rolling back failed: {problem.message}"
        cure = (
            f"{problem.cure or 'look at the log of the DNS server'}; then `ecs-anywhere-dns apply` "
            "goes on with it. Until it succeeds nothing else is done; who has put the fragments "
            f"right by hand removes {host.state.folder / 'journal.json'}"
        )
        if journal.reloading or not host.server.is_running():
            raise RollbackFailed(said, cure) from problem
        with suppress(Stop):
            host.state.write_journal(journal)
        raise NotPutBack(f"{said}. {UNCHANGED}", cure) from problem
    host.state.close_journal()


def recover(host: Host) -> bool:
    """Undo the switch of a run that died. Returns whether there was one. Raises RollbackFailed and
    NotPutBack, and then the next run tries again."""
    for fragment in host.server.fragments(host.state.applied().forwarding):
        remove_half_written(fragment.path)
    journal = host.state.journal()
    if journal is None:
        return False
    if journal.run == host.state.applied().run:
        # It died between its commit and the end of its journal: all was done.
        host.state.close_journal()
        return False
    host.progress.begin("recover")
    roll_back(host, journal, Stop("an earlier run did not end its switch of the forwarding"))
    return True


def _begin(host: Host, run: str, target: Target) -> Journal:
    host.progress.begin("journal")
    former = host.state.applied().forwarding
    zones = tuple(sorted({*_changing(former, target.forwarding), *target.names}))
    journal = Journal(run, _before(host, former, target), zones, reloading=False)
    host.state.open_journal(journal)
    return journal


def _changing(former: Forwarding, now: Forwarding) -> set[str]:
    """Return the zones that are forwarded to others than before; other VPCs' stay cached."""
    before, after = former.targets, now.targets
    return {zone for zone in {*before, *after} if before.get(zone) != after.get(zone)}


def _before(host: Host, former: Forwarding, target: Target) -> tuple[FileState, ...]:
    """Return the files to put back in a failure: those that were applied, also where somebody
    edited them since, as an edited file may not work. Where none is remembered, and for a path that
    was not written then: those on the disk."""
    if former.is_none or not host.state.applied().run:
        return tuple(state_of(file.path) for file in target.files)
    written = host.state.applied().written
    as_applied = {
        file.path: file
        for file in _as_they_are(host.server.fragments(former))
        if not written or file.path in written
    }
    return tuple(as_applied.get(file.path) or state_of(file.path) for file in target.files)


def _as_they_are(fragments: Sequence[Fragment]) -> tuple[FileState, ...]:
    """Return the fragments, each with the mode and the owner that its file has now."""
    return tuple(
        replace(state_of(fragment.path), content=fragment.text.encode()) for fragment in fragments
    )


def _swap(host: Host, files: Sequence[FileState]) -> None:
    for file in files:
        host.progress.begin(f"swap {file.path.name}")
        put(file)


def _check_configuration(host: Host) -> None:
    host.progress.begin("check configuration")
    host.server.check_configuration()


def _reload(host: Host, forwarding: Forwarding, zones: Sequence[str]) -> None:
    host.progress.begin("reload")
    host.server.reload()
    host.progress.begin("check effective")
    host.server.check_effective(forwarding)
    host.progress.begin("flush")
    host.server.flush(zones)


def _put_back(host: Host, journal: Journal, because: Stop) -> None:
    """Put the files back before the reload: the running server has not read the new ones. Raises
    NotPutBack."""
    host.progress.begin("put back")
    try:
        _restore(journal.before)
    except Stop as problem:
        raise NotPutBack(
            f"{because.message}; and putting the files back failed: {problem.message}. {UNCHANGED}",
            f"{problem.cure}; until then, do not restart it",
        ) from problem
    host.state.close_journal()


def _put_in_force_or_readable(host: Host, journal: Journal) -> None:
    """Put the former files in force with their modes, or, where that fails, readable for everybody:
    the server may have read them as root, and may not read them now. Raises Stop."""
    wider = readable(journal.before)
    try:
        _put_in_force(host, journal, journal.before)
    except Stop:
        if wider == journal.before:
            raise
        _put_in_force(host, journal, wider)


def _put_in_force(host: Host, journal: Journal, files: Sequence[FileState]) -> None:
    _restore(files)
    host.server.check_configuration()
    # A server that died of what was swapped in cannot be reloaded.
    host.server.revive()
    host.server.reload()
    _check_former(host)
    host.server.flush(journal.zones)


def _restore(files: Sequence[FileState]) -> None:
    """Write the files that differ from `files`. An equal one is not written: a disk may be full or
    read-only. Where there is no folder, nothing was written: the server's check tells whether it
    misses a file there."""
    for file in files:
        if not file.path.parent.is_dir():
            continue
        remove_half_written(file.path)
        if not file.is_exactly_on_disk():
            put(file)


def _check_former(host: Host) -> None:
    """Check that the former forwarding is in force, if it is known. Files from before the memory
    was lost may forward anything."""
    former = host.state.applied().forwarding
    if all(file.is_on_disk() for file in files_of(host.server.fragments(former))):
        host.server.check_effective(former)
