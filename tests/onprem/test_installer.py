"""The installer and the packages, on hosts where something is in the way, and at an upgrade. A
small tool stands for the real one, which tests/release installs."""

from __future__ import annotations

import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.onprem.lab.lab import REPOSITORY

COMMAND = "ecs-anywhere-dns"
ABOUT = {
    "version": "0.1.0", "checksum": "0123456789abcdef0123", "commands": [COMMAND],
    "pythons": ["{}.{}".format(*sys.version_info)], "machine": platform.machine(),
}  # fmt: skip


RULES = ("__init__", "outcome", "trust", "walking")
"""Modules of the tool with which the installer judges folders."""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return packed_as(tmp_path / "tool.pyz", ABOUT)


def packed_as(file: Path, about: Mapping[str, Any]) -> Path:
    with ZipFile(file, "w") as packed:
        for source in (REPOSITORY / "onprem" / "installer").glob("*.py"):
            packed.write(source, source.name)
        for name in RULES:
            source = REPOSITORY / "onprem" / "ecs_anywhere_dns" / f"{name}.py"
            packed.write(source, f"lib/ecs_anywhere_dns/{name}.py")
        packed.writestr("about.json", json.dumps(about))
        packed.writestr(f"bin/{COMMAND}", "print('runs')\n")
        packed.writestr("lib/module.py", f"VALUE = {about['version']!r}\n")
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


def everything_in(root: Path) -> dict[str, bytes | None]:
    """Return each file with its content, and each folder and link with None, but the archives."""
    paths = [path for path in root.rglob("*") if path.suffix != ".pyz"]
    return {
        str(path.relative_to(root)): None
        if path.is_dir() or path.is_symlink()
        else path.read_bytes()
        for path in paths
    }


def test_an_installation_that_is_removed_leaves_no_file_and_no_folder(
    archive: Path, home: Path
) -> None:
    (archive.parent / "usr" / "local" / "share").mkdir(parents=True)
    before = everything_in(archive.parent)
    install(archive)
    install(archive)
    said = install(archive, "--remove")
    assert said.stdout == f"removed {home}\n", said.stderr
    assert everything_in(archive.parent) == before


def test_a_folder_that_the_installer_did_not_make_is_not_removed(archive: Path, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "important.txt").write_text("theirs")
    before = everything_in(archive.parent)
    ran = install(archive, "--remove")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"{home} is not of this installer" in ran.stderr and "by hand" in ran.stderr
    assert everything_in(archive.parent) == before


@pytest.mark.parametrize("left", ["a link to libraries that are gone", "libraries", "nothing"])
def test_what_is_left_of_an_installation_is_removed(archive: Path, home: Path, left: str) -> None:
    install(archive)
    for path in [home / "folders", *(home / "bin").iterdir(), home / "bin"]:
        path.rmdir() if path.is_dir() else path.unlink()
    if left != "libraries":
        shutil.rmtree((home / "lib").resolve())
    if left != "a link to libraries that are gone":
        (home / "lib").unlink()
    ran = install(archive, "--remove")
    assert (ran.returncode, ran.stdout) == (0, f"removed {home}\n"), ran
    assert not home.exists()


@pytest.mark.parametrize("words", [(), ("--check",), ("--remove",)])
@pytest.mark.parametrize(
    ("kind", "said"), [("a file", "no folder"), ("a link", "a link that leads nowhere")]
)
@pytest.mark.parametrize("place", ["opt", "opt/ecs-anywhere-dns"])
def test_what_stands_in_the_place_of_the_folder_is_refused_in_words(
    archive: Path, words: tuple[str, ...], kind: str, said: str, place: str
) -> None:
    path = archive.parent / place
    path.parent.mkdir(exist_ok=True)
    if kind == "a file":
        path.write_text("theirs")
    else:
        path.symlink_to("/nowhere/at/all")
    ran = install(archive, *words)
    assert (ran.returncode, ran.stdout) == (1, ""), ran
    assert f"{path} is {said}, and not of this installer: nothing was changed" in ran.stderr
    assert path.is_symlink() or path.read_text() == "theirs"


def test_a_folder_in_which_somebody_has_put_something_since_stays(archive: Path) -> None:
    install(archive)
    theirs = archive.parent / "usr" / "local" / "bin" / "theirs"
    theirs.touch()
    assert install(archive, "--remove").returncode == 0
    assert [path for path in everything_in(archive.parent) if "share" in path] == []
    assert theirs.exists()


