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

from collections.abc import Mapping

from connectivity.domain import ledger
from connectivity.domain.model import InterfaceEndpoint, SecurityGroup


def is_ours(
    owner: str | None, resource_id: str, purpose: str, us: str, held: Mapping[str, str]
) -> bool:
    recorded = held.get(purpose, "")
    return owner == us and (recorded == resource_id or recorded.startswith(ledger.MAKING))


def purpose_of(endpoint: InterfaceEndpoint) -> str:
    if endpoint.type == "Gateway":
        return ledger.gateway_purpose(endpoint.service_name)
    return ledger.endpoint_purpose(endpoint.service_name)


def is_our_endpoint(endpoint: InterfaceEndpoint, us: str, held: Mapping[str, str]) -> bool:
    return is_ours(endpoint.owner, endpoint.id, purpose_of(endpoint), us, held)


def group_name(vpc_id: str, purpose: str) -> str:
    """A security group's name is unique in its VPC, so it is its own idempotency token."""
    return f"ecs-anywhere-{vpc_id}-{purpose.removeprefix('group/')}"


def resolver_name(vpc_id: str) -> str:
    """Resolver endpoints are listed with their names but without their tags."""
    return f"ecs-anywhere-{vpc_id}"


def our_groups(
    groups: tuple[SecurityGroup, ...], vpc_id: str, us: str, held: Mapping[str, str]
) -> dict[str, SecurityGroup]:
    """Purpose -> our security group, as far as they exist."""
    by_name = {group.name: group for group in groups}
    return {
        purpose: group
        for purpose in ledger.GROUPS
        if (group := by_name.get(group_name(vpc_id, purpose))) is not None
        and is_ours(group.owner, group.id, purpose, us, held)
    }
