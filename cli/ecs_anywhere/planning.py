"""A plan, worked out here: with the app's own code, a person's credentials, and reads alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectivity.adapters import aws, wiring
from connectivity.domain import tags
from connectivity.domain.desired import Desired
from connectivity.domain.errors import UnknownVpc
from connectivity.domain.plan import billed
from connectivity.domain.wish import read_options
from connectivity.usecases.asked import Wished
from connectivity.usecases.check_preconditions import (
    LOOKS_AT_A_NEW_VPC,
    Check,
    check_preconditions,
)
from connectivity.usecases.run import Run

from ecs_anywhere.prices import Prices

_READS = ("Describe", "Get", "List")
_READ_BESIDE = frozenset({"Query", "Scan"})


class WouldWriteError(RuntimeError):
    """A plan was about to change something: a fault in this program, stopped before the call."""


@dataclass(frozen=True)
class Price:
    """A price in US dollars."""

    hourly: float
    monthly: float


@dataclass(frozen=True)
class Planned:
    """Plan of what a VPC would have."""

    vpc: str
    check: Check
    least: Price
    most: Price
    """The price if a Route 53 Profile that was not asked yet answers for nothing."""
    prices: str
    """Place and time of the prices."""

    def as_json(self) -> dict[str, Any]:
        said = self.check.as_json()
        kept = (
            "steps",
            "placement",
            "policies",
            "warnings",
            "repairs",
            "private_names",
            "firewall",
        )
        return {
            "vpc": self.vpc,
            **{key: said[key] for key in kept},
            "asks_first": said["to_ask"],
            "removal": said["teardown"],
            "hourly": round(self.least.hourly, 3),
            "monthly": round(self.least.monthly, 2),
            "most_hourly": round(self.most.hourly, 3),
            "most_monthly": round(self.most.monthly, 2),
            "prices": self.prices,
        }


def plan(vpc_id: str, options: Mapping[str, str], prices: Prices) -> Planned:
    """Return the plan of a VPC as if it had these option tags beside its own.

    Raises UnknownVpc, VpcNotAllowed, UnreadableOption and PreconditionsNotMet, as a run of the
    workflow would, and WouldWriteError before anything but a read is sent.
    """
    aws.refuse(_writes)
    ports, ledger = wiring.aws(), wiring.ledger()
    vpc = ports.vpcs.find(vpc_id)
    if vpc is None:
        raise UnknownVpc(
            f"there is no VPC {vpc_id} in account {ports.settings.account}, "
            f"{ports.settings.region}: correct the id, or name its Region with --region"
        )
    ports.settings.check_allowed(vpc_id)
    vpc = replace(vpc, tags={**vpc.tags, **options, tags.WISH: "plan"})
    asked = read_options(vpc.tags, ports.settings.defaults, ports.settings.bounds)
    wished = Wished(vpc, ledger.read(vpc_id), asked, "request", only_plan=True)
    run = Run(vpc_id, "", "request", wiring.clock().seconds(), LOOKS_AT_A_NEW_VPC)
    check = check_preconditions(wished, run, ports)
    least, most = (_price(desired, prices) for desired in (check.desired, check.at_most))
    return Planned(vpc_id, check, least, most, prices.of)


def _price(desired: Desired, prices: Prices) -> Price:
    size = billed(desired)
    return Price(prices.hourly(*size), prices.monthly(*size))


def _writes(operation: str) -> None:
    """Refuse a call that is not known to be a read. Raises WouldWriteError."""
    if not operation.startswith(_READS) and operation not in _READ_BESIDE:
        raise WouldWriteError(f"{operation} is no read, and a plan only reads: report this")
