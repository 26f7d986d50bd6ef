"""Let hosts register: an activation of AWS Systems Manager, and the role that they get.

Sources: API reference of AWS Systems Manager, CreateActivation; Amazon ECS developer guide, "Amazon
ECS Anywhere IAM role"; AWS Systems Manager user guide, "Create the IAM service role required for
Systems Manager in hybrid and multicloud environments".
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ecs_anywhere.asking import NotAskedError
from ecs_anywhere.host_checks import VPC_TAG
from ecs_anywhere.managed_hosts import host_tag
from ecs_anywhere.stack import Stack

POLICIES = ("AmazonSSMManagedInstanceCore", "service-role/AmazonEC2ContainerServiceforEC2Role")
"""Policies that an external instance needs, by AWS's guides."""
SERVICE = "ssm.amazonaws.com"


@dataclass(frozen=True)
class Activation:
    """Request for an activation."""

    vpc: str
    role: str
    hosts: int = 1
    hours: int = 24


def tags_of(stack: Stack, vpc_id: str) -> dict[str, str]:
    """Return the tags that every host gets which registers: whose it is, and that it is checked."""
    tag = host_tag(stack)
    return {VPC_TAG: vpc_id, **(dict([tag]) if tag else {})}


def missing(stack: Stack, role: str) -> Iterator[str]:
    """Yield what the role lacks, each with the command that mends it. Raises NotAskedError where
    there is no such role."""
    iam = stack.client("iam")
    try:
        found = iam.get_role(RoleName=role)["Role"]
    except iam.exceptions.NoSuchEntityException:
        raise NotAskedError(
            f"there is no role {role} in account {stack.account}: make it with "
            f"ecs-anywhere agents role {role}"
        ) from None
    if SERVICE not in json.dumps(found["AssumeRolePolicyDocument"]):
        yield f"{SERVICE} may not assume it: correct its trust policy"
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    attached = {each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]}
    for arn in policies(stack):
        if arn not in attached:
            yield f"aws iam attach-role-policy --role-name {role} --policy-arn {arn}"


def policies(stack: Stack) -> tuple[str, ...]:
    return tuple(f"arn:{_partition(stack)}:iam::aws:policy/{name}" for name in POLICIES)


def trust(stack: Stack) -> Mapping[str, Any]:
    """Return who may assume the role: AWS Systems Manager, for this account and Region."""
    source = f"arn:{_partition(stack)}:ssm:{stack.region}:{stack.account}:*"
    condition = {
        "StringEquals": {"aws:SourceAccount": stack.account},
        "ArnEquals": {"aws:SourceArn": source},
    }
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def make_role(stack: Stack, role: str) -> None:
    """Make the role, or finish one that was begun. Raises NotAskedError where the name is another
    role's, which stays as it is, and botocore's ClientError."""
    iam, wanted = stack.client("iam"), trust(stack)
    boundary = stack.parameters.get("PermissionsBoundary", "")
    try:
        iam.create_role(
            RoleName=role,
            AssumeRolePolicyDocument=json.dumps(wanted),
            Description="Container hosts of Amazon ECS Anywhere",
            **({"PermissionsBoundary": boundary} if boundary else {}),
        )
    except iam.exceptions.EntityAlreadyExistsException:
        if iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] != wanted:
            raise NotAskedError(
                f"a role {role} is there already, and another one trusts it: choose another name"
            ) from None
    for arn in policies(stack):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def activate(stack: Stack, asked: Activation, file: Path) -> datetime:
    """Make an activation, and write its id and code into a file that its owner alone can read.
    Return when it expires. Raises FileExistsError where the file is there, and botocore's
    ClientError; then nothing was made.

    The file is made first: a code that nobody could keep would be lost, as AWS never shows it
    again.
    """
    until = datetime.now(UTC) + timedelta(hours=asked.hours)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as kept:
        try:
            made = stack.client("ssm").create_activation(
                Description=f"Container hosts of {asked.vpc}",
                IamRole=asked.role,
                RegistrationLimit=asked.hosts,
                ExpirationDate=until,
                Tags=[{"Key": k, "Value": v} for k, v in tags_of(stack, asked.vpc).items()],
            )
        except BaseException:
            file.unlink()
            raise
        id_, code = made["ActivationId"], made["ActivationCode"]
        kept.write(f"ACTIVATION_ID='{id_}'\nACTIVATION_CODE='{code}'\n")
    return until


def _partition(stack: Stack) -> str:
    return stack.outputs["StateMachineArn"].split(":")[1]
