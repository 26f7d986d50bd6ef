"""The steps of a removal, as values with their reasons, and as the lines that a person reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Withdraw:
    """Tell on-premises to stop forwarding."""

    parameter: str
    """Name of the forwarding document."""
    reason: str


@dataclass(frozen=True)
class TurnOffPrivateDns:
    endpoint_id: str
    service: str
    """Full name of the service."""
    reason: str


@dataclass(frozen=True)
class RemoveEndpoint:
    endpoint_id: str
    service_name: str
    reason: str
    after: tuple[str, ...] = ()
    """Ids of what has to be gone before."""


@dataclass(frozen=True)
class RemoveResolver:
    resolver_id: str
    reason: str


@dataclass(frozen=True)
class RemoveProbe:
    name: str
    """Name of the function."""
    reason: str


@dataclass(frozen=True)
class RemoveGroup:
    group_id: str
    purpose: str
    reason: str
    after: tuple[str, ...] = ()
    """Ids of what has to be gone before: what holds the group, and groups whose rules name it."""


@dataclass(frozen=True)
class RemovePublication:
    """Remove what on-premises reads, and what its DNS hosts answered."""

    parameters: tuple[str, ...]
    acknowledgements: str
    """The path of the acknowledgements."""
    reason: str


RemovalStep = (
    Withdraw
    | TurnOffPrivateDns
    | RemoveEndpoint
    | RemoveResolver
    | RemoveProbe
    | RemoveGroup
    | RemovePublication
)


def describe_removal(step: RemovalStep) -> str:
    """Return the line about a step that a person reads."""
    return f"{_what(step)}: {step.reason}"


def _what(step: RemovalStep) -> str:
    match step:
        case Withdraw():
            return f"withdraw {step.parameter}"
        case TurnOffPrivateDns():
            return f"turn off private DNS of {step.endpoint_id} ({step.service})"
        case RemoveEndpoint():
            return f"remove {step.endpoint_id} ({step.service_name})"
        case RemoveResolver():
            return f"remove inbound resolver {step.resolver_id}"
        case RemoveProbe():
            return f"remove function {step.name}"
        case RemoveGroup():
            return f"remove security group {step.group_id} ({step.purpose})"
        case RemovePublication():
            names = ", ".join(step.parameters)
            return f"remove parameters {names} and those below {step.acknowledgements}"
