"""`make e2e`, against the embedded AWS: whole, killed and gone on with, failing, interrupted, and
refused where somebody is at work."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain import tags
from ecs_anywhere_check.brief import brief
from ecs_anywhere_check.findings import Expected, Finding
from ecs_anywhere_check.host import Host

from e2e.sandbox import MARK
from e2e.steps.patterns import EVENTS
from local.deploy import stage
from local.engine import EmbeddedAws
from local.example_vpc import make_vpc
from local.managed_instances import Ended
from local.settings import REPOSITORY, Settings
from local.up import add_routes

pytestmark = pytest.mark.timeout(1200)
TIME_SCALE = 0.01
PATIENCE = 600
"""Real seconds; the SAM CLI alone takes a quarter of a minute each time."""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(Settings(time_scale=TIME_SCALE)) as running:
        add_routes(running)
        yield running


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` would have left, without its quarter of a minute."""
    return stage(tmp_path_factory.mktemp("built") / "app") / "template.yaml"


@dataclass
class Runs:
    """Runs that share a folder, as those of one working tree do."""

    aws: EmbeddedAws
    template: Path
    folder: Path

    def start(self, *options: str) -> subprocess.Popen[str]:
        command = ["-m", "e2e", "--template", str(self.template), "--folder", str(self.folder)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_DEFAULT_REGION": self.aws.settings.region,
            "AWS_ACCESS_KEY_ID": self.aws.settings.account,
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_POLL_DELAY": "0.1",
            "PYTHONPATH": "functions",
        }
        return subprocess.Popen(
            [sys.executable, *command, *options],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *options: str) -> tuple[int, str]:
        started = self.start(*options)
        said, _ = started.communicate(timeout=PATIENCE)
        return started.returncode, said

    @property
    def state(self) -> dict[str, Any]:
        path = self.folder / "state.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def record(self) -> dict[str, Any]:
        """The newest one."""
        newest = max(self.folder.glob("2*.json"), key=lambda path: path.stat().st_mtime)
        return dict(json.loads(newest.read_text()))

    def is_gone(self) -> bool:
        """Whether AWS has nothing that a run makes, or lets be made."""
        listed = self.aws.client("cloudformation").list_stacks()["StackSummaries"]
        stacks = [each for each in listed if each["StackStatus"] != "DELETE_COMPLETE"]
        marked = [{"Name": "tag-key", "Values": [MARK]}]
        left = (
            [
                s
                for s in stacks
                if "e2e" in s["StackName"] and s["StackStatus"] != "DELETE_COMPLETE"
            ],
            self.aws.client("ec2").describe_vpcs(Filters=marked)["Vpcs"],
            self.aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"],
            self.aws.client("route53resolver").list_resolver_endpoints()["ResolverEndpoints"],
            [b for b in self.aws.client("s3").list_buckets()["Buckets"] if "e2e" in b["Name"]],
            [r for r in self.aws.client("iam").list_roles()["Roles"] if "e2e" in r["RoleName"]],
        )
        return not any(left) and not self.state


@pytest.fixture
def runs(aws: EmbeddedAws, template: Path, tmp_path: Path) -> Iterator[Runs]:
    yield Runs(aws, template, tmp_path)