def test_the_installer_says_all_that_it_would_do_and_does_just_that(
    archive: Path, home: Path
) -> None:
    python = os.path.realpath(sys.executable)
    link = archive.parent / "usr" / "local" / "bin" / COMMAND
    manual = archive.parent / "usr/local/share/man/man8/ecs-anywhere-dns.8.gz"
    would = install(archive, "--check")
    assert would.returncode == 4
    assert would.stdout.splitlines() == [
        f"would install 0.1.0 into {home}",
        f"would write {home}/bin/{COMMAND}, run by {python}",
        f"would link {link} to /opt/ecs-anywhere-dns/bin/{COMMAND}",
        f"would write {manual}",
    ]
    assert everything_in(archive.parent) == {}, "nothing was changed"
    assert install(archive).stdout.splitlines() == [
        f"installed 0.1.0 into {home}",
        f"wrote {home}/bin/{COMMAND}, run by {python}",
        f"linked {link} to /opt/ecs-anywhere-dns/bin/{COMMAND}",
        f"wrote {manual}",
    ]
    same = install(archive, "--check")
    assert (same.returncode, same.stdout) == (
        0,
        f"0.1.0 is in {home} already, as this file has it\n",
    )
    link.unlink()
    assert install(archive, "--check").returncode == 4
    (home / "pyvenv.cfg").touch()
    assert install(archive, "--check").returncode == 1


def test_an_upgrade_in_place_leaves_the_version_before_to_a_run_that_is_under_way(
    archive: Path, home: Path
) -> None:
    install(archive)
    former = (home / "lib").resolve()
    later = packed_as(
        archive.with_name("later.pyz"), ABOUT | {"version": "0.2.0", "checksum": "f" * 20}
    )
    assert install(later).stdout == f"installed 0.2.0 into {home}\n"
    assert (home / "lib" / "module.py").read_text() == "VALUE = '0.2.0'\n"
    assert (former / "module.py").read_text() == "VALUE = '0.1.0'\n"
    assert install(later).stdout == f"kept 0.2.0 in {home} as it is\n"
    assert not former.exists()


@pytest.mark.parametrize("folder", [".", "opt", "opt/ecs-anywhere-dns"])
def test_the_installer_installs_nowhere_where_others_may_write(archive: Path, folder: str) -> None:
    """Whoever may, decides what root runs from then on."""
    theirs = archive.parent / folder
    theirs.mkdir(parents=True, exist_ok=True)
    theirs.chmod(0o777)
    before = everything_in(archive.parent)
    ran = install(archive)
    assert ran.returncode == 1
    assert f"{theirs}" in ran.stderr and "mode 0777" in ran.stderr and "chmod go-w" in ran.stderr
    assert everything_in(archive.parent) == before


