"""One account of two emulators: LocalEmu runs the stack, the embedded AWS has the networks.

boto3 finds its way by itself: `AWS_ENDPOINT_URL_EC2` and the like, in the environment of every
function, are stronger than `AWS_ENDPOINT_URL`, which LocalEmu sets to itself.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.settings import REPOSITORY
from tests.second_opinion.other_interpreter.localemu import LocalEmu

ENDPOINTS = {
    "ec2": "AWS_ENDPOINT_URL_EC2",
    "route53": "AWS_ENDPOINT_URL_ROUTE_53",
    "route53resolver": "AWS_ENDPOINT_URL_ROUTE53RESOLVER",
    "route53profiles": "AWS_ENDPOINT_URL_ROUTE53PROFILES",
    "ssm": "AWS_ENDPOINT_URL_SSM",
    # The probe is made, invoked and removed by a function, in a VPC of the embedded AWS.
    "lambda": "AWS_ENDPOINT_URL_LAMBDA",
}
"""Services that the embedded AWS answers, and how a function is told where."""


class SplitAws(EmbeddedAws):
    """The embedded AWS, without the app, for what `ENDPOINTS` names; LocalEmu for all else."""

    localemu: LocalEmu

    def join(self, localemu: LocalEmu) -> None:
        """Let LocalEmu answer for the rest, and hear what happens here."""
        self.localemu = localemu
        self.events = _EventsThere(localemu)

    def client(self, service: str) -> Any:
        """Return a boto3 client of whoever answers for the service."""
        return super().client(service) if service in ENDPOINTS else self.localemu.client(service)

    def deploy(self, parameters: Mapping[str, str]) -> None:
        """Deploy the app on LocalEmu, its functions with `ENDPOINTS` in their environment."""
        with TemporaryDirectory(prefix="split-") as folder:
            source = Path(folder)
            shutil.copytree(REPOSITORY / "statemachine", source / "statemachine")
            shutil.copytree(REPOSITORY / "functions", source / "functions")
            template = yaml_parse((REPOSITORY / "template.yaml").read_text())
            variables = template["Globals"]["Function"]["Environment"]["Variables"]
            variables |= dict.fromkeys(ENDPOINTS.values(), self.url)
            (source / "template.yaml").write_text(json.dumps(template, default=str))
            self.outputs = deploy(self.localemu, parameters, source)
        self._know_probe_role()

    def _know_probe_role(self) -> None:
        """Make the role that the stack made for the probe here as well, where the probe is."""
        there, here = self.localemu.client("iam"), super().client("iam")
        stack = self.localemu.client("cloudformation").describe_stack_resource(
            StackName=self.settings.stack_name, LogicalResourceId="ProbeRole"
        )
        name = stack["StackResourceDetail"]["PhysicalResourceId"]
        trust = there.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        here.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        for policy in there.list_role_policies(RoleName=name)["PolicyNames"]:
            allowed = there.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            here.put_role_policy(
                RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(allowed)
            )


class _EventsThere:
    """An event bus for what AWS's services tell here: the rules that wait for it are LocalEmu's."""

    def __init__(self, localemu: LocalEmu) -> None:
        self._events = localemu.client("events")

    def publish(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str],
        region: str,
    ) -> None:
        entry = {"Source": source, "DetailType": detail_type, "Resources": list(resources)}
        self._events.put_events(Entries=[{**entry, "Detail": json.dumps(detail)}])
