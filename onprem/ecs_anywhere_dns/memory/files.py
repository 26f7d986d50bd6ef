"""Files, swapped so that a crash leaves either the old bytes or the new ones, never a part.

The half-written file has a name that no DNS server reads: dnsmasq loads nearly every suffix of its
folder, but nothing that begins with a dot, and the others load `*.conf` or what is named.

A link is followed where only root could have laid it, as administrators do. In a folder that others
may write it is refused: it could lead root to any file of the host.
"""

from __future__ import annotations

import base64
import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import Any

from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.walking import Way, folders_for_everybody, opened

READABLE = 0o644
"""The mode of a new fragment: the DNS server reads it as a user of its own."""
PRIVATE = 0o600
NO_FILE = (errno.EISDIR, errno.EINVAL, errno.ELOOP)
"""Errors of a folder, a pipe or a link that stands where a file is to be."""
NO_FOLDER = (errno.EEXIST, errno.ENOTDIR)
"""Errors of something else that stands where a folder is to be."""


@dataclass(frozen=True)
class FileState:
    """One file as it was, to the byte; `content` None where there was none."""

    path: Path
    content: bytes | None
    mode: int = READABLE
    owner: tuple[int, int] | None = None
    """User and group id."""

    def is_on_disk(self) -> bool:
        """Return whether the file holds these bytes. Raises CheckFailed where it cannot be read."""
        return state_of(self.path).content == self.content

    def is_exactly_on_disk(self) -> bool:
        """Return whether the file has these bytes, mode and owner. Raises CheckFailed."""
        now = state_of(self.path)
        wanted = now if self.content is None else replace(self, owner=self.owner or now.owner)
        return now.content == self.content and now == wanted

    def as_json(self) -> dict[str, Any]:
        content = None if self.content is None else base64.b64encode(self.content).decode()
        return {"path": str(self.path), "content": content, "mode": self.mode, "owner": self.owner}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> FileState:
        content = said["content"]
        if type(said["mode"]) is not int:
            raise TypeError(f"{said['mode']!r} is no mode of a file")
        return cls(
            Path(said["path"]),
            None if content is None else base64.b64decode(content),
            said["mode"],
            tuple(said["owner"]) if said["owner"] else None,
        )


def state_of(path: Path) -> FileState:
    """Return the state of a file. Raises CheckFailed where it cannot be read, or is a link that
    others made."""
    try:
        with _way(path) as way, _open(way) as file:
            status = os.fstat(file.fileno())
            content = file.read()
    except FileNotFoundError:
        return FileState(path, None)
    except OSError as error:
        is_other = error.errno in NO_FILE
        cure = cure_of(error) if is_other else "run this as root"
        raise CheckFailed(f"{path}: {error.strerror}", cure) from None
    return FileState(path, content, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))


def fingerprint_of(content: bytes) -> str:
    """Return what tells these bytes from others."""
    return sha256(content).hexdigest()


def text_of(path: Path) -> str:
    """Return the text of a file of ours. Raises OSError, UnicodeDecodeError, CheckFailed."""
    content = state_of(path).content
    if content is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return content.decode("utf-8")


def text_of_others(path: Path) -> str:
    """Return the text of an administrator's file, whatever encoding its comments have: bytes that
    are no UTF-8 stay what they are (`surrogateescape`). Raises FileNotFoundError, CheckFailed."""
    content = state_of(path).content
    if content is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return content.decode("utf-8", "surrogateescape")


def put(wanted: FileState) -> None:
    """Make the file what `wanted` says, atomically and durably. Raises CheckFailed."""
    try:
        # A link stays a link: what it leads to is replaced.
        with _way(wanted.path) as way:
            if wanted.content is None:
                _remove(way, way.path.name)
            else:
                _replace(way, wanted, wanted.content)
            _sync(way)
    except OSError as error:
        raise CheckFailed(
            f"{_named(error, wanted.path)}: {error.strerror}", cure_of(error)
        ) from None


def remove_half_written(path: Path) -> None:
    """Remove what a run that was killed may have left. Raises CheckFailed."""
    try:
        with _way(path) as way:
            # Looked for first: where nothing may be written, removing nothing is an error, too.
            os.stat(_half_written(way), dir_fd=way.folder, follow_symlinks=False)
            _remove(way, _half_written(way))
            _sync(way)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise CheckFailed(f"{_named(error, path)}: {error.strerror}", cure_of(error)) from None


