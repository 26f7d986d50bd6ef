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
    """The time of its last write, in seconds since the epoch."""


@dataclass(frozen=True)
class WholeAccount:
    """One Region of the account. What is grouped by VPC has the VPC's id as its key."""

    vpcs: Mapping[str, Vpc] = field(default_factory=dict)
    """The VPCs that have the wish tag, whatever its value."""
    endpoints: Mapping[str, tuple[InterfaceEndpoint, ...]] = field(default_factory=dict)
    """The VPC endpoints with our owner tag, and the adopted ones, by VPC."""
    groups: Mapping[str, tuple[SecurityGroup, ...]] = field(default_factory=dict)
    """The security groups with our owner tag, by VPC."""
    resolvers: Mapping[str, InboundResolver] = field(default_factory=dict)
    """The Route 53 Resolver endpoints of the Region, without their addresses, by id."""
    parameters: Mapping[str, Mapping[str, StoredParameter]] = field(default_factory=dict)
    """The parameters below each VPC's folder, by VPC and then by name."""
