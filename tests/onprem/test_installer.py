"""The installer and the scripts of the Debian package, on hosts where something is in the way. A
small archive stands for the tool's; tests/release installs the real ones."""

from __future__ import annotations

import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.onprem.lab.lab import REPOSITORY

COMMAND = "ecs-anywhere-dns"
ABOUT = {
    "version": "0.1.0", "checksum": "0123456789abcdef0123", "commands": [COMMAND],
    "pythons": ["{}.{}".format(*sys.version_info)], "machine": platform.machine(),
}  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    file = tmp_path / "tool.pyz"
    with ZipFile(file, "w") as packed:
        for source in (REPOSITORY / "onprem" / "installer").glob("*.py"):
            packed.write(source, source.name)
        packed.writestr("about.json", json.dumps(ABOUT))
        packed.writestr(f"bin/{COMMAND}", "print('runs')\n")
        packed.writestr("lib/module.py", "VALUE = 1\n")
        packed.writestr("ecs-anywhere-dns.8.gz", b"")
    return file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "opt" / "ecs-anywhere-dns"


def install(archive: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(archive), "--root", str(archive.parent), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("left", ["an empty folder", "a dangling link", "a part"])
def test_what_a_removal_that_died_left_is_installed_anew(
    archive: Path, home: Path, left: str
) -> None:
    assert install(archive).stdout.startswith("installed")
    assert install(archive).stdout.startswith("kept")
    library = (home / "lib").resolve()
    if left == "a part":
        (library / "module.py").unlink()
        (library / "complete").unlink()
    else:
        shutil.rmtree(library)
    if left == "an empty folder":
        library.mkdir()
    assert install(archive).stdout.startswith("installed")
    assert (home / "lib" / "module.py").exists()


def test_a_removal_takes_the_link_to_the_libraries_away_first(archive: Path, home: Path) -> None:
    install(archive)
    # A folder in the place of a program's link ends the removal there.
    (archive.parent / "usr/local/share/man/man8/ecs-anywhere-dns.8.gz").unlink()
    (archive.parent / "usr/local/share/man/man8/ecs-anywhere-dns.8.gz").mkdir()
    assert install(archive, "--remove").returncode == 1
    assert not (home / "lib").is_symlink() and list(home.glob("lib-*"))


@pytest.mark.parametrize("is_link", [True, False])
def test_a_program_of_somebody_else_is_refused_with_its_path_and_stays(
    archive: Path, home: Path, is_link: bool
) -> None:
    program = archive.parent / "usr" / "local" / "bin" / COMMAND
    program.parent.mkdir(parents=True)
    if is_link:
        program.symlink_to("/root/.local/share/pipx/venvs/ecs-anywhere-dns/bin/ecs-anywhere-dns")
    else:
        program.write_text("theirs")
    ran = install(archive)
    assert ran.returncode == 1 and f"rm {program}" in ran.stderr
    assert program.is_symlink() == is_link and not home.exists()


# --- the Debian package


def script(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))
    text = importlib.import_module("debian_package").SCRIPTS[name]
    environment = {**os.environ, "DPKG_ROOT": str(root)}
    ran = subprocess.run(
        ["sh", "-s", "remove"], input=text, capture_output=True, text=True, env=environment
    )
    return ran.returncode, ran.stderr


def test_the_debian_package_can_be_removed_where_its_folder_is_gone(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert script("prerm", tmp_path, monkeypatch) == (0, "")
    compiled = home / "lib" / "__pycache__"
    compiled.mkdir(parents=True)
    assert script("prerm", tmp_path, monkeypatch) == (0, "")
    assert not compiled.exists()


def test_the_debian_package_says_how_to_remove_what_the_installer_installed(
    archive: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(archive)
    code, said = script("preinst", archive.parent, monkeypatch)
    assert code == 1 and "of the installer" in said and "--remove" in said
    assert install(archive, "--remove").returncode == 0
    assert script("preinst", archive.parent, monkeypatch) == (0, "")
