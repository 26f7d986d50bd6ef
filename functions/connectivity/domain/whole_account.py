"""The whole account: what a sweep sees of a Region with a few calls, without a look at each VPC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectivity.domain.model import InboundResolver, InterfaceEndpoint, SecurityGroup, Vpc


@dataclass(frozen=True)
class StoredParameter:
    """A parameter of Parameter Store as a list of parameters shows it: without its value."""

    version: int
    modified_at: float
    """When it was written last, in seconds since the epoch."""


@dataclass(frozen=True)
class WholeAccount:
    """One Region of the account. What is grouped by VPC has the VPC's id as its key."""

    vpcs: Mapping[str, Vpc] = field(default_factory=dict)
    """The VPCs that have the wish tag, whatever its value."""
    endpoints: Mapping[str, tuple[InterfaceEndpoint, ...]] = field(default_factory=dict)
    """By VPC: the VPC endpoints that carry our owner tag, and those that were adopted."""
    groups: Mapping[str, tuple[SecurityGroup, ...]] = field(default_factory=dict)
    """By VPC: the security groups that carry our owner tag."""
    resolvers: Mapping[str, InboundResolver] = field(default_factory=dict)
    """By id: the Route 53 Resolver endpoints of the Region, without their addresses."""
    parameters: Mapping[str, Mapping[str, StoredParameter]] = field(default_factory=dict)
    """By VPC, then by name: the parameters below the VPC's folder."""
