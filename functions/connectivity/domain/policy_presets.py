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
        return [
            f"{where}: {quoted(choice, LONGEST_ITEM)} is not {FULL_ACCESS}, {ACCOUNT} or the id of "
            "an organization, as in o-a1b2c3d4e5"
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
    region = catalogue.region_of(service_name) or ""
    service = service_name.partition(f".{region}.")[2] if region else service_name
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
        buckets = (f"arn:{partition}:s3:::{each.format(region=region)}/*" for each in _BUCKETS)
        yield _allow("LayersAndInstallers", ["s3:GetObject"], buckets)


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
