"""Limits that AWS has and its service models do not name, each with where it is written.

moto 5.2.5 knows none of them. A call that breaks one is refused before the service sees it; what a
stack makes does not come by here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.backends import get_backend

from local.gateway.calls import ApiCall
from local.gateway.facts import values_at

Refusal = tuple[str, str]
"""AWS's error code and message."""

GROUP_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
"""EC2 API reference, CreateSecurityGroup: the characters of a name and a description in a VPC."""
TAG_KEY, TAG_VALUE, TAGS = 128, 256, 50
"""EC2 user guide, "Tag restrictions"."""
FUNCTION_NAME, ENVIRONMENT = 64, 4096
"""AWS Lambda API reference, CreateFunction: a bare name; Lambda quotas: all variables together."""
WITHOUT_LAMBDA = frozenset({"use1-az3"})
"""Availability Zones without AWS Lambda: keboola/developer-portal #81 met one in us-east-1. Which
one it is its users say, and no document of AWS."""
RESERVED = frozenset(
    (
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION"),
        *("AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        *("AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE"),
        *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    )
)
"""AWS Lambda developer guide, "Defined runtime environment variables": the reserved ones."""
SUBJECT = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,99}")
"""Amazon SNS API reference, Publish: ASCII without control characters, at most 100, and first a
letter, number or punctuation mark."""
PARAMETER_NAME = re.compile(r"[a-zA-Z0-9_.\-/]+")
PARAMETER_LEVELS = 15
"""AWS Systems Manager API reference, PutParameter."""
TABLE_NAME = re.compile(r"[a-zA-Z0-9_.\-]{3,255}")
"""Amazon DynamoDB developer guide, "Naming rules"."""


def refusal(call: ApiCall) -> Refusal | None:
    """Return AWS's error for a call that breaks a limit; None if it breaks none."""
    for limit in LIMITS.get(call.name, ()):
        broken = next(limit(call), None)
        if broken:
            return broken
    return None


def _security_group(call: ApiCall) -> Iterator[Refusal]:
    name, text = call.parameters.get("GroupName", ""), call.parameters.get("Description", "")
    if name.startswith("sg-"):
        yield (
            "InvalidParameterValue",
            f"invalid value for parameter group-name: {name}. Group names may not be in the "
            "format sg-*",
        )
    for what, value in (("groupName", name), ("groupDescription", text)):
        if not GROUP_TEXT.fullmatch(value):
            yield (
                "InvalidParameterValue",
                f"Value ({value}) for parameter {what} is invalid. Character sets beyond ASCII "
                "are not supported.",
            )


def _tags(call: ApiCall) -> Iterator[Refusal]:
    given = [*values_at(call.parameters, "Tags")]
    given += values_at(call.parameters, "TagSpecifications.Tags")
    for tag in given:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if not 0 < len(key) <= TAG_KEY:
            yield (
                "InvalidParameterValue",
                f"Tag key exceeds the maximum length of {TAG_KEY} characters",
            )
        if len(value) > TAG_VALUE:
            yield (
                "InvalidParameterValue",
                f"Tag value exceeds the maximum length of {TAG_VALUE} characters",
            )
        if key.startswith("aws:"):
            yield (
                "InvalidParameterValue",
                "Tag keys starting with 'aws:' are reserved for internal use",
            )


def _tag_count(call: ApiCall) -> Iterator[Refusal]:
    added = {tag["Key"] for tag in values_at(call.parameters, "Tags") if "Key" in tag}
    for resource in values_at(call.parameters, "Resources"):
        if len(added | _tags_on(resource, call.region).keys()) > TAGS:
            yield (
                "TagLimitExceeded",
                f"The maximum number of Tags for a resource is {TAGS}: {resource}",
            )


def _tags_on(resource: str, region: str) -> Mapping[str, str]:
    """Return the tags of a resource, in whichever account it is: ids are unique."""
    accounts = get_backend("ec2")
    found = (accounts[account][region].tags.get(resource) for account in list(accounts))
    return next((tags for tags in found if tags), {})


