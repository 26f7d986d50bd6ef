"""Install the pick-up tool out of this file, tell what would be done, or remove the tool.

    /opt/ecs-anywhere-dns/lib-<checksum>     the libraries, as this file has them
    /opt/ecs-anywhere-dns/lib                a link to them, switched at once
    /opt/ecs-anywhere-dns/bin                the programs
    /opt/ecs-anywhere-dns/folders            folders outside that an installation made
    /usr/local/bin                           links to the programs

Whoever dies in the middle leaves what was there before, and a folder that the next run removes. The
libraries are whole where they hold the file `complete`, which is written last. Those of the version
before stay until the next run of the installer: a run of the tool may be using them.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

HOME = Path("opt/ecs-anywhere-dns")
LINKS = Path("usr/local/bin")
MANUAL = Path("usr/local/share/man/man8/ecs-anywhere-dns.8.gz")
TIMER = Path("etc/systemd/system/ecs-anywhere-dns.timer")
COMPLETE = "complete"
FOLDERS = "folders"
DONE, REFUSED, WOULD_CHANGE = 0, 1, 4
"""Exit codes; 2 is a wrong command line, a wrong Python or a wrong machine."""
UNFOLLOWED = (
    "the DNS server goes on forwarding, and nobody follows the VPC any more: see 'Remove it' in "
    "the README of ecs-anywhere-dns, whose first two steps need this tool"
)
# Below it, sh never reads on: it ends in an exec or an exit. For Python it is a string.
HEAD = """\
#!/bin/sh
''':'
python={python}
[ -x "$python" ] && exec "$python" -I "$0" "$@"
echo "$python is gone, for which this was installed: run the installer with another Python" >&2
exit 2
'''
"""


class Refused(Exception):
    """An error before any change; the message says what is in the way, and what to do."""


@dataclass(frozen=True)
class Change:
    """A change, of something that is not yet as this file has it."""

    done: str
    """The change in the past tense."""
    would: str
    make: Callable[[], None]


def run(archive: Path, about: Mapping[str, Any]) -> int:
    """Do what the command line says. Return the exit code."""
    parser = argparse.ArgumentParser(
        prog=f"python3 {archive.name}",
        description=f"Install ecs-anywhere-dns {about['version']} into /{HOME}, and ask no package "
        "index. An older version is replaced, and what is right already is kept.",
    )
    parser.add_argument("--root", type=Path, default=Path("/"), help="another root than /")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--remove", action="store_true", help="remove it instead")
    other.add_argument(
        "--check",
        action="store_true",
        help=f"only say what would be done: ends with {DONE} where nothing, with {WOULD_CHANGE} "
        f"where something, with {REFUSED} where it would be refused",
    )
    words = parser.parse_args()
    root = words.root.absolute()
    os.umask(0o022)
    try:
        if words.remove:
            return _say(remove(root))
        installation = Installation(archive, about, root)
        return installation.tell() if words.check else _say(installation.install())
    except (Refused, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return REFUSED


@dataclass(frozen=True)
class Installation:
    """The tool as this file would have it below one root."""

    archive: Path
    about: Mapping[str, Any]
    root: Path

    @property
    def home(self) -> Path:
        return self.root / HOME

    @property
    def library(self) -> Path:
        tag = sys.implementation.cache_tag
        return self.home / f"lib-{self.about['checksum'][:16]}-{tag}"

    def install(self) -> list[str]:
        """Return what was done. Raises Refused, OSError."""
        self._check()
        changes = self._changes()
        former = _former_libraries(self.home, {self.library.name, _linked_library(self.home)})
        for change in changes:
            change.make()
        for path in former:
            shutil.rmtree(path)
        return [change.done for change in changes] or [
            f"kept {self.about['version']} in {self.home} as it is"
        ]

    def tell(self) -> int:
        """Print what would be done. Return the exit code. Raises Refused, OSError."""
        self._check()
        changes = self._changes()
        for change in changes:
            sys.stdout.write(f"would {change.would}\n")
        if changes:
            return WOULD_CHANGE
        return _say([f"{self.about['version']} is in {self.home} already, as this file has it"])

    def _check(self) -> None:
        """Check that this root may be installed into. Raises Refused."""
        _check_ours(self.home)
        _check_trusted(self.home)
        for command in self.about["commands"]:
            _check_free(self.root / LINKS / command)

    def _changes(self) -> list[Change]:
        where = f"{self.about['version']} into {self.home}"
        changes = []
        is_linked = _linked_library(self.home) == self.library.name
        if not (is_linked and (self.library / COMPLETE).is_file()):
            changes.append(Change(f"installed {where}", f"install {where}", self._unpack))
        with ZipFile(self.archive) as packed:
            for command in self.about["commands"]:
                changes += self._program(command, packed.read(f"bin/{command}").decode())
            page = packed.read("ecs-anywhere-dns.8.gz")
        return [*changes, *self._file(self.root / MANUAL, page, 0o644)]

    def _program(self, command: str, text: str) -> list[Change]:
        program, link = self.home / "bin" / command, self.root / LINKS / command
        head = HEAD.format(python=shlex.quote(_interpreter()))
        changes = self._file(program, (head + text).encode(), 0o755, f", run by {_interpreter()}")
        if not _is_ours(link):
            said = f"{link} to {_goal(command)}"
            changes.append(Change(f"linked {said}", f"link {said}", lambda: self._link(link)))
        return changes

    def _file(self, path: Path, content: bytes, mode: int, remark: str = "") -> list[Change]:
        def write() -> None:
            self._make_folder(path.parent)
            _replace(path, content, mode)

        if path.is_file() and path.read_bytes() == content:
            return []
        return [Change(f"wrote {path}{remark}", f"write {path}{remark}", write)]

    def _link(self, link: Path) -> None:
        self._make_folder(link.parent)
        _replace_link(link, str(_goal(link.name)))

    def _unpack(self) -> None:
        self._make_folder(self.home)
        half = self.library.with_name(f"{self.library.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        with ZipFile(self.archive) as packed:
            for name in packed.namelist():
                path = PurePosixPath(name)
                if path.parts[0] == "lib":
                    file = half.joinpath(*path.parts[1:])
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(packed.read(name))
        # The systemd service may not write here, and would compile them at every run.
        compileall.compile_dir(half, quiet=2, stripdir=str(half), prependdir=str(self.library))
        (half / COMPLETE).touch()
        shutil.rmtree(self.library, ignore_errors=True)
        half.rename(self.library)
        _replace_link(self.home / "lib", self.library.name)

    def _make_folder(self, folder: Path) -> None:
        """Make it with those above it, and remember which: a removal leaves none of them."""
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        outside = [
            path.relative_to(self.root)
            for path in missing
            if self.root in path.parents and self.home not in (path, *path.parents)
        ]
        if outside:
            known = _folders_made(self.home)
            self.home.mkdir(parents=True, exist_ok=True)
            text = "".join(f"{path}\n" for path in [*outside, *known])
            _replace(self.home / FOLDERS, text.encode(), 0o644)
        folder.mkdir(parents=True, exist_ok=True)


def remove(root: Path) -> list[str]:
    """Return what was done. Raises Refused, OSError."""
    home = root / HOME
    _check_ours(home)
    if not home.exists():
        return [f"there is no {home}"]
    if not _is_installed(home):
        raise Refused(
            f"{home} is not of this installer, which has a link `lib` and a folder `lib-…` in it: "
            "nothing was removed; look at what stands in it, and remove it by hand"
        )
    made = _folders_made(home)
    # First: who dies from here on leaves nothing that the next run would take for whole.
    (home / "lib").unlink(missing_ok=True)
    for program in sorted((home / "bin").glob("*")):
        link = root / LINKS / program.name
        if _is_ours(link):
            link.unlink()
    (root / MANUAL).unlink(missing_ok=True)
    shutil.rmtree(home)
    for folder in sorted(made, reverse=True):
        with suppress(OSError):  # somebody else has put something there since
            (root / folder).rmdir()
    return [f"removed {home}", *([UNFOLLOWED] if (root / TIMER).exists() else [])]


def _say(lines: list[str]) -> int:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return DONE


def _check_trusted(home: Path) -> None:
    """Check that nobody but root can change what root runs from here on: the Python that runs this,
    its modules, and the folder of the tool. Raises Refused."""
    # Out of this file: the tool judges its own files by the same rule.
    from ecs_anywhere_dns.trust import Unsafe, check_trusted

    there = next(path for path in (home, *home.parents) if path.exists())
    try:
        check_trusted(there)
    except Unsafe as unsafe:
        raise Refused(f"{unsafe.message}: {unsafe.cure}") from None
    for path in (Path(_interpreter()), Path(os.__file__)):
        try:
            check_trusted(path)
        except Unsafe as unsafe:
            raise Refused(
                f"{unsafe.message}; run this file with a Python of this system's packages, as in "
                "/usr/bin"
            ) from None


def _check_ours(home: Path) -> None:
    """Check that no package, no virtual environment and nothing but a folder is at this place.
    Raises Refused."""
    for path in (home.parent, home):
        is_there = path.exists() or path.is_symlink()
        if is_there and not path.is_dir():
            what = "a link that leads nowhere" if path.is_symlink() else "no folder"
            raise Refused(
                f"{path} is {what}, and not of this installer: nothing was changed; look at it "
                f"(`ls -l {path}`), and move it away"
            )
    if (home / "pyvenv.cfg").exists():
        raise Refused(
            f"{home} is a virtual environment: remove it first, as in `rm -r {home} "
            "/usr/local/bin/ecs-anywhere-dns`"
        )
    library = home / "lib"
    if library.exists() and not library.is_symlink():
        raise Refused(f"{home} is of a package of this system: remove that first, or update it")


def _check_free(link: Path) -> None:
    """Check that nobody else has a program of that name. Raises Refused."""
    if (link.is_symlink() or link.exists()) and not _is_ours(link):
        raise Refused(
            f"{link} is not of this installer, and nothing was changed: remove it first (of pipx: "
            f"`pipx uninstall {link.name}`; otherwise `rm {link}`), then run this again"
        )


def _is_ours(link: Path) -> bool:
    return link.is_symlink() and link.readlink() == _goal(link.name)


def _is_installed(home: Path) -> bool:
    """Return whether an installation is there, or what is left of one whose removal or whose first
    installation died."""
    is_left = (home / FOLDERS).is_file() or not any(home.iterdir())
    return (home / "lib").is_symlink() or any(home.glob("lib-*")) or is_left


def _former_libraries(home: Path, kept: set[str]) -> list[Path]:
    return [path for path in home.glob("lib-*") if path.name not in kept]


def _linked_library(home: Path) -> str:
    """Return the name of the libraries in use; empty for none."""
    link = home / "lib"
    return str(link.readlink()) if link.is_symlink() else ""


def _folders_made(home: Path) -> list[Path]:
    """Return the folders outside that installations made, relative to the root."""
    memory = home / FOLDERS
    return [Path(line) for line in memory.read_text().splitlines()] if memory.is_file() else []


def _interpreter() -> str:
    """Return the Python that runs this by its own name: `python3` may be another one tomorrow."""
    return os.path.realpath(sys.executable)


def _goal(command: str) -> Path:
    return Path("/") / HOME / "bin" / command


def _replace(file: Path, content: bytes, mode: int) -> None:
    half = file.with_name(f".{file.name}.half")
    half.write_bytes(content)
    half.chmod(mode)
    half.replace(file)


def _replace_link(link: Path, goal: str) -> None:
    half = link.with_name(f".{link.name}.half")
    half.unlink(missing_ok=True)
    half.symlink_to(goal)
    half.replace(link)
