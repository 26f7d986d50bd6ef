"""Managed policies: AWS's own exist, and CloudFormation attaches what a role asks for.

moto leaves AWS's own managed policies out unless its configuration says otherwise, and ignores the
ManagedPolicyArns of an AWS::IAM::Role (which SAM writes for every function). With them, it reads
all 1,500 again for each account and partition, and again whenever those are forgotten, which is a
second of work; here a process reads them once. moto's configuration stays as it is: it would
outlive this engine, and each later one would read them.
"""

from __future__ import annotations

import json
from copy import copy
from functools import cache
from typing import Any

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam import models
from moto.iam.models import AWSManagedPolicy, IAMBackend, Role, iam_backends

from local.partitions import partition_of

_STOCK_CREATE = Role.create_from_cloudformation_json
_STOCK_DELETE = Role.delete_from_cloudformation_json


def install(account: str, region: str) -> None:
    IAMBackend._init_aws_policies = _policies
    iam = get_backend("iam")[account][partition_of(region)]
    if not iam.aws_managed_policies:
        iam.aws_managed_policies = _policies(iam)
        iam.managed_policies.update(iam._init_managed_policies())
    models.get_account_id_from = _account_of
    Role.create_from_cloudformation_json = _create
    Role.delete_from_cloudformation_json = _delete


@cache
def _read(region: str) -> tuple[AWSManagedPolicy, ...]:
    """Return AWS's policies, which belong to no account, as nobody has attached them yet."""
    policies = json.loads(models.aws_managed_policies_data).items()
    return tuple(AWSManagedPolicy.from_data(name, "aws", region, said) for name, said in policies)


def _policies(iam: IAMBackend) -> list[AWSManagedPolicy]:
    """Return copies of AWS's policies, each with a count of attachments of its own."""
    return [copy(policy) for policy in _read(iam.region_name)]


def _account_of(access_key: str) -> str:
    """Return the account of an access key as moto does, without making the IAM of each partition
    that nobody has used only to find no key in it."""
    for account_id, partitions in list(iam_backends.items()):
        if any(access_key in iam.access_keys for iam in list(partitions.values())):
            return str(account_id)
    return str(DEFAULT_ACCOUNT_ID)


def _create(name: str, resource: dict[str, Any], account: str, region: str, **more: Any) -> Any:
    role = _STOCK_CREATE(name, resource, account, region, **more)
    for arn in resource["Properties"].get("ManagedPolicyArns", ()):
        get_backend("iam")[account][partition_of(region)].attach_role_policy(arn, role.name)
    return role


def _delete(name: str, resource: dict[str, Any], account: str, region: str) -> None:
    """Delete a role after its policies are detached, as CloudFormation does: AWS refuses to delete
    one that has any."""
    iam = get_backend("iam")[account][partition_of(region)]
    for arn in list(iam.get_role(name).managed_policies):
        iam.detach_role_policy(arn, name)
    _STOCK_DELETE(name, resource, account, region)
