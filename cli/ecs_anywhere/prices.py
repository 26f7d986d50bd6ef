"""Prices of what is billed by the hour: AWS's list prices with their date, or a company's own.

docs/cost.md says of every other price, too, where it was read and when, or that it has no source.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectivity.domain.plan import HOURS_A_MONTH, INTERFACE_HOUR, RESOLVER_IP_HOUR

_KEYS = {"of", "interface_hour", "resolver_ip_hour"}


class UnreadablePrices(Exception):
    """The file of prices is not as it has to be; the message shows what it has to be."""


@dataclass(frozen=True)
class Prices:
    """Prices in US dollars, or the currency that the company's own prices are in."""

    of: str = "us-east-1, November 2026"
    """Place and time of the prices."""
    interface_hour: float = INTERFACE_HOUR
    """Interface endpoint in one Availability Zone (aws.amazon.com/privatelink/pricing)."""
    resolver_ip_hour: float = RESOLVER_IP_HOUR
    """Price of one address of a resolver endpoint (aws.amazon.com/route53/pricing)."""

    def hourly(self, interfaces: int, resolver_ips: int) -> float:
        return self.interface_hour * interfaces + self.resolver_ip_hour * resolver_ips

    def monthly(self, interfaces: int, resolver_ips: int) -> float:
        return HOURS_A_MONTH * self.hourly(interfaces, resolver_ips)


def read_prices(path: Path | None) -> Prices:
    """Return the prices in a JSON file; AWS's list prices without one. Raises UnreadablePrices."""
    if path is None:
        return Prices()
    try:
        said: Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadablePrices(f"{path} cannot be read: {error}. {_example()}") from error
    if not isinstance(said, dict) or said.keys() != _KEYS or not _are_prices(said):
        raise UnreadablePrices(f"{path} does not hold prices. {_example()}")
    return Prices(said["of"], float(said["interface_hour"]), float(said["resolver_ip_hour"]))


def _are_prices(said: dict[str, Any]) -> bool:
    numbers = (said["interface_hour"], said["resolver_ip_hour"])
    return isinstance(said["of"], str) and all(
        isinstance(number, int | float) and not isinstance(number, bool) and number >= 0
        for number in numbers
    )


def _example() -> str:
    return (
        'It has to look like {"of": "eu-central-1, November 2026", "interface_hour": 0.012, '
        '"resolver_ip_hour": 0.125}'
    )
