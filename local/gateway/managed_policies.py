"""Managed policies: AWS's own exist, and CloudFormation attaches what a role asks for.

moto leaves AWS's own managed policies out unless told, and ignores the ManagedPolicyArns of
an AWS::IAM::Role (which SAM writes for every function).
"""

from __future__ import annotations

from typing import Any

from moto.backends import get_backend
from moto.core.config import default_user_config
from moto.iam.models import Role

from local.partitions import partition_of

_STOCK_CREATE = Role.create_from_cloudformation_json
_STOCK_DELETE = Role.delete_from_cloudformation_json


def install(account: str, region: str) -> None:
    default_user_config["iam"]["load_aws_managed_policies"] = True
    iam = get_backend("iam")[account][partition_of(region)]
    if not iam.aws_managed_policies:
        iam.aws_managed_policies = iam._init_aws_policies()
        iam.managed_policies.update(iam._init_managed_policies())
    Role.create_from_cloudformation_json = _create
    Role.delete_from_cloudformation_json = _delete


def _create(name: str, resource: dict[str, Any], account: str, region: str, **more: Any) -> Any:
    role = _STOCK_CREATE(name, resource, account, region, **more)
    for arn in resource["Properties"].get("ManagedPolicyArns", ()):
        get_backend("iam")[account][partition_of(region)].attach_role_policy(arn, role.name)
    return role


def _delete(name: str, resource: dict[str, Any], account: str, region: str) -> None:
    """AWS refuses to delete a role with policies; CloudFormation detaches them before."""
    iam = get_backend("iam")[account][partition_of(region)]
    for arn in list(iam.get_role(name).managed_policies):
        iam.detach_role_policy(arn, name)
    _STOCK_DELETE(name, resource, account, region)
