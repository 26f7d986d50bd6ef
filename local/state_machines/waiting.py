"""Waiting: every second that a definition names is an AWS second, and can be interrupted.

Stock moto waits real seconds, truncates fractions, and sleeps through StopExecution.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.asl.component.common.retry.jitter_strategy_decl import (
    JitterStrategyDecl,
)
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)

from local.clock import Clock

INTERRUPTION = 0.05
"""Real seconds between two looks for a stop."""
_MISSED = 1.0
"""Real seconds after which a wait that was told of its stop a moment before it began sees it. A
hundred executions that looked more often would leave little of this machine to anybody else."""
_WINDING_DOWN = 2.0
"""Real seconds that a timed out execution has to write the end of its history."""

_stock_jitter = JitterStrategyDecl._eval_body


def _wait(clock: Clock, env: Any, aws_seconds: float) -> None:
    end = clock.now() + aws_seconds
    while env.is_running() and (left := end - clock.now()) > 0:
        env.program_state_event.wait(min(left * clock.time_scale, _MISSED))


def install(clock: Clock) -> None:
    def wait_before_retry(jitter: Any, env: Any) -> None:
        """Wait in place of moto's sleep, the next step, and leave nothing to that."""
        _stock_jitter(jitter, env)
        _wait(clock, env, env.stack.pop())
        env.stack.append(0)

    class TaskTimeout(threading.Event):
        """The event by which a state waits for its TimeoutSeconds."""

        def wait(self, timeout: float | None = None) -> bool:
            return super().wait(None if timeout is None else timeout * clock.time_scale)

    def run(program: Any, env: Any) -> None:
        """Run a state machine, or a branch of a Parallel state, within its TimeoutSeconds. A branch
        that was stopped before it began has ended; with moto its thread dies, and the state waits
        for ever."""
        if env.program_state() is not None and not env.is_running():
            return
        env.next_state_name = program.start_at.start_at_name
        worker = threading.Thread(target=EvalComponent.eval, args=(program, env), daemon=True)
        worker.start()
        limit = program.timeout_seconds and program.timeout_seconds.timeout_seconds
        worker.join(limit and limit * clock.time_scale)
        if worker.is_alive() and env.is_running():
            env.set_timed_out()
            worker.join(_WINDING_DOWN)

    WaitFunction._wait_interval = lambda _, env, wait_seconds: _wait(clock, env, wait_seconds)
    JitterStrategyDecl._eval_body = wait_before_retry
    execute_state.threading = SimpleNamespace(Event=TaskTimeout)
    Program.eval = run
