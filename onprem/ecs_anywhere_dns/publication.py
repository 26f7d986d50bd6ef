"""The publication as a run uses it: fetched once, acknowledged by the same way."""

from __future__ import annotations

from collections.abc import Callable

from ecs_anywhere_dns.acknowledgement import acknowledge
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.parameter_store import ParameterStore
from ecs_anywhere_dns.questions import Asks
from ecs_anywhere_dns.routes import find_routes
from ecs_anywhere_dns.settings import Settings
from ecs_anywhere_dns.source import Store, fetch

OpenStore = Callable[[Document | None], Store]
"""Given the last document that named addresses."""


def parameter_store(settings: Settings, ask: Asks) -> OpenStore:
    return lambda known: ParameterStore(settings, find_routes(settings, known, ask))


class SitePublication:
    """Implements `host.Publication`."""

    def __init__(self, settings: Settings, open_store: OpenStore) -> None:
        self._settings = settings
        self._open_store = open_store
        self._store: Store | None = None

    def fetch(self, known: Document | None) -> str:
        """Raises NotPublished, FetchFailed, BadUsage."""
        self._store = self._open_store(known)
        return fetch(self._settings, self._store)

    def acknowledge(self, text: str) -> None:
        """Raises AcknowledgementFailed, BadUsage."""
        acknowledge(self._settings, self._store or self._open_store(None), text)
