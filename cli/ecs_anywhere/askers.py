"""Callers that changed the wish tag of a VPC, as AWS CloudTrail knows them.

CloudTrail's event history has 90 days in every account; not everybody may read it. Sources: API
reference of AWS CloudTrail, LookupEvents (50 events a page, two calls a second); of Amazon EC2,
CreateVpc (TagSpecification.N), which CloudTrail shows as `tagSpecificationSet`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from connectivity.domain.tags import WISH

MOST_PAGES = 40
"""Pages that are looked through: twenty seconds, at the rate that AWS allows."""
_TAGGING = frozenset({"CreateTags", "DeleteTags", "CreateVpc"})


def asked_by(cloudtrail: Any, vpc_id: str) -> Iterator[str]:
    """Yield when the VPC's wish tag was changed, by which call and by whom, the newest first. The
    last line says so where CloudTrail has more events than were read."""
    pages = cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": vpc_id}],
        PaginationConfig={"PageSize": 50},
    )
    looked = 0
    try:
        for page in pages:
            if looked == MOST_PAGES:
                yield f"not known what was before: only {MOST_PAGES} pages of events were read"
                return
            looked += 1
            yield from _changes(page)
    except (BotoCoreError, ClientError):
        if looked:
            yield f"not known what was before: AWS CloudTrail answered {looked} pages only"


def _changes(page: Mapping[str, Any]) -> Iterator[str]:
    for event in page["Events"]:
        if event.get("EventName") not in _TAGGING:
            continue
        record = json.loads(event["CloudTrailEvent"])
        if not record.get("errorCode") and _is_of_the_wish(record):
            who = (record.get("userIdentity") or {}).get("arn") or event.get("Username", "")
            at = event["EventTime"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            yield f"{at} {event['EventName']} {who}"


def _is_of_the_wish(record: Mapping[str, Any]) -> bool:
    """Tell whether the call set or removed the wish tag. DeleteTags without a tag removes all."""
    asked = record.get("requestParameters") or {}
    if record.get("eventName") == "CreateVpc":
        return any(tag.get("key") == WISH for tag in _tags_of_a_new_vpc(asked))
    tags = (asked.get("tagSet") or {}).get("items") or []
    if not tags:
        return bool(record.get("eventName") == "DeleteTags")
    return any(tag.get("key") == WISH for tag in tags)


def _tags_of_a_new_vpc(asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the tags that CreateVpc gave the VPC itself."""
    for each in (asked.get("tagSpecificationSet") or {}).get("items") or []:
        if each.get("resourceType") == "vpc":
            yield from each.get("tags") or []
