"""The meaning of every error code that AWS may answer to a call of ours, as data.

`MEANINGS` has one entry per operation that an adapter calls. A code means one of four things: a
`Waiting` (asking again is the cure), a `Fact` (a person has to change something), `Reading.ANSWER`
(the adapter reads it: there is no such thing, or it is so already), or `Reading.BUG` (our mistake,
or a missing permission; it keeps AWS's own name). A code that stands nowhere is a bug, too.
tests/unit/test_refusals.py goes through the errors in AWS's service models and fails for one that
is not named here. Amazon EC2's model names none: its codes come from the "Error codes" page of the
EC2 API reference, and from where a comment says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from botocore.exceptions import ClientError

from connectivity.domain.errors import (
    ConflictingPrivateDns,
    Fact,
    NotReadyYet,
    PreconditionsNotMet,
    ProbeFailed,
    QuotaReached,
    TagsRefused,
    Throttled,
    Unavailable,
    UnknownVpc,
    Waiting,
)


class Reading(Enum):
    """Codes that `call` does not turn into an error of ours."""

    ANSWER = "answer"
    BUG = "bug"


ANSWER, BUG = Reading.ANSWER, Reading.BUG
Meaning = type[Waiting] | type[Fact] | Reading

NOT_SEEN_YET = frozenset({"InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"})
"""AWS's codes for a security group that was made a moment ago and is not seen everywhere yet."""

UNDER_WAY = "IncorrectState OperationInProgress"
"""EC2's codes for a VPC endpoint that is being changed. "OperationInProgress: VpcEndpoint modify
operation in progress" was seen on AWS (terraform-provider-aws #42884); IncorrectState is the API
reference's word for any resource that is not in the state for a request."""

_UNSEEN_GROUP = " ".join(sorted(NOT_SEEN_YET))

COMMON: Mapping[Meaning, str] = {
    Throttled: """
        EC2ThrottledException PriorRequestNotComplete ProvisionedThroughputExceededException
        RequestLimitExceeded RequestThrottled SlowDown Throttled ThrottledException Throttling
        ThrottlingException TooManyRequestsException TooManyUpdates""",
    # Route 53 Resolver answers InternalServiceErrorException with HTTP 400, "please retry your
    # request" (terraform-provider-aws #8014): the status alone would make a bug of it.
    Unavailable: """
        InternalError InternalFailure InternalServerError InternalServiceError
        InternalServiceErrorException RequestTimeout RequestTimeoutException ServiceException
        ServiceUnavailable ServiceUnavailableException Unavailable""",
    BUG: """
        AccessDenied AccessDeniedException AuthorizationError UnauthorizedOperation
        ValidationError ValidationException""",
}
"""Codes that mean the same of every operation, unless `MEANINGS` says otherwise."""

