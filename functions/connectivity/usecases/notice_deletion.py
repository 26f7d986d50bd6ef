"""Notice a deletion that AWS has refused because of what we made: free what asks for nothing, and
name the rest (`domain/refused_deletion.py` has the cases)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectivity.domain.errors import Fact, UnreadableOption
from connectivity.domain.ledger import Entry
from connectivity.domain.mails import Allowance, hour_in
from connectivity.domain.model import Vpc
from connectivity.domain.refused_deletion import (
    RefusedDeletion,
    freed,
    in_the_way,
    is_freed,
    kept,
    read_refused_deletion,
    told_of,
    why_not_freed,
)
from connectivity.domain.routes import ways_to_others
from connectivity.domain.wish import Wish, read_wish
from connectivity.usecases.knock import knock
from connectivity.usecases.ports import Vpcs
from connectivity.usecases.request import RequestDoor, WishRequest, Written, write_wish
from connectivity.usecases.request_order import order_of

MOST_AN_HOUR = 60
"""Refused deletions of one VPC, and of its subnets, that are looked at: Terraform asks again every
ten seconds."""
BECAUSE = "deletion"

logger = logging.getLogger(__name__)


def notice_deletion(event: Mapping[str, Any], door: RequestDoor) -> dict[str, Any]:
    """Return the VPC, and the execution that was started, if one was. What is told is told by the
    workflow, whose status it becomes. `event` is Amazon EventBridge's, with a record of AWS
    CloudTrail as its detail."""
    refused = read_refused_deletion(event.get("detail"))
    vpc_id = _vpc_of(refused, door) if refused else None
    if refused is None or vpc_id is None:
        return {"vpcId": None, "started": None}
    return {"vpcId": vpc_id, "started": _notice(vpc_id, refused, event, door)}


def _vpc_of(refused: RefusedDeletion, door: RequestDoor) -> str | None:
    return refused.vpc_id or door.vpcs.vpc_of_subnet(refused.target)


def _notice(
    vpc_id: str, refused: RefusedDeletion, event: Mapping[str, Any], door: RequestDoor
) -> str | None:
    entry = door.ledger.read(vpc_id)
    if entry.is_at_rest or not _may_be_looked_at(vpc_id, door):
        return None
    vpc = door.vpcs.find(vpc_id)
    if _asks_for_nothing(vpc):
        return _go_on(entry, door)
    way = in_the_way(refused, entry, door.vpcs.interfaces_in(refused.target))
    if not way.ours:
        logger.info("%s is kept by nothing of ours", refused.target)
        return None
    if not door.settings.free_on_deletion or refused.is_older_than(entry):
        return _tell(entry, kept(refused, way), door)
    why = _why_not_freed(refused, entry, door.vpcs)
    if not why:
        try:
            written = _free(vpc_id, event, door)
        except Fact as problem:
            logger.warning("the tag of %s was not removed: %s", vpc_id, problem)
        else:
            return _freed(entry, refused, door) if written == "written" else None
    return _tell(entry, kept(refused, way, why), door)


def _why_not_freed(refused: RefusedDeletion, entry: Entry, vpcs: Vpcs) -> str:
    """Return who else needs the VPC; empty if nobody does. A virtual private gateway is looked for
    as well as its routes: those that it propagates are gone while its connection is down."""
    whole = replace(refused, target=entry.vpc_id)
    others = in_the_way(whole, entry, vpcs.interfaces_in(entry.vpc_id)).others
    routed = ways_to_others(vpcs.route_tables(entry.vpc_id))
    return why_not_freed(others, sorted({*routed, *vpcs.vpn_gateways(entry.vpc_id)}))


def _may_be_looked_at(vpc_id: str, door: RequestDoor) -> bool:
    allowance = Allowance(f"deletions/{vpc_id}", MOST_AN_HOUR)
    return door.ledger.allow(allowance, hour_in(door.clock.now()))


def _asks_for_nothing(vpc: Vpc | None) -> bool:
    """Tell whether the tag is gone; one that cannot be read asks for something."""
    try:
        return vpc is None or read_wish(vpc.tags) is Wish.DISABLED
    except UnreadableOption:
        return False


def _go_on(entry: Entry, door: RequestDoor) -> str | None:
    """Knock, unless somebody is at work, who then removes it already."""
    if entry.holder is not None and door.executions.is_running(entry.holder):
        return None
    return knock(entry.vpc_id, BECAUSE, door.ledger, door.executions)


def _free(vpc_id: str, event: Mapping[str, Any], door: RequestDoor) -> Written:
    """Remove the tag as a request event does, unless a newer request asks for something. The safety
    valve stands behind that. Raises what `write_wish` raises."""
    asked = WishRequest("Delete", vpc_id, order=order_of(event, "Delete", door.clock.now()))
    return write_wish(asked, door)


def _freed(entry: Entry, refused: RefusedDeletion, door: RequestDoor) -> str | None:
    """Write down that the tag was removed, which it was, and knock."""
    door.ledger.record_deletion(entry.vpc_id, freed(refused), door.clock.seconds())
    return knock(entry.vpc_id, BECAUSE, door.ledger, door.executions)


def _tell(entry: Entry, line: str, door: RequestDoor) -> str | None:
    """Write the line down, and knock, so that it is told: once a day, whoever asks how often."""
    now = door.clock.seconds()
    before = told_of(entry, now)
    if before and not is_freed(before):
        return None
    door.ledger.record_deletion(entry.vpc_id, line, now)
    return knock(entry.vpc_id, BECAUSE, door.ledger, door.executions)
