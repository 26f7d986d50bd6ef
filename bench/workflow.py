"""An interpreter of the workflow's definition, in virtual time, which counts as AWS bills.

Of the Amazon States Language there is what the definition uses: Task (a function), Choice, Wait,
Pass, Parallel, Succeed and Fail, with Assign, Output, Retry and Catch, all in JSONata. Anything
else raises NotModelled. tests/bench compares its counts with those of the embedded AWS.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench import expressions
from bench.amazon.account import NotModelled
from bench.clock import Clock, Process, Resume, Steps, Wait, seconds
from bench.expressions import QueryFailed

TRANSITION_SECONDS = 0.03
"""Seconds from the end of a state to the beginning of the next: [assumed], as nobody publishes
it."""

Json = Any
Invoke = Callable[[str, Json], Wait]
"""A function that begins to invoke one of the app's, and goes on with its answer, or by raising
Failed."""
Walk = Generator[Wait, Any, Json]


class Failed(Exception):
    """An error by its name, which Retry and Catch can match."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


@dataclass
class Execution:
    """One execution: what it counted, and how it ended."""

    arn: str
    given: Json
    began: float
    transitions: int = 0
    states: list[str] = field(default_factory=list)
    """Names of the states, in the order in which they were entered."""
    ended: float | None = None
    error: str = ""
    """The error's name; empty while the execution runs, and where it succeeded."""
    cause: str = ""
    output: Json = None

    @property
    def name(self) -> str:
        return self.arn.rsplit(":", 1)[1]


@dataclass
class Machine:
    """The state machine and its executions, by their ARNs."""

    clock: Clock
    definition: Mapping[str, Any]
    invoke: Invoke
    arn: str
    seed: int = 0
    transition_seconds: float = TRANSITION_SECONDS
    executions: dict[str, Execution] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.definition.get("QueryLanguage") != "JSONata":
            raise NotModelled("a definition that is not in JSONata")
        self.random = random.Random(self.seed)

    def start(self, name: str, given: Json) -> str:
        """Start an execution, and return its ARN; one of the same name is the same execution."""
        arn = f"{self.arn.replace(':stateMachine:', ':execution:')}:{name}"
        if arn in self.executions:
            return arn
        execution = Execution(arn, given, self.clock.now)
        self.executions[arn] = execution
        self.running.add(arn)
        run = _Run(self, execution)
        process = Process(
            self.clock, run.steps(), lambda output, error: self._end(execution, output, error)
        )
        limit = self.definition.get("TimeoutSeconds")
        if limit:
            self.clock.after(limit, lambda: self._time_out(execution, process))
        return arn

    def is_running(self, execution: str) -> bool:
        return self.executions[execution].ended is None

    def _time_out(self, execution: Execution, process: Process) -> None:
        if execution.ended is None:
            process.stop()
            self._end(execution, None, Failed("States.Timeout", "the execution took too long"))

    def _end(self, execution: Execution, output: Json, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, Failed):
            raise error
        execution.ended, execution.output = self.clock.now, output
        if error is not None:
            execution.error, execution.cause = error.error, error.cause
        self.running.discard(execution.arn)


