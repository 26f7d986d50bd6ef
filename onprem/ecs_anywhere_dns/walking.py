"""The way to a file, opened folder by folder: which links lie on it, and who may change them.

Root that opens a path by its name goes wherever a link leads. In a folder that others may write, as
one that a DNS server owns, a link is theirs to lay: to a file that only root may write or read. So
every folder is opened in the one before it, a link is looked at before it is followed, and files
are opened, made, renamed and removed in the folder that was reached.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

MOST_LINKS = 40
"""The kernel's own bound (path_resolution(7))."""
ROOT_AND_PARENT = ("/", "..")
OF_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class Step:
    """A folder, a link or a file on the way, and the folder in which it lies."""

    path: Path
    status: os.stat_result
    folder: os.stat_result

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def is_of_trusted_owner(self) -> bool:
        return self.status.st_uid in trusted_owners()

    @property
    def may_be_written_by_others(self) -> bool:
        """Return whether other users may change this step. In a folder with the sticky bit they may
        make files, but neither rename nor remove those of others."""
        mode = self.status.st_mode
        is_sticky_folder = stat.S_ISDIR(mode) and bool(mode & stat.S_ISVTX)
        return not self.is_link and bool(mode & OF_OTHERS) and not is_sticky_folder

    @property
    def is_link_of_others(self) -> bool:
        """Return whether this is a link that other users may have made, or may change."""
        if not self.is_link:
            return False
        is_shared = bool(self.folder.st_mode & OF_OTHERS)
        is_sticky = bool(self.folder.st_mode & stat.S_ISVTX)
        is_foreign = self.folder.st_uid not in trusted_owners()
        return is_foreign or (is_shared and not (is_sticky and self.is_of_trusted_owner))


@dataclass(frozen=True)
class Way:
    """The last folder of a way, open, and the name of the file in it."""

    path: Path
    """The path without links."""
    steps: tuple[Step, ...]
    """The steps from `/` to the file; without the file where there is none."""
    folder: int
    """A descriptor that only names the folder (O_PATH)."""


@contextmanager
def opened(path: Path) -> Iterator[Way]:
    """Walk to `path`, through whatever links; the caller judges `steps`. Raises OSError where a
    folder on the way is missing, is none, or may not be entered."""
    walk = _Walk(path)
    try:
        yield walk.to_the_end()
    finally:
        os.close(walk.folder)


@contextmanager
def folders_for_everybody() -> Iterator[None]:
    """Set the umask to 0 meanwhile, so that new folders get the mode that they are made with: a
    chmod afterwards would follow a link."""
    former = os.umask(OF_OTHERS)
    try:
        yield
    finally:
        os.umask(former)


@cache
def trusted_owners() -> frozenset[int]:
    """Return the user ids that may own what this process obeys: root's and its own. In a user
    namespace that knows no other users, also the id that stands for all of those: root of the
    machine is among them."""
    unknown = int(Path("/proc/sys/kernel/overflowuid").read_text())
    lines = Path("/proc/self/uid_map").read_text().splitlines()
    mapped = (
        range(int(first), int(first) + int(count)) for first, _, count in map(str.split, lines)
    )
    is_known = any(unknown in ids for ids in mapped)
    return frozenset({0, os.geteuid(), *([] if is_known else [unknown])})


@dataclass
class _Walk:
    goal: Path
    folder: int = field(init=False)
    _at: Path = field(init=False, default=Path("/"))
    _status: os.stat_result = field(init=False)
    _steps: list[Step] = field(init=False, default_factory=list)
    _links: int = 0

    def __post_init__(self) -> None:
        self.folder = os.open("/", os.O_PATH | os.O_DIRECTORY)
        self._status = os.fstat(self.folder)
        self._steps.append(Step(self._at, self._status, self._status))

    def to_the_end(self) -> Way:
        parts = deque(self.goal.absolute().parts[1:])
        while parts:
            part = parts.popleft()
            status = self._look(part)
            if status is not None and stat.S_ISLNK(status.st_mode):
                self._steps.append(Step(self._at / part, status, self._status))
                parts.extendleft(reversed(self._target(part).parts))
            elif parts or part in ROOT_AND_PARENT:
                self._enter(part)
            else:
                if status is not None:
                    self._steps.append(Step(self._at / part, status, self._status))
                return Way(self._at / part, tuple(self._steps), self.folder)
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.goal))

    def _look(self, part: str) -> os.stat_result | None:
        """Return the state of a part of the path without following it; None where it is missing, or
        never a link."""
        if part in ROOT_AND_PARENT:
            return None
        try:
            return os.stat(part, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _target(self, link: str) -> Path:
        self._links += 1
        if self._links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self.goal))
        return Path(os.readlink(link, dir_fd=self.folder))

    def _enter(self, part: str) -> None:
        """Open the next folder in this one; a link that was laid just now is an error."""
        flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW
        try:
            entered = os.open(part, flags, dir_fd=self.folder)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._at / part)) from None
        os.close(self.folder)
        former, self.folder, self._status = self._status, entered, os.fstat(entered)
        self._at = self._at.parent if part == ".." else self._at / part
        self._steps.append(Step(self._at, self._status, former))
