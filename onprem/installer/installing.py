"""Install the pick-up tool out of this file, and remove it.

    /opt/ecs-anywhere-dns/lib-<checksum>     the libraries, as this file has them
    /opt/ecs-anywhere-dns/lib                a link to them, switched at once
    /opt/ecs-anywhere-dns/bin                the programs
    /usr/local/bin                           links to these

Whoever dies in the middle leaves what was there before, and a folder that the next run removes. The
libraries are whole where they hold the file `complete`, which is written last.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

HOME = Path("opt/ecs-anywhere-dns")
LINKS = Path("usr/local/bin")
MANUAL = Path("usr/local/share/man/man8/ecs-anywhere-dns.8.gz")
TIMER = Path("etc/systemd/system/ecs-anywhere-dns.timer")
COMPLETE = "complete"
UNFOLLOWED = (
    "the DNS server goes on forwarding, and nobody follows the VPC any more: see 'Remove it' in "
    "the README of ecs-anywhere-dns, whose first two steps need this tool"
)


class Refused(Exception):
    """Nothing was changed; the message says what is in the way, and what to do."""


def run(archive: Path, about: Mapping[str, Any]) -> int:
    """Do what the command line says. Return the exit code."""
    parser = argparse.ArgumentParser(
        prog=f"python3 {archive.name}",
        description=f"Install ecs-anywhere-dns {about['version']} into /{HOME}, and ask no package "
        "index.",
    )
    parser.add_argument("--remove", action="store_true", help="remove it instead")
    parser.add_argument("--root", type=Path, default=Path("/"), help="another root than /")
    words = parser.parse_args()
    os.umask(0o022)
    try:
        done = remove(words.root) if words.remove else install(archive, about, words.root)
    except (Refused, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    for line in done:
        sys.stdout.write(f"{line}\n")
    return 0


def install(archive: Path, about: Mapping[str, Any], root: Path) -> list[str]:
    """Return what was done; nothing where it is there already. Raises Refused, OSError."""
    home = root / HOME
    _check_ours(home)
    for command in about["commands"]:
        _check_free(root / LINKS / command)
    library = home / f"lib-{about['checksum'][:16]}-{sys.implementation.cache_tag}"
    link = home / "lib"
    is_linked = link.is_symlink() and link.readlink() == Path(library.name)
    if not (is_linked and (library / COMPLETE).is_file()):
        _unpack(archive, library)
        _replace_link(link, library.name)
        done = [f"installed {about['version']} into {home}"]
    else:
        done = [f"kept {about['version']} in {home} as it is"]
    for former in home.glob("lib-*"):
        if former.name != library.name:
            shutil.rmtree(former)
    _write_programs(archive, about["commands"], root)
    return done


def remove(root: Path) -> list[str]:
    """Return what was done. Raises Refused, OSError."""
    home = root / HOME
    _check_ours(home)
    if not home.exists():
        return [f"there is no {home}"]
    # First: who dies from here on leaves nothing that the next run would take for whole.
    (home / "lib").unlink(missing_ok=True)
    for program in sorted((home / "bin").glob("*")):
        link = root / LINKS / program.name
        if _is_ours(link):
            link.unlink()
    (root / MANUAL).unlink(missing_ok=True)
    shutil.rmtree(home)
    return [f"removed {home}", *([UNFOLLOWED] if (root / TIMER).exists() else [])]


def _check_ours(home: Path) -> None:
    """Raises Refused where a package or a virtual environment is there."""
    if (home / "pyvenv.cfg").exists():
        raise Refused(
            f"{home} is a virtual environment: remove it first, as in `rm -r {home} "
            "/usr/local/bin/ecs-anywhere-dns`"
        )
    library = home / "lib"
    if library.exists() and not library.is_symlink():
        raise Refused(f"{home} is of a package of this system: remove that first, or update it")


def _check_free(link: Path) -> None:
    """Raises Refused where somebody else has a program of that name."""
    if (link.is_symlink() or link.exists()) and not _is_ours(link):
        raise Refused(
            f"{link} is not of this installer, and nothing was changed: remove it first (of pipx: "
            f"`pipx uninstall {link.name}`; otherwise `rm {link}`), then run this again"
        )


def _is_ours(link: Path) -> bool:
    return link.is_symlink() and link.readlink() == _linked(link.name)


def _unpack(archive: Path, library: Path) -> None:
    half = library.with_name(f"{library.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    with ZipFile(archive) as packed:
        for name in packed.namelist():
            path = PurePosixPath(name)
            if path.parts[0] == "lib":
                file = half.joinpath(*path.parts[1:])
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(packed.read(name))
    # The systemd service may not write here, and would compile them at every run.
    compileall.compile_dir(half, quiet=2, stripdir=str(half), prependdir=str(library))
    (half / COMPLETE).touch()
    shutil.rmtree(library, ignore_errors=True)
    half.rename(library)


def _write_programs(archive: Path, commands: Mapping[str, str], root: Path) -> None:
    folder = root / HOME / "bin"
    for made in (folder, root / LINKS, (root / MANUAL).parent):
        made.mkdir(parents=True, exist_ok=True)
    with ZipFile(archive) as packed:
        for command in commands:
            text = f"#!{_interpreter()} -I\n{packed.read(f'bin/{command}').decode()}"
            _replace(folder / command, text.encode(), 0o755)
            _replace_link(root / LINKS / command, str(_linked(command)))
        _replace(root / MANUAL, packed.read("ecs-anywhere-dns.8.gz"), 0o644)


def _interpreter() -> str:
    """Return the Python that runs this by its own name: `python3` may be another one tomorrow."""
    return os.path.realpath(sys.executable)


def _linked(command: str) -> Path:
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
