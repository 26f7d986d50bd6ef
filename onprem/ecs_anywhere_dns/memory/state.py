"""What this host remembers, in /var/lib/ecs-anywhere-dns: the lock, the journal, what was applied.

`journal.json` exists while the forwarding is being switched, and only then: whoever finds it after
a crash puts back what it holds. `applied.json` names the run that wrote it, so that a crash between
the two of them is no question.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.memory.files import PRIVATE, FileState, cure_of, make_folder, put
from ecs_anywhere_dns.outcome import BadUsage, Busy, Refused
from ecs_anywhere_dns.trust import check_trusted

Made = TypeVar("Made")

DAMAGED = "if its disk was damaged, restore it or move it away"
FOLDER_MODE = 0o750
LARGEST_GENERATION = 1_000_000_000
"""The schema's."""
ROOM = 65536
"""Bytes, kept free while the forwarding is switched: several times what a commit writes."""


@dataclass(frozen=True)
class Applied:
    """What this host's DNS server forwards, as far as we did it."""

    run: str = ""
    server: str = ""
    """Which kind of DNS server."""
    document: str = ""
    """Its text; empty where nothing was applied, or a person took it back."""
    known: str = ""
    """The last document that named addresses: where Parameter Store was to be found."""
    newest: int = 0
    """The highest generation that was ever applied."""
    newest_checksum: str = ""
    """The checksum of the document with that generation; empty where it is not known."""
    forwarding: Forwarding = NOTHING
    at: str = ""
    before: tuple[FileState, ...] = ()
    """The fragments as they were before, for `rollback`."""
    before_that: Mapping[str, Any] | None = None
    """The `Applied` that they belong to, one step back."""

    def is_another(self, document: Document) -> bool:
        """Whether this document of generation `newest` is known to be not the one applied."""
        return self.newest_checksum not in ("", document.checksum)

    def check_server(self, server: str) -> None:
        """Raises BadUsage where it is another one than before: that would be left with a
        forwarding that nobody looks after."""
        if self.server not in ("", server) and not self.forwarding.is_none:
            raise BadUsage(
                f"server is {server!r}, and {self.server} still forwards for us",
                f"with server = {self.server!r} as before: `ecs-anywhere-dns rollback --to-none`; "
                "then change it",
            )


@dataclass(frozen=True)
class Journal:
    """A switch that was begun."""

    run: str
    before: tuple[FileState, ...]
    zones: tuple[str, ...]
    """Every zone and name whose answers may have changed: what to flush."""
    reloading: bool = True
    """Whether a reload was begun, so that the running server may have the new files."""


@dataclass(frozen=True)
class Distrust:
    """A document that shall not be applied again just like that."""

    checksum: str = ""
    by_hand: bool = False
    """A person rolled it back; otherwise it failed after the reload, `failures` times."""
    failures: int = 0
    at: str = ""
    why: str = ""
    """How it failed the last time: the runs that let it rest do not see it themselves."""


@dataclass(frozen=True)
class State:
    """The folder."""

    folder: Path

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
        return self._made("applied.json", _applied_from) or Applied()

    def commit(self, applied: Applied) -> None:
        self._give_room()
        self._write("applied.json", _applied_as_json(applied))
        self.close_journal()

    def journal(self) -> Journal | None:
        return self._made("journal.json", _journal_from)

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

    def distrust(self) -> Distrust:
        return self._made("distrust.json", lambda said: Distrust(**said)) or Distrust()

    def write_distrust(self, distrust: Distrust) -> None:
        self._write("distrust.json", vars(distrust))

    def acknowledged(self) -> str:
        """The last acknowledgement that was written; empty where none was."""
        said = self._read("acknowledged.json")
        return str(said["text"]) if said else ""

    def write_acknowledged(self, text: str) -> None:
        self._write("acknowledged.json", {"text": text})

    def report(self) -> Mapping[str, Any]:
        """The last run's, as JSON; empty where there was none."""
        return self._read("status.json") or {}

    def write_report(self, report: Mapping[str, Any]) -> None:
        self._write("status.json", report)

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
        """None where there is no such file. Raises BadUsage."""
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


@dataclass(frozen=True)
class Memory:
    """What was applied, read once at the beginning of a run."""

    applied: Applied
    document: Document | None = None
    known: Document | None = None

    @classmethod
    def of(cls, applied: Applied) -> Memory:
        return cls(applied, _understood(applied.document), _understood(applied.known))


def _understood(text: str) -> Document | None:
    """None also where an older version of this tool applied what this one does not understand."""
    try:
        return read_document(text) if text else None
    except Refused:
        return None


def _journal_from(said: Mapping[str, Any]) -> Journal:
    before = tuple(FileState.from_json(item) for item in said["before"])
    # An older version did not say how far it had come.
    return Journal(said["run"], before, tuple(said["zones"]), said.get("reloading", True))


def _applied_as_json(applied: Applied) -> dict[str, Any]:
    forwarding = vars(applied.forwarding)
    before = [item.as_json() for item in applied.before]
    return vars(applied) | {"forwarding": forwarding, "before": before}


def _applied_from(said: Mapping[str, Any]) -> Applied:
    """Also from what a version wrote that believed any generation and kept no checksum of it."""
    is_possible = said["newest"] <= LARGEST_GENERATION
    newest = {"newest_checksum": said.get("newest_checksum", _checksum_of(said))}
    said = {**said, **(newest if is_possible else {"newest": 0, "newest_checksum": ""})}
    forwarding = dict(said["forwarding"])
    lists = {key: tuple(forwarding[key]) for key in ("zones", "forwarders")}
    before = tuple(FileState.from_json(item) for item in said["before"])
    return Applied(**{**said, "forwarding": Forwarding(**forwarding | lists), "before": before})


def _checksum_of(said: Mapping[str, Any]) -> str:
    document = _understood(said["document"])
    is_newest = document is not None and document.generation == said["newest"]
    return document.checksum if document and is_newest else ""


def step_back(applied: Applied) -> Applied | None:
    """What was applied before; None where there is no step to go back."""
    return _applied_from(applied.before_that) if applied.before_that is not None else None


def remembered(applied: Applied) -> dict[str, Any]:
    """For `before_that`: one step is kept, not all of history."""
    return _applied_as_json(applied) | {"before": [], "before_that": None}
