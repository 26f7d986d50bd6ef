"""Parts of a run that need no AWS: who may begin, what is read, and the clean-up comes first."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.credentials import Credentials, RefreshableCredentials
from connectivity.domain import tags

from e2e.__main__ import listen_to_signals, run
from e2e.amazon import Amazon
from e2e.asked import Asked
from e2e.cleanup import clean_up
from e2e.credentials import lifetime, too_short
from e2e.entry import sounds_like_production
from e2e.errors_of_the_app import gather
from e2e.lab import Lab, StepFailedError
from e2e.record import Record
from e2e.sandbox import MARK
from e2e.stack import remove_records
from e2e.state import State
from e2e.steps.deployment import statement_for
from e2e.steps.facts import substituted

ACCOUNT = "123456789012"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
Answers = dict[str, Callable[..., Any]]


class FakeAmazon:
    """Clients that answer from a table of operations; every other list is empty."""

    endpoint = ""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers

    def client(self, _: str) -> FakeClient:
        return FakeClient(self.answers)


class FakeClient:
    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return self._answers.get(operation, lambda **_: Empty())


class Empty(dict[str, Any]):
    def __missing__(self, key: str) -> list[Any]:
        return []


def lab_with(folder: Path, answers: Answers, **state: Any) -> Lab:
    """A run of no step, whose state is on disk."""
    kept = State(folder / "state.json", "20261129t120000z", ACCOUNT, "us-east-2", "s", **state)
    kept.keep()
    asked = Asked(only=("none",), patience=0.0001)
    return Lab(asked, cast(Amazon, FakeAmazon(answers)), Record(folder / "r.json", {}), kept)


@pytest.fixture
def handlers() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    streams = sys.stdout, sys.stderr
    yield
    sys.stdout, sys.stderr = streams
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_closed_terminal_begins_the_clean_up_as_ctrl_c_does(number: int) -> None:
    listen_to_signals()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert isinstance(sys.stdout, io.StringIO) is (number == signal.SIGHUP), "it takes no line"


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), RuntimeError("no trail")])
def test_errors_are_gathered_after_the_clean_up_and_cannot_keep_it_from_that(
    tmp_path: Path, problem: BaseException
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise problem

    lab = lab_with(tmp_path, {"get_paginator": fails})
    assert run(lab) == 0
    assert not lab.state.path.exists(), "all was removed"
    assert repr(problem) in lab.record.path.read_text()


def test_the_sdk_of_the_functions_runtime_is_written_down(tmp_path: Path) -> None:
    """AWS says of no Region which one its Python runtime holds; its records of calls do."""

    def called_by(role: str, agent: str) -> dict[str, str]:
        issuer = {"sessionContext": {"sessionIssuer": {"userName": role}}}
        return {"CloudTrailEvent": json.dumps({"userIdentity": issuer, "userAgent": agent})}

    events = [
        called_by("s-FinishFunctionRole-1", "Botocore/1.40.4 ua/2.1 os/linux#5.10"),
        called_by("s-SweepFunctionRole-1", "Boto3/1.39.0 md/Botocore#1.39.0 ua/2.1"),
        called_by("another", "Botocore/1.2.3"),
    ]
    pages = SimpleNamespace(paginate=lambda **_: [{"Events": events}])
    lab = lab_with(tmp_path, {"get_paginator": lambda _: pages})
    gather(lab)
    assert [fact["value"] for fact in lab.record.facts] == [["1.39.0", "1.40.4"]]


def test_a_vpc_whose_id_was_not_written_down_is_found_by_its_tag(tmp_path: Path) -> None:
    there = ["vpc-1"]

    def describe(Filters: list[dict[str, Any]]) -> Any:  # noqa: N803 - as boto3 names it
        (asked,) = Filters
        is_marked = asked == {"Name": f"tag:{MARK}", "Values": ["20261129t120000z"]}
        return {"Vpcs": [{"VpcId": vpc} for vpc in there if is_marked or asked["Values"] == [vpc]]}

    def delete(VpcId: str) -> None:  # noqa: N803 - as boto3 names it
        there.remove(VpcId)

    lab = lab_with(tmp_path, {"describe_vpcs": describe, "delete_vpc": delete})
    assert clean_up(lab) == []
    assert there == []


def test_records_go_with_every_version_and_those_of_another_run_stay(tmp_path: Path) -> None:
    buckets = {"s-evidence-ours": ["1", "2"], "s-evidence-of-another-run": ["3"]}

    def pages(Bucket: str) -> list[Any]:  # noqa: N803 - as boto3 names it
        return [{"Versions": [{"Key": "k", "VersionId": id_} for id_ in buckets[Bucket]]}]

    def delete_objects(Bucket: str, Delete: dict[str, Any]) -> None:  # noqa: N803
        for each in Delete["Objects"]:
            buckets[Bucket].remove(each["VersionId"])

    def delete_bucket(Bucket: str) -> None:  # noqa: N803
        assert buckets.pop(Bucket) == [], "Amazon S3 deletes no bucket that holds anything"

    answers: Answers = {
        "list_buckets": lambda: {"Buckets": [{"Name": name} for name in [*buckets]]},
        "get_paginator": lambda _: SimpleNamespace(paginate=pages),
        "delete_objects": delete_objects,
        "delete_bucket": delete_bucket,
    }
    lab = lab_with(tmp_path, answers, records=["s-evidence-ours"])
    remove_records(lab)
    assert buckets == {"s-evidence-of-another-run": ["3"]}


@pytest.mark.parametrize("running", [True, False])
def test_an_old_removed_is_not_believed_while_the_vpc_connects_again(
    tmp_path: Path, running: bool
) -> None:
    vpc = {"VpcId": "vpc-1", "Tags": [{"Key": tags.STATUS, "Value": "removed"}]}
    execution = {"executionArn": "arn", "name": "vpc-1-1", "status": "RUNNING"}
    outputs = [{"OutputKey": "StateMachineArn", "OutputValue": "arn:machine"}]
    stack = {"StackStatus": "CREATE_COMPLETE", "Outputs": outputs}
    lab = lab_with(
        tmp_path,
        {
            "describe_vpcs": lambda **_: {"Vpcs": [vpc]},
            "describe_stacks": lambda **_: {"Stacks": [stack]},
            "list_executions": lambda **_: {"executions": [execution] if running else []},
        },
        vpc="vpc-1",
    )
    said = "\n".join(clean_up(lab))
    assert ("in vain for: the status removed" in said) is running, said


def test_each_substitution_of_the_workflow_is_made_by_its_name() -> None:
    text = "arn:${Partition}:states:::lambda:invoke ${PublishFunction} ${Partition}"
    assert substituted(text, "aws-cn", "cn-north-1", ACCOUNT) == (
        "arn:aws-cn:states:::lambda:invoke "
        f"arn:aws-cn:lambda:cn-north-1:{ACCOUNT}:function:PublishFunction aws-cn"
    )


@pytest.mark.parametrize("rule", ["s-Requested-1", "bus|s-Requested-1"])
def test_the_rule_that_may_not_invoke_the_function_is_the_one_of_the_request_events(
    rule: str,
) -> None:
    def statement(sid: str, name: str) -> dict[str, Any]:
        source = f"arn:aws:events:us-east-2:{ACCOUNT}:rule/{name}"
        return {"Sid": sid, "Condition": {"ArnLike": {"AWS:SourceArn": source}}}

    said = [statement("deletion", "s-DeletionRefused-1"), statement("ours", rule.replace("|", "/"))]
    assert statement_for(json.dumps({"Statement": said}), rule)["Sid"] == "ours"
    with pytest.raises(StepFailedError, match="s-Other-1"):
        statement_for(json.dumps({"Statement": said}), "s-Other-1")


@pytest.mark.parametrize(
    ("alias", "sounds"),
    [
        *((alias, True) for alias in ("acme-prod", "prod_acme", "acme-production-eu", "live1")),
        *((alias, False) for alias in ("acme-nonprod", "acme-non-prod", "preprod-eu")),
        *((alias, False) for alias in ("delivery-sandbox", "product-lab", "sandbox")),
    ],
)
def test_an_alias_sounds_like_production_by_a_whole_word(alias: str, sounds: bool) -> None:
    assert sounds_like_production(alias) is sounds


def ending_in(hours: float, method: str) -> RefreshableCredentials:
    end = NOW + timedelta(hours=hours)
    return RefreshableCredentials("a", "s", "t", end, dict, method)


@pytest.mark.parametrize(
    ("credentials", "refused", "line"),
    [
        (ending_in(1, "env"), True, "end at 2026-11-29T13:00Z"),
        (ending_in(5, "env"), False, "end at 2026-11-29T17:00Z"),
        (ending_in(1, "assume-role"), False, "end at 2026-11-29T13:00Z, and are renewed"),
        (Credentials("a", "s", "t", "shared-credentials-file"), False, "nobody knows when it ends"),
        (Credentials("a", "s"), False, "do not end by themselves"),
    ],
)
def test_a_session_that_ends_before_the_clean_up_is_refused_and_one_of_unknown_length_is_named(
    credentials: Credentials, refused: bool, line: str
) -> None:
    assert bool(too_short(credentials, NOW, 4)) is refused
    assert line in lifetime(credentials)
