"""The pick-up tool with its libraries, as a host has it that asks no package index.

Everything lies in /opt/ecs-anywhere-dns, with the libraries of onprem/requirements.lock, each one
checked by its hash. Three of them have compiled parts (cryptography, cffi, rpds-py), so a tree is
for one machine, with glibc 2.28 or newer. Compiled parts of several Pythons lie side by side,
because each has the name of its Python. Packages and installers are made of it.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAME = "ecs-anywhere-dns"
SUMMARY = "keeps a DNS server forwarding to the resolver of an ECS Anywhere VPC"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
NOT_YET = "3.15"
MACHINES = ("x86_64", "aarch64")
"""Machines by the names of `uname -m`."""
HOME = Path("opt") / NAME
COMMANDS = {NAME: "ecs_anywhere_dns", "ecs-anywhere-check": "ecs_anywhere_check"}
LAUNCHER = """\
import sys
from pathlib import Path

# Resolved: a run that is under way at an upgrade by the installer goes on with its own version.
sys.path.insert(0, str((Path(__file__).resolve().parents[1] / "lib").resolve()))

from {package}.cli import main

sys.exit(main())
"""
"""The text of a command's program, below the line that names the interpreter."""


@dataclass(frozen=True)
class Tree:
    """A folder that stands for `/` of one machine."""

    path: Path
    machine: str
    version: str

    @property
    def library(self) -> Path:
        return self.path / HOME / "lib"

    @property
    def size(self) -> int:
        """Return how much is to be installed, in bytes."""
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())

    def copy_to(self, path: Path) -> Tree:
        shutil.copytree(self.path, path, symlinks=True, copy_function=link)
        return Tree(path, self.machine, self.version)

    def write_commands(self, head: str) -> None:
        """Write the programs; `head` is what stands above the Python code."""
        folder = self.path / HOME / "bin"
        folder.mkdir()
        for command, package in COMMANDS.items():
            (folder / command).write_text(head + LAUNCHER.format(package=package))

    def link_commands(self) -> None:
        """Make links to the programs where every user finds them."""
        folder = self.path / "usr" / "bin"
        folder.mkdir(parents=True)
        for command in COMMANDS:
            (folder / command).symlink_to(f"/{HOME}/bin/{command}")

    def settle(self, time: int) -> None:
        """Give every file its mode and the same time, whoever builds it and when."""
        for path in sorted(self.path.rglob("*")):
            if path.is_symlink():
                continue
            is_program = path.parent.name in ("bin", "DEBIAN") and path.name != "control"
            path.chmod(0o755 if path.is_dir() or is_program else 0o644)
            os.utime(path, (time, time))


def build_tree(wheel: Path, scratch: Path, machine: str) -> Tree:
    """Build the tree of the tool's wheel, without programs."""
    tree = Tree(scratch / f"tree-{machine}", machine, wheel.name.split("-")[1])
    tree.library.mkdir(parents=True)
    for python in PYTHONS:
        folder = scratch / f"libraries-{machine}-{python}"
        _install_libraries(folder, python, machine)
        shutil.copytree(folder, tree.library, dirs_exist_ok=True, copy_function=link)
    _leave_out(tree.library)
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        packages = [name for name in names if name.split("/")[0] in COMMANDS.values()]
        packed.extractall(tree.library, packages)
    manual = tree.path / "usr" / "share" / "man" / "man8" / f"{NAME}.8.gz"
    manual.parent.mkdir(parents=True)
    page = (ROOT / "onprem" / "man" / f"{NAME}.8").read_bytes()
    manual.write_bytes(gzip.compress(page, mtime=0))
    return tree


def link(source: str, target: str) -> None:
    """Link the same file to `target`, unless one is there: of several Pythons all but the compiled
    parts is the same, and those have names of their own. Nobody writes into these files."""
    if not os.path.lexists(target):
        os.link(source, target, follow_symlinks=False)


def run(command: Sequence[str | Path], environment: dict[str, str]) -> None:
    """Run a command that builds something. Ends the program where it fails."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} ...:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _install_libraries(folder: Path, python: str, machine: str) -> None:
    run(
        [
            ROOT / ".venv" / "bin" / "uv", "pip", "install", "--quiet", "--target", folder,
            "--python-version", python, "--python-platform", f"{machine}-manylinux_2_28",
            "--only-binary", ":all:", "--require-hashes", "--no-deps", "--link-mode", "copy",
            "-r", ROOT / "onprem" / "requirements.lock",
        ],
        dict(os.environ),
    )  # fmt: skip


def _leave_out(library: Path) -> None:
    """Leave out commands that nobody calls, and what an installer wrote for itself."""
    shutil.rmtree(library / "bin", ignore_errors=True)
    (library / ".lock").unlink(missing_ok=True)
    for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"):
        for file in library.glob(f"*.dist-info/{name}"):
            file.unlink()