def _function(call: ApiCall) -> Iterator[Refusal]:
    name = str(call.parameters.get("FunctionName", "")).rpartition(":")[2]
    if len(name) > FUNCTION_NAME:
        yield (
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy "
            f"constraint: Member must have length less than or equal to {FUNCTION_NAME}",
        )
    variables = call.parameters.get("Environment", {}).get("Variables", {})
    reserved = sorted(RESERVED & variables.keys())
    if reserved:
        yield (
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            f"for modification. Reserved keys used in this request: {', '.join(reserved)}",
        )
    if len(json.dumps(variables, separators=(",", ":")).encode()) > ENVIRONMENT:
        yield (
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment "
            f"variables you have provided exceeded the {ENVIRONMENT // 1024}KB limit. String "
            f"measured: {json.dumps(variables)[:200]}",
        )


def _one_vpc(call: ApiCall) -> Iterator[Refusal]:
    wanted = set(values_at(call.parameters, "VpcConfig.SubnetIds"))
    if len(_vpcs_of(wanted, call.region)) > 1:
        yield (
            "InvalidParameterValueException",
            "Security Groups are required to be in the same VPC; the subnets are in several",
        )


def _supported_zones(call: ApiCall) -> Iterator[Refusal]:
    wanted = set(values_at(call.parameters, "VpcConfig.SubnetIds"))
    zones = {subnet.availability_zone_id for subnet in _subnets(wanted, call.region)}
    if zones & WITHOUT_LAMBDA:
        yield (
            "InvalidParameterValueException",
            "The provided subnets contain availability zone Lambda doesn't support. Please use a "
            "different set of subnets.",
        )


def _vpcs_of(subnet_ids: set[str], region: str) -> set[str]:
    return {subnet.vpc_id for subnet in _subnets(subnet_ids, region)}


def _subnets(subnet_ids: set[str], region: str) -> list[Any]:
    """Return the subnets of these ids, in whichever account they are."""
    accounts = get_backend("ec2")
    subnets = [
        s for account in list(accounts) for s in accounts[account][region].describe_subnets()
    ]
    return [subnet for subnet in subnets if subnet.id in subnet_ids]


def _resolver_groups(call: ApiCall) -> Iterator[Refusal]:
    vpcs = _vpcs_of(set(values_at(call.parameters, "IpAddresses.SubnetId")), call.region)
    accounts = get_backend("ec2")
    for group_id in values_at(call.parameters, "SecurityGroupIds"):
        for account in list(accounts):
            group = accounts[account][call.region].get_security_group_from_id(group_id)
            if group is not None and vpcs and group.vpc_id not in vpcs:
                yield (
                    "InvalidParameterException",
                    f"[RSLVR-00408] The security group '{group_id}' is not in the VPC of the "
                    "subnets",
                )


def _subject(call: ApiCall) -> Iterator[Refusal]:
    subject = call.parameters.get("Subject")
    if subject is not None and not SUBJECT.fullmatch(subject):
        yield "InvalidParameter", "Invalid parameter: Subject"


def _parameter(call: ApiCall) -> Iterator[Refusal]:
    name = str(call.parameters.get("Name", ""))
    if not PARAMETER_NAME.fullmatch(name):
        yield (
            "ValidationException",
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a '
            "path, it can consist of sub-paths divided by slash symbol; each sub-path can be "
            "formed as a mix of letters, numbers and the following 3 symbols .-_",
        )
    if name.strip("/").count("/") >= PARAMETER_LEVELS:
        yield (
            "HierarchyLevelLimitExceededException",
            f"A hierarchy can have a maximum of {PARAMETER_LEVELS} levels",
        )


def _table(call: ApiCall) -> Iterator[Refusal]:
    if not TABLE_NAME.fullmatch(str(call.parameters.get("TableName", ""))):
        yield (
            "ValidationException",
            "Invalid table/index name. Table/index names must be between 3 and 255 characters "
            "long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'",
        )


LIMITS: Mapping[str, tuple[Callable[[ApiCall], Iterator[Refusal]], ...]] = {
    "dynamodb:CreateTable": (_table,),
    "ec2:CreateSecurityGroup": (_security_group, _tags),
    "ec2:CreateTags": (_tags, _tag_count),
    "ec2:CreateVpc": (_tags,),
    "ec2:CreateVpcEndpoint": (_tags,),
    "lambda:CreateFunction": (_function, _one_vpc, _supported_zones),
    "lambda:UpdateFunctionConfiguration": (_function, _one_vpc, _supported_zones),
    "route53resolver:CreateResolverEndpoint": (_resolver_groups,),
    "sns:Publish": (_subject,),
    "ssm:PutParameter": (_parameter,),
}
"""The limits of each call, by its name in IAM."""
