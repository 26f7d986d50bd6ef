"""Scale what LocalEmu's interpreter waits: Wait states, and the time before another attempt."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from localemu.services.stepfunctions.asl.component.common.retry import retrier_decl
from localemu.services.stepfunctions.asl.component.state.state_wait.wait_function.wait_function import (  # noqa: E501
    WaitFunction,
)


def install(time_scale: float) -> None:
    """Let `time_scale` real seconds pass for each second that a definition names."""

    def wait(_: Any, env: Any, wait_seconds: float) -> None:
        env.program_state_event.wait(wait_seconds * time_scale)

    def sleep(seconds: float) -> None:
        time.sleep(seconds * time_scale)

    WaitFunction._wait_interval = wait
    retrier_decl.time = SimpleNamespace(sleep=sleep)
