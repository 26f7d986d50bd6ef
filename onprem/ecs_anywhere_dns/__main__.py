"""The process of the command `ecs-anywhere-dns`, and of `python -m ecs_anywhere_dns`.

A run ends within seconds. Python's collector would look through everything that is imported again
and again meanwhile, and there is nothing to free: so it is off.
"""

from __future__ import annotations

import gc
import sys


def run() -> int:
    """Run the command that the words of the process name. Return the exit code."""
    gc.disable()
    # Imported here, as importing makes most of the objects that would be looked through.
    from ecs_anywhere_dns.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