def test_the_installer_takes_no_python_that_others_may_change(
    archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    python = tmp_path_factory.mktemp("theirs") / "python"
    shutil.copy(os.path.realpath(sys.executable), python)
    python.chmod(0o777)
    code = (
        f"import runpy, sys; sys.executable = {str(python)!r};"
        f"sys.argv = ['x', '--root', {str(archive.parent)!r}];"
        f"runpy.run_path({str(archive)!r}, run_name='__main__')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 1
    assert str(python) in ran.stderr and "a Python of this system's packages" in ran.stderr
    assert everything_in(archive.parent) == {}


def test_a_program_says_what_to_do_when_the_python_that_installed_it_is_gone(
    archive: Path, home: Path
) -> None:
    """As after an upgrade of the distribution."""
    install(archive)
    program = home / "bin" / COMMAND
    ran = subprocess.run([program], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "runs\n"), ran.stderr
    python = os.path.realpath(sys.executable)
    program.write_text(program.read_text().replace(python, "/usr/bin/python3.10"))
    ran = subprocess.run([program], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "/usr/bin/python3.10 is gone" in ran.stderr and "run the installer" in ran.stderr


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


@pytest.mark.parametrize("command", [COMMAND, "ecs-anywhere-check"])
def test_the_debian_package_refuses_a_program_that_would_be_run_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    program = tmp_path / "usr" / "local" / "bin" / command
    program.parent.mkdir(parents=True)
    program.symlink_to(f"/opt/pipx/venvs/ecs-anywhere-dns/bin/{command}")
    code, said = script("preinst", tmp_path, monkeypatch)
    assert code == 1 and f"/usr/local/bin/{command} would be run" in said
    program.unlink()
    program.symlink_to(f"/opt/ecs-anywhere-dns/bin/{command}")
    assert script("preinst", tmp_path, monkeypatch) == (0, "")


# --- the RPM package

IN_A_SYSTEM_OF_ITS_OWN = """
set -e
layers="lowerdir=/usr,upperdir=$SYSTEM/changed,workdir=$SYSTEM/work"
mount -t overlay none -o "$layers" "$SYSTEM/root/usr"
mount --rbind /dev "$SYSTEM/root/dev"
exec rpm --root "$SYSTEM/root" --nodeps "$@"
"""
"""This machine's /usr, where whatever is written stays in a folder of the test's."""


@dataclass(frozen=True)
class RpmSystem:
    """A system in which nothing is installed by rpm, with all programs of this machine."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "root" / "opt" / "ecs-anywhere-dns"

    def rpm(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        private = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
        return subprocess.run(
            ["unshare", *private, "bash", "-c", IN_A_SYSTEM_OF_ITS_OWN, "bash", *words],
            env={**os.environ, "SYSTEM": str(self.folder)},
            capture_output=True,
            text=True,
        )

    def files(self) -> dict[str, bytes | None]:
        """Return what is there, but rpm's own records."""
        found = everything_in(self.folder)
        return {path: content for path, content in found.items() if "rpm" not in path}


@pytest.fixture
def system(tmp_path: Path) -> RpmSystem:
    folder = tmp_path / "system"
    for name in ("root/usr", "root/dev", "root/opt", "root/tmp", "root/var/lib", "changed", "work"):
        (folder / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (folder / "root" / name).symlink_to(f"usr/{name}")
    return RpmSystem(folder)


@pytest.fixture
def rpms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two versions of a small tool: the second has a folder less, and another module."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))
    build = importlib.import_module("rpm_package").build_package
    tree = importlib.import_module("tool_tree").Tree
    built: list[Path] = []
    for version, modules in (("0.1.0", ("kept", "old/gone")), ("0.2.0", ("kept", "new"))):
        made = tree(tmp_path / version / "tree", platform.machine(), version)
        for module in modules:
            file = made.library / f"{module}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"VERSION = {version!r}\n")
        (made.path / "usr" / "share" / "man" / "man8").mkdir(parents=True)
        (made.path / "usr" / "share" / "man" / "man8" / f"{COMMAND}.8.gz").touch()
        target = tmp_path / version / "built"
        target.mkdir()
        build(made, target, {**os.environ, "SOURCE_DATE_EPOCH": "1764400000"})
        built += target.iterdir()
    return built[0], built[1]


def test_the_rpm_package_has_byte_code_after_an_upgrade_and_leaves_nothing(
    system: RpmSystem, rpms: tuple[Path, Path]
) -> None:
    """At an upgrade rpm runs %post of the new package before %preun of the one before."""
    system.rpm("--query", "--all")
    before = system.files()
    for package, modules in zip(rpms, (["gone", "kept"], ["kept", "new"]), strict=True):
        ran = system.rpm("--upgrade", package)
        assert ran.returncode == 0, ran.stderr
        compiled = system.home.rglob("*.pyc")
        assert sorted(path.name.partition(".")[0] for path in compiled) == modules
    assert sorted(path.name for path in (system.home / "lib").iterdir()) == [
        "__pycache__", "kept.py", "new.py",
    ]  # fmt: skip
    ran = system.rpm("--erase", COMMAND)
    assert ran.returncode == 0, ran.stderr
    left = system.files().keys() - before.keys()
    assert not [path for path in left if "ecs" in path or (system.folder / path).is_file()]


@pytest.mark.parametrize("kind", ["venv", "installer", "pipx"])
def test_the_rpm_package_says_how_to_remove_what_is_there_in_another_way(
    system: RpmSystem, rpms: tuple[Path, Path], archive: Path, kind: str
) -> None:
    root = system.folder / "root"
    if kind == "venv":
        system.home.mkdir()
        (system.home / "pyvenv.cfg").touch()
        cure = "rm -r /opt/ecs-anywhere-dns /usr/local/bin/ecs-anywhere-dns"
    elif kind == "installer":
        assert install(archive, "--root", str(root)).returncode == 0
        cure = "python3 ecs-anywhere-dns-*.pyz --remove"
    else:
        program = system.folder / "changed" / "local" / "bin" / COMMAND
        program.parent.mkdir(parents=True)
        program.symlink_to("/opt/pipx/venvs/ecs-anywhere-dns/bin/ecs-anywhere-dns")
        cure = "pipx uninstall ecs-anywhere-dns"
    there = everything_in(system.home)
    ran = system.rpm("--upgrade", rpms[0])
    assert ran.returncode != 0 and cure in ran.stderr
    assert everything_in(system.home) == there
