"""The app's own second day: the release before this one, at work, is updated to this one.

The former release is deployed from its own sources (tests/releases, scripts/keep_release.py). One
VPC is connected, another's enable and a third's teardown are under way, and a program uses names in
the connected one all the time. Then this working tree updates the stack; later the former release
updates it back, as a user would who does not like what they see. (That `sam deploy` updates as well
is a test of test_cloudformation.py; here the translator does its work in a third of the time.)
"""

from __future__ import annotations

import json
import lzma
import tarfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR
from local.settings import REPOSITORY, Settings
from tests.story import inside
from tests.story.app import STATUS, App
from tests.story.test_zero_blink import ECS, LIFECYCLES, SSM, TIME_SCALE, Workload, workload_in
from tests.story.workload import PRIVATE

RELEASES = REPOSITORY / "tests" / "releases"
STACK = "upgraded"
PARAMETERS = {
    "DrainSeconds": "3600",
    "ExpirySeconds": "120",
    "OnPremCidrs": ONPREM_CIDR,
    "NotificationEmail": "network-team@example.com",
    "SweepMinutes": "1440",
    "VerifyHours": "0",
    "RemovalShare": "100",
}
HOST = "dns-1"
NAMES = (ECS, SSM)
"""What the program in the connected VPC uses all the time."""
UNDER_WAY = 300
"""AWS seconds for which interface endpoints are made while the stack is updated."""


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the newest release that is not this working tree."""
    for archive in sorted(RELEASES.glob("*.tar.xz"), reverse=True):
        folder = tmp_path_factory.mktemp("release")
        with tarfile.open(fileobj=BytesIO(lzma.decompress(archive.read_bytes()))) as packed:
            packed.extractall(folder, filter="data")
        if not _is_this(folder):
            return folder
    raise AssertionError("no release is kept: make release keeps one")


def _is_this(folder: Path) -> bool:
    files = [path for path in folder.rglob("*") if path.is_file()]
    here = [REPOSITORY / path.relative_to(folder) for path in files]
    return all(
        there.exists() and there.read_bytes() == path.read_bytes()
        for path, there in zip(files, here, strict=True)
    )


@pytest.fixture(scope="module")
def app(former: Path) -> Iterator[App]:
    settings = Settings(time_scale=TIME_SCALE, stack_name=STACK)
    with EmbeddedAws(settings) as aws:
        aws.outputs = deploy(aws, PARAMETERS, former, with_sam_cli=False)
        yield App(aws)


def resources(app: App) -> dict[str, str]:
    """Logical id -> physical id of what is in the stack."""
    listed = app.client("cloudformation").list_stack_resources(StackName=STACK)
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in listed["StackResourceSummaries"]
        if each["LogicalResourceId"]
    }


def held(app: App, vpc_id: str) -> dict[str, Any]:
    """What a user, a workload and a DNS host have of a connected VPC."""
    endpoints = app.endpoints(vpc_id)
    document = json.loads(app.parameters(vpc_id)["forwarding"])
    return {
        "endpoints": {name: each["VpcEndpointId"] for name, each in endpoints.items()},
        "private DNS": {name: each.get("PrivateDnsEnabled") for name, each in endpoints.items()},
        "resolver IPs": app.parameters(vpc_id)["resolver-ips"],
        "forwarded": (document["state"], document["resolverIps"], document["names"]),
        "key": app.aws.outputs["PublicationPublicKey"],
        "groups": {p: app.group(vpc_id, p)["GroupId"] for p in ("endpoints", "resolver")},
        "status": app.tags(vpc_id)[STATUS],
        "ledger protected": is_protected(app),
    }


def is_protected(app: App) -> bool:
    """Whether the guard's protection of the ledger, of which the template says nothing, is on."""
    ledger = app.aws.outputs["LedgerTable"]
    table = app.client("dynamodb").describe_table(TableName=ledger)["Table"]
    return bool(table["DeletionProtectionEnabled"])


def assert_never_off(seen: Workload, phase: str) -> None:
    """Whoever looked a name up, with a cache or without, was answered privately, and TLS stood."""
    tries = seen.phases[phase]
    assert [each for each in tries if each.failure] == []
    assert {each.kind for each in tries} == {PRIVATE}


def is_running(app: App, execution: str) -> bool:
    found = app.client("stepfunctions").describe_execution(executionArn=execution)
    return bool(found["status"] == "RUNNING")


def ends_well(app: App, execution: str) -> None:
    """It was at work while its functions were replaced, and comes to its end by itself."""
    inside.await_end(app.aws, execution, timeout=120)
    found = app.client("stepfunctions").describe_execution(executionArn=execution)
    assert found["status"] == "SUCCEEDED", (found.get("error"), found.get("cause"))
    app.seen.add(execution)


def a_sweep_finds_all_well(app: App, vpc_id: str, before: Mapping[str, Any]) -> None:
    """What the sweep does of its own accord may be a new verification; it takes nothing away."""
    app.seen |= app.executions()
    if vpc_id in app.sweep()["knocked"]:
        app.next_success(vpc_id)
    assert held(app, vpc_id) == before


def update(app: App, source: Path, **parameters: str) -> None:
    """Deploy these sources; parameters that are not given keep their values."""
    app.aws.outputs = deploy(app.aws, parameters, source, with_sam_cli=False)
    (stack,) = app.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"


