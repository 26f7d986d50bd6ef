"""Calls of AWS: one session, bounded patience, and a named error for every refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, ParamSpec, TypeVar

import botocore
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from connectivity.adapters import refused_calls
from connectivity.adapters.refusals import translated
from connectivity.adapters.small_models import SmallModels, are_read_by
from connectivity.domain.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")

BRIEF_ATTEMPTS, ATTEMPTS, PATIENT_ATTEMPTS = 2, 3, 8
"""The number of attempts of a client at a call that AWS throttles."""
_attempts = ATTEMPTS
"""The number of attempts of this process: more where a person calls, because no state machine
retries then."""


@cache
def client(service: str) -> Any:
    """A client of the function's own Region, made once per execution environment.

    Few attempts, because the state machine waits a throttle out without paying for a function
    that sleeps.
    """
    return _made(service, _attempts)


@cache
def brief_client(service: str) -> Any:
    """A client that gives up within some ten seconds: for what a run does without if it has to."""
    return _made(service, BRIEF_ATTEMPTS, connect=2, read=4)


@cache
def patient_client(service: str) -> Any:
    """A client that backs off for up to a minute when AWS throttles it: for a sweep, behind which
    no state machine waits."""
    return _made(service, PATIENT_ATTEMPTS)


def _made(service: str, attempts: int, connect: int = 5, read: int = 65) -> Any:
    return session().create_client(
        service,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=connect,
            read_timeout=read,
        ),
    )


@cache
def session() -> Any:
    """Return a session of botocore, untyped because the type stubs know a client only by a literal
    name. boto3 adds nothing to a client, and costs a start more than any of our modules."""
    made: Any = botocore.session.get_session()
    if are_read_by(botocore.__version__):
        made.register_component("data_loader", SmallModels())
    return made


def forget_clients(profile: str = "", attempts: int = ATTEMPTS) -> None:
    """Make the next clients anew, by what the environment says then, or with the credentials of a
    profile, to call so often before they give up. A function never does this: it has one Region
    for life."""
    global _attempts
    for made in (client, brief_client, patient_client, session):
        made.cache_clear()
    _attempts = attempts
    if profile:
        # As a variable of the session it goes before keys in the environment.
        session().set_config_variable("profile", profile)


def refuse(judge: Callable[[str], None]) -> None:
    """Let `judge` see the name of every operation before it is sent, by clients that are made from
    now on; what it raises stops the call."""
    for made in (client, brief_client, patient_client):
        made.cache_clear()

    def look(model: Any, **_: Any) -> None:
        judge(model.name)

    session().register("before-call", look)


@cache
def regions_of(service: str, region: str) -> frozenset[str]:
    """Return the Regions in this one's partition in which AWS offers a service, as far as the SDK
    knows."""
    partition = session().get_partition_for_region(region)
    return frozenset(session().get_available_regions(service, partition))


def call(operation: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call AWS. Raises what `error_codes.MEANINGS` says: an error of ours, or botocore's
    ClientError for an answer that the adapter reads, and for a bug."""
    return _translating(lambda: operation(*args, **kwargs), kwargs)


def items(client: Any, operation: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
    """Return all items of all pages. Raises as `call` does."""

    def read() -> list[dict[str, Any]]:
        pages = client.get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]

    return _translating(read, arguments)


def each(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Yield the items of all pages, of which only one is held at a time. Raises as `call` does."""
    pages = iter(client.get_paginator(operation).paginate(**arguments))
    while (page := _translating(lambda: next(pages, None), arguments)) is not None:
        yield from page[key]


def filters(**values: Any) -> list[dict[str, Any]]:
    """EC2's filters: `filters(vpc_id=[...])` is the filter `vpc-id`."""
    return [{"Name": name.replace("_", "-"), "Values": list(v)} for name, v in values.items()]


def _translating(attempt: Callable[[], R], parameters: Mapping[str, object]) -> R:
    try:
        return attempt()
    except ClientError as error:
        becomes = translated(error, parameters)
        refused_calls.count(error, becomes)
        raise becomes from error
    except (HTTPClientError, NoConnection) as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from error
