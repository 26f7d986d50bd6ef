"""The internet: one server that is its root and all the rest of it, and remembers who asked."""

from __future__ import annotations

from collections.abc import Iterable

from tests.onprem.lab.messages import PUBLIC_ADDRESS, Exchange, exchange_of
from tests.onprem.lab.serving import Said

ROOT = "root"
"""The root server's name, as the root hints have it."""


class PublicServer:
    """Every name exists and has the same address."""

    def __init__(self, ip: str) -> None:
        self.ip = ip
        self.queries: list[tuple[str, str]] = []
        """Name and type of each, the DNS servers' own questions about the root included."""

    def saw_private(self, names: Iterable[str]) -> list[str]:
        """Return what leaked: the questions for these names, or for a name below one of them."""
        private = tuple(names)
        return [
            asked
            for asked, _ in self.queries
            if any(asked == name or asked.endswith(f".{name}") for name in private)
        ]

    def respond(self, wire: bytes, transport: str) -> Said:
        exchange = exchange_of(wire, authoritative=True)
        if exchange is None:
            return Said(None)
        self.queries.append((exchange.name, exchange.type))
        self._answer(exchange)
        return Said(exchange.wire(transport))

    def _answer(self, exchange: Exchange) -> None:
        if (exchange.name, exchange.type) == (".", "NS"):
            exchange.has([(".", "NS", f"{ROOT}.")])
        elif exchange.type == "A":
            exchange.has(
                [(exchange.name, "A", self.ip if exchange.name == ROOT else PUBLIC_ADDRESS)]
            )
        else:
            exchange.has_nothing(".")
