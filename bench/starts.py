"""Count what a function's start takes, and what is uploaded: the packages that `sam build` makes.

Instructions repeat where seconds do not. They are counted by valgrind, where it is installed, with
AWS Lambda's Python, where that is; what could not be measured is said. The runtime's SDK is the one
that the lock files pin, with byte code. Beside ours stands a plain `sam build` of the same handler:
boto3 and Powertools' Tracer, whole models, no byte code.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench import lone
from bench.app import App
from bench.lifecycles import MEDIANS
from bench.template import ROOT, template
from scripts import lambda_python

HANDLERS = ("knock", "read_vpc", "publish")
"""Handlers that are measured: the one that hears of a tag, the one that asks most services, and the
one that publishes."""
COMPARED = ("publish",)
"""Handlers whose plain build is measured, too, which takes half a minute each."""
SITE = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
SDK = ("botocore", "urllib3", "dateutil", "six.py", "jmespath", "boto3", "s3transfer")
TRACER = ("aws_lambda_powertools", "aws_xray_sdk", "wrapt", "typing_extensions.py")

OURS, RUNTIME, PLAIN = "ours", "runtime", "plain"
"""The folders of our package, of the runtime's SDK, and of a plain build."""

_START = """
import json, sys
sys.path[:0], handler, adapters, services, before = json.loads({given!r})
sys.dont_write_bytecode = True
for line in before:
    exec(line)
import importlib
importlib.import_module(handler)
from connectivity.adapters.aws import client
for adapter in adapters:
    importlib.import_module("connectivity.adapters." + adapter)
for service in services:
    client(service)
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith("VmHWM")))
"""
_PLAIN = (
    "import boto3, functools",
    "from aws_lambda_powertools import Logger, Metrics, Tracer",
    "Tracer('app')",
    "import connectivity.adapters.aws as _aws",
    "_aws.client = functools.cache(boto3.client)",
)
"""Lines that the plain handler runs first, for the SDK's usual clients instead of our cut ones."""


@dataclass(frozen=True)
class Start:
    """One function's start, from Python's to a handler with its adapters and clients."""

    handler: str
    millions: float
    """Millions of instructions; 0 where valgrind is not installed."""
    megabytes: float
    """The highest memory, in megabytes."""


@dataclass(frozen=True)
class Package:
    """The package of a function without the probe: its sizes in megabytes."""

    zipped: float
    unpacked: float
    python_millions: float
    """Millions of instructions of Python itself; 0 where valgrind is not installed."""


def left_out() -> str:
    """Return why something cannot be measured here; nothing where all can."""
    if sys.platform != "linux":
        return "starts are measured on Linux only"
    if lambda_python.find() is None:
        return lambda_python.MISSING
    return "" if shutil.which("valgrind") else "valgrind is not installed: no instructions"


def prepare(folder: Path) -> Package:
    """Make our package, the runtime's SDK and the plain build in `folder`. Raises
    CalledProcessError where pip finds no index."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    python = _python()
    package = folder / OURS
    _run([python, str(ROOT / "functions" / "pack.py"), str(package)])
    _copy(SDK, folder / RUNTIME)
    _run([python, "-m", "compileall", "-q", str(folder / RUNTIME)])
    _copy((*SDK, *TRACER), folder / PLAIN)
    ignored = shutil.ignore_patterns("__pycache__", "models")
    shutil.copytree(ROOT / "functions", folder / PLAIN, ignore=ignored, dirs_exist_ok=True)
    zipped = Path(shutil.make_archive(str(package), "zip", package)).stat().st_size
    unpacked = sum(each.stat().st_size for each in package.rglob("*") if each.is_file())
    return Package(zipped / 1e6, unpacked / 1e6, _millions(["-c", ""]))


def ours(folder: Path, handler: str) -> Start:
    """Return the start of the handler from our package, on the runtime's SDK."""
    return _start(handler, [folder / OURS, folder / RUNTIME], ())


def plain(folder: Path, handler: str) -> Start:
    """Return the start of the same handler as a plain `sam build` would ship it."""
    return _start(handler, [folder / PLAIN], _PLAIN)


def _start(handler: str, path: Iterable[Path], before: Sequence[str]) -> Start:
    adapters, services = uses()[handler]
    paths = [str(each) for each in path]
    given = json.dumps([paths, f"handlers.{handler}", adapters, services, before])
    code = ["-c", _START.format(given=given)]
    peak = _run([_python(), "-ESP", *code]).stdout
    return Start(handler, _millions(code), int(peak) / 1024)


def _millions(arguments: Sequence[str]) -> float:
    """Return the instructions of a Python with these arguments; 0 without valgrind."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return 0
    tool = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    told = _run([valgrind, *tool, _python(), "-ESP", *arguments]).stderr
    counted = re.search(r"I\s+refs:\s+([\d,]+)", told)
    assert counted, told
    return int(counted[1].replace(",", "")) / 1e6


def _python() -> str:
    """Return AWS Lambda's Python, and not a version manager's stand-in, which would be counted."""
    found = lambda_python.find()
    assert found, lambda_python.MISSING
    return str(Path(found).resolve())


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=_environment(), capture_output=True, text=True, check=True)


def _copy(names: Iterable[str], target: Path) -> None:
    """Copy packages of this Python's environment, without byte code, which is another Python's."""
    target.mkdir()
    for name in names:
        source = SITE / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.so")
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy(source, target)


def _environment() -> dict[str, str]:
    return {
        **template().environment,
        "PATH": os.defpath,
        "PYTHONHASHSEED": "0",
        "AWS_REGION": "us-east-2",
        "AWS_DEFAULT_REGION": "us-east-2",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_XRAY_SDK_ENABLED": "true",
    }


@cache
def uses() -> Mapping[str, tuple[list[str], list[str]]]:
    """Return each handler's adapters and the services that it calls, as a VPC is connected."""
    with App(throttles=False) as app:
        app.tag(app.add_vpc(1, MEDIANS))
        app.clock.run(lone.QUIET)
        called = {(call.caller, call.name) for call in app.account.calls}
    found = {}
    for function in template().functions.values():
        names = {name for caller, name in called if caller == function.name}
        adapters = {adapter for name in names for adapter in _adapters_that_call(name)}
        services = {_CLIENTS.get(service, service) for service in map(_service_of, names)}
        found[function.handler.split(".")[1]] = (sorted(adapters), sorted(services))
    return found


_CLIENTS = {"states": "stepfunctions"}


def _service_of(name: str) -> str:
    return name.partition(":")[0]


def _adapters_that_call(name: str) -> list[str]:
    """Return the adapters whose text has the call of `ec2:DescribeVpcs`."""
    service, _, action = name.partition(":")
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", action.replace("Function", "")).lower()
    adapters = ROOT / "functions" / "connectivity" / "adapters"
    return [
        path.stem
        for path in adapters.glob("*.py")
        if (text := path.read_text()).find(f'client("{_CLIENTS.get(service, service)}")') >= 0
        and re.search(rf'[."]{snake}', text)
    ]
