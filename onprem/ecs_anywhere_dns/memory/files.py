"""Files, swapped so that a crash leaves either the old bytes or the new ones, never a part.

The half-written file has a name that no DNS server reads: dnsmasq loads nearly every suffix of its
folder, but nothing that begins with a dot, and the others load `*.conf` or what is named.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.outcome import CheckFailed

READABLE = 0o644
"""Of a fragment that did not exist: the DNS server reads it as a user of its own."""
PRIVATE = 0o600


@dataclass(frozen=True)
class FileState:
    """One file as it was, to the byte; `content` None where there was none."""

    path: Path
    content: bytes | None
    mode: int = READABLE
    owner: tuple[int, int] | None = None
    """User and group id."""

    def is_on_disk(self) -> bool:
        """Raises CheckFailed where that cannot be read."""
        return state_of(self.path).content == self.content

    def as_json(self) -> dict[str, Any]:
        content = None if self.content is None else base64.b64encode(self.content).decode()
        return {"path": str(self.path), "content": content, "mode": self.mode, "owner": self.owner}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> FileState:
        content = said["content"]
        return cls(
            Path(said["path"]),
            None if content is None else base64.b64decode(content),
            said["mode"],
            tuple(said["owner"]) if said["owner"] else None,
        )


def state_of(path: Path) -> FileState:
    """Raises CheckFailed where it is there but cannot be read."""
    try:
        content = path.read_bytes()
        status = path.stat()
    except FileNotFoundError:
        return FileState(path, None)
    except OSError as error:
        raise CheckFailed(f"{path}: {error.strerror}", "run this as root") from None
    return FileState(path, content, status.st_mode & 0o7777, (status.st_uid, status.st_gid))


def put(wanted: FileState) -> None:
    """Make the file what `wanted` says, atomically and durably. Raises CheckFailed."""
    # A link stays a link: what it leads to is replaced.
    path = wanted.path.resolve()
    try:
        if wanted.content is None:
            path.unlink(missing_ok=True)
        else:
            _replace(path, wanted.content, wanted.mode, wanted.owner)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            # On a full disk its part of the bytes may be what others lack.
            _half_written(path).unlink(missing_ok=True)
        raise CheckFailed(f"{error.filename or path}: {error.strerror}", _CURE) from None


def remove_half_written(path: Path) -> None:
    """What a run that was killed may have left. Raises CheckFailed."""
    half = _half_written(path.resolve())
    # Looked for first: where nothing may be written, removing nothing is an error, too.
    if half.exists():
        put(FileState(half, None))


def _replace(path: Path, content: bytes, mode: int, owner: tuple[int, int] | None) -> None:
    half = _half_written(path)
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(descriptor, mode)
        if owner is not None and owner != (os.geteuid(), os.getegid()):
            os.fchown(descriptor, *owner)
        os.fsync(descriptor)
    half.replace(path)


def _half_written(path: Path) -> Path:
    return path.with_name(f".{path.name}.ecs-anywhere-dns")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_CURE = "run this as root, with room on the disk, or correct the path in the configuration"
