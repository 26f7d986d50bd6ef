"""The ports of a run, and its DNS host: given once, so that tests run the same story with
others."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from ecs_anywhere_dns.answers.questions import Asks
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.memory.state import State
from ecs_anywhere_dns.servers.contract import Server
from ecs_anywhere_dns.settings import Settings


class Publication(Protocol):
    """The place of the document, and of the acknowledgement."""

    def fetch(self, known: Document | None) -> str:
        """Return the text of the publication. `known` is the last document that named addresses.
        Raises FetchFailed, NotPublished."""
        ...

    def acknowledge(self, text: str) -> None:
        """Write the acknowledgement. Raises AcknowledgementFailed."""
        ...


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Progress:
    """The progress of a run: the steps, told as they begin, and the seconds that each took."""

    tell: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)
    _step: str = ""
    _begun: float = 0.0

    def begin(self, step: str) -> None:
        self.end()
        self._step, self._begun = step, time.monotonic()
        self.tell(step)

    def end(self) -> None:
        if self._step:
            took = round(time.monotonic() - self._begun, 3)
            self.seconds[self._step] = round(self.seconds.get(self._step, 0.0) + took, 3)
        self._step = ""


@dataclass(frozen=True)
class Host:
    """One DNS host, as the follower of one VPC. Of several VPCs each has its own, with the same
    server, the same folder of what it remembers, and the same progress."""

    settings: Settings
    server: Server
    state: State
    publication: Publication
    asks: Asks
    progress: Progress
    now: Callable[[], datetime] = utc_now
    pause: Callable[[float], None] = time.sleep
    """Seconds."""

    def timestamp(self) -> str:
        return f"{self.now():%Y-%m-%dT%H:%M:%SZ}"
