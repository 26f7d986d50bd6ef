"""AWS's refusals: every error code has one meaning, and every call is translated by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import botocore.session
import connectivity.adapters
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from connectivity.adapters.aws import call
from connectivity.adapters.error_codes import COMMON, MEANINGS, Reading, codes_of
from connectivity.adapters.refusals import CURES, SAYINGS, SUBJECTS, meaning_of
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


def models() -> Iterator[tuple[str, Any]]:
    """Yield each AWS operation that an adapter names, with botocore's model of it."""
    session = botocore.session.get_session()
    for path in sorted(Path(connectivity.adapters.__path__[0]).glob("*.py")):
        text = path.read_text()
        for service in sorted(set(re.findall(r'client\("([a-z0-9-]+)"\)', text))):
            model = session.get_service_model(service)
            for operation in model.operation_names:
                if re.search(rf'[."]{xform_name(operation)}\b', text):
                    yield operation, model.operation_model(operation)


CALLED = dict(models())


def refused(
    code: str, message: str = "no", status: int = 400, operation: str = "AnyAction"
) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, operation)  # type: ignore[arg-type]


def raising(error: ClientError) -> NoReturn:
    raise error


def raised(code: str, message: str, operation: str) -> Exception:
    """Return what `call` raises for a refusal of a call with every parameter that we ever give."""
    named = re.findall(r"{(\w+)", "".join(SUBJECTS.values()))
    parameters = {parameter: ["vpc-1"] for parameter in named}

    def ask(**_: object) -> NoReturn:
        raise refused(code, message, operation=operation)

    with pytest.raises(Exception) as caught:
        call(ask, **parameters)
    return caught.value


def test_every_operation_that_an_adapter_calls_has_its_entry_and_no_other_has() -> None:
    assert {"CreateVpcEndpoint", "CreateResolverEndpoint", "Invoke", "Scan"} <= CALLED.keys()
    assert CALLED.keys() == MEANINGS.keys()


@pytest.mark.parametrize("operation", sorted(CALLED))
def test_every_error_in_awss_model_of_an_operation_has_a_meaning(operation: str) -> None:
    """Whoever moves the SDK's pin hears of each error that AWS has added."""
    named = dict(codes_of(COMMON)) | dict(codes_of(MEANINGS[operation]))
    errors = [
        shape.metadata.get("error", {}).get("code") or shape.name
        for shape in CALLED[operation].error_shapes
    ]
    assert [code for code in errors if code not in named] == []


@pytest.mark.parametrize("operation", sorted(MEANINGS))
def test_no_code_is_named_that_aws_does_not_have(operation: str) -> None:
    """Amazon EC2's model names none; of the others each code stands in the model."""
    model = CALLED[operation]
    if model.service_model.service_name == "ec2":
        return
    errors = {
        shape.metadata.get("error", {}).get("code") or shape.name for shape in model.error_shapes
    }
    everywhere = {code for code, _ in codes_of(COMMON)}
    named = {code for code, _ in codes_of(MEANINGS[operation])}
    assert named <= errors | everywhere


def test_no_code_has_two_meanings_in_one_place() -> None:
    for entry in (COMMON, *MEANINGS.values()):
        codes = [code for code, _ in codes_of(entry)]
        assert sorted(codes) == sorted(set(codes))
    everywhere = {code for entry in MEANINGS.values() for code, _ in codes_of(entry)}
    assert CURES.keys() <= everywhere


@pytest.mark.parametrize("operation", sorted(MEANINGS))
def test_every_refusal_becomes_what_the_table_says(operation: str) -> None:
    meanings = dict(codes_of(COMMON)) | dict(codes_of(MEANINGS[operation]))
    for code, meaning in meanings.items():
        error = raised(code, "AWS's own words", operation)
        assert type(error) is (ClientError if isinstance(meaning, Reading) else meaning), code
        assert "AWS's own words" in str(error)
        if code in CURES and not isinstance(meaning, Reading):
            assert CURES[code] in str(error)


@pytest.mark.parametrize("saying", SAYINGS, ids=lambda saying: saying.text)
def test_a_code_means_something_else_where_aws_says_so_in_words(saying: Any) -> None:
    for operation in saying.operations:
        error = raised("InvalidParameter", f"it is {saying.text} that", operation)
        assert type(error) is saying.means
        assert saying.cure in str(error)


def test_an_endpoint_that_is_being_changed_is_waited_for_by_either_name() -> None:
    """terraform-provider-aws #42884 saw the first on AWS; EC2's API reference has the second."""
    for code in ("OperationInProgress", "IncorrectState"):
        for operation in ("ModifyVpcEndpoint", "DeleteVpcEndpoints"):
            assert meaning_of(operation, code) is NotReadyYet


def test_resolvers_internal_error_is_waited_out_although_it_is_no_server_error() -> None:
    """terraform-provider-aws #8014: HTTP 400, "[RSLVR-00201] Internal Service Error, please retry
    your request"."""
    with pytest.raises(Unavailable):
        call(lambda: raising(refused("InternalServiceErrorException", status=400)))


def test_a_refusal_says_what_it_is_about_what_aws_said_and_what_to_do() -> None:
    def ask(**_: object) -> NoReturn:
        raise refused("VpcEndpointLimitExceeded", "too many", operation="CreateVpcEndpoint")

    with pytest.raises(QuotaReached) as caught:
        call(ask, ServiceName="com.amazonaws.us-east-2.ecs", VpcId="vpc-1")
    assert str(caught.value) == (
        "com.amazonaws.us-east-2.ecs in vpc-1: AWS says VpcEndpointLimitExceeded: too many"
        " - ask for a higher quota"
    )


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
