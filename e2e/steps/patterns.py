"""The template's event patterns: each matches the events it is for, and not their neighbours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from e2e.amazon import UNANSWERED
from e2e.asked import ROOT
from e2e.lab import Lab

STATE_MACHINE = "arn:aws:states:us-east-2:123456789012:stateMachine:example"
"""An ARN in the place of the state machine's, which a pattern names before it is made."""
PUBLICATION = "/ecs-anywhere/private-connectivity/vpc-0a1b2c3d"


@dataclass(frozen=True)
class Event:
    """An event as EventBridge delivers it, by the fields that a pattern may look at."""

    source: str
    detail_type: str
    detail: Mapping[str, Any]
    resources: tuple[str, ...] = ()

    def as_json(self, account: str, region: str) -> str:
        """Return it with every field that TestEventPattern requires."""
        return json.dumps(
            {
                "id": "1",
                "account": account,
                "region": region,
                "time": "2026-01-01T00:00:00Z",
                "source": self.source,
                "detail-type": self.detail_type,
                "detail": self.detail,
                "resources": self.resources,
            }
        )


def _tags(*keys: str) -> Event:
    detail = {"service": "ec2", "resource-type": "vpc", "changed-tag-keys": keys}
    return Event("aws.tag", "Tag Change on Resource", detail)


def _parameter(name: str, operation: str = "Update") -> Event:
    arn = f"arn:aws:ssm:us-east-2:123456789012:parameter{PUBLICATION}{name}"
    detail = {"operation": operation, "name": f"{PUBLICATION}{name}"}
    return Event("aws.ssm", "Parameter Store Change", detail, (arn,))


def _deletion(error: str) -> Event:
    detail = {"eventSource": "ec2.amazonaws.com", "eventName": "DeleteVpc", "errorCode": error}
    return Event("aws.ec2", "AWS API Call via CloudTrail", detail)


def _end(error: str) -> Event:
    detail = {"stateMachineArn": STATE_MACHINE, "status": "FAILED", "error": error}
    return Event("aws.states", "Step Functions Execution Status Change", detail)


EVENTS = {
    "TagChanged": (_tags("ecs-anywhere:private-connectivity"), _tags("ecs-anywhere:status")),
    "Acknowledged": (
        _parameter("/acknowledgements/dns-1", "Create"),
        _parameter("/acknowledgements/dns-1", "Delete"),
    ),
    "DeletionRefused": (
        _deletion("Client.DependencyViolation"),
        _deletion("Client.UnauthorizedOperation"),
    ),
    "Requested": (
        Event("ecs-anywhere.private-connectivity", "Enable", {"vpc-id": "vpc-0a1b2c3d"}),
        Event("ecs-anywhere", "Enable", {"vpc-id": "vpc-0a1b2c3d"}),
    ),
    "Ended": (_end("States.DataLimitExceeded"), _end("NotResolvingYet")),
    "PublicationChanged": (_parameter("/forwarding"), _parameter("/acknowledgements/x/forwarding")),
}
"""Rule of the template -> an event that its pattern matches, and one that it does not."""


def run(lab: Lab) -> None:
    for name, pattern in patterns().items():
        for event, matches in zip(EVENTS[name], (True, False), strict=True):
            verb, said = "matches" if matches else "does not match", _tried(lab, pattern, event)
            refusal = f" - AWS refuses to say: {said}" if isinstance(said, str) else ""
            what = f"the pattern of {name} {verb} {event.detail}{refusal}"
            lab.record.expect(said is matches, what)


def _tried(lab: Lab, pattern: str, event: Event) -> bool | str:
    """Return whether a pattern matches an event, or AWS's refusal of either."""
    told = event.as_json(lab.state.account, lab.state.region)
    try:
        said = lab.client("events").test_event_pattern(EventPattern=pattern, Event=told)
    except UNANSWERED as error:
        return str(error)
    return bool(said["Result"])


def patterns() -> dict[str, str]:
    """Return the patterns (JSON) of the template's rules."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    return dict(_rules(template["Resources"]))


def _rules(resources: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if "EventPattern" in properties:
            yield name, _resolved(properties["EventPattern"])
        if resource["Type"] == "AWS::Serverless::Function":
            for event, said in properties.get("Events", {}).items():
                if "Pattern" in said["Properties"]:
                    yield event, _resolved(said["Properties"]["Pattern"])


def _resolved(pattern: Any) -> str:
    """Return a pattern as JSON, with `STATE_MACHINE` in the place of the one that is to be made."""
    told = json.dumps(pattern)
    return told.replace(
        json.dumps({"Fn::GetAtt": ["PrivateConnectivity", "Arn"]}), json.dumps(STATE_MACHINE)
    )
