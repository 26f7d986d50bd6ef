"""Other programs, run with a bound on their time; what they say is kept for the error."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 15.0
"""Seconds. The slowest command measured took 50 ms; a loaded host may be a hundred times slower."""


@dataclass(frozen=True)
class Ran:
    """`code` is None where the program is missing, may not be run, or took too long."""

    command: tuple[str, ...]
    code: int | None
    output: str
    """Standard output and error, in the order in which they came."""

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def said(self) -> str:
        """For an error message: which command, how it ended, its last lines."""
        ended = f"exit code {self.code}" if self.code is not None else "did not run"
        lines = " / ".join(self.output.strip().splitlines()[-4:])
        return f"`{' '.join(self.command)}` ({ended}): {lines or 'no output'}"


def run(*command: str | Path, patience: float = PATIENCE) -> Ran:
    """Never raises: not being able to run is a result, too."""
    words = tuple(str(word) for word in command)
    try:
        ended = subprocess.run(  # noqa: S603 - fixed commands from the configuration, no shell
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        said = (error.output or b"").decode(errors="replace")
        return Ran(words, None, f"{said}\nnot done after {patience:g} s")
    except OSError as error:
        return Ran(words, None, f"{error.strerror}: {words[0]}")
    return Ran(words, ended.returncode, ended.stdout.decode(errors="replace"))
