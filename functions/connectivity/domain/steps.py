"""The steps of a plan, as values that carry their reason, and as the lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connectivity.domain.model import Rule
from connectivity.domain.policy_presets import described
from connectivity.domain.removal_steps import RemoveEndpoint, TurnOffPrivateDns, describe_removal


@dataclass(frozen=True)
class MakeGroup:
    purpose: str
    name: str
    """The beginning of the group's name, which gets a random end."""
    reason: str


@dataclass(frozen=True)
class Admit:
    """Open a security group. A source that is a purpose stands for the group made for it."""

    purpose: str
    rules: tuple[Rule, ...]
    reason: str


@dataclass(frozen=True)
class Revoke:
    purpose: str
    rules: tuple[Rule, ...]
    reason: str


@dataclass(frozen=True)
class MakeGatewayEndpoint:
    service_name: str
    reason: str
    policy: str = ""
    """Id of the account or organization whose callers its endpoint policy lets in; empty for AWS's
    own policy."""


@dataclass(frozen=True)
class MakeInterfaceEndpoint:
    service_name: str
    subnets: tuple[str, ...]
    reason: str
    policy: str = ""
    """The value as `MakeGatewayEndpoint.policy` has it."""


@dataclass(frozen=True)
class SetPolicy:
    """Give a VPC endpoint of ours the endpoint policy that it shall have."""

    endpoint_id: str
    service_name: str
    purpose: str
    policy: str
    """The value as `MakeInterfaceEndpoint.policy` has it."""
    reason: str
    was_reset: bool = False
    """True where somebody has taken away the one that was set."""


@dataclass(frozen=True)
class MendInterfaceEndpoint:
    """Give an interface endpoint of ours back what it has lost. What others gave it stays."""

    endpoint_id: str
    service: str
    group: bool
    """True where our security group is not on the endpoint."""
    subnets: tuple[str, ...]
    reason: str
    ipv4: tuple[str, ...] = ()
    """The kinds of what is to be IPv4 again: `addresses`, `records`."""

    @property
    def lost(self) -> tuple[str, ...]:
        """Return what the endpoint has lost, as a person reads it."""
        group = ("our security group",) if self.group else ()
        return (*group, *self.subnets, *(f"IPv4 {what}" for what in self.ipv4))


@dataclass(frozen=True)
class MakeResolver:
    addresses: tuple[tuple[str, str | None], ...]
    """Subnet and the address asked for in it, if one was promised before."""
    reason: str


@dataclass(frozen=True)
class TurnOnPrivateDns:
    endpoint_id: str
    service: str
    for_inbound_resolver_only: bool
    reason: str


Step = (
    MakeGroup
    | Admit
    | Revoke
    | MakeGatewayEndpoint
    | MakeInterfaceEndpoint
    | MendInterfaceEndpoint
    | SetPolicy
    | MakeResolver
    | TurnOnPrivateDns
    | TurnOffPrivateDns
    | RemoveEndpoint
)
Plan = tuple[Step, ...]


def describe(step: Step) -> str:
    """Return the line about a step that a person reads."""
    match step:
        case MakeGroup():
            return f"make security group {step.name}: {step.reason}"
        case Admit():
            return f"admit {listed(step.rules)} in {step.purpose}: {step.reason}"
        case Revoke():
            return f"no longer admit {listed(step.rules)} in {step.purpose}: {step.reason}"
        case MakeGatewayEndpoint():
            let_in = _for(step.policy)
            return f"make gateway endpoint {step.service_name}{let_in}: {step.reason}"
        case MakeInterfaceEndpoint():
            where = f"{', '.join(step.subnets)}{_for(step.policy)}"
            return f"make interface endpoint {step.service_name} in {where}: {step.reason}"
        case MendInterfaceEndpoint():
            what = ", ".join(step.lost)
            return f"add {what} to {step.endpoint_id} ({step.service}): {step.reason}"
        case SetPolicy():
            allowed = f"allow {described(step.policy)} at"
            return f"{allowed} {step.endpoint_id} ({step.service_name}): {step.reason}"
        case MakeResolver():
            where = ", ".join(f"{subnet} {ip or ''}".strip() for subnet, ip in step.addresses)
            return f"make inbound resolver in {where}: {step.reason}"
        case TurnOnPrivateDns():
            return f"turn on private DNS of {step.endpoint_id} ({step.service}): {step.reason}"
        case TurnOffPrivateDns() | RemoveEndpoint():
            return describe_removal(step)


def _for(policy: str) -> str:
    return f", for {described(policy)}" if policy else ""


def listed(rules: Iterable[Rule]) -> str:
    """Return rules as a person reads them."""
    return ", ".join(f"{rule.traffic} from {rule.source}" for rule in rules)