def until(there: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + PATIENCE
    while not there():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_run_that_was_killed_is_gone_on_with_to_its_end_and_leaves_nothing(runs: Runs) -> None:
    killed = runs.start("--yes", "--only", "facts,deploy,plan,connect,options")
    until(lambda: "connect" in runs.state.get("done", []), killed)
    killed.kill()
    killed.communicate()
    assert runs.aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"], "all stands"

    host = registered(runs.aws, "site")
    outside = ("--onprem", _inside(runs.aws), "--host", host, "--cluster", "site")
    code, said = runs.run("--yes", *outside)
    assert "connect: done by an earlier part of this run" in said
    record = runs.record()
    assert [each["what"] for each in record["expectations"] if not each["ok"]] == [], said
    assert code == 0, said
    done = {each["step"]: each["result"] for each in record["steps"]}
    assert done == dict.fromkeys(
        ["outside", "hosts", "options", "disturb", "update", "untag", "delete"], "done"
    )
    assert any("over tcp" in each["what"] for each in record["expectations"])
    of_the_host = {e["what"] for e in record["expectations"] if e["step"] == "hosts"}
    assert {"its way is private", "the status shows that"} <= of_the_host
    assert tags_of(runs.aws, host) == [], "it is nobody's container host any more"
    assert any("until a describe shows it" in each["what"] for each in record["lags"])
    assert {"id", "what", "value", "seconds", "shown before"} <= record["seen"][0].keys()
    assert runs.aws.settings.account not in json.dumps(record), "it may be shown to anybody"
    assert runs.is_gone()


def _inside(aws: EmbeddedAws) -> str:
    """A command that runs a script in the VPC's network, and trusts the embedded AWS."""
    address = aws.networks.inbound_addresses()[0]
    if not address.inside or not shutil.which("dig") or not shutil.which("curl"):
        pytest.fail("network namespaces, dig and curl are needed: make servers")
    return shlex.join(["env", f"CURL_CA_BUNDLE={aws.trust_bundle}", *address.inside, "sh", "-s"])


def registered(aws: EmbeddedAws, cluster: str) -> str:
    """Register a container host that finds every published name as it is published."""
    aws.client("ecs").create_cluster(clusterName=cluster)
    nobody = json.dumps({"Version": "2012-10-17", "Statement": []})
    aws.client("iam").create_role(RoleName="container-hosts", AssumeRolePolicyDocument=nobody)
    made = aws.client("ssm").create_activation(IamRole="container-hosts", RegistrationLimit=1)

    def check(script: str) -> Ended:
        assert "ecs-anywhere-check --brief" in script
        published = aws.client("ssm").get_parameters_by_path(
            Path="/ecs-anywhere/private-connectivity", Recursive=True
        )["Parameters"]
        [document] = [p["Value"] for p in published if p["Name"].endswith("/forwarding")]
        names = json.loads(document)["names"]
        found = [Finding(name, "libc", "PRIVATE", " ".join(ips)) for name, ips in names.items()]
        return Ended(0, brief(found, Expected(names, ()), Host(environment={})))

    id_, code = made["ActivationId"], made["ActivationCode"]
    host = str(aws.managed_instances.register(id_, code, "node1", check))
    aws.managed_instances.join(host, cluster)
    return host


def tags_of(aws: EmbeddedAws, host: str) -> list[dict[str, str]]:
    about = {"ResourceType": "ManagedInstance", "ResourceId": host}
    return list(aws.client("ssm").list_tags_for_resource(**about)["TagList"])


def test_a_step_that_fails_is_told_and_everything_is_removed(runs: Runs) -> None:
    code, said = runs.run("--yes", "--only", "deploy,connect,outside", "--fail-at", "outside")
    assert code == 1
    assert "failed in 0 s: it was asked to fail" in said
    assert [(s["step"], s["result"]) for s in runs.record()["steps"]] == [
        ("deploy", "done"),
        ("connect", "done"),
        ("outside", "failed"),
    ]
    assert runs.is_gone()


def test_an_interrupted_run_and_one_that_is_kept_are_removed_by_the_clean_up(runs: Runs) -> None:
    kept, said = runs.run("--yes", "--keep", "--only", "facts,deploy", "--fail-at", "deploy")
    assert kept == 1
    assert "make e2e CLEANUP=1 removes it" in said
    tried = [e for e in runs.record()["expectations"] if e["what"].startswith("the pattern of ")]
    assert len(tried) == 2 * len(EVENTS) and all(each["ok"] for each in tried), tried
    interrupted = runs.start("--yes", "--only", "deploy,connect")
    until(lambda: "deploy" in runs.state.get("done", []), interrupted)
    interrupted.send_signal(signal.SIGINT)
    said, _ = interrupted.communicate(timeout=PATIENCE)
    assert interrupted.returncode == 1
    assert "interrupted: cleaning up" in said
    assert runs.is_gone(), said
    assert runs.run("--cleanup") == (0, "nothing is left of any run\n")


def test_a_wish_that_nothing_came_of_does_not_keep_the_clean_up_waiting(runs: Runs) -> None:
    """A tag that goes before its event was heard gets no status."""
    code, said = runs.run("--yes", "--keep", "--only", "deploy,connect", "--fail-at", "connect")
    assert code == 1, said
    ec2, vpc = runs.aws.client("ec2"), runs.state["vpc"]
    with unheard(runs.aws):
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": tags.WISH, "Value": "enabled"}])
    code, said = runs.run("--cleanup")
    assert (code, runs.is_gone()) == (0, True), said


@contextmanager
def unheard(aws: EmbeddedAws) -> Iterator[None]:
    """Let no tag event be heard meanwhile."""
    events = aws.client("events")
    names = [rule["Name"] for rule in events.list_rules()["Rules"] if "TagChanged" in rule["Name"]]
    for name in names:
        events.disable_rule(Name=name)
    yield
    for name in names:
        events.enable_rule(Name=name)


def test_an_account_in_which_somebody_is_at_work_is_refused(runs: Runs) -> None:
    ec2 = runs.aws.client("ec2")
    vpc = make_vpc(ec2)
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": tags.WISH, "Value": "enabled"}])
    code, said = runs.run("--yes")
    assert code == 2
    assert f"{vpc} carries the tag {tags.WISH}: this account is in use" in said
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": tags.WISH}])
    runs.aws.client("iam").create_account_alias(AccountAlias="acme-production")
    assert "the account's alias acme-production sounds like production" in runs.run("--yes")[1]
    runs.aws.client("iam").delete_account_alias(AccountAlias="acme-production")
    assert runs.is_gone()


def test_nothing_begins_without_a_yes_and_the_cost_is_named_before(runs: Runs) -> None:
    code, said = runs.run()
    assert code == 2
    assert "USD for 3 hours" in said
    assert runs.aws.settings.account in said
    assert "nobody is there to say yes: YES=1" in said
    assert runs.is_gone()
