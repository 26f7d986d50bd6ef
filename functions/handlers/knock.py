"""Knock: a tag of a VPC has changed, or a DNS host has acknowledged."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.acknowledgement import vpc_acknowledged
from connectivity.domain.tags import wish_tags
from connectivity.usecases.knock import knock

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """An `aws.tag` event, whose only resource is the VPC's ARN; or a `Parameter Store Change`,
    whose parameter has the VPC's id in its name, if it is an acknowledgement at all."""
    vpc_id: str | None
    heard = None
    if event["source"] == "aws.ssm":
        vpc_id, because = vpc_acknowledged(event["detail"]["name"]), "acknowledgement"
    else:
        vpc_id, because = event["resources"][0].rsplit("/", 1)[1], "tag"
        heard = wish_tags(event["detail"].get("tags", {}))
    if vpc_id is None:
        return {"vpcId": None, "started": None}
    started = knock(vpc_id, because, wiring.ledger(), wiring.executions(), heard)
    return {"vpcId": vpc_id, "started": started}
