"""Disturb the connection; the app has to repair and to report each disturbance."""

from __future__ import annotations

import json
import time
from typing import Any

from connectivity.domain import tags

from e2e.lab import MINUTE, Lab
from e2e.steps.connecting import connect
from e2e.watching import watched


def run(lab: Lab) -> None:
    connect(lab)
    with watched(lab):
        _repaired(lab, "an interface endpoint was deleted", _delete_an_endpoint)
        _repaired(lab, "a rule was taken off", _take_a_rule_off)
        _repaired(lab, "the parameter was deleted", _delete_the_parameter)
    _stopped_and_gone_on(lab)
    _off_and_on(lab)


def _repaired(lab: Lab, what: str, disturb: Any) -> None:
    disturb(lab)
    ended = lab.run_of(lambda: _enable_again(lab), f"{what}: put right")
    said = str(ended.output.get("detail", ""))
    lab.record.fact(what, said or ended.error)
    lab.record.expect(ended.status == "SUCCEEDED" and "repaired" in said, f"{what}: put right")


def _enable_again(lab: Lab) -> None:
    entry = {
        "Source": "ecs-anywhere.private-connectivity",
        "DetailType": "Enable",
        "Detail": json.dumps({"vpc-id": lab.state.vpc}),
    }
    lab.client("events").put_events(Entries=[entry])


def _delete_an_endpoint(lab: Lab) -> None:
    ids = [e["VpcEndpointId"] for e in lab.endpoints() if e["ServiceName"].endswith(".ssm")]
    begun = time.monotonic()
    lab.client("ec2").delete_vpc_endpoints(VpcEndpointIds=ids)
    lab.until(
        lambda: not {*ids} & {e["VpcEndpointId"] for e in lab.endpoints()},
        "the endpoint to be seen going",
    )
    lab.record.lag("DeleteVpcEndpoints until a describe shows it", time.monotonic() - begun)


def _take_a_rule_off(lab: Lab) -> None:
    ec2 = lab.client("ec2")
    groups = ec2.describe_security_groups(Filters=lab.in_vpc())["SecurityGroups"]
    (group,) = (g for g in groups if "-resolver" in g["GroupName"])
    ec2.revoke_security_group_ingress(
        GroupId=group["GroupId"], IpPermissions=group["IpPermissions"][:1]
    )


def _delete_the_parameter(lab: Lab) -> None:
    name = f"/ecs-anywhere/private-connectivity/{lab.state.vpc}/forwarding"
    lab.client("ssm").delete_parameter(Name=name)


def _stopped_and_gone_on(lab: Lab) -> None:
    """Stop an execution in the middle, as a person does in the console."""
    client, before = lab.client("stepfunctions"), lab.executions()
    lab.tag(services="logs")
    running = lab.until(
        lambda: [
            arn for arn, s in lab.executions().items() if s == "RUNNING" and arn not in before
        ],
        "an execution to stop",
    )
    client.stop_execution(executionArn=running[0], error="Stopped", cause="by make e2e")
    ended = lab.run_of(lambda: lab.tag(services=""), "after an execution was stopped")
    lab.record.expect(ended.status == "SUCCEEDED", f"goes on after a stop {ended.error}")


def _off_and_on(lab: Lab) -> None:
    """Take the tag off and set it again within five seconds: the last wish holds, also where the
    removal has begun by then."""
    before, begun = lab.executions(), time.monotonic()
    lab.tag(wish="")
    time.sleep(min(4, lab.pause))
    lab.tag(wish="enabled")

    def is_over() -> bool:
        there = {arn: s for arn, s in lab.executions().items() if arn not in before}
        return bool(there) and "RUNNING" not in there.values()

    lab.until(is_over, "an execution after: off and on again", 40 * MINUTE)
    lab.until(lambda: lab.tags().get(tags.STATUS) == "connected", "connected again", 30 * MINUTE)
    lab.record.lag("off and on again, until it is connected", time.monotonic() - begun)
    lab.record.expect(lab.published().get("state") == "active", "it is published again")