class _Run:
    """One execution on its way through the definition."""

    def __init__(self, machine: Machine, execution: Execution) -> None:
        self._machine, self._execution = machine, execution
        self._clock = machine.clock
        self._context = {
            "Execution": {
                "Id": execution.arn,
                "Name": execution.name,
                "Input": execution.given,
                "StartTime": machine.clock.epoch(),
            },
            "StateMachine": {"Id": machine.arn},
        }

    def steps(self) -> Steps:
        return self._program(self._machine.definition, self._execution.given, {})

    def _program(self, program: Mapping[str, Any], given: Json, outer: Mapping[str, Json]) -> Walk:
        """Walk from StartAt to an end. Variables that are set inside stay inside."""
        variables = dict(outer)
        name: str | None = program["StartAt"]
        while name is not None:
            state = program["States"][name]
            given, name = yield from self._state(name, state, given, variables)
        return given

    def _state(
        self, name: str, state: Mapping[str, Any], given: Json, variables: dict[str, Json]
    ) -> Generator[Wait, Any, tuple[Json, str | None]]:
        """Return the state's output and the next state's name; its variables are set."""
        self._execution.states.append(name)
        tries = [0] * len(state.get("Retry", ()))
        count = 0
        while True:
            yield from self._transition()
            scope = self._scope(name, count, given, variables)
            try:
                chosen = yield from self._attempt(state, given, variables, scope)
            except QueryFailed as failure:
                error = Failed("States.QueryEvaluationError", str(failure))
            except Failed as failed:
                error = failed
            else:
                return chosen
            delay = self._delay(state, error, tries)
            if delay is None:
                return self._caught(state, error, scope, variables)
            count += 1
            yield seconds(self._clock, delay)

    def _transition(self) -> Steps:
        self._execution.transitions += 1
        yield seconds(self._clock, self._machine.transition_seconds)

    def _scope(
        self, name: str, count: int, given: Json, variables: Mapping[str, Json]
    ) -> dict[str, Json]:
        state = {"Name": name, "RetryCount": count, "EnteredTime": self._clock.epoch()}
        states = {"input": given, "context": {**self._context, "State": state}}
        return {**variables, "states": states}

    def _attempt(
        self,
        state: Mapping[str, Any],
        given: Json,
        variables: dict[str, Json],
        scope: dict[str, Json],
    ) -> Generator[Wait, Any, tuple[Json, str | None]]:
        following: str | None = state.get("Next")
        result = given
        match state["Type"]:
            case "Task":
                result = yield from self._task(state, scope)
                scope = _with(scope, result=result)
            case "Parallel":
                result = yield from self._parallel(state, given, variables)
                scope = _with(scope, result=result)
            case "Wait":
                yield seconds(self._clock, float(expressions.filled(state["Seconds"], scope)))
            case "Choice":
                return self._choose(state, given, variables, scope)
            case "Fail":
                told = (expressions.filled(state.get(key, ""), scope) for key in ("Error", "Cause"))
                raise Failed(*map(str, told))
            case "Pass" | "Succeed":
                pass
            case other:
                raise NotModelled(f"a state of type {other}")
        return _left(state, result, variables, scope), following

    def _task(self, state: Mapping[str, Any], scope: Mapping[str, Json]) -> Walk:
        if not state["Resource"].endswith(":states:::lambda:invoke"):
            raise NotModelled(f"the task {state['Resource']}")
        arguments = expressions.filled(state["Arguments"], scope)
        payload = yield self._machine.invoke(arguments["FunctionName"], arguments["Payload"])
        return {"Payload": payload, "StatusCode": 200}

    def _parallel(
        self, state: Mapping[str, Any], given: Json, variables: Mapping[str, Json]
    ) -> Walk:
        walks = [self._program(branch, given, variables) for branch in state["Branches"]]
        return (yield self._together(walks))

    def _together(self, walks: list[Walk]) -> Wait:
        """Wait for all; at the first that fails, stop the others."""

        def begin(resume: Resume) -> None:
            results: list[Json] = [None] * len(walks)
            left = len(walks)
            failed = False

            def told(number: int) -> Resume:
                def ended(value: Json, error: BaseException | None) -> None:
                    nonlocal left, failed
                    if failed:
                        return
                    if error is not None:
                        failed = True
                        for process in processes:
                            if not process.over:
                                process.stop()
                        resume(None, error)
                        return
                    results[number] = value
                    left -= 1
                    if not left:
                        resume(results, None)

                return ended

            processes = [Process(self._clock, walk, told(n)) for n, walk in enumerate(walks)]

        return begin

    def _choose(
        self,
        state: Mapping[str, Any],
        given: Json,
        variables: dict[str, Json],
        scope: Mapping[str, Json],
    ) -> tuple[Json, str]:
        for choice in state["Choices"]:
            if expressions.filled(choice["Condition"], scope):
                return _left(choice, given, variables, scope), choice["Next"]
        if "Default" not in state:
            raise Failed("States.NoChoiceMatched", "no choice matched, and there is no Default")
        return _left(state, given, variables, scope), state["Default"]

    def _delay(self, state: Mapping[str, Any], error: Failed, tries: list[int]) -> float | None:
        """Return the seconds before the next attempt; None where there is none."""
        for number, retrier in enumerate(state.get("Retry", ())):
            if not _matches(retrier["ErrorEquals"], error.error):
                continue
            if tries[number] >= retrier.get("MaxAttempts", 3):
                return None
            delay = _interval(retrier, tries[number])
            tries[number] += 1
            full = retrier.get("JitterStrategy") == "FULL"
            return self._machine.random.uniform(0, delay) if full else delay
        return None

    def _caught(
        self,
        state: Mapping[str, Any],
        error: Failed,
        scope: Mapping[str, Json],
        variables: dict[str, Json],
    ) -> tuple[Json, str]:
        for catcher in state.get("Catch", ()):
            if _matches(catcher["ErrorEquals"], error.error):
                output = {"Error": error.error, "Cause": error.cause}
                caught = _with(scope, errorOutput=output)
                return _left(catcher, output, variables, caught), catcher["Next"]
        raise error


def _with(scope: Mapping[str, Json], **more: Json) -> dict[str, Json]:
    return {**scope, "states": {**scope["states"], **more}}


def _left(
    part: Mapping[str, Any], result: Json, variables: dict[str, Json], scope: Mapping[str, Json]
) -> Json:
    """Set what the state, the choice or the catcher assigns, and return its output."""
    assigned = expressions.filled(part.get("Assign", {}), scope)
    output = expressions.filled(part["Output"], scope) if "Output" in part else result
    variables.update(assigned)
    return output


def _interval(retrier: Mapping[str, Any], tried: int) -> float:
    first = float(retrier.get("IntervalSeconds", 1))
    grown = first * float(retrier.get("BackoffRate", 2)) ** tried
    return min(grown, float(retrier.get("MaxDelaySeconds", grown)))


_TERMINAL = {"States.Runtime", "States.DataLimitExceeded"}


def _matches(names: list[str], error: str) -> bool:
    """Tell whether a Retry or Catch of these names is about the error (local/state_machines)."""
    if error in names:
        return True
    if error in _TERMINAL:
        return False
    return "States.ALL" in names or ("States.TaskFailed" in names and error != "States.Timeout")


def failure_of(error: BaseException) -> Failed:
    """Return the error of a function as the workflow sees it: by its class, as JSON."""
    name = type(error).__name__
    cause = {"errorMessage": str(error), "errorType": name, "requestId": "", "stackTrace": []}
    return Failed(name, json.dumps(cause))
