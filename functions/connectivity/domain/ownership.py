"""Whose is it? The rule behind "touch only what is ours".

    owner tag    the ledger says             then it is
    ---------    ------------------------    -----------------------------------------------
    ours         this id                     ours
    ours         making (no id yet)          ours: made just before we could write it down
    ours         another id, or nothing      not ours: somebody copied our tag
    not ours     anything                    not ours, whatever we once thought

AWS IAM holds the first half of the line: our functions may change and delete only what carries our
tag (docs/operations.md lists what the roles could do beyond).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connectivity.domain import ledger
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, SecurityGroup


@dataclass(frozen=True)
class Ownership:
    """Tells what is ours in one VPC."""

    owner: str
    """The value of the owner tag: the stack's name."""
    entry: Entry

    def of_endpoint(self, endpoint: InterfaceEndpoint) -> bool:
        """Tell whether this VPC endpoint, of either type, is ours."""
        return self._is_ours(endpoint.owner, endpoint.id, purpose_of(endpoint))

    def groups(self, observed: Iterable[SecurityGroup]) -> dict[str, SecurityGroup]:
        """Return our security groups by their purpose, as far as they exist."""
        by_name = {group.name: group for group in observed}
        return {
            purpose: group
            for purpose in ledger.GROUPS
            if (group := by_name.get(group_name(self.entry.vpc_id, purpose))) is not None
            and self._is_ours(group.owner, group.id, purpose)
        }

    def resolver(
        self, observed: Iterable[InboundResolver], also_deleting: bool = False
    ) -> InboundResolver | None:
        """Return our inbound resolver, known by its recorded id, or by the token of a creation
        whose answer never reached us."""
        recorded = self.entry.held.get(ledger.RESOLVER)
        token = ledger.announced_token(self.entry, ledger.RESOLVER)
        return next(
            (
                resolver
                for resolver in observed
                if (also_deleting or resolver.status != "deleting")
                and (resolver.id == recorded or (token and resolver.creator_request_id == token))
            ),
            None,
        )

    def _is_ours(self, owner: str | None, resource_id: str, purpose: str) -> bool:
        recorded = self.entry.held.get(purpose, "")
        return owner == self.owner and (
            recorded == resource_id or recorded.startswith(ledger.MAKING)
        )


def purpose_of(endpoint: InterfaceEndpoint) -> str:
    """Return the purpose under which the ledger holds a VPC endpoint for this service."""
    if endpoint.type == "Gateway":
        return ledger.gateway_purpose(endpoint.service_name)
    return ledger.endpoint_purpose(endpoint.service_name)


def group_name(vpc_id: str, purpose: str) -> str:
    """A security group's name is unique in its VPC, so it is its own idempotency token."""
    return f"ecs-anywhere-{vpc_id}-{purpose.removeprefix('group/')}"


def resolver_name(vpc_id: str) -> str:
    """Resolver endpoints are listed with their names but without their tags."""
    return f"ecs-anywhere-{vpc_id}"
