"""Virtual time: whatever waits is an event in one queue, and a day lasts as long as its events do.

Code that was not written for this, such as a handler, runs on a thread of its own and waits with
`sleep`. Only one thread runs at any moment, and the queue says which: a run repeats exactly.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Generator
from itertools import count
from typing import Any

Resume = Callable[[Any, BaseException | None], None]
"""A function that goes on with a value, or by raising an error."""
Wait = Callable[[Resume], None]
"""A function that begins to wait, and goes on by calling its argument, once."""
Steps = Generator[Wait, Any, Any]
"""The steps of a process, which yields whenever it has to wait."""

EPOCH = 1_800_000_000.0
"""The time of AWS's clocks at the beginning, in seconds since 1970."""


class Clock:
    """The queue of events. `now` is in seconds since the beginning."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._until = float("inf")
        self._idle: list[_Worker] = []
        self._workers: dict[int, _Worker] = {}
        self.handed_back = threading.Semaphore(0)

    def epoch(self) -> float:
        """Return the time of AWS's clocks, in seconds since 1970."""
        return EPOCH + self.now

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + max(0.0, seconds), next(self._numbers), action))

    def run(self, until: float = float("inf")) -> None:
        """Let everything happen that is due before `until`."""
        self._until = until
        while self._events and self._events[0][0] <= until:
            self.now, _, action = heapq.heappop(self._events)
            action()
        if until < float("inf"):
            self.now = max(self.now, until)

    def close(self) -> None:
        """End the threads that wait for work; those inside of a call are left to die with us."""
        for worker in self._idle:
            worker.dismiss()
        self._idle.clear()

    def sleep(self, seconds: float) -> None:
        """Let time pass for the code that calls this, on a thread of `Call`."""
        until = self.now + max(0.0, seconds)
        if until <= self._until and (not self._events or until < self._events[0][0]):
            self.now = until  # nothing happens before: nobody else has to run
            return
        worker = self._workers[threading.get_ident()]
        self.after(seconds, worker.go_on)
        self.handed_back.release()
        worker.wait()

    def call(self, job: Callable[[], Any], resume: Resume) -> None:
        """Run `job` on a thread, from now on, and resume with what it returns or raises."""
        worker = self._idle.pop() if self._idle else _Worker(self)
        worker.begin(job, resume)

    def started(self, worker: _Worker, identity: int) -> None:
        self._workers[identity] = worker

    def idle(self, worker: _Worker) -> None:
        self._idle.append(worker)


class _Worker:
    """A thread that does one job after the other, and runs only while the clock waits for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = threading.Semaphore(0)
        self._job: tuple[Callable[[], Any], Resume] | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def begin(self, job: Callable[[], Any], resume: Resume) -> None:
        self._job = (job, resume)
        self.go_on()

    def go_on(self) -> None:
        self._turn.release()
        self._clock.handed_back.acquire()

    def wait(self) -> None:
        self._turn.acquire()

    def dismiss(self) -> None:
        self._job = None
        self._turn.release()

    def _work(self) -> None:
        self._clock.started(self, threading.get_ident())
        while True:
            self._turn.acquire()
            if self._job is None:
                return
            job, resume = self._job
            value, error = _outcome(job)
            self._clock.idle(self)
            self._clock.after(0, _resuming(resume, value, error))
            self._clock.handed_back.release()


def _outcome(job: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return job(), None
    except BaseException as error:  # noqa: BLE001 (raised again by whoever resumes)
        return None, error


def _resuming(resume: Resume, value: Any, error: BaseException | None) -> Callable[[], None]:
    return lambda: resume(value, error)


class Process:
    """Steps that are taken one after the other, from now on."""

    def __init__(self, clock: Clock, steps: Steps, ended: Resume) -> None:
        self._clock = clock
        self._steps = steps
        self._ended = ended
        self.over = False
        clock.after(0, lambda: self._go_on(None, None))

    def stop(self) -> None:
        """Take no further step, and tell nobody."""
        self.over = True
        self._steps.close()

    def _go_on(self, value: Any, error: BaseException | None) -> None:
        if self.over:
            return
        try:
            wait = self._steps.send(value) if error is None else self._steps.throw(error)
        except StopIteration as end:
            self.over = True
            self._ended(end.value, None)
        except Exception as failure:  # noqa: BLE001 (whoever waits for the end is told)
            self.over = True
            self._ended(None, failure)
        else:
            wait(self._go_on)


def seconds(clock: Clock, length: float) -> Wait:
    """Return a wait of `length` seconds."""
    return lambda resume: clock.after(length, lambda: resume(None, None))


def done_by(clock: Clock, job: Callable[[], Any]) -> Wait:
    """Return a wait for a job on a thread."""
    return lambda resume: clock.call(job, resume)
