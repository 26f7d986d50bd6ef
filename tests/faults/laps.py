"""A lap: one VPC goes through the phases, meets its cases, and has to look each time as it does
without any."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from local.state_machines.stops import Stop
from local.unkind.faults import Aim
from tests.faults.cases import Case, Lap
from tests.faults.phases import PHASES, Phase
from tests.faults.sight import Sight, look
from tests.faults.situations import Situation, nothing_else
from tests.story.app import SERVICES, App

POLL = 0.02
"""Real seconds."""
BY_ITSELF = 400
"""AWS seconds without an execution after which nothing more comes of itself: AWS Lambda tries a
refused event again after one and two minutes."""
SWEEPS = 3
PATIENCE = 60
"""Real seconds for all of one phase, on a slow machine."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one phase of a lap."""

    case: Case | None
    met: bool
    """The fault has struck; a count that differs from run to run may have missed it."""
    executions: int
    sweeps: int
    told: int
    """E-mails."""
    differs: str
    """Empty where the world is as without a fault."""

    @property
    def healed_by(self) -> str:
        if self.differs:
            return "lost"
        if self.sweeps:
            return "the next sweep"
        return "the same run" if self.executions == 1 else "the next knock"


@dataclass(frozen=True)
class Death:
    """The outcome of one phase whose execution was stopped."""

    sweeps: int
    told: int
    differs: str


@dataclass
class Course:
    """The deployed app, one VPC, and how it looks after each phase without a fault."""

    app: App
    vpc_id: str
    sights: dict[str, Sight] = field(default_factory=dict)
    states: dict[str, frozenset[str]] = field(default_factory=dict)
    """The states that each phase enters."""
    _seen: int = 0

    def run(self, lap: Lap) -> Iterator[Outcome]:
        changes = any(phase.changes_options and phase.name in lap for phase in PHASES)
        for phase in PHASES:
            if changes or not phase.changes_options:
                yield self.go(phase, lap.get(phase.name))

    def start_over(self) -> None:
        """Go back to where every lap begins, after one that ended in the middle."""
        self.app.aws.weather.forget_aims()
        self.app.untag(self.vpc_id, SERVICES)
        self._seen = len(self._executions())
        self.app.untag(self.vpc_id)
        self._settle(PHASES[-1])

    def learn(self) -> None:
        """Go through each phase once, without a fault, and remember its sight and its states."""
        for phase in PHASES:
            self._act(phase)
            self.until_quiet()
            self.sights[phase.name] = sight = look(self.app, self.vpc_id)
            # Else all that follows would be compared with a failure, and be found to be the same.
            assert sight["status"][0] == phase.status, sight["status"]
            self.states[phase.name] = self._states()

    def go(self, phase: Phase, case: Case | None) -> Outcome:
        weather, mails = self.app.aws.weather, len(self.app.aws.outbox)
        aims = [weather.aim(aim) for aim in _aims(case)]
        before = len(self._executions())
        self._act(phase)
        sweeps, sight = self._settle(phase)
        weather.forget_aims()
        return Outcome(
            case=case,
            met=case is None or any(aim.happening for aim in aims),
            executions=len(self._executions()) - before,
            sweeps=sweeps,
            told=len(self.app.aws.outbox) - mails,
            differs=_difference(self.sights[phase.name], sight),
        )

    def die(self, phase: Phase, stop: Stop, situation: Situation = nothing_else) -> Death:
        """Stop the phase's execution there, in that situation; then let the next sweep take over,
        when it is over."""
        mails, stops = len(self.app.aws.outbox), self.app.aws.stops
        with situation(self.app, self.vpc_id):
            stops.aim(stop)
            self._act(phase)
            self.until_quiet()
            stops.forget()
        sweeps, sight = self._sweep_until_right(phase, look(self.app, self.vpc_id))
        differs = _difference(self.sights[phase.name], sight)
        return Death(sweeps, len(self.app.aws.outbox) - mails, differs)

    def until_quiet(self) -> None:
        """An execution has begun since the last act, and none runs."""
        deadline = time.monotonic() + PATIENCE
        while not self._is_idle():
            assert time.monotonic() < deadline, "no end of it"
            time.sleep(POLL)

    def _act(self, phase: Phase) -> None:
        self._seen = len(self._executions())
        phase.act(self.app, self.vpc_id)

    def _settle(self, phase: Phase) -> tuple[int, Sight]:
        """Return the number of sweeps until the phase is over, and the sight then."""
        return self._sweep_until_right(phase, self._converges(phase))

    def _sweep_until_right(self, phase: Phase, sight: Sight) -> tuple[int, Sight]:
        sweeps = 0
        while sight != self.sights[phase.name] and sweeps < SWEEPS:
            sweeps += 1
            self._seen = len(self._executions())
            self.app.sweep()
            sight = self._converges(phase)
        return sweeps, sight

    def _converges(self, phase: Phase) -> Sight:
        """Return the sight as soon as it is right, or when nothing more comes of itself."""
        clock, deadline = self.app.aws.clock, time.monotonic() + PATIENCE
        idle_since: float | None = None
        while True:
            time.sleep(POLL)
            is_idle = self._is_idle()
            idle_since = (idle_since or clock.now()) if is_idle else None
            is_over = time.monotonic() > deadline or (
                idle_since is not None and clock.now() - idle_since > BY_ITSELF
            )
            if is_idle or is_over:
                sight = look(self.app, self.vpc_id)
                if is_over or sight == self.sights[phase.name]:
                    return sight

    def _is_idle(self) -> bool:
        executions = self._executions()
        return len(executions) > self._seen and "RUNNING" not in executions.values()

    def _states(self) -> frozenset[str]:
        """Return the states of the last execution."""
        last = list(self._executions())[-1]
        pages = self.app.client("stepfunctions").get_paginator("get_execution_history")
        events = [e for page in pages.paginate(executionArn=last) for e in page["events"]]
        entered = [e["stateEnteredEventDetails"] for e in events if e["type"].endswith("Entered")]
        return frozenset(details["name"] for details in entered)

    def _executions(self) -> Mapping[str, str]:
        """ARN -> status, of this VPC; read from the engine itself, because a poll through its API
        costs more than what it waits for."""
        settings = self.app.aws.settings
        backend = stepfunctions_parser_backends[settings.account][settings.region]
        return {
            execution.exec_arn: str(execution.status)
            for execution in backend._get_executions()
            if execution.name.startswith(self.vpc_id)
        }


def _aims(case: Case | None) -> list[Aim]:
    return case.kind.aims(case.caller, case.action, case.nth) if case else []


def _difference(expected: Sight, seen: Sight) -> str:
    return "; ".join(
        f"{part}: {seen[part]} instead of {expected[part]}"
        for part in expected
        if expected[part] != seen[part]
    )
