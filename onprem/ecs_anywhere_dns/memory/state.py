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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding, together
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


ONLY = ""
"""In place of a VPC's id: the only one that this host followed, where nothing says its name."""


@dataclass(frozen=True)
class Last:
    """What was applied of one VPC's publication."""

    document: str = ""
    """Its text; empty where nothing was applied, or a person took it back."""
    known: str = ""
    """The last document that named addresses: where Parameter Store was to be found."""
    newest: int = 0
    """The highest generation that was ever applied."""
    newest_checksum: str = ""
    """The checksum of the document with that generation; empty where it is not known."""
    forwarding: Forwarding = NOTHING
    """The part of it in what this host forwards."""
    at: str = ""

    def is_another(self, document: Document) -> bool:
        """Whether this document of generation `newest` is known to be not the one applied."""
        return self.newest_checksum not in ("", document.checksum)

    def without_document(self) -> Last:
        """Return what stays known where a person took the forwarding back."""
        return replace(self, document="", forwarding=NOTHING)


@dataclass(frozen=True)
class Applied:
    """What this host's DNS server forwards, as far as we did it."""

    run: str = ""
    server: str = ""
    """Which kind of DNS server."""
    vpcs: Mapping[str, Last] = field(default_factory=dict)
    """What was applied of each VPC. No zone is forwarded for two of them."""
    at: str = ""
    before: tuple[FileState, ...] = ()
    """The fragments as they were before, for `rollback`."""
    before_that: Mapping[str, Any] | None = None
    """The `Applied` that they belong to, one step back."""

    @property
    def forwarding(self) -> Forwarding:
        """Return all that is forwarded, of every VPC."""
        parts = [last.forwarding for _, last in sorted(self.vpcs.items())]
        return together(parts) if parts else NOTHING

    def of(self, vpc: str) -> Last:
        """Return what was applied of this VPC."""
        return self.vpcs.get(vpc) or Last()

    def with_last(self, vpc: str, last: Last) -> Applied:
        """Return the same with this of the VPC."""
        return replace(self, vpcs={**self.vpcs, vpc: last})

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
class Duty:
    """Whether a standby serves in the place of another VPC, and what was seen of that since."""

    serving: bool = False
    since: str = ""
    good: int = 0
    """Looks, one after the other, in which the other VPC answered again."""
    looked: str = ""
    """When the last one of them was."""
    went: tuple[str, ...] = ()
    """When it began to serve: each time of the last day."""


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
        applied = self._made("applied.json", _applied_from) or Applied()
        first = self.followed[0] if self.followed else ONLY
        return replace(applied, vpcs={vpc or first: last for vpc, last in applied.vpcs.items()})

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

    def last(self) -> Last:
        """Return what was applied of this VPC."""
        return self.applied().of(self.vpc)

    def distrust(self) -> Distrust:
        name = self._readable("distrust")
        return self._made(name, lambda said: Distrust(**said)) or Distrust()

    def write_distrust(self, distrust: Distrust) -> None:
        self._write(self._own("distrust"), vars(distrust))

    def duty(self) -> Duty:
        """Return what this VPC does as a standby."""
        said = self._made(self._own("standby"), _duty_from)
        return said or Duty()

    def write_duty(self, duty: Duty) -> None:
        self._write(self._own("standby"), vars(duty))

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
    """What was applied of one VPC, read once at the beginning of a run."""

    last: Last
    document: Document | None = None
    known: Document | None = None

    @classmethod
    def of(cls, last: Last) -> Memory:
        return cls(last, _understood(last.document), _understood(last.known))


def _understood(text: str) -> Document | None:
    """None also where an older version of this tool applied what this one does not understand."""
    try:
        return read_document(text) if text else None
    except Refused:
        return None


def _duty_from(said: Mapping[str, Any]) -> Duty:
    return Duty(**{**said, "went": tuple(said["went"])})


def _journal_from(said: Mapping[str, Any]) -> Journal:
    before = tuple(FileState.from_json(item) for item in said["before"])
    # An older version did not say how far it had come.
    return Journal(said["run"], before, tuple(said["zones"]), said.get("reloading", True))


def _applied_as_json(applied: Applied) -> dict[str, Any]:
    """Return the form of before several VPCs could be followed, where there is one at most: so
    that a user may go back to a version of then."""
    before = [item.as_json() for item in applied.before]
    lasts = {vpc: _last_as_json(last) for vpc, last in applied.vpcs.items()}
    whole = {**vars(applied), "before": before, "vpcs": lasts}
    if len(lasts) > 1:
        return whole
    only = next(iter(lasts.values()), _last_as_json(Last()))
    return {**only, **{key: value for key, value in whole.items() if key != "vpcs"}}


def _last_as_json(last: Last) -> dict[str, Any]:
    forwarding = {key: value for key, value in vars(last.forwarding).items() if key != "apart"}
    return {**vars(last), "forwarding": forwarding}


def _applied_from(said: Mapping[str, Any]) -> Applied:
    """Return what was applied, also from the form of one VPC. Raises KeyError, TypeError,
    ValueError."""
    before = tuple(FileState.from_json(item) for item in said["before"])
    names = {item.name for item in fields(Applied)}
    if "vpcs" in said:
        vpcs = {vpc: _last_from(last) for vpc, last in said["vpcs"].items()}
        return Applied(**{**said, "vpcs": vpcs, "before": before})
    own = names - {"vpcs"}
    at = {"at": said["at"]}
    last = _last_from({k: value for k, value in said.items() if k not in own} | at)
    vpcs = {_vpc_of(last): last} if last != Last(at=last.at) else {}
    host = {key: value for key, value in said.items() if key in own}
    return Applied(**{**host, "vpcs": vpcs, "before": before})


def _last_from(said: Mapping[str, Any]) -> Last:
    """Return it, also from what a version wrote that believed any generation and kept no checksum
    of it."""
    is_possible = said["newest"] <= LARGEST_GENERATION
    newest = {"newest_checksum": said.get("newest_checksum", _checksum_of(said))}
    said = {**said, **(newest if is_possible else {"newest": 0, "newest_checksum": ""})}
    forwarding = dict(said["forwarding"])
    lists = {key: tuple(forwarding[key]) for key in ("zones", "forwarders")}
    return Last(**{**said, "forwarding": Forwarding(**forwarding | lists)})


def _vpc_of(last: Last) -> str:
    document = _understood(last.document) or _understood(last.known)
    return document.vpc_id if document else ONLY


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
