"""Pack what a function needs, with its byte code: AWS Lambda lets no function keep its own.

    python3.13 pack.py TARGET [--with-probe]

Writes into the folder TARGET our packages and what requirements.txt pins, less what no handler
imports; the probe and its DNS library only if asked. Needs the Python of the functions' runtime, as
byte code is good for one Python only, and its pip. The functions of a build share one installation,
which is made beside TARGET.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import marshal
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

SOURCE = Path(__file__).parent
RUNTIME = (3, 13)
TASK_ROOT = "/var/task"
"""The folder of the code in AWS Lambda, as tracebacks show it."""
UNCHECKED_HASH = 0b01
"""The byte code is told from other code by its source's hash, and never compared with it."""
WITHOUT_COLUMNS = "no_debug_ranges"
"""Python's option by which byte code has lines and no columns, which only mark the word within a
traceback's line."""
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
NEVER = ("Makefile", "pack.py", "requirements.*", "__pycache__")
ONLY_WITH_THE_PROBE = ("probe", "dns", "dnspython-*")
"""One function makes the probe: it has this code to send it on, and imports nothing of it."""
NOT_IMPORTED = (
    "bin",
    "jmespath*",  # the runtime's SDK brings it
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/middleware_factory",
    "aws_lambda_powertools/metrics/provider/datadog",
    "aws_lambda_powertools/utilities/[!_j]*",  # all but jmespath_utils
    "*.dist-info/RECORD",  # it would list what is not here
)
"""The installed parts that no handler imports. A test imports every handler without it."""
WITHOUT_SOURCE = ("typing_extensions.py",)
"""Modules of others of which the byte code alone is packed: nobody reads their tracebacks."""


def pack(target: Path, *, with_probe: bool) -> None:
    """Fill `target` with what a function needs."""
    left_out = () if with_probe else ONLY_WITH_THE_PROBE
    packed = _packed_once(target.parent)
    ignored = shutil.ignore_patterns(*left_out)
    shutil.copytree(packed, target, ignore=ignored, dirs_exist_ok=True)


def _packed_once(beside: Path) -> Path:
    """Return the folder with everything, which the functions of a build share."""
    packed = beside / f".packed-{_digest()}"
    if not packed.exists():
        with tempfile.TemporaryDirectory(dir=beside, prefix=".packing-") as folder:
            everything = Path(folder) / "everything"
            _pack_everything(everything)
            with suppress(OSError):  # another function's build was quicker
                everything.rename(packed)
    return packed


def _digest() -> str:
    """Return a text that differs where the package would differ."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(each for each in SOURCE.rglob("*") if each.is_file()):
        if "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(SOURCE).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _pack_everything(folder: Path) -> None:
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns(*NEVER))
    _install(folder)
    for pattern in NOT_IMPORTED:
        for unused in list(folder.glob(pattern)):
            shutil.rmtree(unused) if unused.is_dir() else unused.unlink()
    _compile(folder)
    for name in WITHOUT_SOURCE:
        if not (folder / name).with_suffix(".pyc").exists():  # it is there in a release
            _leave_byte_code(folder / name)


def _install(folder: Path) -> None:
    """Install what is pinned. Only what runs on any processor: the stack's may be another one."""
    requirements = SOURCE / "requirements.txt"
    if not requirements.read_text().strip():
        return  # a release: they are there already
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-compile", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
        *("--platform", "any", "--target", str(folder), "-r", str(requirements)),
    ]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 (all of it is ours)
    if done.returncode:
        sys.exit(f"{' '.join(command[1:4])}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _compile(folder: Path) -> None:
    """Write byte code that stays valid although a zip file loses the sources' times, and has no
    docstrings: they stand in the sources. Raises SyntaxError."""
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder)
        if name.parts[0] not in ONLY_WITH_THE_PROBE:
            source = path.read_bytes()
            tree = _without_docstrings(ast.parse(source))
            code = compile(tree, f"{TASK_ROOT}/{name.as_posix()}", "exec", dont_inherit=True)
            compiled = Path(importlib.util.cache_from_source(str(path)))
            compiled.parent.mkdir(exist_ok=True)
            compiled.write_bytes(_header(source) + marshal.dumps(code))


def _leave_byte_code(source: Path) -> None:
    """Put a module's byte code where Python finds it without the source, which goes."""
    compiled = Path(importlib.util.cache_from_source(str(source)))
    compiled.rename(source.with_suffix(".pyc"))
    source.unlink()
    with suppress(OSError):  # other modules' is there
        compiled.parent.rmdir()


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """Leave a class a mark in its docstring's place: for one without, `dataclass` writes its own,
    and looks at the whole signature for it, at every start."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            mark = ast.Expr(ast.Constant(".")) if isinstance(node, ast.ClassDef) else ast.Pass()
            rest = node.body[1:]
            if isinstance(node, ast.ClassDef) or not rest:
                rest = [ast.fix_missing_locations(ast.copy_location(mark, first)), *rest]
            node.body = rest
    return tree


def _header(source: bytes) -> bytes:
    """Return what PEP 552 has before byte code that is known by its source's hash."""
    kind = UNCHECKED_HASH.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + kind + importlib.util.source_hash(source)


if __name__ == "__main__":
    if sys.version_info[:2] != RUNTIME:
        sys.exit(f"this is Python {sys.version.split()[0]}, and the functions' runtime is 3.13")
    if WITHOUT_COLUMNS not in sys._xoptions:
        os.execv(sys.executable, [sys.executable, "-X", WITHOUT_COLUMNS, *sys.argv])  # noqa: S606 (itself)
    pack(Path(sys.argv[1]), with_probe="--with-probe" in sys.argv[2:])
