"""The wiring: one implementation for each port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ecs_anywhere_dns.answers.asking import Asking
from ecs_anywhere_dns.configuration import server_of
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.host import Host, Progress
from ecs_anywhere_dns.memory.state import Kept, State
from ecs_anywhere_dns.outcome import Refused
from ecs_anywhere_dns.pinned.belief import check_pins
from ecs_anywhere_dns.publication.acknowledgement import acknowledge
from ecs_anywhere_dns.publication.routes import find_routes
from ecs_anywhere_dns.publication.source import Store, fetch
from ecs_anywhere_dns.settings import Settings


@dataclass
class ParameterStoreOnDemand:
    """Parameter Store, loaded with its first use: the port `Store`. Importing boto3 takes half of a
    run's time, and many runs do not need it."""

    settings: Settings
    known: Document | None
    _store: Store | None = field(default=None)

    def read(self, name: str) -> str:
        return self._made().read(name)

    def write(self, name: str, value: str) -> None:
        self._made().write(name, value)

    def _made(self) -> Store:
        from ecs_anywhere_dns.publication.parameter_store import ParameterStore

        if self._store is None:
            routes = find_routes(self.settings, self.known, Asking())
            self._store = ParameterStore(self.settings, routes)
        return self._store


@dataclass
class ParameterStorePublication:
    """The publication in Parameter Store: the port `Publication`. The acknowledgement takes the way
    on which the document came: after a withdrawal no other may be left."""

    settings: Settings
    state: State
    """The state of this VPC."""
    _store: Store | None = field(default=None)

    def fetch(self, known: Document | None) -> str:
        self._store = ParameterStoreOnDemand(self.settings, self._believed(known))
        return fetch(self.settings, self._store)

    def acknowledge(self, text: str) -> None:
        known = self._believed(self.state.memory().known)
        store = self._store or ParameterStoreOnDemand(self.settings, known)
        acknowledge(self.settings, store, text)

    def _believed(self, known: Document | None) -> Document | None:
        """Return `known` if the pins of this host still allow it, else None: the resolver IPs of a
        document that is not believed are not asked for the way."""
        try:
            if known is not None:
                check_pins(known, self.settings)
        except Refused:
            return None
        return known


def hosts_of(settings: Sequence[Settings], tell: Callable[[str], None]) -> tuple[Host, ...]:
    """Return the host as the follower of each VPC. Raises BadUsage. Asks nobody, opens nothing."""
    server, progress, asks = server_of(settings), Progress(tell), Asking()
    followed = tuple(each.vpc for each in settings)
    kept = Kept()
    states = [State(each.state, each.vpc, followed, kept) for each in settings]
    return tuple(
        Host(
            settings=each,
            server=server,
            state=state,
            publication=ParameterStorePublication(each, state),
            asks=asks,
            progress=progress,
        )
        for each, state in zip(settings, states, strict=True)
    )
