"""The unkind AWS: what a client sees of each fault, what came of its call, and that it repeats.

Each rule cites its fact. Clients here do not retry, so each call is one call.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR
from local.settings import REPOSITORY, Settings, Unkindness
from local.unkind.chance import caller_of, draw
from local.unkind.faults import Aim, Fault, Quirk
from tests.local.unkind_world import (
    ACCOUNT,
    CALLER,
    ONCE,
    REGION,
    SESSION,
    Client,
    Vpc,
    aim,
    as_role,
    client_of,
    code_and_status,
    fails,
    role,
    started,
)
from tests.local.vpc_world import until
from tests.story.app import STATUS, App
from tests.story.stranger import free_port, terminal

# Before and after the effect

MAKING = {"ec2": "ec2:CreateSecurityGroup", "ssm": "ssm:PutParameter"}


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.SERVER_ERROR, Fault.DROPPED_REQUEST])
@pytest.mark.parametrize("service", ["ec2", "ssm"])
def test_what_fails_before_its_effect_has_none(
    aws: EmbeddedAws, client: Client, vpc: Vpc, service: str, fault: Fault
) -> None:
    attempt, made = effects(client, vpc)[service]
    aim(aws, fault, MAKING[service])
    with pytest.raises((ClientError, ConnectionClosedError)):
        attempt()
    assert not made()
    attempt()
    assert made(), "one fault is one fault"


@pytest.mark.parametrize("service", ["ec2", "ssm"])
def test_an_answer_can_be_lost_although_the_call_took_effect(
    aws: EmbeddedAws, client: Client, vpc: Vpc, service: str
) -> None:
    attempt, made = effects(client, vpc)[service]
    aim(aws, Fault.LOST_ANSWER, MAKING[service])
    with pytest.raises(ConnectionClosedError):
        attempt()
    assert made()


def effects(client: Client, vpc: Vpc) -> dict[str, tuple[Callable[[], object], Callable[[], bool]]]:
    ec2, ssm, name = client("ec2"), client("ssm"), f"/{uuid4().hex}"
    return {
        "ec2": (lambda: vpc.make_group(ec2, "new"), lambda: "new" in vpc.groups_in(ec2)),
        "ssm": (
            lambda: ssm.put_parameter(Name=name, Value="1", Type="String"),
            lambda: not ssm.get_parameters(Names=[name])["InvalidParameters"],
        ),
    }


def test_the_journal_has_what_aws_did_and_the_weather_what_the_caller_met(
    aws: EmbeddedAws, client: Client
) -> None:
    """As CloudTrail: a throttle is an event with its error, a lost answer a success."""
    for fault in (Fault.THROTTLED, Fault.DROPPED_REQUEST, Fault.LOST_ANSWER):
        aim(aws, fault, "ec2:DescribeVpcs")
        with pytest.raises((ClientError, ConnectionClosedError)):
            client("ec2").describe_vpcs()
    journalled = [(call.name, call.status, call.error) for call in aws.journal.calls()]
    assert journalled == [
        ("ec2:DescribeVpcs", 503, "RequestLimitExceeded"),
        ("ec2:DescribeVpcs", 200, None),
    ]
    with urllib.request.urlopen(f"{aws.url}/_local/weather") as answer:
        shown = json.load(answer)
    told = [(each["caller"], each["action"], each["ordinal"], each["fault"]) for each in shown]
    assert told == [
        ("stranger", "ec2:DescribeVpcs", 1, "throttled"),
        ("stranger", "ec2:DescribeVpcs", 2, "dropped request"),
        ("stranger", "ec2:DescribeVpcs", 3, "lost answer"),
    ]


def test_whoever_may_not_call_is_refused_before_there_is_any_weather(
    aws: EmbeddedAws, client: Client
) -> None:
    with role(client) as arn:
        aimed = aws.weather.aim(Aim(Fault.SERVER_ERROR))
        with pytest.raises(ClientError) as refused:
            as_role(aws, arn, "ec2").describe_vpcs()
        assert code_and_status(refused) == ("UnauthorizedOperation", 403)
        assert aimed.happening is None


# Aims


def test_a_fault_is_aimed_at_the_nth_call_of_a_roles_action(
    aws: EmbeddedAws, client: Client
) -> None:
    with role(client, "ec2:Describe*") as arn:
        ec2 = as_role(aws, arn, "ec2")
        aimed = aws.weather.aim(Aim(Fault.THROTTLED, "ec2:DescribeVpcs", CALLER, nth=2))
        client("ec2").describe_vpcs()
        ec2.describe_vpcs()
        ec2.describe_subnets()
        with pytest.raises(ClientError, match="RequestLimitExceeded"):
            ec2.describe_vpcs()
        ec2.describe_vpcs()
    assert aimed.happening
    assert (aimed.happening.caller, aimed.happening.ordinal) == (CALLER, 2)


def test_a_fault_is_aimed_at_the_kth_call_of_any_role_from_now_on(
    aws: EmbeddedAws, client: Client
) -> None:
    """Which is how a test goes through all the calls of a run."""
    with role(client, "ec2:Describe*") as arn:
        ec2 = as_role(aws, arn, "ec2")
        steps = (ec2.describe_vpcs, ec2.describe_subnets, ec2.describe_tags)
        for k, _ in enumerate(steps):
            aws.weather.aim(Aim(Fault.DROPPED_REQUEST, nth=k + 1))
            assert [fails(step) for step in steps] == [each == k for each, _ in enumerate(steps)]


def test_aims_can_be_forgotten_and_calm_weather_counts_nothing(
    aws: EmbeddedAws, client: Client
) -> None:
    ec2 = client("ec2")
    aimed = aim(aws, Fault.SERVER_ERROR, "ec2:DescribeVpcs")
    with aws.weather.calm():
        ec2.describe_vpcs()
    assert aimed.seen == 0
    aws.weather.forget_aims()
    ec2.describe_vpcs()
    assert aws.weather.happenings() == []


# Chance

STORMY = Unkindness(seed=7, server_errors=0.1, dropped_requests=0.1, lost_answers=0.1)


def met(unkindness: Unkindness, threads: int = 1) -> list[tuple[str, int, str]]:
    """What 60 calls of each of two actions meet."""
    with started(unkindness) as aws:
        ec2 = client_of(aws, "ec2", ONCE.merge(Config(max_pool_connections=threads)))

        def go() -> None:
            for _ in range(60 // threads):
                fails(ec2.describe_vpcs)
                fails(ec2.describe_subnets)

        workers = [threading.Thread(target=go) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        happened = aws.weather.happenings()
        return sorted((each.action, each.ordinal, each.fault) for each in happened)


def test_the_same_seed_and_calls_meet_the_same_faults_whatever_threads_do() -> None:
    first = met(STORMY)
    assert first == met(STORMY, threads=4)
    assert first != met(Unkindness(8, server_errors=0.1, dropped_requests=0.1, lost_answers=0.1))
    assert {fault for _, _, fault in first} == {"server error", "dropped request", "lost answer"}


def test_faults_come_as_often_as_they_are_said_to() -> None:
    drawn = [draw(1, "caller", "action", ordinal) for ordinal in range(20_000)]
    assert 0.018 < sum(each < 0.02 for each in drawn) / len(drawn) < 0.022
    assert 0 <= min(drawn) < max(drawn) < 1


def test_a_caller_has_the_same_name_in_every_run() -> None:
    """AWS CloudFormation appends twelve random letters and digits to a role's name."""
    first, second = (
        f"arn:aws:iam::{ACCOUNT}:role/stack-KnockFunctionRole-{end}"
        for end in ("8B2K1QW0ZX7P", "1ABCDEFGHIJ2")
    )
    assert caller_of(first) == caller_of(second) == "stack-KnockFunctionRole"
    assert caller_of(None) == "stranger"


