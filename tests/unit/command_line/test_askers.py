"""Who changed the wish, out of what AWS CloudTrail keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from connectivity.domain.tags import WISH
from ecs_anywhere.askers import MOST_PAGES, asked_by

VPC = "vpc-0a1b2c3d"
REFUSED = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "LookupEvents")


def event(
    who: str = "ann", key: str = WISH, name: str = "CreateTags", **more: Any
) -> dict[str, Any]:
    """Return an event as AWS CloudTrail has it."""
    record = {
        "eventName": name,
        "userIdentity": {"arn": f"arn:aws:iam::123456789012:user/{who}"},
        "requestParameters": {
            "resourcesSet": {"items": [{"resourceId": VPC}]},
            "tagSet": {"items": [{"key": key, "value": more.pop("value", "enabled")}]},
        },
    }
    at = datetime(2026, 11, 29, 12, tzinfo=UTC)
    return {"EventName": name, "EventTime": at, "CloudTrailEvent": json.dumps(record | more)}


class Trail:
    """AWS CloudTrail with these pages, which counts those that were read."""

    def __init__(self, *pages: Any) -> None:
        self.pages, self.read = pages, 0

    def get_paginator(self, call: str) -> Trail:
        assert call == "lookup_events"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        for page in self.pages:
            self.read += 1
            if isinstance(page, Exception):
                raise page
            yield {"Events": page}


def said(*pages: Any) -> list[str]:
    return list(asked_by(Trail(*pages), VPC))


ANN = "2026-11-29T12:00:00Z CreateTags arn:aws:iam::123456789012:user/ann"


def test_a_change_behind_the_first_page_of_events_is_found() -> None:
    others = [event("bob", key="Name") for _ in range(50)]
    assert said(others, others, [event()]) == [ANN]


def test_a_change_that_was_refused_is_nobody_s() -> None:
    assert said([event("eve", errorCode="Client.UnauthorizedOperation"), event()]) == [ANN]


@pytest.mark.parametrize("key", ["note", f"{WISH}-2", ""])
def test_a_tag_whose_value_is_the_name_of_the_wish_tag_is_no_change_of_the_wish(key: str) -> None:
    assert said([event("eve", key=key, value=WISH), event()]) == [ANN]


def test_who_removed_every_tag_removed_the_wish() -> None:
    all_tags: dict[str, Any] = {
        "requestParameters": {"resourcesSet": {"items": [{"resourceId": VPC}]}}
    }
    [line] = said([event("bob", name="DeleteTags", **all_tags)])
    assert line.endswith("DeleteTags arn:aws:iam::123456789012:user/bob")


def created(*keys: str, kind: str = "vpc", **more: Any) -> dict[str, Any]:
    """Return CreateVpc as AWS CloudTrail has it: tags beside their resource's kind. Source: Amazon
    EC2 API reference, CreateVpc (TagSpecification.N), in the form that CloudTrail's samples of
    RunInstances have (`tagSpecificationSet.items[].tags[]`)."""
    made = {"resourceType": kind, "tags": [{"key": key, "value": "enabled"} for key in keys]}
    asked = {"cidrBlock": "10.0.0.0/16", "tagSpecificationSet": {"items": [made]}}
    return event("cal", name="CreateVpc", requestParameters=asked, **more)


def test_who_made_the_vpc_with_the_wish_tag_set_it() -> None:
    [line] = said([created("Name", WISH)])
    assert line == "2026-11-29T12:00:00Z CreateVpc arn:aws:iam::123456789012:user/cal"


@pytest.mark.parametrize(
    "other",
    [
        created("Name"),
        created(WISH, errorCode="Client.UnauthorizedOperation"),
        created(WISH, kind="subnet"),
        event("dan", name="CreateVpc", requestParameters={"cidrBlock": "10.0.0.0/16"}),
        event("dan", name="CreateVpc", requestParameters=None),
    ],
    ids=["another tag", "refused", "another resource's tag", "no tag", "no parameters"],
)
def test_who_made_the_vpc_without_the_wish_tag_did_not_set_it(other: dict[str, Any]) -> None:
    assert said([other, event()]) == [ANN]


def test_events_without_end_are_read_to_a_bound_that_is_told() -> None:
    trail = Trail(*([event("bob", key="Name")] for _ in range(MOST_PAGES + 9)))
    [line] = asked_by(trail, VPC)
    assert line == "not known what was before: only 40 pages of events were read"
    assert trail.read <= MOST_PAGES + 1
    assert said(*([event("bob", key="Name")] for _ in range(MOST_PAGES))) == []


def test_who_may_not_look_is_told_of_nobody_and_an_answer_that_breaks_off_says_so() -> None:
    assert said(REFUSED) == []
    assert said([event()], REFUSED) == [
        ANN,
        "not known what was before: AWS CloudTrail answered 1 pages only",
    ]
