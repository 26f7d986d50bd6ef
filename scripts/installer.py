"""Build the installer of the pick-up tool: one file that Python runs (PEP 441), with the libraries.

For hosts without a package index and without our packages: other distributions, other machines.
Compiled parts cannot be imported from a zip file, so that it installs, and does not run, the tool.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tool_tree import COMMANDS, LAUNCHER, NAME, PYTHONS, ROOT, Tree, link

Zip = Callable[[Path, Path], None]
"""Packs a folder into an archive, the same bytes each time."""


def build_installer(tree: Tree, target: Path, pack: Zip) -> None:
    """Build it from the tree of one machine into `target`."""
    folder = tree.path.with_name(f"installer-{tree.machine}")
    shutil.copytree(ROOT / "onprem" / "installer", folder, ignore=shutil.ignore_patterns("__py*"))
    shutil.copytree(tree.library, folder / "lib", copy_function=link)
    (folder / "bin").mkdir()
    for command, package in COMMANDS.items():
        (folder / "bin" / command).write_text(LAUNCHER.format(package=package))
    page = (ROOT / "onprem" / "man" / f"{NAME}.8").read_bytes()
    (folder / f"{NAME}.8.gz").write_bytes(gzip.compress(page, mtime=0))
    about = {
        "version": tree.version,
        "machine": tree.machine,
        "pythons": PYTHONS,
        "commands": COMMANDS,
        "checksum": _checksum(folder / "lib"),
    }
    (folder / "about.json").write_text(json.dumps(about))
    zipped = folder.with_suffix(".zip")
    pack(folder, zipped)
    file = target / f"{NAME}-{tree.version}-{tree.machine}.pyz"
    file.write_bytes(b"#!/usr/bin/env python3\n" + zipped.read_bytes())
    file.chmod(0o755)


def _checksum(folder: Path) -> str:
    """Return the SHA-256 of all files, with their names."""
    whole = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        whole.update(path.relative_to(folder).as_posix().encode() + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()