def cure_of(error: OSError) -> str:
    """Return what to do where a file or a folder cannot be written."""
    if error.errno == errno.EROFS:
        return (
            "the systemd service may write only where the configuration was when it was installed: "
            "`ecs-anywhere-dns init --timer`, then `systemctl daemon-reload`; otherwise mount that "
            "file system for writing"
        )
    if error.errno == errno.ENOSPC:
        return "make room on that disk; what is served stays as it is until then"
    if error.errno == errno.EBUSY:
        return (
            "that file is a mount of its own (`findmnt` lists it), which cannot be replaced: "
            "unmount it, and mount the folder around it instead, or name another file in the "
            "configuration"
        )
    if error.errno in NO_FOLDER:
        return "move away what stands there, or correct the path of the folder in the configuration"
    if error.errno in NO_FILE:
        return "move away what stands there: this tool keeps a file of its own at that place"
    return "run this as root, with room on the disk, or correct the path in the configuration"


def check_writable(folder: Path, room: int) -> None:
    """Check that a file of `room` bytes could be written to a folder, or to the next one above it
    that exists, as far as its file system tells. Writes nothing. Raises CheckFailed."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        seen = os.statvfs(there)
        if seen.f_flag & os.ST_RDONLY:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        blocks = seen.f_bavail if os.geteuid() else seen.f_bfree
        # Some file systems count no blocks, or no files.
        is_full = bool(seen.f_blocks) and blocks * seen.f_frsize < room
        if is_full or (seen.f_files and not seen.f_ffree):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise CheckFailed(f"{there}: {error.strerror}", cure_of(error)) from None


def check_replaceable(file: Path, room: int) -> None:
    """Check that a file of `room` bytes could be written in the place of this one, whose folder has
    to be there: no switch makes one. Writes nothing. Raises CheckFailed."""
    folder = file.resolve().parent
    if not folder.is_dir():
        raise CheckFailed(
            f"{file}: there is no folder {folder}",
            f"correct the path in the configuration, or `mkdir {quote(str(folder))}`",
        )
    check_writable(folder, room)


def make_folder(folder: Path, mode: int) -> None:
    """Make it with `mode`, and what is missing above it for everybody to enter. Raises OSError."""
    with folders_for_everybody():
        folder.mkdir(mode, parents=True, exist_ok=True)


@contextmanager
def _way(path: Path) -> Iterator[Way]:
    """Walk to the folder of a file. Raises OSError, and CheckFailed for a link that others may have
    made."""
    with opened(path) as way:
        for step in way.steps:
            if step.is_link_of_others:
                folder = quote(str(step.path.parent))
                raise CheckFailed(
                    f"{step.path} is a link in a folder that others than root may write: "
                    "it is not followed, and nothing was written",
                    f"`ls -l {quote(str(step.path))}`: remove it if nobody of yours made it; else "
                    f"write what it leads to into the configuration of this tool, or let only root "
                    f"write there: `chown root {folder}; chmod go-w {folder}`",
                )
        yield way


@contextmanager
def _open(way: Way) -> Iterator[Any]:
    # A pipe that somebody put there would keep us waiting.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(way.path.name, flags, dir_fd=way.folder), "rb") as file:
        kind = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(kind):
            code = errno.EISDIR if stat.S_ISDIR(kind) else errno.EINVAL
            raise OSError(code, os.strerror(code), str(way.path))
        yield file


def _replace(way: Way, wanted: FileState, content: bytes) -> None:
    half = _half_written(way)
    _remove(way, half)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(half, flags, PRIVATE, dir_fd=way.folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if wanted.owner is not None and wanted.owner != (os.geteuid(), os.getegid()):
                os.fchown(descriptor, *wanted.owner)
            # After the owner, whose change takes bits away.
            os.fchmod(descriptor, wanted.mode)
            os.fsync(descriptor)
        os.rename(half, way.path.name, src_dir_fd=way.folder, dst_dir_fd=way.folder)
    except OSError:
        with suppress(OSError):
            # On a full disk its part of the bytes may be what others lack.
            _remove(way, half)
        raise


def _remove(way: Way, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=way.folder)


def _half_written(way: Way) -> str:
    return f".{way.path.name}.ecs-anywhere-dns"


def _sync(way: Way) -> None:
    descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=way.folder)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _named(error: OSError, path: Path) -> Path:
    """Return the folder that was wrong, where it was one; a name within the last is just a name."""
    said = Path(str(error.filename or path))
    return said if said.is_absolute() else path
