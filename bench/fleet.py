"""Many VPCs of one account and Region at once, under AWS's token buckets: tagged in one second,
left alone while sweeps come by, and untagged in one second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connectivity.domain.tags import STATUS

from bench import floors
from bench.amazon.account import Called
from bench.amazon.compute import Network
from bench.app import AS_DEPLOYED, App, Design
from bench.lifecycles import drawn

SIZES = (1, 10, 100, 300, 1000)
LOOK_SECONDS = 10.0
PATIENCE = 3
"""Multiple of the floor after which, and a sweep or two, a lap is given up."""
IDLE_SWEEPS = 4
MOST_CALLS = 300
"""Calls for each VPC, our own state's with them, after which a lap is given up: a storm of retries
takes an hour to compute, and tells nothing more."""


@dataclass(frozen=True)
class Lap:
    """One lap of a fleet: from a wish of all VPCs to its fulfilment."""

    wish: str
    vpcs: int
    reached: int
    """VPCs whose status is the one that was wished for."""
    took: float
    """Seconds until the last of these was; drain and expiry excluded."""
    floor: float
    executions: int
    failed: int
    mails: int
    calls: int
    own: int
    refused: Mapping[str, int]
    """Action -> how often AWS refused it, the most often refused first."""
    transitions: int
    sweeps: int
    given_up: bool = False
    """True where there were more calls than MOST_CALLS for each VPC."""

    @property
    def factor(self) -> float:
        return self.took / self.floor if self.floor else 0.0

    @property
    def refused_share(self) -> float:
        return sum(self.refused.values()) / max(1, self.calls)


class Fleet:
    """An app with its VPCs and its schedule of sweeps. Use it as a context."""

    def __init__(self, size: int, seed: int = 0, design: Design = AS_DEPLOYED) -> None:
        self.app = App(seed, design=design)
        self._seed, self._size = seed, size
        self.networks: list[Network] = []
        self._sweeps = 0

    def __enter__(self) -> Fleet:
        self.app.__enter__()
        for number in range(self._size):
            lives = drawn(self._seed * 100_000 + number)
            self.networks.append(self.app.add_vpc(number + 1, lives))
        self._schedule()
        return self

    def __exit__(self, *_: object) -> None:
        self.app.__exit__()

    def _schedule(self) -> None:
        """Let sweeps come by, the first one at the middle of the usual interval."""
        interval = self.app.template.sweep_minutes * 60

        def sweep() -> None:
            self._sweeps += 1
            self.app.sweep()
            self.app.clock.after(interval, sweep)

        self.app.clock.after(interval / 2, sweep)

    def connect(self) -> Lap:
        floor = floors.many_enabled([network.lifecycles for network in self.networks])
        return self._lap("connected", self.app.tag, "connected", floor, 0.0)

    def disconnect(self) -> Lap:
        told = self.app.template.environment
        waits = float(told["DRAIN_SECONDS"]) + float(told["EXPIRY_SECONDS"])
        floor = floors.many_disabled([network.lifecycles for network in self.networks])
        return self._lap("gone", self.app.untag, "removed", floor, waits)

    def idle(self) -> Lap:
        """Let some sweeps find that there is nothing to do."""
        seconds = IDLE_SWEEPS * self.app.template.sweep_minutes * 60
        note = self._note()
        self.app.clock.run(self.app.clock.now + seconds)
        return self._told("idle", note, len(self.networks), 0.0, 0.0)

    def _lap(
        self,
        wish: str,
        begin: Callable[[Network], None],
        status: str,
        floor: float,
        waits: float,
    ) -> Lap:
        clock, note = self.app.clock, self._note()
        end = clock.now + PATIENCE * floor + waits + 4 * self.app.template.sweep_minutes * 60
        began = clock.now
        for network in self.networks:
            begin(network)
        while clock.now < end:
            clock.run(clock.now + LOOK_SECONDS)
            if self._reached(status) == self._size and not self.app.machine.running:
                break
            if self._storms(note):
                break
        took = self._last_status(note.calls) - began - waits
        return self._told(wish, note, self._reached(status), took, floor)

    def _storms(self, note: _Note) -> bool:
        return len(self.app.account.calls) - note.calls > MOST_CALLS * self._size

    def _reached(self, status: str) -> int:
        return sum(network.tags.get(STATUS) == status for network in self.networks)

    def _last_status(self, since: int) -> float:
        calls = self.app.account.calls[since:]
        return max((c.at for c in calls if c.name == "ec2:CreateTags" and not c.refused), default=0)

    def _note(self) -> _Note:
        return _Note(len(self.app.account.calls), len(self.app.executions), self._sweeps)

    def _told(self, wish: str, note: _Note, reached: int, took: float, floor: float) -> Lap:
        calls = self.app.account.calls[note.calls :]
        executions = self.app.executions[note.executions :]
        own = sum(call.name.startswith(("dynamodb:", "states:")) for call in calls)
        return Lap(
            wish=wish,
            vpcs=self._size,
            reached=reached,
            took=took,
            floor=floor,
            executions=len(executions),
            failed=sum(bool(execution.error) for execution in executions),
            mails=sum(call.name == "sns:Publish" and not call.refused for call in calls),
            calls=len(calls) - own,
            own=own,
            refused=_refused(calls),
            transitions=sum(execution.transitions for execution in executions),
            sweeps=self._sweeps - note.sweeps,
            given_up=self._storms(note),
        )


@dataclass(frozen=True)
class _Note:
    calls: int
    executions: int
    sweeps: int


def _refused(calls: Sequence[Called]) -> dict[str, int]:
    return dict(Counter(call.name for call in calls if call.throttled).most_common())


def laps(size: int, seed: int = 0, design: Design = AS_DEPLOYED) -> list[Lap]:
    """Return the three laps of a fleet; only the first where that is given up."""
    with Fleet(size, seed, design) as fleet:
        connect = fleet.connect()
        return [connect] if connect.given_up else [connect, fleet.idle(), fleet.disconnect()]
