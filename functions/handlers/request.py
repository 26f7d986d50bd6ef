"""Request: an event asks to enable, to plan or to delete (schemas/request-event.schema.json), or
AWS has refused to delete a VPC because of what we made there."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.notice_deletion import notice_deletion
from connectivity.usecases.request import RequestDoor, receive

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """Return the VPC and the execution that was started, for an event of Amazon EventBridge. A
    record of AWS CloudTrail is from `aws.ec2`, which nobody but AWS can send."""
    door = RequestDoor(
        wiring.vpcs(),
        wiring.ledger(),
        wiring.executions(),
        wiring.clock(),
        wiring.settings(),
    )
    if event["source"] == "aws.ec2":
        return notice_deletion(event, door)
    return receive(event, door)
