"""The tool, killed (SIGKILL) where it begins a step: `python -m …lab.killed CONFIG STEP`.

The same program as `ecs-anywhere-dns apply`, told of its steps by somebody who ends it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from ecs_anywhere_dns.sequence import apply
from ecs_anywhere_dns.settings import load
from ecs_anywhere_dns.wiring import host_of


def main(config: str, fatal: str) -> None:
    """Prints each step; with a step that never comes, all of them."""

    def tell(step: str) -> None:
        print(step, flush=True)
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    print(f"exit {int(apply(host_of(load(Path(config)), tell)).exit)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
