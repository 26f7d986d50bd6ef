"""The errors that AWS answered to the app's own functions, and the SDK with which they called: from
CloudTrail, or from the journal of an embedded AWS."""

from __future__ import annotations

import json
import re
import urllib.request
from datetime import UTC, datetime
from typing import Any

from e2e.lab import Lab

_MOST_PAGES = 200
"""Pages of fifty events each; CloudTrail answers two such calls a second."""


def gather(lab: Lab) -> None:
    """Write the errors into the record. CloudTrail tells of a call up to a quarter of an hour
    later."""
    lab.record.step = "errors of the app"
    if lab.amazon.endpoint:
        _from_the_journal(lab)
    else:
        lab.attempt("CloudTrail", lambda: _from_cloudtrail(lab))


def _from_cloudtrail(lab: Lab) -> None:
    begun = datetime.strptime(lab.state.run, "%Y%m%dt%H%M%Sz").replace(tzinfo=UTC)
    pages = lab.client("cloudtrail").get_paginator("lookup_events")
    asked: dict[str, Any] = {"StartTime": begun, "PaginationConfig": {"MaxItems": 50 * _MOST_PAGES}}
    sdks: set[str] = set()
    for page in pages.paginate(**asked):
        for event in page["Events"]:
            said = json.loads(event["CloudTrailEvent"])
            if not _role_of(said).startswith(lab.state.stack):
                continue
            sdks |= {*re.findall(r"[Bb]otocore[/#]([0-9.]+)", said.get("userAgent", ""))}
            if said.get("errorCode"):
                service = str(said["eventSource"]).partition(".")[0]
                call = f"{service}:{said['eventName']}"
                lab.record.of_the_app(call, said["errorCode"], said["eventTime"])
    lab.record.fact("botocore in the functions' runtime", sorted(sdks))


def _role_of(event: dict[str, Any]) -> str:
    session = event.get("userIdentity", {}).get("sessionContext", {})
    return str(session.get("sessionIssuer", {}).get("userName", ""))


def _from_the_journal(lab: Lab) -> None:
    with urllib.request.urlopen(f"{lab.amazon.endpoint}/_local/calls") as answer:  # noqa: S310
        calls = json.load(answer)
    for call in calls:
        role = str(call.get("role_arn") or call.get("role") or "")
        if call.get("error") and lab.state.stack in role:
            name = f"{call.get('service')}:{call.get('action')}"
            lab.record.of_the_app(name, str(call["error"]), str(call.get("at", "")))
