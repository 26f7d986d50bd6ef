"""The stack is deleted: refused while something is connected, or a policy is attached, then done;
and deployed again under the same name."""

from __future__ import annotations

import json
import time

from e2e import stack
from e2e.lab import Lab
from e2e.steps.connecting import connect
from e2e.steps.untagging import disconnect

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ec2.amazonaws.com"},
        }
    ],
}


def run(lab: Lab) -> None:
    if not stack.status(lab):
        stack.deploy(lab)
    connect(lab)
    _refused(lab, "a VPC is connected", lab.state.vpc)
    disconnect(lab)
    policy = lab.outputs["OnPremDnsHostPolicyArn"]
    _attach(lab, policy)
    _refused(lab, "the policy is attached", lab.state.role)
    _detach(lab, policy)
    with lab.record.measured("the deletion of the stack"):
        left = stack.delete(lab)
    lab.record.expect(not left, f"the stack is gone {stack.failures(lab)[:3] if left else ''}")
    with lab.record.measured("sam deploy, under the same name"):
        stack.deploy(lab)
    lab.record.expect(stack.status(lab) == "CREATE_COMPLETE", "it is there again")
    lab.record.fact("not tried", "a fifth resolver in the Region, a policy of an organisation "
                    "that forbids one action, a second Region")  # fmt: skip


def _refused(lab: Lab, what: str, named: str) -> None:
    """Check that the guard refuses the deletion, says why, and that everything is there."""
    before = {e["VpcEndpointId"] for e in lab.endpoints()}
    with lab.record.measured(f"a deletion that is refused: {what}"):
        became = stack.delete(lab)
    said = stack.failures(lab)[:5] if became else []
    lab.record.fact(f"refused: {what}", said)
    lab.record.expect(became == "DELETE_FAILED", f"not deleted while {what}")
    lab.record.expect(any(named in line for line in said), f"it says why: {named}")
    lab.record.expect({e["VpcEndpointId"] for e in lab.endpoints()} == before, "all is there")


def _attach(lab: Lab, policy: str) -> None:
    iam = lab.client("iam")
    if not lab.state.role:
        lab.state.keep(role=f"ecs-anywhere-e2e-{lab.state.run}")
        iam.create_role(RoleName=lab.state.role, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName=lab.state.role, PolicyArn=policy)
    time.sleep(0 if lab.amazon.endpoint else 15)  # IAM is eventually consistent


def _detach(lab: Lab, policy: str) -> None:
    lab.client("iam").detach_role_policy(RoleName=lab.state.role, PolicyArn=policy)
    time.sleep(0 if lab.amazon.endpoint else 15)
