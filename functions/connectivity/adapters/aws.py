"""How AWS is called: one session, bounded patience, and AWS's weather given its two names."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, ParamSpec, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from connectivity.domain.errors import Throttled, Unavailable

P = ParamSpec("P")
R = TypeVar("R")

_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "Throttled",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TooManyUpdates",
        "ProvisionedThroughputExceededException",
        "RequestThrottled",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "SlowDown",
    }
)
_UNAVAILABLE = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServiceError",
        "KMSInternalException",
        "KeyUnavailableException",
        "ServiceUnavailable",
        "Unavailable",
        "DependencyTimeoutException",
    }
)


@cache
def client(service: str) -> Any:
    """A client of the function's own Region, made once per execution environment.

    Few attempts, because the state machine waits a throttle out without paying for a function
    that sleeps.
    """
    return _session().client(
        service,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 3},
            connect_timeout=5,
            read_timeout=65,
        ),
    )


@cache
def _session() -> Any:
    """Untyped, because the type stubs know a client only by a literal name."""
    return boto3.Session()


def call(operation: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call AWS. Raises Throttled, Unavailable, or botocore's ClientError for everything else."""
    try:
        return operation(*args, **kwargs)
    except ClientError as error:
        raise _translated(error) from error
    except (HTTPClientError, NoConnection) as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from error


def items(client: Any, operation: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
    """All items of all pages. Raises as `call` does."""

    def read() -> list[dict[str, Any]]:
        pages = client.get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]

    return call(read)


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


def filters(**values: Any) -> list[dict[str, Any]]:
    """EC2's filters: `filters(vpc_id=[...])` is the filter `vpc-id`."""
    return [{"Name": name.replace("_", "-"), "Values": list(v)} for name, v in values.items()]


def _translated(error: ClientError) -> Exception:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code_of(error) in _THROTTLED:
        return Throttled(f"{error.operation_name}: {message_of(error)}")
    if code_of(error) in _UNAVAILABLE or status >= 500:
        return Unavailable(f"{error.operation_name}: {message_of(error)}")
    return error
