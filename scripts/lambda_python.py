"""Find the Python of the functions' runtime, whose byte code ships."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

VERSION = "3.13"
MISSING = "no Python 3.13, AWS Lambda's runtime: get it by `.venv/bin/uv python install 3.13`"
_UV = Path(__file__).parents[1] / ".venv" / "bin" / "uv"


def find() -> str | None:
    """Return the path of a Python that starts: version managers leave stand-ins that do not."""
    for candidate in _candidates():
        if not subprocess.run([candidate, "-V"], capture_output=True).returncode:
            return candidate
    return None


def _candidates() -> Iterator[str]:
    if on_the_path := shutil.which(f"python{VERSION}"):
        yield on_the_path
    yield from map(str, Path.home().glob(f".pyenv/versions/{VERSION}*/bin/python{VERSION}"))
    if _UV.exists():
        find = [str(_UV), "python", "find", "--managed-python", VERSION]
        if managed := subprocess.run(find, capture_output=True, text=True).stdout.strip():
            yield managed
