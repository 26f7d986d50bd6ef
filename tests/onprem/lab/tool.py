"""The pick-up tool, as its own process on the host of a DNS server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[3] / "onprem"


@dataclass(frozen=True)
class Ran:
    code: int
    stdout: str
    stderr: str


def run(prefix: Sequence[str], config: Path, words: Sequence[str], timeout: float) -> Ran:
    """`timeout` in seconds; raises subprocess.TimeoutExpired."""
    ended = subprocess.run(
        [*prefix, sys.executable, "-m", "ecs_anywhere_dns", "--config", str(config), *words],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def configuration(settings: Mapping[str, Any], kind: str, table: Mapping[str, Any]) -> str:
    """config.toml; what is None is left out."""
    return f"{_toml(settings)}\n[{kind}]\n{_toml(table)}"


def _toml(table: Mapping[str, Any]) -> str:
    """Strings, numbers, truth values and lists of them look in TOML as they do in JSON."""
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in table.items() if value is not None)
    return "".join(lines)
