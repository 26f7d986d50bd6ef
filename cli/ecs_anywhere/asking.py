"""Ask by the VPC's tags, as a person in the console does, or by a request event."""

from __future__ import annotations

import json
from collections.abc import Mapping

from connectivity.domain import tags

from ecs_anywhere.stack import Stack

SOURCE = "ecs-anywhere.private-connectivity"


class NotAskedError(Exception):
    """AWS took no request; the message says why."""


def tags_of(stack: Stack, vpc_id: str) -> dict[str, str]:
    """Return the tags of a VPC. Raises NotAskedError where there is none of that id, and botocore's
    ClientError."""
    of_it = [{"Name": "vpc-id", "Values": [vpc_id]}]
    found = stack.client("ec2").describe_vpcs(Filters=of_it)["Vpcs"]
    if not found:
        raise NotAskedError(
            f"there is no VPC {vpc_id} in account {stack.account}, {stack.region}: correct the id, "
            "or name its Region with --region"
        )
    return {each["Key"]: each["Value"] for each in found[0].get("Tags", [])}


def set_tags(stack: Stack, vpc_id: str, wanted: Mapping[str, str]) -> None:
    """Set tags of a VPC. Where all of them are there already, the wish is written in another case,
    as only a change is an event. Raises NotAskedError, and botocore's ClientError."""
    there = tags_of(stack, vpc_id)
    changed = {key: value for key, value in wanted.items() if there.get(key) != value}
    if not changed:
        changed = {tags.WISH: wanted[tags.WISH].capitalize()}
    said = [{"Key": key, "Value": value} for key, value in changed.items()]
    stack.client("ec2").create_tags(Resources=[vpc_id], Tags=said)


def remove_wish(stack: Stack, vpc_id: str) -> None:
    """Take the wish tag off; options stay for the next time. Raises botocore's ClientError."""
    stack.client("ec2").delete_tags(Resources=[vpc_id], Tags=[{"Key": tags.WISH}])


def verify(stack: Stack, vpc_id: str) -> None:
    """Ask for a verification now. Raises NotAskedError, and botocore's ClientError."""
    if stack.parameters.get("RequestEvents") == "disabled":
        raise NotAskedError(
            f"{stack.name} does not listen to request events (RequestEvents is disabled): set the "
            f"tag {tags.WISH} to enabled in another case, as in Enabled, to have the VPC looked at"
        )
    entry = {"Source": SOURCE, "DetailType": "Verify", "Detail": json.dumps({"vpc-id": vpc_id})}
    if bus := stack.parameters.get("RequestEventBusName"):
        entry["EventBusName"] = bus
    answer = stack.client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise NotAskedError(f"Amazon EventBridge took no event: {answer['Entries'][0]}")
