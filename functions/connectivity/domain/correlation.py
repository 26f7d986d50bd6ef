"""Correlate: which VPC and which execution an event is about, for the log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_VPC = re.compile(r"\bvpc-(?:[0-9a-f]{17}|[0-9a-f]{8})\b")
_EXECUTION = re.compile(r"arn:[\w-]+:states:[\w-]*:\d*:execution:[^\s:]+:[^\s:]{1,80}")


def about(event: Mapping[str, Any]) -> dict[str, str]:
    """Return `vpc`, an id, and `execution`, an ARN, where the event names them. Whatever else
    stands in their places is nobody's id, and left out."""
    found = {
        "vpc": _first(_VPC, _of_a_vpc(event)),
        "execution": _first(_EXECUTION, _of_an_execution(event)),
    }
    return {key: value for key, value in found.items() if value}


def _of_a_vpc(event: Mapping[str, Any]) -> Iterator[Any]:
    """Yield where the workflow, EventBridge and a DNS host's parameter name a VPC."""
    detail = _part(event, "detail")
    yield event.get("vpcId")
    yield _part(event, "desired").get("vpc_id")
    yield _part(event, "given").get("vpcId")
    yield detail.get("vpc-id")
    yield detail.get("name")
    yield detail.get("executionArn")
    resources = event.get("resources")
    yield from resources[:1] if isinstance(resources, list) else ()


def _of_an_execution(event: Mapping[str, Any]) -> Iterator[Any]:
    yield event.get("execution")
    yield _part(event, "detail").get("executionArn")


def _part(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = event.get(name)
    return part if isinstance(part, Mapping) else {}


def _first(pattern: re.Pattern[str], places: Iterator[Any]) -> str:
    texts = (place for place in places if isinstance(place, str))
    return next((found[0] for text in texts if (found := pattern.search(text))), "")
