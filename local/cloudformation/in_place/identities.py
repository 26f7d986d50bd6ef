"""Roles, policies and keys, changed in place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.models import InlinePolicy

from local.cloudformation.failures import NotUpdatableError
from local.cloudformation.in_place.change import Change, Update

VERSIONS = 5
"""The number of versions of a managed policy that AWS IAM keeps; CloudFormation deletes the oldest
to make room."""


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _update_role(change: Change) -> None:
    iam, role = change.client("iam"), change.id
    if change.differs("AssumeRolePolicyDocument"):
        trust = _text(change.after["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
    if change.differs("Description", "MaxSessionDuration"):
        iam.update_role(
            RoleName=role,
            Description=change.after.get("Description", ""),
            MaxSessionDuration=int(change.after.get("MaxSessionDuration", 3600)),
        )
    if change.differs("PermissionsBoundary"):
        _update_boundary(iam, change)
    _update_inline_policies(iam, change)
    left, joined = change.members("ManagedPolicyArns")
    for arn in left:
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    for arn in joined:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def _update_boundary(iam: Any, change: Change) -> None:
    boundary = change.after.get("PermissionsBoundary")
    if boundary:
        iam.put_role_permissions_boundary(RoleName=change.id, PermissionsBoundary=boundary)
    else:
        iam.delete_role_permissions_boundary(RoleName=change.id)


def _update_inline_policies(iam: Any, change: Change) -> None:
    """Put what is new or differs before what is gone is deleted, so that nothing that both allow is
    ever denied."""
    left, joined = change.members("Policies")
    kept = {policy["PolicyName"] for policy in change.after.get("Policies", [])}
    for policy in joined:
        document = _text(policy["PolicyDocument"])
        name = policy["PolicyName"]
        iam.put_role_policy(RoleName=change.id, PolicyName=name, PolicyDocument=document)
    for policy in left:
        if policy["PolicyName"] not in kept:
            iam.delete_role_policy(RoleName=change.id, PolicyName=policy["PolicyName"])


def _update_managed_policy(change: Change) -> None:
    iam, arn = change.client("iam"), change.id
    if change.differs("PolicyDocument"):
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= VERSIONS:
            old = [each for each in versions if not each["IsDefaultVersion"]]
            oldest = min(old, key=lambda each: int(each["VersionId"].removeprefix("v")))
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        document = _text(change.after["PolicyDocument"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    for holder in ("Group", "Role", "User"):
        left, joined = change.members(f"{holder}s")
        for name in left:
            detach = getattr(iam, f"detach_{holder.lower()}_policy")
            detach(**{f"{holder}Name": name}, PolicyArn=arn)
        for name in joined:
            attach = getattr(iam, f"attach_{holder.lower()}_policy")
            attach(**{f"{holder}Name": name}, PolicyArn=arn)


def _update_inline_policy(change: Change) -> Any:
    """Update by moto's own method, which takes the policy from its roles, users and groups and puts
    it anew."""
    policy, properties = change.resource, {"Properties": change.after}
    return InlinePolicy.update_from_cloudformation_json(
        policy, policy.name, properties, change.account, change.region
    )


_NEVER = ("KeySpec", "KeyUsage", "MultiRegion", "Origin")


def _update_key(change: Change) -> None:
    kms, key = change.client("kms"), change.id
    for name in _NEVER:
        if change.differs(name):
            # Template reference, AWS::KMS::Key: such a request "fails, regardless of the value of
            # the UpdateReplacePolicy attribute".
            raise NotUpdatableError(f"You cannot change the {name} of an existing KMS key")
    if change.differs("KeyPolicy"):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=_text(change.after["KeyPolicy"]))
    if change.differs("Description"):
        kms.update_key_description(KeyId=key, Description=change.after.get("Description", ""))
    change.resource.pending_window = int(change.after.get("PendingWindowInDays", 30))


def _update_alias(change: Change) -> None:
    kms, target = change.client("kms"), change.after["TargetKeyId"]
    kms.update_alias(AliasName=change.after["AliasName"], TargetKeyId=target)


UPDATES: Mapping[str, Update] = {
    "AWS::IAM::Role": Update(
        _update_role,
        frozenset({"AssumeRolePolicyDocument", "Description", "ManagedPolicyArns"})
        | {"MaxSessionDuration", "PermissionsBoundary", "Policies"},
    ),
    "AWS::IAM::ManagedPolicy": Update(
        _update_managed_policy, frozenset({"PolicyDocument", "Groups", "Roles", "Users"})
    ),
    "AWS::IAM::Policy": Update(
        _update_inline_policy,
        frozenset({"PolicyDocument", "PolicyName", "Groups", "Roles", "Users"}),
    ),
    "AWS::KMS::Key": Update(
        _update_key,
        frozenset({"KeyPolicy", "Description", "PendingWindowInDays", *_NEVER}),
        frozenset({"Tags", "BypassPolicyLockoutSafetyCheck"}),
    ),
    "AWS::KMS::Alias": Update(_update_alias, frozenset({"TargetKeyId"})),
}
