"""Build the Debian package of the pick-up tool: one file for hosts without a package index.

Everything lies in /opt/ecs-anywhere-dns, with the libraries of onprem/requirements.lock, each one
checked by its hash. Three of them have compiled parts (cryptography, cffi, rpds-py), so the package
is for amd64 with glibc 2.28 or newer. Compiled parts of several Pythons lie side by side, because
each has the name of its Python: the package takes the python3 of Debian 12 (3.11) and 13 (3.13), of
Ubuntu 24.04 (3.12), and 3.14.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAME = "ecs-anywhere-dns"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
NOT_YET = "3.15"
PLATFORM = "x86_64-manylinux_2_28"
HOME = Path("opt") / NAME
COMMANDS = {NAME: "ecs_anywhere_dns", "ecs-anywhere-check": "ecs_anywhere_check"}
CONTROL = """\
Package: {name}
Version: {version}
Section: net
Priority: optional
Architecture: amd64
Depends: python3 (>= {oldest}), python3 (<< {not_yet}), libc6 (>= 2.28)
Maintainer: Private connectivity for ECS Anywhere <noreply@example.com>
Installed-Size: {size}
Description: {summary}
 It brings its libraries: no package index is asked. What it configures is written
 by `{name} init`; see {name}(8).
"""
LAUNCHER = """\
#!/usr/bin/python3 -I
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from {package}.cli import main

sys.exit(main())
"""
SCRIPTS = {
    "preinst": """\
#!/bin/sh
set -e
if [ -e "$DPKG_ROOT/opt/ecs-anywhere-dns/pyvenv.cfg" ]; then
  echo "/opt/ecs-anywhere-dns is a virtual environment: remove it first, as in" >&2
  echo "rm -r /opt/ecs-anywhere-dns /usr/local/bin/ecs-anywhere-dns" >&2
  exit 1
fi
""",
    "postinst": """\
#!/bin/sh
set -e
# A service that may not write here would compile them at every run.
if [ "$1" = configure ]; then
  /usr/bin/python3 -I -m compileall -q "$DPKG_ROOT/opt/ecs-anywhere-dns/lib" || true
fi
""",
    "prerm": """\
#!/bin/sh
set -e
find "$DPKG_ROOT/opt/ecs-anywhere-dns" -name __pycache__ -prune -exec rm -r {} +
if [ "$1" = remove ] && [ -e "$DPKG_ROOT/etc/systemd/system/ecs-anywhere-dns.timer" ]; then
  echo "the DNS server goes on forwarding, and nobody follows the VPC any more: see 'Remove it'" >&2
  echo "in the README of ecs-anywhere-dns, whose first two steps need this package" >&2
fi
""",
}


def build_package(wheel: Path, target: Path, scratch: Path, environment: dict[str, str]) -> None:
    """Build it from the tool's wheel into `target`. Ends the program where that cannot be done."""
    if shutil.which("dpkg-deb") is None:
        sys.exit("dpkg-deb is missing, which builds the Debian package: apt-get install dpkg")
    tree = scratch / "debian"
    _fill(tree, wheel, scratch)
    version = wheel.name.split("-")[1]
    _write_control(tree, version)
    _settle(tree, int(environment["SOURCE_DATE_EPOCH"]))
    file = target / f"{NAME}_{version}_amd64.deb"
    # gzip: most of its bytes are compressed already, and it takes a tenth of the time of xz.
    _run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree, file], environment)


def _settle(tree: Path, time: int) -> None:
    """Give every file its mode and the same time, whoever builds it and when."""
    for path in sorted(tree.rglob("*")):
        if path.is_symlink():
            continue
        is_program = path.parent.name in ("bin", "DEBIAN") and path.name != "control"
        path.chmod(0o755 if path.is_dir() or is_program else 0o644)
        os.utime(path, (time, time))


def _fill(tree: Path, wheel: Path, scratch: Path) -> None:
    library = tree / HOME / "lib"
    library.mkdir(parents=True)
    for python in PYTHONS:
        folder = scratch / f"libraries-{python}"
        _install_libraries(folder, python)
        shutil.copytree(folder, library, dirs_exist_ok=True)
    _leave_out(library)
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        packed.extractall(library, [n for n in names if n.split("/")[0] in COMMANDS.values()])
    (tree / HOME / "bin").mkdir()
    (tree / "usr" / "bin").mkdir(parents=True)
    for command, package in COMMANDS.items():
        (tree / HOME / "bin" / command).write_text(LAUNCHER.format(package=package))
        (tree / "usr" / "bin" / command).symlink_to(f"/{HOME}/bin/{command}")
    manual = tree / "usr" / "share" / "man" / "man8" / f"{NAME}.8.gz"
    manual.parent.mkdir(parents=True)
    page = (ROOT / "onprem" / "man" / f"{NAME}.8").read_bytes()
    manual.write_bytes(gzip.compress(page, mtime=0))
    document = tree / "usr" / "share" / "doc" / NAME
    document.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", document / "copyright")


def _install_libraries(folder: Path, python: str) -> None:
    _run(
        [
            ROOT / ".venv" / "bin" / "uv", "pip", "install", "--quiet", "--target", folder,
            "--python-version", python, "--python-platform", PLATFORM,
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


def _write_control(tree: Path, version: str) -> None:
    size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file()) // 1024
    folder = tree / "DEBIAN"
    folder.mkdir()
    control = CONTROL.format(
        name=NAME,
        version=version,
        oldest=PYTHONS[0],
        not_yet=NOT_YET,
        size=size,
        summary="keeps a DNS server forwarding to the resolver of an ECS Anywhere VPC",
    )
    (folder / "control").write_text(control)
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)


def _run(command: list[str | Path], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} ...:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
