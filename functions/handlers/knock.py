"""Knock: a tag of a VPC has changed."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.knock import knock

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """An `aws.tag` event; its only resource is the VPC's ARN."""
    vpc_id = event["resources"][0].rsplit("/", 1)[1]
    started = knock(vpc_id, "tag", wiring.ledger(), wiring.executions())
    return {"vpcId": vpc_id, "started": started}
