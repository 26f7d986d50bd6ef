"""Other programs, run with a bound on their time; their output is kept for error messages."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 15.0
"""Seconds. The slowest command measured took 50 ms; a loaded host may be a hundred times slower."""


@dataclass(frozen=True)
class Ran:
    """The result of a program. `code` is None where it is missing, may not be run, or took too
    long."""

    command: tuple[str, ...]
    code: int | None
    output: str
    """Standard output: what was asked for, and nothing else where the program keeps to that."""
    errors: str = ""
    """Standard error: warnings as well, which must not be taken for an answer."""

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def everything(self) -> str:
        """Return the whole output, standard error last."""
        return f"{self.output}\n{self.errors}"

    @property
    def said(self) -> str:
        """Return the words for an error message: which command, how it ended, its last lines."""
        ended = f"exit code {self.code}" if self.code is not None else "did not run"
        lines = " / ".join(self.everything.strip().splitlines()[-4:])
        return f"`{' '.join(self.command)}` ({ended}): {lines or 'no output'}"


def run(*command: str | Path, patience: float = PATIENCE) -> Ran:
    """Run a program. Never raises: a program that cannot be run gives a result, too."""
    words = tuple(str(word) for word in command)
    try:
        ended = subprocess.run(  # noqa: S603 - fixed commands from the configuration, no shell
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        late = f"not done after {patience:g} s"
        return Ran(words, None, _text(error.output), f"{_text(error.stderr)}\n{late}")
    except OSError as error:
        return Ran(words, None, "", f"{error.strerror}: {words[0]}")
    return Ran(words, ended.returncode, _text(ended.stdout), _text(ended.stderr))


def _text(said: bytes | None) -> str:
    return (said or b"").decode(errors="replace")
