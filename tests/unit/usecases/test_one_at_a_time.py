"""One execution per VPC at a time, and no wish is lost: the lock by itself, in any order of steps.

A step is one call through a port, so whatever can come between two calls of a use case does: other
knocks, other executions, the death of the function (then it is invoked again) or of the execution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, TypeVar, cast

from connectivity.domain import tags
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.status import Status
from connectivity.domain.verification_clock import VerificationClock
from connectivity.domain.whole_account import WholeAccount
from connectivity.usecases.asked import Reading, read_wish_of
from connectivity.usecases.aws import Aws
from connectivity.usecases.finish import Desk, finish
from connectivity.usecases.knock import knock
from connectivity.usecases.run import Run
from connectivity.usecases.sweep import Sweep, sweep
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.shares import examples
from tests.unit.example import VPC
from tests.unit.usecases.fakes import (
    FakeExecutions,
    FakeLedger,
    FakeNotifications,
    FakeVpcs,
)
from tests.unit.usecases.fakes import Weather as Kind
from tests.unit.usecases.world import SETTINGS

CONNECTION = "connection"
"""The purpose under which an execution writes down what it made: the networks asked for."""
CONNECTED = Status("connected", "all names resolve")
MOST_ROUNDS_TO_THE_END = 500
EXAMPLES = 1500
UseCase = Callable[["Ports"], Any]
Thing = TypeVar("Thing")


class Suspended(BaseException):
    """The next call is another step."""


class Invocation:
    """A function's invocation, one call at a time. To go on, the use case runs anew and is given
    the answers that it had: between two steps it is where a function is between two calls."""

    def __init__(self, use_case: UseCase, world: Ports) -> None:
        self._use_case = use_case
        self._ports = Ports(*(Port(real, self) for real in vars(world).values()))
        self._answers: list[Any] = []
        self._again: Iterator[Any] = iter(())
        self._has_called = False

    def step(self) -> Any:
        """What the use case returns or raises. Raises Suspended when it has not ended yet."""
        self._again, self._has_called = iter(self._answers), False
        return self._use_case(self._ports)

    def call(self, method: Callable[[], Any]) -> Any:
        for answer in self._again:
            return answer
        if self._has_called:
            raise Suspended
        self._has_called = True
        self._answers.append(method())
        return self._answers[-1]

    @property
    def has_begun(self) -> bool:
        return bool(self._answers)

    @property
    def is_sweep(self) -> bool:
        """It knocks where something is asked for or held, which may be about to change."""
        return self._use_case is sweep_all

    def die(self) -> None:
        """And be invoked again, by AWS Lambda or by the state machine's Retry."""
        self._answers.clear()


class Port:
    """A fake whose methods are steps."""

    def __init__(self, real: Any, invocation: Invocation) -> None:
        self._real, self._invocation = real, invocation

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._real, name)
        return lambda *given: self._invocation.call(partial(method, *given))


@dataclass
class SomeAccount:
    """An account in which nothing is but the VPCs."""

    vpcs: FakeVpcs

    def look(self, _: Iterable[str]) -> WholeAccount:
        asking = (vpc for vpc in self.vpcs.all.values() if tags.WISH in vpc.tags)
        return WholeAccount(vpcs={vpc.id: vpc for vpc in asking})


@dataclass
class Ports:
    vpcs: Any
    ledger: Any
    executions: Any
    notifications: Any
    account: Any
    settings = SETTINGS


@dataclass
class Execution:
    """One execution of the workflow, as its definition orders the states."""

    arn: str
    world: Ports = field(repr=False)
    state: str = "Read the VPC"
    reading: Reading | None = None
    invocation: Invocation = field(init=False)

    def __post_init__(self) -> None:
        self._enter("Read the VPC")

    def step(self) -> None:
        """Raises Suspended within a state."""
        try:
            answer = self.invocation.step()
        except NotReadyYet:
            self._enter("Read the VPC")
        else:
            self._enter(self._after(answer))

    def _after(self, answer: Any) -> str:
        if self.state == "Read the VPC":
            self.reading = answer
            return {"busy": "ended", "nothing": "Finish"}.get(answer.verdict, "Work")
        if self.state == "Work":
            return "Finish"
        return "Read the VPC" if answer else "ended"

    def _enter(self, state: str) -> None:
        self.state = state
        use_case = {"Read the VPC": self._read, "Work": self._work, "Finish": self._finish}
        self.invocation = Invocation(use_case.get(state, lambda _: None), self.world)
        if state == "ended":
            self.world.executions.running.discard(self.arn)

    def _read(self, ports: Ports) -> Reading:
        run = Run(VPC.id, self.arn, "tag", 0.0)
        return read_wish_of(run, cast(Aws, ports), ports.executions)

    def _work(self, ports: Ports) -> None:
        assert self.reading is not None
        assert ports.ledger.read(VPC.id).holder == self.arn
        if self.reading.wished is None:
            ports.ledger.record_gone(VPC.id, [CONNECTION])
        else:
            ports.ledger.hold(VPC.id, {CONNECTION: self.reading.wished.options.onprem_cidrs[0]})

    def _finish(self, ports: Ports) -> bool:
        desk = Desk(ports.vpcs, ports.ledger, ports.notifications, 0.0, self.arn)
        return finish(VPC.id, CONNECTED, desk).again


