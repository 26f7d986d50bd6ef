"""A running process, as /proc shows it."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

START_TIME = 19
"""The index of the start time among the words of /proc/<pid>/stat after the program's name."""


@dataclass(frozen=True)
class Process:
    pid: int

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of the command line after the program. Raises OSError."""
        said = Path(f"/proc/{self.pid}/cmdline").read_bytes().decode(errors="replace")
        return tuple(said.rstrip("\0").split("\0")[1:])

    @property
    def started(self) -> float:
        """Return when the process started, in seconds since the epoch, to about a second. Raises
        OSError."""
        ticks = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[START_TIME]
        boot = re.search(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)
        return (int(boot[1]) if boot else 0) + int(ticks) / os.sysconf("SC_CLK_TCK")

    def option(self, letter: str) -> str:
        """Return the value of an option of the command line, such as `-c`; empty where it is not
        there. Raises OSError."""
        words = iter(self.words)
        for word in words:
            if word.startswith(letter) and not word.startswith("--"):
                return word.removeprefix(letter) or next(words, "")
        return ""

    def reads_another(self, named: Path, configuration: Path) -> bool:
        """Return whether the file that the process names is surely another one than
        `configuration`: neither in the root of the process (a chroot, a container) nor on this host
        has it the same inode or content. Without CAP_SYS_PTRACE, as within the service, that root
        cannot be seen, and nothing is sure."""
        seen = [Path(f"/proc/{self.pid}/root") / str(named).lstrip("/"), named]
        try:
            there = [file for file in seen if file.exists()]
        except OSError:
            return False
        return bool(there) and all(differ(file, configuration) for file in there)

    def read_again(self) -> None:
        """Send SIGHUP, at which the process reads its files some time later. Raises OSError."""
        os.kill(self.pid, signal.SIGHUP)

    def unreadable(self, path: Path) -> Path | None:
        """Return the first part of the path that the user of the process may not use; None where it
        may use all. A process that gave up root after its start may not be able to read a file
        again. Raises OSError."""
        user, groups = self._user()
        for part in (path, *path.parents):
            needed = 4 if part == path else 1
            if user and not _permitted(part.stat(), user, groups) & needed:
                return part
        return None

    def _user(self) -> tuple[int, frozenset[int]]:
        status = Path(f"/proc/{self.pid}/status").read_text()
        said = dict(re.findall(r"^(Uid|Gid|Groups):[ \t]*(.*)$", status, re.MULTILINE))
        _, user, *_ = (int(word) for word in said["Uid"].split())
        _, group, *_ = (int(word) for word in said["Gid"].split())
        return user, frozenset({group, *(int(word) for word in said["Groups"].split())})


def _permitted(status: os.stat_result, user: int, groups: frozenset[int]) -> int:
    """Return the three permission bits that hold for this user."""
    if status.st_uid == user:
        return status.st_mode >> 6 & 7
    return (status.st_mode >> 3 & 7) if status.st_gid in groups else (status.st_mode & 7)


def differ(one: Path, other: Path) -> bool:
    """Return whether both exist, and are neither the same file nor of the same content."""
    try:
        return not one.samefile(other) and one.read_bytes() != other.read_bytes()
    except OSError:
        return False
