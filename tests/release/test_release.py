"""The files of `make release`: checked by who installs them, the same for who builds them again."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tests.template import sam_template

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-tools" / "bin" / "python"
LOCKS = {
    "ecs-anywhere-dns": "onprem/requirements.lock",
    "ecs-anywhere-private-connectivity": "functions/requirements.txt",
}
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders, each built by itself from the same commit."""
    built = []
    for number in (1, 2):
        folder = tmp_path_factory.mktemp("release") / str(number)
        command = [PYTHON, ROOT / "scripts" / "release.py", folder]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        built.append(folder)
    return built[0], built[1]


def test_the_same_commit_gives_the_same_bytes(releases: tuple[Path, Path]) -> None:
    first, second = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        for folder in releases
    )
    assert first == second
    assert len(first) == 8


def test_every_file_has_its_checksum_as_sha256sum_reads_them(releases: tuple[Path, Path]) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=releases[0], capture_output=True
    )
    assert checked.returncode == 0, checked.stdout
    assert len(checked.stdout.splitlines()) == 7


@pytest.mark.parametrize("name", LOCKS)
def test_the_sbom_names_every_package_that_is_installed(
    releases: tuple[Path, Path], name: str
) -> None:
    bom = json.loads((releases[0] / f"{name}.cdx.json").read_text())
    listed = {(each["name"], each["version"]) for each in bom["components"]}
    pinned = _PIN.findall((ROOT / LOCKS[name]).read_text())
    assert listed == {(package, version) for package, version, _ in pinned}
    assert bom["bomFormat"] == "CycloneDX"


@pytest.mark.parametrize("lock", LOCKS.values())
def test_root_and_lambda_install_nothing_without_a_hash(lock: str) -> None:
    pinned = _PIN.findall((ROOT / lock).read_text())
    assert pinned
    assert not [package for package, _, rest in pinned if "--hash=sha256:" not in rest]


def test_the_command_line_s_wheel_has_the_app_s_planner_and_the_manual(
    releases: tuple[Path, Path],
) -> None:
    [wheel] = releases[0].glob("ecs_anywhere-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    planner = {f"connectivity/{path}" for path in ("domain/plan.py", "adapters/wiring.py")}
    models = "connectivity/adapters/models/endpoints.json"
    assert {*planner, models, "ecs_anywhere/operations.md"} <= set(names)
    there = ROOT / "functions" / "connectivity"
    sources = {f"connectivity/{p.relative_to(there).as_posix()}" for p in there.rglob("*.py")}
    assert sources == {
        name for name in names if name.startswith("connectivity/") and name.endswith(".py")
    }


def test_the_check_of_a_container_host_is_one_file_that_runs(
    releases: tuple[Path, Path],
) -> None:
    file = releases[0] / "ecs-anywhere-check.pyz"
    ran = subprocess.run([file, "--help"], capture_output=True, text=True, cwd="/")
    assert ran.stdout.startswith("usage: ecs-anywhere-check"), ran.stderr


def test_the_app_needs_no_build_before_sam_deploy(releases: tuple[Path, Path]) -> None:
    """Everything that a handler imports is in the folder that the template names."""
    [archive] = releases[0].glob("ecs-anywhere-private-connectivity-*.zip")
    names = set(zipfile.ZipFile(archive).namelist())
    modules = [each["Handler"].rsplit(".", 1)[0] for each in sam_template.functions().values()]
    assert {f"functions/{module.replace('.', '/')}.py" for module in modules} <= names
    assert {"functions/aws_lambda_powertools/__init__.py", "functions/dns/__init__.py"} <= names
    assert {"template.yaml", "statemachine/private_connectivity.asl.yaml"} <= names
    assert not [name for name in names if name.startswith("/")]


def test_the_app_has_the_byte_code_of_its_modules_for_the_runtime_and_no_other(
    releases: tuple[Path, Path],
) -> None:
    [archive] = releases[0].glob("ecs-anywhere-private-connectivity-*.zip")
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
        code = {name: packed.read(name) for name in names if name.endswith(".pyc")}
    sent_on = ("functions/probe/", "functions/dns/")
    sources = {n for n in names if n.endswith(".py") and not n.startswith(sent_on)}
    assert {_source_of(name) for name in code} == sources - {"functions/pack.py"}
    assert {content[4:8] for content in code.values()} == {b"\x01\0\0\0"}, "unchecked (PEP 552)"


def _source_of(name: str) -> str:
    path = PurePosixPath(name)
    module, cache, _ = path.name.split(".")
    assert cache == "cpython-313"
    return str(path.parent.parent / f"{module}.py")
