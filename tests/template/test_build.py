"""What `sam build` makes of the app: what AWS Lambda will unpack, import and run."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.template import sam_template

ROOT = sam_template.PATH.parent
TOOLS = Path(sys.executable).parent
FUNCTIONS = sorted(sam_template.functions())

LARGEST = 6_000_000
"""Bytes unpacked: 5.2 MB when this was written, and 15 % to grow. It is what a cold start reads,
and a dependency that comes along unseen (botocore alone is 25 MB) goes beyond it."""
LARGEST_ZIPPED = 1_800_000
"""Bytes to upload: 1.5 MB when this was written, and 15 % to grow."""

SHIPPED = ("handlers", "connectivity", "probe", "aws_lambda_powertools", "dns")
BROUGHT_BY_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six")


@pytest.fixture(scope="module")
def python() -> str:
    """AWS Lambda's Python. One that is found need not start: version managers leave stand-ins."""
    for candidate in _candidates():
        if candidate and not subprocess.run([candidate, "-V"], capture_output=True).returncode:
            return candidate
    pytest.skip(
        "no Python 3.13, AWS Lambda's runtime: get it by `.venv/bin/uv python install 3.13`"
    )


def _candidates() -> Iterator[str | None]:
    yield shutil.which("python3.13")
    yield from map(str, Path.home().glob(".pyenv/versions/3.13*/bin/python3.13"))
    find = [str(TOOLS / "uv"), "python", "find", "--managed-python", "3.13"]
    yield subprocess.run(find, capture_output=True, text=True).stdout.strip() or None


@pytest.fixture(scope="module")
def build(python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fresh build, which holds one folder per function."""
    folder = tmp_path_factory.mktemp("build")
    path = os.pathsep.join([str(Path(python).parent), os.environ["PATH"]])
    built = subprocess.run(
        [TOOLS / "sam", "build", "--no-cached", "--build-dir", folder, "--region", "us-east-1"],
        cwd=ROOT,
        env=os.environ | {"PATH": path, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_small_and_holds_what_it_imports_but_not_what_the_runtime_brings(
    build: Path, function: str
) -> None:
    shipped = {path.name for path in (build / function).iterdir()}
    assert shipped >= set(SHIPPED)
    assert not shipped & set(BROUGHT_BY_THE_RUNTIME)
    assert sum(path.stat().st_size for path in _files(build / function)) < LARGEST


def test_a_function_is_uploaded_quickly(build: Path) -> None:
    """One stands for all: they have one CodeUri."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(build / FUNCTIONS[0]):
            archive.write(path, path.relative_to(build))
    assert packed.getbuffer().nbytes < LARGEST_ZIPPED


def test_a_handler_can_be_imported_from_what_is_shipped_and_the_runtime_alone(
    build: Path, python: str, tmp_path: Path
) -> None:
    """`-I` shuts out everything else that lies about on this machine."""
    for name in BROUGHT_BY_THE_RUNTIME:
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None
        origin = Path(spec.origin)
        package = origin.parent if origin.name == "__init__.py" else origin
        (tmp_path / package.name).symlink_to(package)
    task = build / "ReadVpcFunction"
    code = (
        f"import sys; sys.dont_write_bytecode = True; sys.path[:0] = [{str(task)!r}, "
        f"{str(tmp_path)!r}]; from handlers.read_vpc import handler; import probe.handler"
    )
    imported = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True)
    assert imported.returncode == 0, imported.stderr


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
