"""Build a release: what root installs on a DNS host, what runs in Lambda, and how to check both.

    python scripts/release.py dist

Writes the wheels of the pick-up tool and of the command line, the tool's packages and installers,
the check of a container host as one file, the Ansible collection, the app as a folder that
`sam deploy` takes without a build, an SBOM (CycloneDX) of app and tool, and SHA256SUMS. The same
commit gives the same bytes: all times are the commit's, all entries sorted, and the byte code is
that of one Python 3.13, the functions' runtime. Runs under the Python of requirements-tools.lock.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ansible_collection
import debian_package
import installer
import lambda_python
import rpm_package
import tool_tree

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent
APP = ("template.yaml", "samconfig.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md")
"""Files of the app beside the folders `statemachine`, `functions`, `schemas` and `docs`."""
READABLE_BY_ALL = 0o100644
SUMS = "SHA256SUMS"


def release(target: Path) -> list[Path]:
    """Build everything into `target`, which is emptied first. Return the files."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    environment = os.environ | {"SOURCE_DATE_EPOCH": _commit_time(), "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        _build_wheels(Path(folder), target, environment)
        time = int(environment["SOURCE_DATE_EPOCH"])
        _pack_check(Path(folder), target, time)
        _pack_tool(Path(folder), target, environment)
        _pack_app(Path(folder), target, time)
        ansible_collection.build_collection(target, Path(folder), time)
    _write_sbom("functions/requirements.txt", "pyproject.toml", target, environment)
    _write_sbom("onprem/requirements.lock", "onprem/pyproject.toml", target, environment)
    shutil.copy(
        ROOT / "onprem" / "requirements.lock", target / "ecs-anywhere-dns.requirements.lock"
    )
    built = sorted(path for path in target.iterdir())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in built]
    (target / SUMS).write_text("".join(lines))
    return [*built, target / SUMS]


def _commit_time() -> str:
    """Return the time of the last commit, in seconds since the epoch; outside a clone 1980."""
    asked = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True
    )
    return asked.stdout.strip() or "315532800"


def _build_wheels(folder: Path, target: Path, environment: dict[str, str]) -> None:
    """Build the wheels from a copy, so that no build folder is left in the source. That of the
    command line takes the app's own package from beside it."""
    leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    for name in ("onprem", "cli", "functions/connectivity"):
        shutil.copytree(ROOT / name, folder / name, ignore=leave_out)
    for name in ("onprem", "cli"):
        _run(
            [
                *(*_python("build"), "--wheel", "--no-isolation"),
                *("--outdir", str(target), str(folder / name)),
            ],
            environment,
        )


def _pack_check(folder: Path, target: Path, time: int) -> None:
    """Pack the check of a container host as one file that Python runs (PEP 441)."""
    source, zipped = folder / "check", folder / "check.zip"
    leave_out = shutil.ignore_patterns("__pycache__")
    name = "ecs_anywhere_check"
    shutil.copytree(ROOT / "onprem" / name, source / name, ignore=leave_out)
    shutil.copy(source / name / "__main__.py", source)
    _zip(source, zipped, time)
    file = target / "ecs-anywhere-check.pyz"
    file.write_bytes(b"#!/usr/bin/env python3\n" + zipped.read_bytes())
    file.chmod(0o755)


def _pack_tool(folder: Path, target: Path, environment: dict[str, str]) -> None:
    """Pack the tool with its libraries: packages for the most common machine, and an installer for
    each."""
    [wheel] = target.glob("ecs_anywhere_dns-*.whl")
    time = int(environment["SOURCE_DATE_EPOCH"])
    trees = [tool_tree.build_tree(wheel, folder, machine) for machine in tool_tree.MACHINES]
    debian_package.build_package(trees[0], target, environment)
    rpm_package.build_package(trees[0], target, environment)
    for tree in trees:
        installer.build_installer(tree, target, lambda source, file: _zip(source, file, time))


def _pack_app(folder: Path, target: Path, time: int) -> None:
    app = folder / "app"
    leave_out = shutil.ignore_patterns("__pycache__")
    for name in ("statemachine", "schemas", "docs"):
        shutil.copytree(ROOT / name, app / name, ignore=leave_out)
    for name in APP:
        shutil.copy(ROOT / name, app / name)
    _pack_functions(folder / "packed" / "functions")
    shutil.move(folder / "packed" / "functions", app)
    version = _project("pyproject.toml")["version"]
    _zip(app, target / f"ecs-anywhere-private-connectivity-{version}.zip", time)


def _pack_functions(target: Path) -> None:
    """Pack the functions in one folder, as `sam build` packs each in its own."""
    python = lambda_python.find()
    if python is None:
        sys.exit(lambda_python.MISSING)
    source = ROOT / "functions"
    target.parent.mkdir()
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    _run([python, str(source / "pack.py"), str(target), "--with-probe"], environment)
    for name in ("Makefile", "pack.py"):
        shutil.copy(source / name, target)
    # The packages are there already: `sam build` has nothing to install.
    (target / "requirements.txt").write_text("")


def _zip(folder: Path, archive: Path, time: int) -> None:
    """Pack `folder` in sorted order, every entry with the same time and mode."""
    moment = _moment(time)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), moment)
            entry.external_attr = READABLE_BY_ALL << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())


def _moment(time: int) -> tuple[int, int, int, int, int, int]:
    at = datetime.fromtimestamp(time, UTC)
    return at.year, at.month, at.day, at.hour, at.minute, at.second


def _write_sbom(lock: str, project: str, target: Path, environment: dict[str, str]) -> None:
    name = _project(project)["name"]
    _run(
        [
            str(TOOLS / "cyclonedx-py"), "requirements", str(ROOT / lock),
            "--pyproject", str(ROOT / project), "--output-reproducible", "--short-PURLs",
            "-o", str(target / f"{name}.cdx.json"),
        ],
        environment,
    )  # fmt: skip


def _project(file: str) -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((ROOT / file).read_text("utf-8"))["project"]
    return read


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} ...:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


if __name__ == "__main__":
    for file in release(Path(sys.argv[1] if len(sys.argv) > 1 else "dist").resolve()):
        sys.stdout.write(f"{file}\n")
