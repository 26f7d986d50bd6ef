"""The pick-up tool, as a process of its own on the host of a DNS server."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.onprem.lab import forked
from tests.onprem.lab.forked import Ran, Start


def run(
    prefix: Sequence[str],
    config: Path,
    words: Sequence[str],
    timeout: float,
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """`environment`: besides what the tests have. `timeout` in seconds; raises TimeoutError."""
    return forked.run(
        Start(
            tuple(prefix),
            ("--config", str(config), *words),
            {**os.environ, **(environment or {})},
            timeout,
        )
    )


def configuration(settings: Mapping[str, Any], kind: str, table: Mapping[str, Any]) -> str:
    """config.toml; what is None is left out."""
    return f"{as_toml(settings)}\n[{kind}]\n{as_toml(table)}"


def as_toml(table: Mapping[str, Any]) -> str:
    """Strings, numbers, truth values and lists of them look in TOML as they do in JSON."""
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in table.items() if value is not None)
    return "".join(lines)
