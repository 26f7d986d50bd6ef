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
from botocore.exceptions import ClientError
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
from e2e.stack import CONTAINER_HOST_TAG, remove_records
from e2e.state import State, read
from e2e.steps import patterns
from e2e.steps.deployment import statement_for
from e2e.steps.facts import substituted
from e2e.steps.hosts import OF_VPC, _is_shown, tagged

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


def test_every_pattern_of_the_template_is_tried_on_an_event_and_on_its_neighbour() -> None:
    assert patterns.patterns().keys() == patterns.EVENTS.keys()


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


class TaggedHost:
    """A managed instance with tags, as AWS Systems Manager answers of it."""

    def __init__(self, tags: dict[str, str]) -> None:
        self.tags = dict(tags)
        self.answers: Answers = {
            "list_tags_for_resource": self._list,
            "add_tags_to_resource": self._add,
            "remove_tags_from_resource": self._remove,
        }

    def _list(self, **_: str) -> Any:
        return {"TagList": [{"Key": key, "Value": value} for key, value in self.tags.items()]}

    def _add(self, Tags: list[dict[str, str]], **_: str) -> None:  # noqa: N803 - as boto3 names it
        self.tags |= {each["Key"]: each["Value"] for each in Tags}

    def _remove(self, TagKeys: list[str], **_: str) -> None:  # noqa: N803 - as boto3 names it
        for key in TagKeys:
            self.tags.pop(key, None)


KEY = CONTAINER_HOST_TAG.partition("=")[0]
BEFORE: dict[str, dict[str, str]] = {
    "another VPC's": {OF_VPC: "vpc-theirs", "team": "a"},
    "nobody's": {"team": "a"},
    "as the run would tag it": {KEY: "yes", OF_VPC: "vpc-run"},
}


@pytest.fixture(params=BEFORE)
def host(request: pytest.FixtureRequest) -> TaggedHost:
    return TaggedHost(BEFORE[request.param])


def test_a_container_host_has_its_own_tags_again_afterwards(
    tmp_path: Path, host: TaggedHost
) -> None:
    before = dict(host.tags)
    lab = lab_with(tmp_path, host.answers, vpc="vpc-run")
    with pytest.raises(StepFailedError), tagged(lab, "mi-1"):
        assert host.tags[OF_VPC] == "vpc-run"
        raise StepFailedError("its way is not private")
    assert host.tags == before


def test_a_run_that_was_killed_there_has_its_host_s_tags_restored_by_the_clean_up(
    tmp_path: Path, host: TaggedHost
) -> None:
    before = dict(host.tags)
    entered = tagged(lab_with(tmp_path, host.answers, vpc="vpc-run"), "mi-1")
    entered.__enter__()
    kept = read(tmp_path / "state.json")
    assert kept
    lab = lab_with(tmp_path, host.answers, host=kept.host, host_tags=kept.host_tags)
    assert clean_up(lab) == []
    assert host.tags == before


def test_a_run_that_goes_on_does_not_take_its_own_tags_for_the_host_s(
    tmp_path: Path, host: TaggedHost
) -> None:
    before = dict(host.tags)
    entered = tagged(lab_with(tmp_path, host.answers, vpc="vpc-run"), "mi-1")
    entered.__enter__()
    kept = read(tmp_path / "state.json")
    assert kept
    lab = lab_with(tmp_path, host.answers, vpc="vpc-run", host=kept.host, host_tags=kept.host_tags)
    with tagged(lab, "mi-1"):
        assert host.tags[OF_VPC] == "vpc-run"
    assert host.tags == before


def test_a_host_that_is_registered_no_more_keeps_no_clean_up_waiting(tmp_path: Path) -> None:
    def gone(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "InvalidResourceId"}}, "RemoveTagsFromResource")

    lab = lab_with(
        tmp_path, {"remove_tags_from_resource": gone}, host="mi-1", host_tags={OF_VPC: None}
    )
    assert clean_up(lab) == []


CHECK = {"instance": "mi-1", "verdict": "private", "checked_at": 100.0}


@pytest.mark.parametrize(
    ("shown", "is_it"),
    [
        ({}, True),
        ({"checked_at": 160.0}, True),
        ({"checked_at": 40.0}, False),
        ({"verdict": "public", "checked_at": 160.0}, False),
        ({"instance": "mi-2"}, False),
    ],
)
def test_the_status_shows_a_check_or_a_later_one_that_the_schedule_made(
    shown: dict[str, Any], is_it: bool
) -> None:
    lines = [{"vpc": "vpc-run", "container_hosts": [CHECK | shown]}]
    assert _is_shown(lines, "vpc-run", CHECK) is is_it
    assert not _is_shown(lines, "vpc-other", CHECK)