class OneVpc:
    """Everything that can happen to one VPC; without an execution nothing happens to one."""

    def __init__(self) -> None:
        kind = Kind()
        self.ledger, self.machine = FakeLedger(now=count(1).__next__), FakeExecutions()
        vpcs = FakeVpcs(kind)
        self.world = Ports(
            vpcs, self.ledger, self.machine, FakeNotifications(kind), SomeAccount(vpcs)
        )
        self.doors: list[Invocation] = []
        """Of the functions that knock."""
        self.executions: list[Execution] = []
        self.strays: list[Invocation] = []
        """Functions that go on although their execution was stopped."""
        self.wishes = 0
        self.is_deaf = False
        """Whether only another knock can still help: the tags have changed, or an execution that
        may have heard of them was stopped, and no knock has begun and ended since."""
        self.too_early: list[Invocation] = []
        """Doors that had begun before that."""

    def want(self, _: int) -> None:
        self.want_and_lose_the_event(_)
        self.event(_)

    def end(self, _: int) -> None:
        self.end_and_lose_the_event(_)
        self.event(_)

    def want_and_lose_the_event(self, _: int) -> None:
        self.wishes += 1
        wished = {tags.WISH: "enabled", tags.ONPREM_CIDRS: f"10.{self.wishes}.0.0/16"}
        self.world.vpcs.set_tags(VPC.id, wished)
        self._need_another_knock()

    def end_and_lose_the_event(self, _: int) -> None:
        self.world.vpcs.remove_tags(VPC.id, [tags.WISH, tags.ONPREM_CIDRS])
        self._need_another_knock()

    def _need_another_knock(self) -> None:
        self.is_deaf = True
        self.too_early = [door for door in self.doors if door.has_begun or door.is_sweep]

    def event(self, _: int) -> None:
        """Also one that comes twice, or late."""
        self._open(knock_on_the_vpc)

    def sweep(self, _: int) -> None:
        self._open(sweep_all)

    def _open(self, use_case: UseCase) -> None:
        self.doors.append(Invocation(use_case, self.world))
        self.too_early += [door for door in self.doors[-1:] if door.is_sweep]

    def a_door_goes_on(self, which: int) -> None:
        for door in chosen(self.doors, which):
            self._door_goes_on(door)

    def _door_goes_on(self, door: Invocation) -> None:
        if has_ended(door.step):
            self.doors.remove(door)
            self.is_deaf &= door in self.too_early
        self.executions += [Execution(arn, self.world) for arn in self.machine.started]
        self.machine.started.clear()

    def an_execution_goes_on(self, which: int) -> None:
        for execution in chosen(self.executions, which):
            self._execution_goes_on(execution)

    def an_execution_goes_on_and_on(self, which: int) -> None:
        for execution in chosen(self.executions, which):
            state = execution.state
            while execution.state == state:
                self._execution_goes_on(execution)

    def _execution_goes_on(self, execution: Execution) -> None:
        if has_ended(execution.step) and execution.state == "ended":
            self.executions.remove(execution)
        at_work = [each.arn for each in self.executions if each.state == "Work"]
        assert len(at_work) <= 1, at_work

    def the_function_of_a_door_dies(self, which: int) -> None:
        for door in chosen(self.doors, which):
            door.die()
            self.too_early = [each for each in self.too_early if each is not door or door.is_sweep]

    def the_function_of_a_state_dies(self, which: int) -> None:
        for execution in chosen(self.executions, which):
            execution.invocation.die()

    def an_execution_is_stopped(self, which: int) -> None:
        """StopExecution does not stop the function that is at work. One that makes or removes
        something goes on with that, which no lock can hinder; those about the lock are tried."""
        for execution in chosen(self.executions, which):
            self.executions.remove(execution)
            self.machine.running.discard(execution.arn)
            self._need_another_knock()
            if execution.state != "Work":
                self.strays.append(execution.invocation)

    def a_stray_goes_on(self, which: int) -> None:
        for stray in chosen(self.strays, which):
            if has_ended(stray.step):
                self.strays.remove(stray)

    def end_well(self) -> None:
        """All go on to their ends, and then the world is as the tags say: without a sweep if the
        last that happened was heard of, and with one whatever happened."""
        self._until_all_have_ended()
        if not self.is_deaf:
            self._assert_the_world_is_as_wished()
        self.sweep(0)
        self._until_all_have_ended()
        self._assert_the_world_is_as_wished()
        self.event(0)
        self._until_all_have_ended()
        assert self.ledger.read(VPC.id).holder is None, "a dead holder is taken over"

    def _until_all_have_ended(self) -> None:
        """In turn, one step each."""
        for _ in range(MOST_ROUNDS_TO_THE_END):
            for door in [*self.doors]:
                self._door_goes_on(door)
            for execution in [*self.executions]:
                self._execution_goes_on(execution)
            if not self.doors and not self.executions:
                return
        raise AssertionError(f"they never end: {self.executions}")

    def _assert_the_world_is_as_wished(self) -> None:
        held = self.ledger.read(VPC.id).held.get(CONNECTION)
        assert held == self.world.vpcs.all[VPC.id].tags.get(tags.ONPREM_CIDRS)


