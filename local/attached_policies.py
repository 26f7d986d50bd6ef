"""Refusal to delete a managed policy that is attached to somebody.

AWS: IAM refuses DeletePolicy with DeleteConflict, so CloudFormation cannot delete the stack that
made the policy (gchq/sleeper #3956: "Cannot delete a policy attached to entities"). moto 5.2.5
deletes the policy and leaves it attached; its CloudFormation leaves the policy itself, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.iam.exceptions import DeleteConflictException
from moto.iam.models import IAMBackend, ManagedPolicy, iam_backends

from local.partitions import partition_in
from local.stock import applied_once

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

MESSAGE = "Cannot delete a policy attached to entities."


def install(_: EmbeddedAws) -> None:
    _patch()


def holders(backend: Any, policy_arn: str) -> list[Any]:
    """Return the roles, users and groups to which the policy is attached."""
    entities = (backend.roles, backend.users, backend.groups)
    everybody = [each for table in entities for each in list(table.values())]
    return [each for each in everybody if policy_arn in each.managed_policies]


@applied_once
def _patch() -> None:
    stock = IAMBackend.delete_policy

    def delete_policy(self: Any, policy_arn: str) -> None:
        if holders(self, policy_arn):
            raise DeleteConflictException(MESSAGE)
        stock(self, policy_arn)

    def delete(self: Any, account: str, _region: str) -> None:
        """Delete the policy, as CloudFormation does with a resource of its own."""
        backend = iam_backends[account][partition_in(self.arn)]
        if self.arn in backend.managed_policies:
            backend.delete_policy(self.arn)

    IAMBackend.delete_policy = delete_policy
    ManagedPolicy.delete = delete
