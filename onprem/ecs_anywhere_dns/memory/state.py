"""The memory of this host, in /var/lib/ecs-anywhere-dns: the lock, the journal, the records of what
was applied.

`journal.json` exists while the forwarding is being switched, and only then: whoever finds it after
a crash puts back what it holds. `applied.json` names the run that wrote it, so that a crash between
the two of them is no question. It holds what was applied of every VPC, so that a switch that takes
a zone from one and gives it to another is written down at once.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.memory.documents import Memory
from ecs_anywhere_dns.memory.files import (
    PRIVATE,
    FileState,
    check_writable,
    cure_of,
    fingerprint_of,
    make_folder,
    put,
)
from ecs_anywhere_dns.memory.forms import (
    applied_as_json,
    applied_from,
    distrust_from,
    duty_from,
    journal_from,
    report_from,
    text_in,
    time_in,
)
from ecs_anywhere_dns.memory.reading import Damaged, content_of, known, made_of, problem_of
from ecs_anywhere_dns.memory.records import (
    ONLY,
    Applied,
    Distrust,
    Duty,
    Journal,
    Last,
)
from ecs_anywhere_dns.outcome import BadUsage, Busy
from ecs_anywhere_dns.trust import Unsafe, check_trusted

FOLDER_MODE = 0o750
WRITTEN = "written.json"
LATEST = 3
"""Contents of a file that are known as written by this tool: what a switch and its end may leave,
and the one before."""
ROOM = 65536
"""Bytes, kept free while the forwarding is switched: several times what a commit writes."""


@dataclass
class Kept:
    """The forwardings that were applied, as they were read last, for all VPCs of a host. They are
    read again when the file is another one: each commit makes a new file."""

    file: tuple[int, ...] | None = None
    """The device, the inode, the size in bytes and the times (ns) of the file that was read."""
    applied: Applied = field(default_factory=Applied)
    found: Applied | None = None
    """Forwarding that was found in force, where no file says it."""


@dataclass(frozen=True)
class State:
    """The folder, as one of the VPCs that this host follows sees it."""

    folder: Path
    vpc: str = ONLY
    followed: tuple[str, ...] = ()
    """All VPCs that this host follows. The files of an only one have the names of always."""
    kept: Kept = field(default_factory=Kept, compare=False, repr=False)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of this host. Raises Busy while another run holds it, and BadUsage where it
        cannot be written. The kernel frees it however a run ends."""
        try:
            make_folder(self.folder, FOLDER_MODE)
            check_trusted(self.folder)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            descriptor = os.open(self.folder / "lock", flags, PRIVATE)
        except OSError as error:
            where = error.filename or self.folder
            raise BadUsage(f"{where}: {error.strerror}", cure_of(error)) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise Busy(
                f"another run holds {self.folder / 'lock'}", "wait for it; it is bounded in time"
            ) from None
        try:
            yield
        finally:
            os.close(descriptor)

    def applied(self) -> Applied:
        """Return what was applied. The file is read once, until it is another one."""
        file = self._identity("applied.json")
        if file is None and self.kept.found is not None:
            return self.kept.found
        if file is None or file != self.kept.file:
            self.kept.file = None
            self.kept.applied = self._applied()
            self.kept.file = file
        return self.kept.applied

    def is_without_memory(self) -> bool:
        """Return whether no file says what was applied, nor is there a damaged one."""
        return not os.path.lexists(self.folder / "applied.json")

    def take_as_applied(self, found: Applied) -> None:
        """Take this as what was applied, until `commit` writes a file."""
        self.kept.found = found

    def _applied(self) -> Applied:
        applied = made_of(self.folder / "applied.json", applied_from) or Applied()
        first = self.followed[0] if self.followed else ONLY
        return replace(applied, vpcs={vpc or first: last for vpc, last in applied.vpcs.items()})

    def commit(self, applied: Applied) -> None:
        self._give_room()
        self._write("applied.json", applied_as_json(applied))
        self.kept.found = None
        self.close_journal()

    def is_committed(self, run: str) -> bool:
        """Return whether the run wrote what it applied. Where its journal is still there, the next
        run closes it."""
        return known(lambda: self.applied().run == run, otherwise=False)

    def journal(self) -> Journal | None:
        return made_of(self.folder / "journal.json", journal_from)

    def open_journal(self, journal: Journal) -> None:
        """Write the journal of a new switch. Raises CheckFailed, also where there would be no room
        for `commit`: a forwarding that cannot be committed would be undone by the next run, and
        then switched again."""
        # Bytes that no file system compresses.
        put(FileState(self.folder / "room", os.urandom(ROOM), PRIVATE))
        self.write_journal(journal)

    def write_journal(self, journal: Journal) -> None:
        """Write the journal. Raises CheckFailed."""
        content = {
            "run": journal.run,
            "before": [item.as_json() for item in journal.before],
            "zones": journal.zones,
            "reloading": journal.reloading,
        }
        self._write("journal.json", content)

    def close_journal(self) -> None:
        put(FileState(self.folder / "journal.json", None))
        self._give_room()

    def last(self) -> Last:
        """Return what was applied of this VPC."""
        return self.applied().of(self.vpc)

    def memory(self) -> Memory:
        """Return what was applied of this VPC, with its documents read."""
        try:
            validated = self.validated()
        except Unsafe:
            # Without the list the schema is asked again, and nothing else is lost.
            validated = frozenset()
        return Memory.of(self.last(), validated)

    def validated(self) -> frozenset[str]:
        """Return the fingerprints of the texts that the schema was found to hold for. Nothing is
        lost with them but time: what is damaged holds none."""
        try:
            said = content_of(self.folder / self._readable("validated")) or {}
        except Damaged:
            return frozenset()
        texts = said.get("texts")
        return frozenset(map(str, texts)) if isinstance(texts, list) else frozenset()

    def write_validated(self, validated: Collection[str]) -> None:
        self._write(self._own("validated"), {"texts": sorted(validated)})

    def written(self, server: str) -> Mapping[Path, tuple[str, ...]]:
        """Return the fingerprints of what this tool wrote last to each path for this DNS server.
        Without them a file is not known as ours to the byte, and nothing else is lost: what is
        damaged holds none."""
        try:
            said = content_of(self.folder / WRITTEN) or {}
        except (Damaged, Unsafe):
            return {}
        files = said.get("files") if said.get("server") == server else None
        prints = files if isinstance(files, dict) else {}
        return {Path(k): tuple(map(str, v)) for k, v in prints.items() if isinstance(v, list)}

    def note_written(self, server: str, files: Sequence[FileState]) -> None:
        """Note what is about to be written, beside what was written before: a switch may be undone.
        A path that is gone is forgotten. Raises CheckFailed."""
        known = self.written(server)
        prints = {str(path): said for path, said in known.items() if os.path.lexists(path)}
        for file in files:
            now = () if file.content is None else (fingerprint_of(file.content),)
            before = (each for each in known.get(file.path, ()) if each not in now)
            prints[str(file.path)] = (*before, *now)[-LATEST:]
        self._write(WRITTEN, {"server": server, "files": prints})

    def distrust(self) -> Distrust:
        return made_of(self.folder / self._readable("distrust"), distrust_from) or Distrust()

    def write_distrust(self, distrust: Distrust) -> None:
        self._write(self._own("distrust"), vars(distrust))

    def duty(self) -> Duty:
        """Return what this VPC does as a standby."""
        said = made_of(self.folder / _duty_of(self.vpc), duty_from)
        return said or Duty()

    def write_duty(self, duty: Duty) -> None:
        self._write(_duty_of(self.vpc), vars(duty))

    def end_duties(self, but: Collection[str]) -> None:
        """Forget what every VPC does as a standby, except these. Raises CheckFailed."""
        kept = {_duty_of(vpc) for vpc in but}
        for file in sorted(self.folder.glob("standby*.json")):
            if file.name not in kept:
                put(FileState(file, None))

    def acknowledged(self) -> str:
        """The last acknowledgement that was written; empty where none was."""
        return made_of(self.folder / self._readable("acknowledged"), text_in) or ""

    def write_acknowledged(self, text: str) -> None:
        self._write(self._own("acknowledged"), {"text": text})

    def verified(self) -> str:
        """Return when the forwarding was last seen to be right, ISO 8601; empty where never."""
        return made_of(self.folder / self._readable("verified"), time_in) or ""

    def write_verified(self, at: str) -> None:
        self._write(self._own("verified"), {"at": at})

    def report(self) -> Mapping[str, Any]:
        """The last run's, as JSON; empty where there was none."""
        return made_of(self.folder / "status.json", report_from) or {}

    def write_report(self, report: Mapping[str, Any]) -> None:
        self._write("status.json", report)

    def damages(self) -> tuple[BadUsage, ...]:
        """Return why each file that cannot be read, or obeyed, cannot. `damages` of one VPC names
        those of the whole host as well."""
        readers: tuple[Callable[[], object], ...] = (
            self.applied, self.journal, self.distrust, self.duty, self._checked_validated,
            self._checked_written, self.acknowledged, self.verified, self.report,
        )  # fmt: skip
        found = (problem for read in readers if (problem := problem_of(read)))
        # Where the folder is none, each file says the same.
        return tuple({problem.message: problem for problem in found}.values())

    def check_writable(self) -> None:
        """Check that a switch could be noted. Writes nothing. Raises CheckFailed."""
        check_writable(self.folder, ROOM)

    def _checked_validated(self) -> object:
        return content_of(self.folder / self._readable("validated"))

    def _checked_written(self) -> object:
        return content_of(self.folder / WRITTEN)

    def _own(self, name: str) -> str:
        return f"{name}-{self.vpc}.json" if len(self.followed) > 1 else f"{name}.json"

    def _readable(self, name: str) -> str:
        """Return the file of this VPC, or that of before others were followed beside it."""
        own = self._own(name)
        return own if os.path.lexists(self.folder / own) else f"{name}.json"

    def _give_room(self) -> None:
        put(FileState(self.folder / "room", None))

    def _identity(self, name: str) -> tuple[int, ...] | None:
        """Return what tells one file from another one; None where it cannot be found."""
        try:
            seen = (self.folder / name).stat()
        except OSError:
            return None
        return (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        put(FileState(self.folder / name, text.encode(), PRIVATE))


def _duty_of(standby: str) -> str:
    return f"standby-{standby}.json"
