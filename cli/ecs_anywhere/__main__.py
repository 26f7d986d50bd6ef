"""Run the command line: `ecs-anywhere`, or `python -m ecs_anywhere`."""

from __future__ import annotations

import signal
import sys

UNREADABLE = 3
"""The exit code of whatever cannot be read or written, as `answering` has it."""


def main() -> None:
    """Load the commands, which takes a second, and run the one that was asked for. Ctrl-C ends the
    loading at once and without a traceback; after that each command answers it."""
    meanwhile = signal.signal(signal.SIGINT, _unless_ignored())
    from ecs_anywhere.commands import app

    signal.signal(signal.SIGINT, meanwhile)
    try:
        app(prog_name="ecs-anywhere")
    except OSError as error:  # of what was to be shown: the commands tell of their own files
        sys.exit(_unwritten(error))


def _unwritten(error: OSError) -> int:
    """Tell that the output went nowhere, as into a full disk, and return the exit code."""
    sys.stderr.write(f"what was found cannot be written: {error}\n")
    return UNREADABLE


def _unless_ignored() -> signal.Handlers:
    """Return the system's own answer to Ctrl-C; a program in the background goes on ignoring it."""
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return signal.SIG_IGN if is_ignored else signal.SIG_DFL


if __name__ == "__main__":
    main()
