"""Knock: a tag of a VPC has changed, or a DNS host has acknowledged."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.acknowledgement import vpc_acknowledged
from connectivity.domain.tags import wish_tags
from connectivity.usecases.knock import knock, knock_for_host

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """An `aws.tag` event, whose only resource is the VPC's ARN; or a `Parameter Store Change`,
    whose parameter has the VPC's id in its name, if it is an acknowledgement at all."""
    if event["source"] == "aws.ssm":
        return _acknowledged(vpc_acknowledged(event["detail"]["name"]))
    vpc_id = event["resources"][0].rsplit("/", 1)[1]
    heard = wish_tags(event["detail"].get("tags", {}))
    started = knock(vpc_id, "tag", wiring.ledger(), wiring.executions(), heard)
    return {"vpcId": vpc_id, "started": started}


def _acknowledged(vpc_id: str | None) -> Any:
    if vpc_id is None:
        return {"vpcId": None, "started": None}
    now = wiring.clock().now()
    started = knock_for_host(vpc_id, now, wiring.ledger(), wiring.executions())
    return {"vpcId": vpc_id, "started": started}
