"""One VPC's turn in an `apply`, as far as it has come: what its steps know of each other."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.documents import Memory
from ecs_anywhere_dns.memory.records import Distrust, Last
from ecs_anywhere_dns.outcome import BadUsage, Refused, Stop
from ecs_anywhere_dns.pinned.belief import check_believed
from ecs_anywhere_dns.report import Report


def new_id() -> str:
    """Return an id that no other run has."""
    return os.urandom(16).hex()


@dataclass
class Run:
    """The state of one VPC's turn: there is a report wherever it stops."""

    host: Host
    report: Report
    force: bool = False
    dry: bool = False
    id: str = field(default_factory=new_id)
    memory: Memory = field(default_factory=lambda: Memory(Last()))
    former: Forwarding = NOTHING
    """The forwarding of all VPCs before the run."""
    published: Document | None = None
    """The publication that was read, fit or not."""
    document: Document | None = None
    """Accepted: what an acknowledgement is about."""
    problem: Stop | None = None
    """The reason why there is no document to accept."""
    last_refused: Refused | None = None
    """The reason why the last applied document would not be believed now: the pins have changed."""
    distrusted_before: Distrust | None = None
    """The record of distrust from before this run noted that its switch failed; None before
    that."""

    @property
    def vpc(self) -> str:
        return self.host.settings.vpc

    @property
    def latest(self) -> Document | None:
        """Return the accepted document, else the last that was applied: believed now or not."""
        return self.document or self.memory.document

    @property
    def believed(self) -> Document | None:
        """Return the document that counts now: the latest, where this host still believes it."""
        return self.latest if self.document or self.last_refused is None else None

    def check_last(self) -> None:
        """Note whether the pins still allow the last document that was applied."""
        if self.memory.document is None:
            return
        try:
            check_believed(self.memory.document, self.host.settings)
        except Refused as refusal:
            self.last_refused = refusal

    def distrust(self) -> Distrust:
        """Return the document that is distrusted; none where that cannot be read. The turn of a VPC
        whose file is damaged takes nothing new: see `turn.read`."""
        try:
            return self.host.state.distrust()
        except BadUsage:
            return Distrust()

    def say(self, **changes: object) -> None:
        self.report = replace(self.report, **changes)  # type: ignore[arg-type]

    def hint(self, *hints: str) -> None:
        self.say(hints=(*self.report.hints, *hints))
