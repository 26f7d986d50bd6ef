"""Programs of this folder that other environments run: JSON in, JSON out.

`.mjs` files run under Node.js, with the packages of package-lock.json; `judge_*.py` files under the
Python that has the packages of requirements-tools.lock. `make tools` installs both.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_ENVIRONMENT = HERE.parents[1] / ".venv-tools" / "bin"
_SECONDS = 240


def ask(program: str, questions: Any) -> Any:
    """Return what `program`, a file of this folder, answers to `questions`.

    Raises FileNotFoundError where it is not installed, and AssertionError with its own words where
    it fails.
    """
    interpreter = _ENVIRONMENT / ("node" if program.endswith(".mjs") else "python")
    if not interpreter.exists():
        raise FileNotFoundError("the second readers are not installed: run `make tools`")
    asked = subprocess.run(
        [interpreter, HERE / program],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    assert asked.returncode == 0, f"{program}: {asked.stderr[-2000:]}"
    return json.loads(asked.stdout)
