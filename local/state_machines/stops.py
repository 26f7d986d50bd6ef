"""Stopping an execution at a state, to the event: StopExecution, called as soon as the history says
that the state was entered or exited. Nobody who polls can aim so well.

What a state has begun goes on: AWS does not stop a function because its execution was stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

ERROR, CAUSE = "Stopped", "somebody stopped it"
_stock_add_event = EventManager.add_event


@dataclass
class Stop:
    """A stop at the next event of this kind of this state; `execution` tells which execution it
    was."""

    state: str
    kind: str = "Entered"
    """The kind of event: `Entered` or `Exited`."""
    execution: str = ""


class Stops:
    """The stops that are aimed at the executions of one AWS."""

    def __init__(self) -> None:
        self._aimed: list[Stop] = []
        self._lock = threading.Lock()

    def aim(self, stop: Stop) -> Stop:
        with self._lock:
            self._aimed.append(stop)
        return stop

    def forget(self) -> None:
        with self._lock:
            self._aimed.clear()

    def meet(self, manager: Any, event_type: str, name: str) -> None:
        with self._lock:
            met = [s for s in self._aimed if s.state == name and event_type.endswith(s.kind)]
            self._aimed = [stop for stop in self._aimed if stop not in met]
        for stop in met:
            for execution in _executions_of(manager):
                stop.execution = execution.exec_arn
                execution.stop(stop_date=None, error=ERROR, cause=CAUSE)


def _executions_of(manager: Any) -> Iterator[Any]:
    for backends in list(stepfunctions_parser_backends.values()):
        for backend in list(backends.values()):
            for execution in backend._get_executions():
                env = execution.exec_worker and execution.exec_worker.env
                if env and env.event_manager is manager:
                    yield execution


def _state_of(details: Any) -> str:
    for key in ("stateEnteredEventDetails", "stateExitedEventDetails"):
        if details and key in details:
            return str(details[key]["name"])
    return ""


def install(aws: EmbeddedAws) -> None:
    aws.stops = stops = Stops()

    def add_event(manager: Any, context: Any, event_type: Any, *args: Any, **how: Any) -> int:
        event_id: int = _stock_add_event(manager, context, event_type, *args, **how)
        name = _state_of(how.get("event_details") or (args[0] if args else None))
        if name:
            stops.meet(manager, str(getattr(event_type, "value", event_type)), name)
        return event_id

    EventManager.add_event = add_event
