"""Every call of one enable, two option changes and one teardown, times every kind of fault.

`calls.json` holds the calls, as `make record` sees them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tests.faults.kinds import KINDS, Kind
from tests.faults.phases import PHASES

FILE = Path(__file__).with_name("calls.json")

Calls = Mapping[str, Mapping[str, int]]
"""Phase -> "role action" -> how often it is called."""


@dataclass(frozen=True)
class Case:
    """One fault at one call of one phase."""

    phase: str
    caller: str
    action: str
    nth: int
    kind: Kind

    def __str__(self) -> str:
        return f"{self.phase}: {self.kind.name} at {self.action} number {self.nth} of {self.caller}"


Lap = Mapping[str, Case]
"""Phase -> the case that it meets; the phases that are not named are kind."""


def recorded() -> Calls:
    calls: Calls = json.loads(FILE.read_text())
    return calls


def cases(calls: Calls, phase: str) -> Iterator[Case]:
    for call, count in calls[phase].items():
        caller, action = call.split(" ")
        for nth in range(1, count + 1):
            for kind in KINDS:
                if kind.strikes(caller, action):
                    yield Case(phase, caller, action, nth, kind)


def laps(calls: Calls) -> Sequence[Lap]:
    """One case per phase, because each phase ends where it ends without a fault."""
    mine = [list(cases(calls, phase.name)) for phase in PHASES]
    rows = zip_longest(*mine)
    return [{case.phase: case for case in row if case is not None} for row in rows]
