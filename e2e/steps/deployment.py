"""The stack, deployed; its rules' names, its roles' policies, and a look into the dead letters."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

from e2e import stack
from e2e.lab import MINUTE, Lab, StepFailedError
from e2e.sandbox import make_vpc

ROLE = "AWS::IAM::Role"
GHOST = "vpc-00000000000e2e000"
"""The id of a VPC that does not exist."""


def run(lab: Lab) -> None:
    make_vpc(lab)
    with lab.record.measured("sam deploy, a new stack"):
        stack.deploy(lab)
    lab.record.expect(stack.status(lab).endswith("_COMPLETE"), "the stack is there")
    _rules(lab)
    _policies(lab)
    _protection(lab)
    _dead_letters(lab)


def _protection(lab: Lab) -> None:
    """Turn the ledger's protection on where it is on, as the guard does at each update. No document
    of AWS says that DynamoDB takes that: a refusal would fail every update of a stack."""
    table, client = lab.resource("Ledger"), lab.client("dynamodb")
    said = lab.attempt(
        "UpdateTable", lambda: client.update_table(TableName=table, DeletionProtectionEnabled=True)
    )
    lab.record.expect(said is not None, "the ledger's protection can be turned on twice")


def _rules(lab: Lab) -> None:
    """Write down the names of the rules, which CloudFormation cuts at 64 characters."""
    for each in lab.resources():
        if each["ResourceType"] == "AWS::Events::Rule":
            lab.record.fact("rule", each["PhysicalResourceId"])


def _policies(lab: Lab) -> None:
    """Ask IAM Access Analyzer about each policy as it was deployed."""
    iam, analyzer = lab.client("iam"), lab.client("accessanalyzer")
    roles = [r["PhysicalResourceId"] for r in lab.resources() if r["ResourceType"] == ROLE]
    for role in roles:
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            asked = {"policyDocument": json.dumps(document), "policyType": "IDENTITY_POLICY"}
            what = f"ValidatePolicy {role}/{name}"
            said = lab.attempt(what, partial(analyzer.validate_policy, **asked))
            if said is None:
                return
            errors = [f for f in said["findings"] if f["findingType"] == "ERROR"]
            lab.record.fact(f"findings of {role}/{name}", said["findings"])
            lab.record.expect(not errors, f"{name} of {role} has no error")


def _dead_letters(lab: Lab) -> None:
    """Check that a request event whose rule may not invoke its function ends in the queue, at
    once."""
    function, client = lab.resource("RequestFunction"), lab.client("lambda")
    policy = lab.attempt("GetPolicy", lambda: client.get_policy(FunctionName=function)["Policy"])
    if policy is None:
        return
    statement = statement_for(policy, lab.resource("RequestFunctionRequested"))
    client.remove_permission(FunctionName=function, StatementId=statement["Sid"])
    try:
        entry = {
            "Source": "ecs-anywhere.private-connectivity",
            "DetailType": "Delete",
            "Detail": json.dumps({"vpc-id": GHOST}),
        }
        time.sleep(0 if lab.amazon.endpoint else 15)  # IAM is eventually consistent
        lab.client("events").put_events(Entries=[entry])
        begun = time.monotonic()
        try:
            lab.until(lambda: _received(lab), "the event among the dead letters", 3 * MINUTE)
            lab.record.lag(
                "an event that cannot be delivered is a dead letter", time.monotonic() - begun
            )
        except StepFailedError as late:
            lab.record.expect(False, str(late))
    finally:
        client.add_permission(
            FunctionName=function,
            StatementId=statement["Sid"],
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
        )


def statement_for(policy: str, rule: str) -> dict[str, Any]:
    """Return the statement of a function's policy by which a rule invokes it; `rule` is its
    physical id, behind the name of a bus of its own where it has one. Raises StepFailedError."""
    name = rule.rpartition("|")[2]
    for statement in json.loads(policy)["Statement"]:
        source = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", "")
        if source.rpartition("/")[2] == name:
            return dict(statement)
    raise StepFailedError(f"the function's policy has no statement for the rule {name}")


def _received(lab: Lab) -> bool:
    queue, sqs = lab.resource("DeadLetters"), lab.client("sqs")
    said: dict[str, Any] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
    for message in said.get("Messages", []):
        if GHOST in message["Body"]:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return True
    return False