def connect(app: App, vpc_id: str) -> None:
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    confirm(app, vpc_id)


def confirm(app: App, vpc_id: str) -> None:
    """Let a DNS host acknowledge, and the app hear of it."""
    app.acknowledge(vpc_id, HOST)
    app.next_success(vpc_id)


def begin_to_leave(app: App, vpc_id: str) -> str:
    """Return the ARN of the teardown, which waits for the DNS host."""
    app.untag(vpc_id)
    return app.reaches(vpc_id, "Await acknowledgements")


def leave(app: App, vpc_id: str, teardown: str) -> None:
    app.acknowledge(vpc_id, HOST, state="withdrawn")
    ends_well(app, teardown)
    assert app.remnants(vpc_id) == {}


@pytest.mark.timeout(600)
def test_an_upgrade_and_the_way_back_lose_nothing_and_no_name_blinks(
    app: App, former: Path, tmp_path: Path
) -> None:
    connected, coming, going = (app.vpc(cidr=f"10.{number}.0.0/16") for number in range(3))
    connect(app, connected)
    connect(app, going)
    app.until_quiet()
    before, there = held(app, connected), resources(app)

    with workload_in(app, connected, tmp_path, NAMES) as seen:
        seen.until_fresh(PRIVATE, frozenset(NAMES))
        teardown = begin_to_leave(app, going)
        with app.lifecycles(**LIFECYCLES | {"interface_endpoint_creating": UNDER_WAY}):
            app.tag(coming, wish="enabled")
            enable = app.reaches(coming, "Ensure interface endpoints")
            with seen.phase("upgrade"):
                update(app, REPOSITORY)
        assert is_running(app, teardown)
        assert_never_off(seen, "upgrade")
        assert kept(there, app) == there, "nothing was replaced, nothing is gone"
        assert held(app, connected) == before
        ends_well(app, enable)
        assert app.tags(coming)[STATUS] == "connected"
        leave(app, going, teardown)
        a_sweep_finds_all_well(app, connected, before)

        confirm(app, coming)
        teardown = begin_to_leave(app, coming)
        with seen.phase("back"):
            update(app, former)
        assert is_running(app, teardown)
        assert_never_off(seen, "back")
        assert resources(app) == there
        leave(app, coming, teardown)
        a_sweep_finds_all_well(app, connected, before)

    leave(app, connected, begin_to_leave(app, connected))


def kept(there: Mapping[str, str], app: App) -> dict[str, str]:
    return {name: id_ for name, id_ in resources(app).items() if name in there}


OTHERS = {
    "DnsHostTag": "ecs-anywhere:dns-host=yes",
    "ContainerHostTag": "ecs-anywhere:container-host=yes",
    "PublicationSigning": "none",
    "NotificationEmail": "",
    "RequestEvents": "disabled",
    "SweepMinutes": "60",
    "LogRetentionDays": "7",
    "ExtraTags": "CostCenter=42",
    "PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
    "KmsKeyArn": "arn:aws:kms:us-east-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "DoorConcurrency": "5",
}
BEFORE = {
    "DnsHostTag": "",
    "ContainerHostTag": "",
    "PublicationSigning": "kms",
    "NotificationEmail": PARAMETERS["NotificationEmail"],
    "RequestEvents": "enabled",
    "SweepMinutes": PARAMETERS["SweepMinutes"],
    "LogRetentionDays": "90",
    "ExtraTags": "",
    "PermissionsBoundary": "",
    "KmsKeyArn": "",
    "DoorConcurrency": "0",
}
OF_THE_PUSH = {"ApplyForwarding", "PublicationChanged", "PushRole"}
OF_THE_CHECK = {"CheckContainerHost", "ContainerHostsDue", "CheckRole"}
OF_THE_KEY = {
    *("PublicationKey", "PublicationKeyAlias", "SignPublications", "DescribedPublicationKey"),
    *("DescribePublicationKeyFunction", "DescribePublicationKeyFunctionRole", "SigningKeyAlarm"),
}


def test_parameters_make_and_remove_what_they_are_about_and_touch_no_state(app: App) -> None:
    update(app, REPOSITORY)
    before, key = resources(app), app.aws.outputs["PublicationKeyId"]
    update(app, REPOSITORY, **OTHERS)
    changed = resources(app)
    assert changed.keys() - before.keys() == OF_THE_PUSH | OF_THE_CHECK
    assert before.keys() - changed.keys() == OF_THE_KEY | {"NotificationSubscription"}
    same = before.keys() & changed.keys()
    assert {name for name in same if before[name] != changed[name]} == set()
    assert app.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    groups = app.client("logs").describe_log_groups()["logGroups"]
    kept = {group["logGroupName"]: group.get("retentionInDays") for group in groups}
    assert kept[changed["SweepFunctionLogs"]] == 7
    assert is_protected(app)

    update(app, REPOSITORY, **BEFORE)
    again = resources(app)
    assert again.keys() == before.keys()
    anew = {name for name in before if before[name] != again[name]}
    assert anew <= OF_THE_KEY | {"NotificationSubscription"}
    assert app.aws.outputs["PublicationKeyId"] != key
    assert is_protected(app)
