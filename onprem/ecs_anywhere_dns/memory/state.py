"""What this host remembers, in /var/lib/ecs-anywhere-dns: the lock, the journal, what was applied.

`journal.json` exists while the forwarding is being switched, and only then: whoever finds it after
a crash puts back what it holds. `applied.json` names the run that wrote it, so that a crash between
the two of them is no question. It holds what was applied of every VPC, so that a switch that takes
a zone from one and gives it to another is written down at once.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from ecs_anywhere_dns.memory.documents import Memory
from ecs_anywhere_dns.memory.files import PRIVATE, FileState, cure_of, make_folder, put
from ecs_anywhere_dns.memory.forms import applied_as_json, applied_from, duty_from, journal_from
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

Made = TypeVar("Made")

DAMAGED = "if its disk was damaged, restore it or move it away"
FOLDER_MODE = 0o750
ROOM = 65536
"""Bytes, kept free while the forwarding is switched: several times what a commit writes."""


@dataclass(frozen=True)
class State:
    """The folder, as one of the VPCs that this host follows sees it."""

    folder: Path
    vpc: str = ONLY
    followed: tuple[str, ...] = ()
    """All VPCs that this host follows. The files of an only one have the names of always."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Raises Busy while another run holds it, and BadUsage where it cannot be written. The
        kernel frees it however a run ends."""
        try:
            make_folder(self.folder, FOLDER_MODE)
            check_trusted(self.folder)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            descriptor = os.open(self.folder / "lock", flags, PRIVATE)
        except OSError as error:
            raise BadUsage(f"{self.folder}: {error.strerror}", cure_of(error)) from None
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
        applied = self._made("applied.json", applied_from) or Applied()
        first = self.followed[0] if self.followed else ONLY
        return replace(applied, vpcs={vpc or first: last for vpc, last in applied.vpcs.items()})

    def commit(self, applied: Applied) -> None:
        self._give_room()
        self._write("applied.json", applied_as_json(applied))
        self.close_journal()

    def journal(self) -> Journal | None:
        return self._made("journal.json", journal_from)

    def open_journal(self, journal: Journal) -> None:
        """Raises CheckFailed, also where there would be no room for `commit`: a forwarding that
        cannot be committed would be undone by the next run, and switched again by that."""
        # Bytes that no file system compresses.
        put(FileState(self.folder / "room", os.urandom(ROOM), PRIVATE))
        self.write_journal(journal)

    def write_journal(self, journal: Journal) -> None:
        """Raises CheckFailed."""
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
        return Memory.of(self.last(), self.validated())

    def validated(self) -> frozenset[str]:
        """Return the fingerprints of the texts that the schema was found to hold for. Nothing is
        lost with them but time: what is damaged holds none."""
        try:
            said = self._read(self._readable("validated")) or {}
        except Unsafe:
            raise
        except BadUsage:
            return frozenset()
        texts = said.get("texts")
        return frozenset(map(str, texts)) if isinstance(texts, list) else frozenset()

    def write_validated(self, validated: Collection[str]) -> None:
        self._write(self._own("validated"), {"texts": sorted(validated)})

    def distrust(self) -> Distrust:
        name = self._readable("distrust")
        return self._made(name, lambda said: Distrust(**said)) or Distrust()

    def write_distrust(self, distrust: Distrust) -> None:
        self._write(self._own("distrust"), vars(distrust))

    def duty(self) -> Duty:
        """Return what this VPC does as a standby."""
        said = self._made(_duty_of(self.vpc), duty_from)
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
        said = self._read(self._readable("acknowledged"))
        return str(said["text"]) if said else ""

    def write_acknowledged(self, text: str) -> None:
        self._write(self._own("acknowledged"), {"text": text})

    def verified(self) -> str:
        """Return when the forwarding was last seen to be right, ISO 8601; empty where never."""
        said = self._read(self._readable("verified"))
        return str(said["at"]) if said else ""

    def write_verified(self, at: str) -> None:
        self._write(self._own("verified"), {"at": at})

    def report(self) -> Mapping[str, Any]:
        """The last run's, as JSON; empty where there was none."""
        return self._read("status.json") or {}

    def write_report(self, report: Mapping[str, Any]) -> None:
        self._write("status.json", report)

    def _own(self, name: str) -> str:
        return f"{name}-{self.vpc}.json" if len(self.followed) > 1 else f"{name}.json"

    def _readable(self, name: str) -> str:
        """Return the file of this VPC, or that of before others were followed beside it."""
        own = self._own(name)
        return own if (self.folder / own).exists() else f"{name}.json"

    def _give_room(self) -> None:
        put(FileState(self.folder / "room", None))

    def _read(self, name: str) -> dict[str, Any] | None:
        file = self.folder / name
        check_trusted(file)
        try:
            content = dict(json.loads(file.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise BadUsage(
                f"{file} cannot be read: {error}", f"run this as root; {DAMAGED}"
            ) from None
        return content

    def _made(self, name: str, make: Callable[[Mapping[str, Any]], Made]) -> Made | None:
        """Return what `make` makes of the file; None where there is none. Raises BadUsage."""
        said = self._read(name)
        try:
            return make(said) if said else None
        except (KeyError, ValueError, TypeError) as error:
            raise BadUsage(
                f"{self.folder / name} is not what this version writes: {error!r}",
                f"use the version that wrote it; {DAMAGED}",
            ) from None

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        put(FileState(self.folder / name, text.encode(), PRIVATE))


def _duty_of(standby: str) -> str:
    return f"standby-{standby}.json"
