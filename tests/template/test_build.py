"""What `sam build` makes of the app: what AWS Lambda will unpack, import and run."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path

import pytest
from samtranslator.yaml_helper import yaml_parse

from scripts import lambda_python
from tests.template import sam_template

ROOT = sam_template.PATH.parent
TOOLS = Path(sys.executable).parent
FUNCTIONS = sorted(sam_template.functions())
PACK = ROOT / "functions" / "pack.py"
RUNTIME: tuple[int, int] = run_path(str(PACK))["RUNTIME"]
UNCHECKED_HASH = b"\x01\0\0\0"
"""The flags of such byte code (PEP 552)."""

LARGEST = 3_000_000
"""Bytes unpacked: 2.5 MB when this was written, and a fifth to grow."""
LARGEST_ZIPPED = 1_060_000
"""Bytes to upload: 1.04 MB with endpoint policies, and 2 % to grow. A dependency that comes along
unseen (botocore alone is 25 MB) goes beyond it."""
LARGEST_PROBE = 500_000
"""Bytes zipped that the probe adds, with its DNS library: 0.35 MB when this was written."""

OURS = {"connectivity", "handlers"}
SHIPPED = OURS | {"aws_lambda_powertools", "typing_extensions.pyc"}
WITH_THE_PROBE = {"VerifyResolutionFunction": {"probe", "dns"}}
"""The only function that makes the probe has the probe's code."""
BROUGHT_BY_THE_RUNTIME = (
    "boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six", "jmespath",
)  # fmt: skip


@pytest.fixture(scope="module")
def python() -> str:
    """AWS Lambda's Python."""
    found = lambda_python.find()
    return found or pytest.skip(lambda_python.MISSING)


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
def test_a_function_is_small_and_holds_what_it_uses_and_nothing_else(
    build: Path, function: str
) -> None:
    more = WITH_THE_PROBE.get(function, set())
    shipped = {path.name for path in (build / function).iterdir()}
    assert {name for name in shipped if not name.endswith(".dist-info")} == SHIPPED | more
    files = [
        path for path in _files(build / function) if path.relative_to(build).parts[1] in SHIPPED
    ]
    assert sum(path.stat().st_size for path in files) < LARGEST
    allowed = LARGEST_ZIPPED + (LARGEST_PROBE if more else 0)
    assert _zipped(build / function) < allowed


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_module_has_byte_code_that_is_never_checked_against_its_source(
    build: Path, function: str
) -> None:
    """A zip file loses the sources' times, and AWS Lambda lets no function write byte code."""
    for package in SHIPPED:
        found = build / function / package
        sources = found.rglob("*.py")  # none of what is byte code alone
        codes = [s.parent / "__pycache__" / f"{s.stem}.cpython-313.pyc" for s in sources] or [found]
        for code in codes:
            assert code.read_bytes()[4:8] == UNCHECKED_HASH, code


def test_docstrings_are_shipped_once_and_in_the_sources(build: Path) -> None:
    """They would be a sixth of the byte code, which nobody reads."""
    module = build / "KnockFunction" / "connectivity" / "usecases" / "knock.py"
    said = b"Count the knock, and start an execution unless one is at work."
    compiled = module.parent / "__pycache__" / "knock.cpython-313.pyc"
    assert said in module.read_bytes()
    assert said not in compiled.read_bytes()


POSITIONS = """
import marshal, sys
from pathlib import Path

code = marshal.loads(Path(sys.argv[1]).read_bytes()[16:])
lines, _, columns, _ = zip(*code.co_positions())
print(any(lines), any(columns))
"""


def test_byte_code_knows_lines_for_a_traceback_and_no_columns(build: Path, python: str) -> None:
    """Columns would be an eighth of the zip file."""
    compiled = build / "KnockFunction/connectivity/usecases/__pycache__/knock.cpython-313.pyc"
    known = subprocess.run([python, "-c", POSITIONS, compiled], capture_output=True, text=True)
    assert known.stdout.split() == ["True", "False"], known.stderr


def test_the_template_that_is_built_is_written_out(build: Path) -> None:
    """AWS CloudFormation sees no name that this repository's template.yaml gives to a part."""
    built = (build / "template.yaml").read_text()
    assert sam_template.names_in(built) == (set(), set())
    assert yaml_parse(built)["Resources"].keys() == (sam_template.TEMPLATE["Resources"].keys())