def knock_on_the_vpc(ports: Ports) -> None:
    knock(VPC.id, "tag", ports.ledger, ports.executions)


def sweep_all(ports: Ports) -> None:
    never = VerificationClock(period=0)
    desk = Desk(ports.vpcs, ports.ledger, ports.notifications, 0.0)
    sweep(Sweep(ports.account, ports.ledger, ports.executions, SETTINGS, never, desk))


def chosen(among: Sequence[Thing], which: int) -> tuple[Thing, ...]:
    """One of them, if there is any."""
    return (among[which % len(among)],) if among else ()


def has_ended(step: Callable[[], object]) -> bool:
    try:
        step()
    except Suspended:
        return False
    except NotReadyYet:
        pass
    return True


SELDOM = (
    OneVpc.want,
    OneVpc.end,
    OneVpc.want_and_lose_the_event,
    OneVpc.end_and_lose_the_event,
    OneVpc.event,
    OneVpc.sweep,
    OneVpc.the_function_of_a_door_dies,
    OneVpc.the_function_of_a_state_dies,
    OneVpc.an_execution_is_stopped,
)
OFTEN = (
    OneVpc.a_door_goes_on,
    OneVpc.an_execution_goes_on,
    OneVpc.an_execution_goes_on_and_on,
    OneVpc.a_stray_goes_on,
)
AT_THE_LAST_MOMENT = (
    *(OneVpc.want, *3 * (OneVpc.a_door_goes_on,)),
    *(OneVpc.an_execution_goes_on_and_on, OneVpc.an_execution_goes_on_and_on),
    *(OneVpc.want, OneVpc.a_door_goes_on, OneVpc.a_door_goes_on),
    *(OneVpc.an_execution_goes_on_and_on, OneVpc.a_door_goes_on),
)
"""The one at work is about to give up its hold when a knock comes."""
OUTLIVED = (
    *(OneVpc.want, OneVpc.a_door_goes_on, OneVpc.a_door_goes_on),
    *(OneVpc.an_execution_goes_on_and_on, OneVpc.an_execution_goes_on_and_on),
    *(OneVpc.an_execution_is_stopped, OneVpc.event, *3 * (OneVpc.a_door_goes_on,)),
    *(OneVpc.an_execution_goes_on_and_on, *8 * (OneVpc.a_stray_goes_on,)),
)
"""The function that gives up a hold goes on when another execution has taken it over."""
HAPPENINGS = st.tuples(st.sampled_from([*SELDOM, *4 * OFTEN]), st.integers(0, 3))


@settings(max_examples=examples(EXAMPLES), deadline=None, derandomize=True)
@example([(happen, 0) for happen in AT_THE_LAST_MOMENT])
@example([(happen, 0) for happen in OUTLIVED])
@given(happenings=st.lists(HAPPENINGS, min_size=10, max_size=100))
def test_one_execution_is_at_work_at_a_time_and_no_wish_is_lost(
    happenings: list[tuple[Callable[[OneVpc, int], None], int]],
) -> None:
    vpc = OneVpc()
    for happen, which in happenings:
        happen(vpc, which)
    vpc.end_well()
