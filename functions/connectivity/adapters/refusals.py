"""AWS's refusals, put into this app's own errors by the table in `error_codes`: what was refused,
AWS's code and words, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from connectivity.adapters.error_codes import (
    ANSWER,
    BUG,
    COMMON,
    MEANINGS,
    NOT_SEEN_YET,
    Meaning,
    Reading,
    codes_of,
)
from connectivity.domain.errors import (
    ConflictingPrivateDns,
    NotReadyYet,
    PreconditionsNotMet,
    ProbeFailed,
    Throttled,
    Unavailable,
)


@dataclass(frozen=True)
class Saying:
    """A code that means something else where AWS's message contains `text`."""

    operations: frozenset[str]
    text: str
    means: Meaning
    cure: str = ""


UNSUPPORTED_ZONE = "availability zone Lambda doesn't support"
"""AWS Lambda's words where a subnet is in such a zone, without which one: use1-az3 is one of them
(keboola/developer-portal #81)."""

_VPC_ENDPOINT = frozenset({"CreateVpcEndpoint", "ModifyVpcEndpoint"})
_PROBE = frozenset({"CreateFunction"})

SAYINGS = (
    Saying(
        _VPC_ENDPOINT,
        "conflicting DNS domain",
        ConflictingPrivateDns,
        "another interface endpoint, a private hosted zone or a Route 53 Profile answers for that "
        "name: nothing of it was changed",
    ),
    Saying(
        _VPC_ENDPOINT,
        "must have a Gateway endpoint",
        PreconditionsNotMet,
        "make a gateway endpoint for Amazon S3 in this VPC, or leave s3 and ecr out",
    ),
    # Lambda tells of EC2's refusals within its own: "Error occurred while DescribeSecurityGroups.
    # EC2 Error Code: InvalidGroup.NotFound".
    *(Saying(_PROBE, code, NotReadyYet) for code in sorted(NOT_SEEN_YET)),
    Saying(_PROBE, "RequestLimitExceeded", Throttled),
    Saying(
        _PROBE,
        UNSUPPORTED_ZONE,
        ProbeFailed,
        "make a subnet in another zone and give it the tag ecs-anywhere:subnet",
    ),
)

CURES: Mapping[str, str] = {
    "CodeStorageExceededException": "remove old versions of functions, or ask for a higher quota",
    "GatewayVpcEndpointLimitExceeded": "ask for a higher quota",
    "HierarchyTypeMismatchException": "delete that parameter; it is then made anew",
    "InvalidGroup.Duplicate": "it was made just before and will be seen soon",
    "NetworkInterfaceLimitExceeded": "ask for a higher quota",
    "ParameterLimitExceeded": "delete parameters of this Region, or ask for a higher quota",
    "ParameterMaxVersionLimitExceeded": "take the label from the parameter's oldest version",
    "ParameterPatternMismatchException": "delete that parameter; it is then made anew",
    "ResourceLimitExceeded": "ask for a higher quota",
    "RulesPerSecurityGroupLimitExceeded": "name fewer networks, or ask for a higher quota",
    "SecurityGroupLimitExceeded": "remove security groups of this VPC, or ask for a higher quota",
    "VpcEndpointLimitExceeded": "ask for a higher quota",
}

SUBJECTS: Mapping[str, str] = {
    "AuthorizeSecurityGroupIngress": "{GroupId}",
    "CreateFunction": "the probe {FunctionName}",
    "CreateSecurityGroup": "{GroupName}",
    "CreateTags": "tags of {Resources[0]}",
    "CreateVpcEndpoint": "{ServiceName} in {VpcId}",
    "DeleteFunction": "the probe {FunctionName}",
    "DeleteSecurityGroup": "{GroupId}",
    "DeleteTags": "tags of {Resources[0]}",
    "DescribeVpcAttribute": "{VpcId}",
    "Invoke": "the probe {FunctionName}",
    "ModifyVpcEndpoint": "{VpcEndpointId}",
    "PutParameter": "{Name}",
    "RevokeSecurityGroupIngress": "{GroupId}",
    "StartExecution": "{name}",
}
"""The beginning of the message about each refused call, with the call's parameters by AWS's
names."""


_COMMON = dict(codes_of(COMMON))
_BY_OPERATION = {operation: dict(codes_of(entry)) for operation, entry in MEANINGS.items()}


def code_of(error: ClientError) -> str:
    """Return AWS's error code; empty where the answer had none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """Return AWS's words about an error."""
    return str(error.response.get("Error", {}).get("Message", ""))


def meaning_of(operation: str, code: str, message: str = "", status: int = 400) -> Meaning:
    """Return the meaning of an error `code` in the answer to `operation`."""
    saying = _saying(operation, message)
    if saying is not None:
        return saying.means
    known = _BY_OPERATION.get(operation, {}).get(code) or _COMMON.get(code)
    return known or (Unavailable if status >= 500 else BUG)


def is_answer(error: ClientError) -> bool:
    """Tell whether an adapter has to read this refusal as an answer."""
    return meaning_of(error.operation_name, code_of(error)) is ANSWER


def translated(error: ClientError, parameters: Mapping[str, object]) -> Exception:
    """Return the error of ours that stands for AWS's refusal of a call with these `parameters`;
    `error` itself where the adapter has to read it, and where it is a bug."""
    operation, code, message = error.operation_name, code_of(error), message_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    meaning = meaning_of(operation, code, message, status)
    if isinstance(meaning, Reading):
        return error
    if meaning in (Throttled, Unavailable):
        return meaning(f"{operation}: {message}")
    subject = _subject(operation, parameters)
    return meaning(f"{subject}: AWS says {code}: {message}{_cure(operation, code, message)}")


def _subject(operation: str, parameters: Mapping[str, object]) -> str:
    try:
        return SUBJECTS.get(operation, operation).format_map(parameters)
    except (KeyError, IndexError):
        return operation


def _cure(operation: str, code: str, message: str) -> str:
    saying = _saying(operation, message)
    cure = saying.cure if saying is not None else CURES.get(code, "")
    return f" - {cure}" if cure else ""


def _saying(operation: str, message: str) -> Saying | None:
    found = (each for each in SAYINGS if operation in each.operations and each.text in message)
    return next(found, None)
