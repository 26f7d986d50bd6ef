"""The app's stack, deployed with the SAM CLI as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from e2e.amazon import UNANSWERED, code_of
from e2e.lab import MINUTE, ONPREM, Lab, StepFailedError
from e2e.sandbox import MARK

HOST_TAG = "ecs-anywhere-e2e:dns-host=yes"
CONTAINER_HOST_TAG = "ecs-anywhere-e2e:container-host=yes"


def parameters(lab: Lab, **changes: str) -> dict[str, str]:
    """Return the stack's parameters. No VPC but the run's own may be connected."""
    return {
        "AllowedVpcs": lab.state.vpc,
        "OnPremCidrs": ONPREM,
        "DrainSeconds": "60",
        "ExpirySeconds": "120",
        "RemovalShare": "100",
        "LogRetentionDays": "7",
        "NotificationEmail": lab.asked.email,
        "DnsHostTag": HOST_TAG,
        "ContainerHostTag": CONTAINER_HOST_TAG,
        **changes,
    }


def deploy(lab: Lab, template: Path | None = None, **changes: str) -> None:
    """Make or update the stack, by another template than the built one if one is given. Raises
    StepFailedError with what the SAM CLI said last."""
    source = (template or lab.asked.template).resolve()
    _make_bucket(lab)
    lab.state.keep(stack_begun=True)
    given = [f'{name}="{value}"' for name, value in parameters(lab, **changes).items()]
    command = [
        *(str(Path(sys.executable).with_name("sam")), "deploy"),
        *("--template-file", str(source)),
        *("--stack-name", lab.state.stack, "--s3-bucket", lab.state.bucket),
        *("--region", lab.state.region, "--capabilities", "CAPABILITY_IAM"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
        *("--tags", f"{MARK}={lab.state.run}", "--parameter-overrides", *given),
    ]
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, cwd=source.parent, env=environment
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        lab.record.fact("what the SAM CLI said", said)
        raise StepFailedError(f"sam deploy: {said}")


def _make_bucket(lab: Lab) -> None:
    s3, region = lab.client("s3"), lab.state.region
    if not lab.state.bucket:
        lab.state.keep(bucket=f"ecs-anywhere-e2e-{lab.state.account}-{lab.state.run}"[:63])
    names = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    if lab.state.bucket not in names:
        where = {"LocationConstraint": region}
        is_first = region == "us-east-1"
        s3.create_bucket(
            Bucket=lab.state.bucket,
            **({} if is_first else {"CreateBucketConfiguration": where}),
        )


def status(lab: Lab) -> str:
    """Return the stack's status; empty where there is none."""
    try:
        found = lab.client("cloudformation").describe_stacks(StackName=lab.state.stack)
    except UNANSWERED as error:
        if code_of(error) == "ValidationError":
            return ""
        raise
    return str(found["Stacks"][0]["StackStatus"])


def delete(lab: Lab) -> str:
    """Delete the stack, and return what became of it: an empty text, or `DELETE_FAILED`."""
    there = _id(lab)
    if not there:
        return ""
    _remember_records(lab)
    lab.client("cloudformation").delete_stack(StackName=lab.state.stack)
    return str(
        lab.until(
            lambda: _ended(lab, there), f"the end of the deletion of {lab.state.stack}", 20 * MINUTE
        )
    ).replace("DELETE_COMPLETE", "")


def _remember_records(lab: Lab) -> None:
    """Write down the stack's bucket of records, which its deletion leaves behind."""
    buckets = {
        each.get("PhysicalResourceId", "")
        for each in lab.resources()
        if each["ResourceType"] == "AWS::S3::Bucket"
    }
    lab.state.keep(records=sorted({*lab.state.records} | buckets - {""}))


def _ended(lab: Lab, stack_id: str) -> str:
    found = lab.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
    there = str(found[0]["StackStatus"]) if found else "DELETE_COMPLETE"
    return there if there in {"DELETE_COMPLETE", "DELETE_FAILED"} else ""


def _id(lab: Lab) -> str:
    if not status(lab):
        return ""
    found = lab.client("cloudformation").describe_stacks(StackName=lab.state.stack)
    return str(found["Stacks"][0]["StackId"])


def failures(lab: Lab) -> list[str]:
    """Return what failed in the stack's events, newest first."""
    found = lab.client("cloudformation").describe_stack_events(StackName=lab.state.stack)
    return [
        f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}"
        for e in found["StackEvents"]
        if e["ResourceStatus"].endswith("_FAILED")
    ]


def remove_bucket(lab: Lab) -> None:
    _remove_buckets(lab, {lab.state.bucket})


def remove_records(lab: Lab) -> None:
    """Remove the buckets with records of runs, which stay when their stacks go."""
    _remove_buckets(lab, {*lab.state.records})


def _remove_buckets(lab: Lab, names: Collection[str]) -> None:
    """Remove those of these buckets that are there, with every version of what is in them."""
    s3: Any = lab.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if name not in names:
            continue
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            there = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            ids = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in there]
            if ids:
                s3.delete_objects(Bucket=name, Delete={"Objects": ids})
        s3.delete_bucket(Bucket=name)
