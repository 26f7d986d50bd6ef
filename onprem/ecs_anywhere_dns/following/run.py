"""One `apply`, as far as it has come: what its steps know of each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import uuid4

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.state import Applied, Memory
from ecs_anywhere_dns.report import Report


@dataclass
class Run:
    """What there is to report if it stops here."""

    host: Host
    report: Report
    force: bool = False
    dry: bool = False
    id: str = field(default_factory=lambda: uuid4().hex)
    memory: Memory = field(default_factory=lambda: Memory(Applied()))
    document: Document | None = None
    """Accepted: what an acknowledgement is about."""

    def say(self, **changes: object) -> None:
        self.report = replace(self.report, **changes)  # type: ignore[arg-type]

    def hint(self, *hints: str) -> None:
        self.say(hints=(*self.report.hints, *hints))
