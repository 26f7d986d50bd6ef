"""The execution environments that exist, kept warm, as many at once as allowed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local.lambda_functions.deployment import Deployment
from local.lambda_functions.environment import KILL_SECONDS, ExecutionEnvironment
from local.lambda_functions.errors import client_error

WAIT_SECONDS = 60.0
"""Real seconds that an invocation waits for an environment before it is throttled."""


class Environments:
    """The pool of at most `limit` environments, warm ones first.

    When all places are taken, the environment that has been idle longest makes room; when
    all are busy, an invocation waits `WAIT_SECONDS` and is then throttled, as AWS does at
    its concurrency limit.
    """

    def __init__(self, start: Callable[[Deployment], ExecutionEnvironment], limit: int) -> None:
        self._start = start
        self._limit = limit
        self._taken = 0
        self._idle: list[ExecutionEnvironment] = []
        self._busy: set[ExecutionEnvironment] = set()
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def lease(self, deployment: Deployment) -> Iterator[ExecutionEnvironment]:
        environment = self._take_warm(deployment) or self._make(deployment)
        try:
            yield environment
        finally:
            self._give_back(environment)

    def end_function(self, arn: str) -> None:
        """End the idle environments of a function that was deleted."""
        with self._changed:
            gone = [e for e in self._idle if e.deployment.arn == arn]
            self._forget(gone)
        _close(gone)

    def kill(self, trace: str) -> None:
        """Kill the process that runs the invocation with that trace id, unless it has ended."""
        with self._changed:
            for environment in self._busy:
                if environment.runs(trace):
                    environment.kill()

    def close(self) -> None:
        """Kill all environments. An invocation that is under way ends as if its runtime had
        exited."""
        with self._changed:
            self._closed = True
            idle = self._idle
            self._forget(idle)
            for environment in self._busy:
                environment.kill()
        _close(idle)
        with self._changed:
            self._changed.wait_for(lambda: self._taken == 0, KILL_SECONDS)

    def _take_warm(self, deployment: Deployment) -> ExecutionEnvironment | None:
        """Return a warm environment; None where there is none, and then a place to start one is
        reserved."""
        with self._changed:
            if not self._changed.wait_for(self._may_go_on, WAIT_SECONDS):
                raise client_error(429, "TooManyRequestsException", "Rate Exceeded.")
            if self._closed:
                raise client_error(500, "ServiceException", "This AWS is being stopped.")
            outdated = [e for e in self._idle if _is_outdated(e, deployment)]
            self._forget(outdated)
            warm = next((e for e in reversed(self._idle) if e.deployment == deployment), None)
            if warm:
                self._idle.remove(warm)
                self._busy.add(warm)
            else:
                if self._taken == self._limit:
                    outdated.append(self._idle[0])
                    self._forget(self._idle[:1])
                self._taken += 1
        _close(outdated)
        return warm

    def _may_go_on(self) -> bool:
        return self._closed or bool(self._idle) or self._taken < self._limit

    def _make(self, deployment: Deployment) -> ExecutionEnvironment:
        try:
            environment = self._start(deployment)
        except BaseException:
            self._free_place()
            raise
        with self._changed:
            self._busy.add(environment)
            if self._closed:
                environment.kill()
        return environment

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        with self._changed:
            self._busy.discard(environment)
            if environment.usable and not self._closed:
                self._idle.append(environment)
                self._changed.notify()
                return
        environment.close()
        self._free_place()

    def _free_place(self) -> None:
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()

    def _forget(self, environments: list[ExecutionEnvironment]) -> None:
        self._taken -= len(environments)
        self._idle = [e for e in self._idle if e not in environments]
        self._changed.notify_all()


def _is_outdated(environment: ExecutionEnvironment, deployment: Deployment) -> bool:
    """Tell whether an environment is no longer usable, or was made from code or configuration that
    the function no longer has."""
    same_function = environment.deployment.arn == deployment.arn
    return not environment.usable or (same_function and environment.deployment != deployment)


def _close(environments: list[ExecutionEnvironment]) -> None:
    for environment in environments:
        environment.close()
