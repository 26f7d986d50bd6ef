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
from enum import Enum

from connectivity.domain.errors import (
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

_DENIED = "AccessDenied AccessDeniedException UnauthorizedOperation"
_UNSEEN_GROUP = " ".join(sorted(NOT_SEEN_YET))

_BAD_PAGE = "InvalidNextTokenException InvalidParameterException"
_LISTED_BADLY = f"{_BAD_PAGE} InvalidRequestException"
_KEY = "AccessDeniedException DisabledException KMSInvalidStateException NotFoundException"
_KEY_AWAY = "DependencyTimeoutException KMSInternalException KeyUnavailableException"

COMMON: Mapping[Meaning, str] = {
    Throttled: """
        EC2ThrottledException PriorRequestNotComplete ProvisionedThroughputExceededException
        RequestLimitExceeded RequestThrottled SlowDown Throttled ThrottledException Throttling
        ThrottlingException TooManyRequestsException TooManyUpdates""",
    # Route 53 Resolver answers InternalServiceErrorException with HTTP 400, "please retry your
    # request" (terraform-provider-aws #8014): the status alone would make a bug of it.
    Unavailable: """
        ConcurrentModificationException InternalError InternalFailure InternalServerError
        InternalServiceError InternalServiceErrorException RequestTimeout RequestTimeoutException
        ServiceException ServiceUnavailable ServiceUnavailableException Unavailable""",
    BUG: """
        AccessDenied AccessDeniedException AuthorizationError UnauthorizedOperation
        ValidationError ValidationException""",
}
"""Codes that mean the same of every operation, unless `MEANINGS` says otherwise."""

MEANINGS: Mapping[str, Mapping[Meaning, str]] = {
    # ------------------------------------------------------------------------------ Amazon S3
    # Whatever it is, the adapter names it, and no run fails of it.
    "PutObject": {ANSWER: "EncryptionTypeMismatch InvalidRequest InvalidWriteOffset TooManyParts"},
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
        PreconditionsNotMet: """
            DuplicateSubnetsInSameZone InsufficientFreeAddressesInSubnet InvalidParameter
            InvalidSubnetID.NotFound SecurityGroupsPerInterfaceLimitExceeded""",
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
    # Its owner does not share it any more, or it may not be read.
    "GetManagedPrefixListEntries": {
        ANSWER: """AccessDenied InvalidPrefixListID.NotFound InvalidPrefixListId
            UnauthorizedOperation"""
    },
    "DescribeNetworkInterfaces": {},
    "DescribeRouteTables": {},
    "DescribeSecurityGroups": {},
    "DescribeSubnets": {},
    "DescribeVpcEndpointServices": {},
    "DescribeVpcEndpoints": {},
    "DescribeVpnGateways": {},
    # ------------------------------------------------------------------------ Amazon Route 53
    # VPCs are named by id and Region, and no page is asked for but that which AWS named.
    "ListHostedZonesByVPC": {BUG: "InvalidInput InvalidPaginationToken"},
    # A zone that was deleted a moment ago, or that may not be read.
    "ListResourceRecordSets": {ANSWER: "AccessDenied NoSuchHostedZone", BUG: "InvalidInput"},
    "ListProfileAssociations": {BUG: f"{_BAD_PAGE} AccessDeniedException ValidationException"},
    "ListResolverRuleAssociations": {BUG: _LISTED_BADLY},
    "ListResolverRules": {BUG: _LISTED_BADLY},
    "ListResolverEndpoints": {BUG: _LISTED_BADLY},
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
    # ---------------------------------------------------------------------- Amazon CloudWatch
    # Whether a connection is used is told where it may be seen.
    "GetMetricData": {ANSWER: _DENIED, BUG: "InvalidNextToken"},
    # ---------------------------------------------------------------------- AWS Organizations
    # The account is in none, or may not ask: the adapter tells the one from the other.
    "DescribeOrganization": {ANSWER: f"AWSOrganizationsNotInUseException {_DENIED}"},
    # --------------------------------------------------------------------- AWS Systems Manager
    "GetParametersByPath": {
        BUG: "InvalidFilterKey InvalidFilterOption InvalidFilterValue InvalidKeyId InvalidNextToken"
    },
    "PutParameter": {
        # Where it is to be made with tags: it is overwritten then.
        ANSWER: "ParameterAlreadyExists",
        QuotaReached: "ParameterLimitExceeded ParameterMaxVersionLimitExceeded",
        # Somebody made the parameter before us, as a SecureString for example.
        PreconditionsNotMet: "HierarchyTypeMismatchException ParameterPatternMismatchException",
        BUG: """
            HierarchyLevelLimitExceededException IncompatiblePolicyException
            InvalidAllowedPatternException InvalidKeyId InvalidPolicyAttributeException
            InvalidPolicyTypeException PoliciesLimitExceededException UnsupportedParameterType""",
    },
    "DeleteParameters": {},
    "DescribeParameters": {
        BUG: "InvalidFilterKey InvalidFilterOption InvalidFilterValue InvalidNextToken"
    },
    "GetParameters": {BUG: "InvalidKeyId"},
    "GetParameterHistory": {ANSWER: "ParameterNotFound", BUG: "InvalidKeyId InvalidNextToken"},
    # ----------------------------------------------------------------------------------- AWS KMS
    # Each has a cure of its own: `signatures` reads them.
    "Sign": {
        ANSWER: f"InvalidKeyUsageException {_KEY}",
        Unavailable: _KEY_AWAY,
        BUG: "DryRunOperationException InvalidGrantTokenException",
    },
    "GetPublicKey": {
        ANSWER: f"InvalidKeyUsageException {_KEY}",
        Unavailable: _KEY_AWAY,
        BUG: "InvalidArnException InvalidGrantTokenException UnsupportedOperationException",
    },
    "DescribeKey": {
        ANSWER: "AccessDeniedException NotFoundException",
        Unavailable: "DependencyTimeoutException KMSInternalException",
        BUG: "InvalidArnException",
    },
    # -------------------------------------------------------------------------- Amazon DynamoDB
    "GetItem": {BUG: "ResourceNotFoundException"},
    "Scan": {BUG: "ResourceNotFoundException"},
    "UpdateItem": {
        ANSWER: "ConditionalCheckFailedException",
        Unavailable: "ReplicatedWriteConflictException TransactionConflictException",
        BUG: "ItemCollectionSizeLimitExceededException ResourceNotFoundException",
    },
    "UpdateTable": {
        # The table, or too many tables of the account, are being changed.
        Unavailable: "LimitExceededException ResourceInUseException",
        BUG: "ResourceNotFoundException",
    },
    # --------------------------------------------------------------------------------- AWS IAM
    # NoSuchEntity: somebody deleted the policy, so nobody has it.
    "ListEntitiesForPolicy": {
        ANSWER: "NoSuchEntity",
        Unavailable: "ServiceFailure",
        BUG: "InvalidInput",
    },
    # ----------------------------------------------------------------------- AWS Step Functions
    "StartExecution": {
        # Started by an attempt whose answer was lost.
        ANSWER: "ExecutionAlreadyExists",
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
    "ListExecutions": {
        # The workflow is of the standard type, and of our own stack.
        BUG: """InvalidArn InvalidToken ResourceNotFound StateMachineDoesNotExist
            StateMachineTypeNotSupported""",
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


def codes_of(meanings: Mapping[Meaning, str]) -> Iterator[tuple[str, Meaning]]:
    """Yield each code of an entry with its meaning."""
    for meaning, codes in meanings.items():
        for code in codes.split():
            yield code, meaning
