"""What a handler writes into its log: metrics in CloudWatch's embedded format, and lines that name
the VPC and the execution."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from connectivity.adapters import refused_calls, wiring
from connectivity.adapters.aws import call
from connectivity.domain.correlation import about
from connectivity.domain.errors import NotReadyYet, Throttled
from connectivity.domain.measures import DENIED_CALLS, NAMESPACE, UNITS, Measure
from handlers.entry import entry
from handlers.log import logger
from handlers.measuring import emit

VPC = "vpc-0123456789abcdef0"
EXECUTION = (
    f"arn:aws:states:us-east-2:123456789012:execution:private-connectivity:{VPC}-1-tag-20261129T1Z"
)


class Context:
    """What AWS Lambda hands to a function."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER", "private-connectivity")
    wiring.take_refused_calls()


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the functions' logger writes."""
    [handler] = logger.handlers
    assert isinstance(handler, logging.StreamHandler)
    written = StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def refused(code: str, status: int = 400) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "DescribeVpcs")


def answering(error: Exception) -> Any:
    def operation() -> Any:
        raise error

    return operation


def metrics_in(text: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


def test_a_measure_is_a_line_of_the_log_in_the_embedded_metric_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit([Measure(name, 2) for name in UNITS], {"vpcId": VPC})
    [line] = metrics_in(capsys.readouterr().out)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == NAMESPACE
    assert directive["Dimensions"] == [["Stack"]], "more would be more metrics to be paid for"
    assert {m["Name"]: m["Unit"] for m in directive["Metrics"]} == UNITS
    assert (line["Stack"], line["vpc"]) == ("private-connectivity", VPC)
    assert all(line[name] == [2.0] for name in UNITS)


def test_without_a_measure_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    emit([], {"vpcId": VPC})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("code", "metric"),
    [
        ("RequestLimitExceeded", "ThrottledCalls"),
        ("UnauthorizedOperation", "DeniedCalls"),
        ("AccessDenied", "DeniedCalls"),
    ],
)
def test_a_call_that_aws_refuses_is_counted_also_where_the_handler_goes_on(
    code: str, metric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(_: Mapping[str, Any]) -> Any:
        with pytest.raises((ClientError, Throttled)):
            call(answering(refused(code)))
        return "it goes on"

    entry(handler)({"vpcId": VPC}, Context())
    [line] = metrics_in(capsys.readouterr().out)
    assert (line[metric], line["vpc"]) == ([1.0], VPC)


def test_a_refusal_that_is_no_throttle_and_no_denial_is_not_counted() -> None:
    for code in ("InvalidVpcID.NotFound", "InternalError"):
        with pytest.raises(Exception):  # noqa: B017 (whatever it becomes)
            call(answering(refused(code, 500)))
    assert refused_calls.take() == {}


def test_a_handler_that_has_to_wait_counts_the_wait_and_its_error_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(NotReadyYet):
        entry(answering_event(NotReadyYet("soon")))({"vpcId": VPC}, Context())
    [line] = metrics_in(capsys.readouterr().out)
    assert line["Waits"] == [1.0]


def test_a_handler_that_fails_has_told_what_was_refused_to_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def handler(_: Mapping[str, Any]) -> Any:
        return call(answering(refused("AccessDenied", 403)))

    with pytest.raises(ClientError):
        entry(handler)({}, Context())
    [line] = metrics_in(capsys.readouterr().out)
    assert line[DENIED_CALLS] == [1.0]


def answering_event(error: Exception) -> Any:
    def handler(_: Mapping[str, Any]) -> Any:
        raise error

    return handler


TAGGED = {"resources": [f"arn:aws:ec2:us-east-2:123456789012:vpc/{VPC}"], "detail": {"tags": {}}}
HEARD = {"detail": {"name": f"/ecs-anywhere/private-connectivity/{VPC}/acknowledgements/dns1"}}
EVENTS: dict[str, tuple[Mapping[str, Any], set[str]]] = {
    "knock": (TAGGED, {"vpc"}),
    "knock for a host": (HEARD, {"vpc"}),
    "request": ({"detail": {"vpc-id": VPC}}, {"vpc"}),
    "a step": ({"desired": {"vpc_id": VPC}, "execution": EXECUTION}, {"vpc", "execution"}),
    "read_vpc": ({"given": {"vpcId": VPC}, "execution": EXECUTION}, {"vpc", "execution"}),
    "finish": ({"vpcId": VPC, "execution": EXECUTION}, {"vpc", "execution"}),
    "a turn": ({"vpcId": VPC, "execution": None}, {"vpc"}),
    "report_unreported_end": ({"detail": {"executionArn": EXECUTION}}, {"vpc", "execution"}),
    "sweep": ({"time": "2026-11-29T12:00:00Z", "resources": ["arn:aws:events:rule/x"]}, set()),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_every_line_of_the_log_names_the_vpc_and_the_execution_that_the_event_is_about(
    kind: str, log: StringIO
) -> None:
    event, keys = EVENTS[kind]
    entry(lambda _: "done")(event, Context())
    [line] = map(json.loads, log.getvalue().splitlines())
    told = {key: line[key] for key in ("vpc", "execution") if key in line}
    assert told == {key: {"vpc": VPC, "execution": EXECUTION}[key] for key in keys}


def test_the_next_event_s_lines_do_not_name_the_vpc_of_the_one_before(log: StringIO) -> None:
    entry(lambda _: "done")({"vpcId": VPC}, Context())
    entry(lambda _: "done")({}, Context())
    first, second = map(json.loads, log.getvalue().splitlines())
    assert "vpc" in first
    assert "vpc" not in second


@pytest.mark.parametrize(
    "event",
    [
        {"vpcId": "vpc-", "execution": "arn:aws:states"},
        {"vpcId": 7, "desired": [], "given": None, "detail": "vpc", "resources": "vpc-0a1b2c3d"},
        {"detail": {"vpc-id": ["vpc-0a1b2c3d"], "name": None}, "resources": []},
    ],
)
def test_what_is_no_id_names_nothing(event: dict[str, Any]) -> None:
    assert about(event) == {}
