"""`ecs-anywhere-dns apply`, told of its steps by somebody who kills it (SIGKILL) at one of them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from ecs_anywhere_dns.configuration import load
from ecs_anywhere_dns.following.sequence import apply
from ecs_anywhere_dns.wiring import hosts_of


def main(config: str, fatal: str) -> int:
    """The exit code. Prints each step; with a step that never comes, all of them."""

    def tell(step: str) -> None:
        print(step, flush=True)
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    return int(apply(hosts_of(load(Path(config)), tell)).exit)