MEANINGS: Mapping[str, Mapping[Meaning, str]] = {
    # ------------------------------------------------------------------------------ Amazon EC2
    "CreateVpcEndpoint": {
        ANSWER: "IdempotentParameterMismatch",
        NotReadyYet: f"{UNDER_WAY} {_UNSEEN_GROUP}",
        QuotaReached: """
            GatewayVpcEndpointLimitExceeded NetworkInterfaceLimitExceeded
            VpcEndpointLimitExceeded""",
        PreconditionsNotMet: """
            DuplicateSubnetsInSameZone InsufficientFreeAddressesInSubnet InvalidParameter
            InvalidServiceName InvalidSubnetID.NotFound InvalidVpcID.NotFound
            InvalidVpcId.NotFound""",
        TagsRefused: "TagPolicyViolation",
    },
    "ModifyVpcEndpoint": {
        # Not found: gone since it was seen. The next attempt looks again.
        NotReadyYet: f"""
            {UNDER_WAY} {_UNSEEN_GROUP}
            InvalidVpcEndpoint.NotFound InvalidVpcEndpointId.NotFound""",
        PreconditionsNotMet: "InvalidParameter",
        UnknownVpc: "InvalidVpcID.NotFound",
    },
    # Also the codes of the items in `Unsuccessful`, with which this call succeeds.
    "DeleteVpcEndpoints": {
        NotReadyYet: UNDER_WAY,
        ANSWER: "InvalidVpcEndpoint.NotFound InvalidVpcEndpointId.NotFound",
        BUG: "InvalidParameter",
    },
    "CreateSecurityGroup": {
        NotReadyYet: "InvalidGroup.Duplicate",
        QuotaReached: "ResourceLimitExceeded SecurityGroupLimitExceeded",
        UnknownVpc: "InvalidVpcID.NotFound",
        TagsRefused: "TagPolicyViolation",
    },
    "AuthorizeSecurityGroupIngress": {
        NotReadyYet: _UNSEEN_GROUP,
        ANSWER: "InvalidPermission.Duplicate",
        QuotaReached: "RulesPerSecurityGroupLimitExceeded",
    },
    "RevokeSecurityGroupIngress": {
        NotReadyYet: _UNSEEN_GROUP,
        ANSWER: "InvalidPermission.NotFound",
    },
    "DeleteSecurityGroup": {
        # InvalidGroup.InUse: by the rule of another group.
        NotReadyYet: "DependencyViolation InvalidGroup.InUse",
        ANSWER: _UNSEEN_GROUP,
    },
    "CreateTags": {
        UnknownVpc: "InvalidID InvalidVpcID.Malformed InvalidVpcID.NotFound",
        TagsRefused: "TagLimitExceeded TagPolicyViolation UnauthorizedOperation",
    },
    "DeleteTags": {
        UnknownVpc: "InvalidID InvalidVpcID.Malformed InvalidVpcID.NotFound",
        TagsRefused: "TagPolicyViolation UnauthorizedOperation",
    },
    "DescribeVpcs": {ANSWER: "InvalidID InvalidVpcID.Malformed InvalidVpcID.NotFound"},
    "DescribeVpcAttribute": {UnknownVpc: "InvalidVpcID.NotFound"},
    "DescribeNetworkInterfaces": {},
    "DescribeRouteTables": {},
    "DescribeSecurityGroups": {},
    "DescribeSubnets": {},
    "DescribeVpcEndpointServices": {},
    "DescribeVpcEndpoints": {},
    # ------------------------------------------------------------------------ Amazon Route 53
    # VPCs are named by id and Region, and no page is asked for but that which AWS named.
    "ListHostedZonesByVPC": {BUG: "InvalidInput InvalidPaginationToken"},
    "ListResolverEndpoints": {
        BUG: "InvalidNextTokenException InvalidParameterException InvalidRequestException"
    },
    "GetResolverEndpoint": {ANSWER: "ResourceNotFoundException", BUG: "InvalidParameterException"},
    "ListResolverEndpointIpAddresses": {
        ANSWER: "ResourceNotFoundException",
        BUG: "InvalidNextTokenException InvalidParameterException",
    },
    # The message says what the code does not: `resolvers.refusal` reads both.
    "CreateResolverEndpoint": {
        ANSWER: """
            AccessDeniedException InvalidParameterException InvalidRequestException
            LimitExceededException ResourceExistsException ResourceNotFoundException"""
    },
    "DeleteResolverEndpoint": {
        # InvalidRequestException: it is being made, changed or removed. Whoever removes it looks
        # again until it is gone, and then asks again.
        ANSWER: "InvalidRequestException ResourceNotFoundException",
        BUG: "InvalidParameterException",
    },
    # --------------------------------------------------------------------- AWS Systems Manager
    "GetParametersByPath": {
        BUG: """
            InvalidFilterKey InvalidFilterOption InvalidFilterValue InvalidKeyId
            InvalidNextToken"""
    },
    "PutParameter": {
        QuotaReached: "ParameterLimitExceeded ParameterMaxVersionLimitExceeded",
        # Somebody made the parameter before us, as a SecureString for example.
        PreconditionsNotMet: "HierarchyTypeMismatchException ParameterPatternMismatchException",
        BUG: """
            HierarchyLevelLimitExceededException IncompatiblePolicyException
            InvalidAllowedPatternException InvalidKeyId InvalidPolicyAttributeException
            InvalidPolicyTypeException ParameterAlreadyExists PoliciesLimitExceededException
            UnsupportedParameterType""",
    },
    "DeleteParameters": {},
    # -------------------------------------------------------------------------- Amazon DynamoDB
    "GetItem": {BUG: "ResourceNotFoundException"},
    "Scan": {BUG: "ResourceNotFoundException"},
    "UpdateItem": {
        ANSWER: "ConditionalCheckFailedException",
        Unavailable: "ReplicatedWriteConflictException TransactionConflictException",
        BUG: "ItemCollectionSizeLimitExceededException ResourceNotFoundException",
    },
    # ----------------------------------------------------------------------- AWS Step Functions
    "StartExecution": {
        # The second is part of an execution's name: the next attempt has another one.
        NotReadyYet: "ExecutionAlreadyExists",
        Throttled: "ExecutionLimitExceeded KmsThrottlingException",
        BUG: """
            InvalidArn InvalidExecutionInput InvalidName KmsAccessDeniedException
            KmsInvalidStateException StateMachineDeleting StateMachineDoesNotExist""",
    },
    "DescribeExecution": {
        ANSWER: "ExecutionDoesNotExist",
        Throttled: "KmsThrottlingException",
        BUG: "InvalidArn KmsAccessDeniedException KmsInvalidStateException",
    },
    # ------------------------------------------------------------------------------- Amazon SNS
    "Publish": {
        Throttled: "KMSThrottling",
        BUG: """
            EndpointDisabled InvalidParameter InvalidSecurity KMSAccessDenied KMSDisabled
            KMSInvalidState KMSNotFound KMSOptInRequired NotFound ParameterValueInvalid
            PlatformApplicationDisabled""",
    },
    # ------------------------------------------------------------------------------- AWS Lambda
    "GetFunctionConfiguration": {
        ANSWER: "ResourceNotFoundException",
        BUG: "InvalidParameterValueException",
    },
    "CreateFunction": {
        # ResourceConflictException: made by an attempt whose answer was lost.
        ANSWER: "ResourceConflictException",
        QuotaReached: """
            CodeStorageExceededException FunctionVersionsPerCapacityProviderLimitExceededException
            """,
        # A role that Lambda may not assume, or with which it may not make network interfaces; a
        # subnet that is gone; a code signing rule of the account.
        ProbeFailed: """
            CodeSigningConfigNotFoundException CodeVerificationFailedException
            InvalidCodeSignatureException InvalidParameterValueException""",
        BUG: "ResourceNotFoundException",
    },
    "Invoke": {
        # ResourceConflictException: "The operation cannot be performed at this time. The function
        # is currently in the following state: Pending" (remotion #1186).
        NotReadyYet: """
            CodeArtifactUserPendingException ENINotReadyException ResourceConflictException
            ResourceNotFoundException ResourceNotReadyException SnapStartNotReadyException""",
        Unavailable: "EC2UnexpectedException",
        ProbeFailed: """
            EC2AccessDeniedException ENILimitReachedException InvalidRuntimeException
            InvalidSecurityGroupIDException InvalidSubnetIDException InvalidZipFileException
            KMSAccessDeniedException KMSDisabledException KMSInvalidStateException
            KMSNotFoundException ServiceQuotaExceededException
            SubnetIPAddressLimitReachedException""",
        # Of features that the probe does not use, and of requests that we do not make.
        BUG: """
            CodeArtifactUserDeletedException CodeArtifactUserFailedException
            DurableExecutionAlreadyStartedException EFSIOException EFSMountConnectivityException
            EFSMountFailureException EFSMountTimeoutException InvalidParameterValueException
            InvalidRequestContentException ModeNotSupportedException NoPublishedVersionException
            RecursiveInvocationException RequestTooLargeException
            S3FilesMountConnectivityException S3FilesMountFailureException
            S3FilesMountTimeoutException SerializedRequestEntityTooLargeException
            SnapStartException SnapStartRegenerationFailureException SnapStartTimeoutException
            UnsupportedMediaTypeException""",
    },
    "DeleteFunction": {
        ANSWER: "ResourceNotFoundException",
        NotReadyYet: "ResourceConflictException",
        BUG: "InvalidParameterValueException",
    },
}


@dataclass(frozen=True)
class Saying:
    """A code that means something else where AWS's message contains `text`."""

    operations: frozenset[str]
    text: str
    means: Meaning
    cure: str = ""


_VPC_ENDPOINT = frozenset({"CreateVpcEndpoint", "ModifyVpcEndpoint"})
_PROBE = frozenset({"CreateFunction"})

SAYINGS = (
    Saying(
        _VPC_ENDPOINT,
        "conflicting DNS domain",
        ConflictingPrivateDns,
        "remove what answers for that name",
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
"""With which the message about a refused call begins: its parameters by AWS's names."""


def codes_of(meanings: Mapping[Meaning, str]) -> Iterator[tuple[str, Meaning]]:
    """Yield each code of an entry with its meaning."""
    for meaning, codes in meanings.items():
        for code in codes.split():
            yield code, meaning


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
