"""The form of what is remembered as JSON, also that of older versions of this tool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.files import FileState
from ecs_anywhere_dns.memory.records import ONLY, Applied, Duty, Journal, Last
from ecs_anywhere_dns.outcome import Refused

LARGEST_GENERATION = 1_000_000_000
"""The schema's."""


def duty_from(said: Mapping[str, Any]) -> Duty:
    return Duty(**{**said, "went": tuple(said["went"])})


def journal_from(said: Mapping[str, Any]) -> Journal:
    before = tuple(FileState.from_json(item) for item in said["before"])
    # An older version did not say how far it had come.
    return Journal(said["run"], before, tuple(said["zones"]), said.get("reloading", True))


def applied_as_json(applied: Applied) -> dict[str, Any]:
    """Return the form of before several VPCs could be followed, where there is one at most: so
    that a user may go back to a version of then."""
    before = [item.as_json() for item in applied.before]
    lasts = {vpc: _last_as_json(last) for vpc, last in applied.vpcs.items()}
    whole = {**vars(applied), "before": before, "vpcs": lasts}
    if len(lasts) > 1:
        return whole
    only = next(iter(lasts.values()), _last_as_json(Last()))
    return {**only, **{key: value for key, value in whole.items() if key != "vpcs"}}


def _last_as_json(last: Last) -> dict[str, Any]:
    forwarding = {key: value for key, value in vars(last.forwarding).items() if key != "apart"}
    return {**vars(last), "forwarding": forwarding}


def applied_from(said: Mapping[str, Any]) -> Applied:
    """Return what was applied, also from the form of one VPC. Raises KeyError, TypeError,
    ValueError."""
    before = tuple(FileState.from_json(item) for item in said["before"])
    names = {item.name for item in fields(Applied)}
    if "vpcs" in said:
        vpcs = {vpc: _last_from(last) for vpc, last in said["vpcs"].items()}
        return Applied(**{**said, "vpcs": vpcs, "before": before})
    own = names - {"vpcs"}
    at = {"at": said["at"]}
    last = _last_from({k: value for k, value in said.items() if k not in own} | at)
    vpcs = {_vpc_of(last): last} if last != Last(at=last.at) else {}
    host = {key: value for key, value in said.items() if key in own}
    return Applied(**{**host, "vpcs": vpcs, "before": before})


def _last_from(said: Mapping[str, Any]) -> Last:
    """Return it, also from what a version wrote that believed any generation and kept no checksum
    of it."""
    is_possible = said["newest"] <= LARGEST_GENERATION
    if "newest_checksum" not in said:
        said = {**said, "newest_checksum": _checksum_of(said)}
    if not is_possible:
        said = {**said, "newest": 0, "newest_checksum": ""}
    forwarding = dict(said["forwarding"])
    lists = {key: tuple(forwarding[key]) for key in ("zones", "forwarders")}
    return Last(**{**said, "forwarding": Forwarding(**forwarding | lists)})


def _vpc_of(last: Last) -> str:
    """Return the VPC that the document names; it was validated when it was applied."""
    try:
        named = json.loads(last.document or last.known)["vpcId"]
    except (ValueError, TypeError, KeyError):
        return ONLY
    return named if isinstance(named, str) else ONLY


def _checksum_of(said: Mapping[str, Any]) -> str:
    """Return the checksum of the newest document, where that is the applied one."""
    try:
        document = read_document(said["document"])
    except Refused:
        return ""
    return document.checksum if document.generation == said["newest"] else ""


def step_back(applied: Applied) -> Applied | None:
    """Return what was applied before; None where there is no step to go back."""
    return applied_from(applied.before_that) if applied.before_that is not None else None


def remembered(applied: Applied) -> dict[str, Any]:
    """Return the form for `before_that`: one step is kept, not all of history."""
    return applied_as_json(applied) | {"before": [], "before_that": None}