def test_what_ships_runs_on_the_processors_of_either_architecture(build: Path) -> None:
    assert {path.suffix for path in _files(build)} & {".so", ".pyd", ".dylib"} == set()


IMPORTED_WITHOUT_COMPILING = """
import importlib, sys
from importlib.machinery import SourceFileLoader

really = SourceFileLoader.source_to_code
def compile_what_the_runtime_brings(loader, data, path, **more):
    assert not str(path).startswith(sys.argv[1]), f"{path} is compiled when it is imported"
    return really(loader, data, path, **more)

SourceFileLoader.source_to_code = compile_what_the_runtime_brings
sys.dont_write_bytecode = True
sys.path[:0] = sys.argv[1:3]
for name in sys.argv[3:]:
    importlib.import_module(name)
import connectivity.adapters, pkgutil
for found in pkgutil.iter_modules(connectivity.adapters.__path__):
    importlib.import_module(f"connectivity.adapters.{found.name}")
from connectivity.adapters.aws import client
assert client("ec2").meta.service_model.operation_names
from handlers.entry import entry
class Context:
    aws_request_id = "8a1b"
entry(lambda event: {"answer": "to it"})({"an": "event"}, Context)
if "VerifyResolutionFunction" in sys.argv[1]:
    from connectivity.adapters.probe import code
    assert code()
"""


def test_all_functions_are_packed_alike_but_for_the_probe(build: Path) -> None:
    """So `sam deploy` uploads two packages, and what is tried of one is true of all."""
    packages = {
        frozenset(
            (path.relative_to(build / function), path.read_bytes())
            for path in _files(build / function)
            if path.relative_to(build / function).parts[0] in SHIPPED
        )
        for function in FUNCTIONS
    }
    assert len(packages) == 1


@pytest.mark.parametrize("function", ["KnockFunction", *WITH_THE_PROBE])
def test_every_handler_runs_from_what_is_shipped_and_the_runtime_alone_and_compiles_nothing(
    build: Path, runtime: Path, python: str, function: str
) -> None:
    """`-I` shuts out everything else that lies about on this machine."""
    functions = sam_template.functions().values()
    modules = [each["Handler"].rpartition(".")[0] for each in functions]
    imported = subprocess.run(
        [
            *(python, "-I", "-c", IMPORTED_WITHOUT_COMPILING),
            *(str(build / function), str(runtime), *modules),
        ],
        env={"AWS_DEFAULT_REGION": "us-east-2"},
        capture_output=True,
        text=True,
    )
    assert imported.returncode == 0, imported.stderr
    assert json.loads(imported.stdout)["answer"] == {"answer": "to it"}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what AWS Lambda's runtime brings."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in BROUGHT_BY_THE_RUNTIME:
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None
        origin = Path(spec.origin)
        package = origin.parent if origin.name == "__init__.py" else origin
        (folder / package.name).symlink_to(package)
    return folder


def test_the_byte_code_is_for_the_runtime_of_the_template() -> None:
    runtime = sam_template.TEMPLATE["Globals"]["Function"]["Runtime"]
    assert runtime == f"python{lambda_python.VERSION}" == "python{}.{}".format(*RUNTIME)


def test_another_python_packs_nothing_and_says_which_it_has_to_be(tmp_path: Path) -> None:
    if sys.version_info[:2] == RUNTIME:
        pytest.skip("this is the right one")
    target = tmp_path / "target"
    packed = subprocess.run(
        [sys.executable, PACK, target], capture_output=True, text=True, check=False
    )
    assert packed.returncode == 1
    assert "the functions' runtime is 3.13" in packed.stderr
    assert not target.exists()


def test_without_the_runtimes_python_the_build_says_what_to_do(tmp_path: Path) -> None:
    """With `make` and a shell on the PATH, and no Python."""
    for tool in ("make", "sh"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or "")
    built = subprocess.run(
        ["make", "-f", str(PACK.with_name("Makefile")), "build-KnockFunction"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert built.returncode != 0
    assert "put python3.13 on the PATH" in built.stderr


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _zipped(folder: Path) -> int:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(folder):
            archive.write(path, path.relative_to(folder))
    return packed.getbuffer().nbytes
