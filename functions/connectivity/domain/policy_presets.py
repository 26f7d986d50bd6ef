"""Presets of endpoint policies: an endpoint lets callers of one account, or of one organization, to
resources of the same, and lets through what ECS Anywhere needs beside that.

A preset is named by whose callers it lets in: the id of an account, the id of an organization, or
nothing for AWS's own policy, which allows everybody everything.

Sources: AWS PrivateLink guide, "Control access to VPC endpoints using endpoint policies" (what a
policy does not allow is denied; 20,480 characters at most; the principal of a gateway endpoint's
policy is "*"); IAM user guide, "AWS global condition context keys" (which requests carry
aws:PrincipalAccount, aws:PrincipalOrgID, aws:ResourceAccount and aws:ResourceOrgID).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from connectivity.domain import catalogue
from connectivity.domain.printable import LONGEST_ITEM, quoted

FULL_ACCESS, ACCOUNT = "full-access", "account"
LONGEST = 20_480
"""Characters of an endpoint policy."""

_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_SOMEBODY = re.compile(rf"\d{{12}}|{_ORGANIZATION.pattern}")

_MESSAGES = frozenset({"ssmmessages", "ec2messages"})
"""Services whose actions know no resources (Service Authorization Reference, "Actions, resources,
and condition keys" of both): their callers alone can be judged."""

_REGISTRATION = (
    "ssm:RegisterManagedInstance",
    "ssm:RequestManagedInstanceRoleToken",
    "ssm:UpdateManagedInstancePublicKey",
)
"""Calls of a host that has no credentials yet: registration is anonymous, and the others are signed
with the host's own RSA key, by no principal of AWS IAM (amazon-ssm-agent, agent/ssm/anonauth and
agent/ssm/rsaauth). Who registers shows the code of an activation."""

_USES_OF_AWS_DOCUMENTS = (
    "ssm:CreateAssociation",
    "ssm:Describe*",
    "ssm:Get*",
    "ssm:List*",
    "ssm:SendCommand",
    "ssm:StartSession",
)
"""Uses of AWS's own documents and public parameters, AWS-RunShellScript among them, which
belong to no account of ours (AWS's data perimeter policy examples, "Service-owned resources")."""

_BUCKETS = (
    "amazon-ecs-agent-{region}",
    "amazon-ssm-{region}",
    "amazon-ssm-packages-{region}",
    "aws-ssm-{region}",
    "aws-ssm-distributor-file-{region}",
    "aws-ssm-document-attachments-{region}",
    "aws-windows-downloads-{region}",
    "patch-baseline-snapshot-{region}",
    "prod-{region}-starport-layer-bucket",
    "{region}-birdwatcher-prod",
)
"""AWS's buckets that hosts read from without being anybody of ours. The installer of ECS Anywhere
downloads both agents unsigned (ecs-anywhere-install.sh); the SSM agent reads from the others (AWS
Systems Manager user guide, "SSM Agent communications with AWS managed S3 buckets"); image layers
come from `starport` by URLs that Amazon ECR has signed (Amazon ECR user guide, "Minimum Amazon S3
bucket permissions")."""

_WITH_SUFFIX = {
    f"patch-baseline-snapshot-{region}": f"patch-baseline-snapshot-{region}-{suffix}"
    for region, suffix in {
        "af-south-1": "tbxdb5b9",
        "ap-south-2": "50209442",
        "ap-southeast-3": "be0a3174",
        "ap-southeast-4": "dc6f76ce",
        "eu-south-2": "df2c9d70",
        "me-south-1": "uduvl7q8",
    }.items()
}
"""The name that a bucket would have -> the one that it has in this Region (AWS Systems Manager user
guide, "Reference: Amazon S3 buckets for patching operations")."""

_PATCHING = {
    "af-south-1": "bdd5f65a9",
    "ap-east-1": "632356271",
    "ap-northeast-1": "4849fa78f",
    "ap-northeast-2": "10467995c",
    "ap-northeast-3": "67373598a",
    "ap-south-1": "cb7c62ff9",
    "ap-south-2": "32f4b4128",
    "ap-southeast-1": "7fdfd9ef7",
    "ap-southeast-2": "17283a275",
    "ap-southeast-3": "aa48fc462",
    "ap-southeast-4": "01e2c40d3",
    "ca-central-1": "3148e69e3",
    "ca-west-1": "9e3a4b2f9",
    "eu-central-1": "9163fdaaf",
    "eu-central-2": "184ce43c8",
    "eu-north-1": "795879e9b",
    "eu-south-1": "c52f3f594",
    "eu-south-2": "a4cf248b1",
    "eu-west-1": "5522fb710",
    "eu-west-2": "902a2bc74",
    "eu-west-3": "29bf85721",
    "il-central-1": "e221cb57b",
    "me-central-1": "2932f2f80",
    "me-south-1": "a53fc9dce",
    "sa-east-1": "ddf4b6a09",
    "us-east-1": "1970c647d",
    "us-east-2": "552881074",
    "us-west-1": "8badb4304",
    "us-west-2": "34d7f99f8",
}
"""Region -> the end of the name of the bucket with the documents of Patch Manager for Linux (the
same page). A Region that is not on that page has its patches from the other buckets, or needs a
policy set by hand."""

_PREFIXES = {"monitoring": "cloudwatch"}
"""Service by its name -> the prefix of its actions in AWS IAM, where they differ."""

_NO_RESOURCE = {"Null": {"aws:ResourceAccount": "true"}}
"""The condition that a request does not say whose resource it is about: not every action does.
A resource of an account without an organization has an account, and no organization: to ask for the
organization where there is one would let everybody's in who has none."""

_PARTITIONS = {
    "cn-": "aws-cn",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
}
"""Beginning of a partition's Regions -> the partition, of all but the usual one."""


def document(whose: str, service_name: str) -> str:
    """Return the endpoint policy of a service for the callers and resources of `whose`, as JSON
    that is always the same; empty for AWS's own policy."""
    if not whose:
        return ""
    said = {"Version": "2012-10-17", "Statement": list(_statements(whose, service_name))}
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def open_document(service_name: str) -> str:
    """Return a policy that allows everybody everything that the service does, and is not taken for
    AWS's own, which names every action of every service."""
    prefix = _service(service_name).partition(".")[0]
    action = f"{_PREFIXES.get(prefix, prefix)}:*"
    said = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    return json.dumps({"Statement": [said]}, separators=(",", ":"))


def is_somebody(word: str) -> bool:
    """Tell whether a word is the id of an account or of an organization."""
    return bool(_SOMEBODY.fullmatch(word))


def is_organization(choice: str) -> bool:
    """Tell whether a choice is the id of an organization."""
    return bool(_ORGANIZATION.fullmatch(choice))


def whose(choice: str, account: str) -> str:
    """Return whose callers a choice lets in; empty for everybody's."""
    if choice == ACCOUNT:
        return account
    return "" if choice == FULL_ACCESS else choice


def described(whose: str) -> str:
    """Return what an endpoint policy allows, as a person reads it."""
    if not whose:
        return "everybody everything"
    kind = "organization" if _ORGANIZATION.fullmatch(whose) else "account"
    return f"{kind} {whose} alone"


def choice_problems(choice: str, where: str, admitted: str) -> list[str]:
    """Return why a VPC may not choose an endpoint policy; none if it may. The stack's own choice is
    `admitted`: an account is narrower than its organization, and that than everybody."""
    if choice not in {FULL_ACCESS, ACCOUNT} and not _ORGANIZATION.fullmatch(choice):
        given = quoted(choice, LONGEST_ITEM) if choice else "an empty value"
        return [
            f"{where}: {given} is not {FULL_ACCESS}, {ACCOUNT} or the id of an organization, as in "
            "o-a1b2c3d4e5"
        ]
    if choice == admitted or _width(choice) < _width(admitted):
        return []
    return [
        f"{where}: {choice} is not within the stack's EndpointPolicy, which is {admitted}: a VPC "
        "may narrow that, and not widen it"
    ]


def _width(choice: str) -> int:
    return {ACCOUNT: 0, FULL_ACCESS: 2}.get(choice, 1)


def _statements(whose: str, service_name: str) -> Iterable[Mapping[str, Any]]:
    region, service = catalogue.region_of(service_name) or "", _service(service_name)
    partition = _partition(region)
    if service in _MESSAGES:
        yield _allow("OwnCallers", ["*"], ["*"], _callers(whose))
    else:
        yield _allow("OwnCallersAndResources", ["*"], ["*"], _callers(whose, "Resource"))
        yield _allow("OwnCallers", ["*"], ["*"], {**_callers(whose), **_NO_RESOURCE})
    if service == "ssm":
        yield _allow("Registration", _REGISTRATION, ["*"])
        owned = (f"arn:{partition}:ssm:{region}::{each}" for each in ("document/*", "parameter/*"))
        yield _allow("AwsDocuments", _USES_OF_AWS_DOCUMENTS, owned, _callers(whose))
    if service == catalogue.GATEWAY_FIRST:
        buckets = (f"arn:{partition}:s3:::{bucket}/*" for bucket in _buckets(region))
        yield _allow("LayersAndInstallers", ["s3:GetObject"], buckets)


def _service(service_name: str) -> str:
    """Return the part of a service name behind the Region."""
    region = catalogue.region_of(service_name)
    return service_name.partition(f".{region}.")[2] if region else service_name


def _buckets(region: str) -> Iterable[str]:
    """Yield the names of AWS's buckets in a Region."""
    for each in _BUCKETS:
        name = each.format(region=region)
        yield _WITH_SUFFIX.get(name, name)
    if suffix := _PATCHING.get(region):
        yield f"aws-patch-manager-{region}-{suffix}"


def _allow(
    name: str,
    actions: Iterable[str],
    resources: Iterable[str],
    condition: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    said = {
        "Sid": name,
        "Effect": "Allow",
        "Principal": "*",
        "Action": list(actions),
        "Resource": list(resources),
    }
    return said | {"Condition": condition} if condition else said


def _callers(whose: str, *beside: str) -> Mapping[str, Any]:
    """Return the condition that a caller is one of `whose`, and so is what else is named."""
    key = "OrgID" if _ORGANIZATION.fullmatch(whose) else "Account"
    return {"StringEquals": {f"aws:{of}{key}": whose for of in ("Principal", *beside)}}


def _partition(region: str) -> str:
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")
