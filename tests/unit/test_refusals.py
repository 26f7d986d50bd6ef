"""What the adapters make of AWS's refusals."""

from __future__ import annotations

from typing import NoReturn

import pytest
from botocore.exceptions import ClientError
from connectivity.adapters.aws import call
from connectivity.adapters.resolvers import refusal
from connectivity.domain.errors import (
    NotReadyYet,
    QuotaReached,
    ResolverFailed,
    ResolverRefused,
    Throttled,
    Unavailable,
)

PROMISED = ["10.20.0.5", "10.20.1.6"]
TAKEN = "The IP address '10.20.1.6' in subnet 'subnet-b' is already in use"


def refused(code: str, message: str = "no", status: int = 400) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "AnyAction")  # type: ignore[arg-type]


def raising(error: ClientError) -> NoReturn:
    raise error


@pytest.mark.parametrize(
    "code",
    [
        "RequestLimitExceeded",  # Amazon EC2
        "ThrottlingException",  # AWS Systems Manager, AWS Step Functions, Route 53 Resolver
        "Throttling",  # Amazon Route 53
        "TooManyRequestsException",  # AWS Lambda
        "ProvisionedThroughputExceededException",  # Amazon DynamoDB
        "Throttled",  # Amazon SNS
    ],
)
def test_a_throttle_is_waited_out_by_whatever_name_the_service_calls_it(code: str) -> None:
    with pytest.raises(Throttled, match="AnyAction"):
        call(lambda: raising(refused(code)))


def test_what_is_no_throttle_and_no_outage_stays_what_it_is() -> None:
    with pytest.raises(Unavailable):
        call(lambda: raising(refused("Whatever", status=503)))
    with pytest.raises(ClientError):
        call(lambda: raising(refused("AccessDeniedException")))


@pytest.mark.parametrize(
    "code", ["InvalidRequestException", "InvalidParameterException", "ResourceExistsException"]
)
def test_a_promised_address_that_somebody_took_is_a_fact_with_what_happens_next(code: str) -> None:
    fact = refusal(refused(code, TAKEN), "vpc-1", PROMISED)
    assert isinstance(fact, ResolverRefused)
    assert all(text in str(fact) for text in ("vpc-1", code, TAKEN, *PROMISED))
    assert "else the next sweep gives it up, takes another and says so" in str(fact)


def test_a_refusal_without_promised_addresses_is_a_fact_in_aws_s_words() -> None:
    error = refused("InvalidRequestException", "[RSLVR-00400] need at least 2 IP addresses")
    fact = refusal(error, "vpc-1", [])
    assert isinstance(fact, ResolverRefused)
    assert "RSLVR-00400" in str(fact)
    assert "promised" not in str(fact)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("ResourceExistsException", "with creator request ID '1' already exists", NotReadyYet),
        ("InvalidRequestException", "InvalidGroup.NotFound: sg-1", NotReadyYet),
        ("InvalidRequestException", "[RSLVR-02309] no permission to call ec2:x", ResolverFailed),
        ("LimitExceededException", "max-endpoints", QuotaReached),
        ("AccessDeniedException", "no", ClientError),
    ],
)
def test_the_other_refusals_of_a_resolver_keep_their_names(
    code: str, message: str, kind: type[Exception]
) -> None:
    assert isinstance(refusal(refused(code, message), "vpc-1", PROMISED), kind)