def test_by_default_aws_is_kind() -> None:
    assert met(Unkindness()) == []
    assert Settings().unkindness == Unkindness()


def test_a_bad_day_has_every_rule() -> None:
    kind, bad = vars(Unkindness()), vars(Unkindness.mild(7))
    assert [rule for rule in kind if kind[rule] == bad[rule]] == ["longest_delay"]
    assert bad["seed"] == 7


# The whole app


MILD_SEED = 3
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 6})


def test_a_vpc_is_connected_and_disconnected_on_a_bad_day() -> None:
    """Throttles with AWS's figures, a fault in every fiftieth call, events astray, stale answers:
    it ends as on a good day, and nothing is left."""
    settings = Settings(
        region=REGION,
        time_scale=0.02,
        stack_name="unkind",
        unkindness=Unkindness.mild(MILD_SEED),
    )
    with EmbeddedAws(settings) as aws:
        with aws.weather.calm():
            parameters = {
                "DrainSeconds": "60",
                "ExpirySeconds": "60",
                "OnPremCidrs": ONPREM_CIDR,
                "SweepMinutes": "5",
            }
            aws.outputs = deploy(aws, parameters, with_sam_cli=False)
            app = App(aws)
            vpc_id = app.vpc()
            app.tag(vpc_id, wish="enabled")
        _reaches(app, vpc_id, "connected")
        with aws.weather.calm():
            app.untag(vpc_id)
        _reaches(app, vpc_id, "removed")
        with aws.weather.calm():
            assert app.remnants(vpc_id) == {}
        met = {type(each.fault) for each in aws.weather.happenings()}
        assert {Fault, Quirk} <= met, "it was a good day"


def _reaches(app: App, vpc_id: str, status: str) -> None:
    def look() -> bool:
        ec2 = client_of(app.aws, "ec2", PATIENT)
        tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [vpc_id]}])["Tags"]
        time.sleep(0.3)
        return status in [tag["Value"] for tag in tags if tag["Key"] == STATUS]

    until(look, seconds=60)


def test_make_local_is_unkind_for_a_stranger_when_it_is_told_to_be() -> None:
    """The same `ready` line; the deployment itself is spared; the seed says what is struck."""
    port, seed = free_port(), 7
    url = f"http://127.0.0.1:{port}"
    with terminal("make", "local", f"PORT={port}", "UNKIND=1", f"SEED={seed}") as local:
        assert local.wait_for_line("ready") == f"ready {url}"
        assert f"with seed {seed}" in local.wait_for_line("AWS is unkind")
        ssm: Any = SESSION.client(
            "ssm",
            REGION,
            endpoint_url=url,
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=ONCE,
        )
        failed = [fails(lambda: ssm.get_parameters(Names=["/a"])) for _ in range(60)]
        with urllib.request.urlopen(f"{url}/_local/weather") as answer:
            shown = json.load(answer)
        local.terminate()
    struck = [number for number, has_failed in enumerate(failed, start=1) if has_failed]
    mild = Unkindness.mild(seed)
    share = mild.server_errors + mild.dropped_requests + mild.lost_answers
    drawn = [draw(seed, "stranger", "ssm:GetParameters", number + 1) for number in range(60)]
    assert struck == [number for number, each in enumerate(drawn, start=1) if each < share]
    assert struck
    assert [each["ordinal"] for each in shown if each["caller"] == "stranger"] == struck


def test_make_local_is_kind_unless_it_is_told_to_be_unkind() -> None:
    told = subprocess.run(
        ["make", "-n", "local"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "--unkind" not in told.stdout
