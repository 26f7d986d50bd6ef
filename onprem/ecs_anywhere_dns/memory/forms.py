"""The form of what is remembered as JSON, also that of older versions of this tool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.files import FileState
from ecs_anywhere_dns.memory.records import ONLY, Applied, Distrust, Duty, Journal, Last
from ecs_anywhere_dns.outcome import BadUsage, Exit, Refused

Record = TypeVar("Record")

LARGEST_GENERATION = 1_000_000_000
"""The schema's."""
NOT_WHAT_IS_WRITTEN = (KeyError, ValueError, TypeError, AttributeError)
"""Errors that a text which is JSON, and of another shape, leads to."""
KINDS: Mapping[str, type[Any]] = {"str": str, "int": int, "bool": bool}
"""The kinds of fields that are looked at, by their annotation."""


def _record(kind: type[Record], said: Mapping[str, Any]) -> Record:
    """Return a record of these fields. Raises TypeError where one is unknown or of another kind."""
    wanted = {item.name: KINDS.get(str(item.type)) for item in fields(kind)}  # type: ignore[arg-type]
    for name, value in said.items():
        if wanted.get(name) not in (None, type(value)):
            raise TypeError(f"{name} is no {wanted[name]}")
    return kind(**said)


def _texts(said: Any) -> tuple[str, ...]:
    if not isinstance(said, list | tuple) or not all(isinstance(item, str) for item in said):
        raise TypeError(f"{said!r} is no list of texts")
    return tuple(said)


def _time(said: str) -> str:
    """Return an ISO 8601 time. Raises ValueError where it names no time zone, or is none."""
    if datetime.fromisoformat(said).tzinfo is None:
        raise ValueError(f"{said!r} names no time zone")
    return said


def distrust_from(said: Mapping[str, Any]) -> Distrust:
    """Return the document that is distrusted. Raises KeyError, TypeError, ValueError."""
    distrust = _record(Distrust, said)
    if distrust.at:
        _time(distrust.at)
    return distrust


def duty_from(said: Mapping[str, Any]) -> Duty:
    """Return the duty of a standby. Raises KeyError, TypeError, ValueError."""
    duty = _record(Duty, {**said, "went": _texts(said["went"])})
    for at in (*duty.went, *filter(None, [duty.looked])):
        _time(at)
    return duty


def journal_from(said: Mapping[str, Any]) -> Journal:
    """Return the switch that was begun. Raises KeyError, TypeError, ValueError."""
    before = tuple(FileState.from_json(item) for item in said["before"])
    # An older version did not say how far it had come.
    return _record(
        Journal,
        {
            "run": said["run"],
            "before": before,
            "zones": _texts(said["zones"]),
            "reloading": said.get("reloading", True),
        },
    )


def text_in(said: Mapping[str, Any]) -> str:
    """Return the acknowledgement that was written. Raises KeyError, TypeError, ValueError."""
    text = said["text"]
    if text:
        _time(json.loads(text)["at"])
    return str(text)


def time_in(said: Mapping[str, Any]) -> str:
    """Return the time of the last verification. Raises KeyError, TypeError, ValueError."""
    return _time(said["at"])


def report_from(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the report of the last run. Raises KeyError, TypeError, ValueError."""
    Exit(said["exit"])
    texts = {key: said.get(key, "") for key in ("at", "summary", "cure")}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise TypeError(f"{key} is no text")
    return {**texts, **said}


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
        return _record(Applied, {**said, "vpcs": vpcs, "before": before})
    own = names - {"vpcs"}
    at = {"at": said["at"]}
    last = _last_from({k: value for k, value in said.items() if k not in own} | at)
    vpcs = {_vpc_of(last): last} if last != Last(at=last.at) else {}
    host = {key: value for key, value in said.items() if key in own}
    return _record(Applied, {**host, "vpcs": vpcs, "before": before})


def _last_from(said: Mapping[str, Any]) -> Last:
    """Return it, also from what a version wrote that believed any generation and kept no checksum
    of it."""
    is_possible = said["newest"] <= LARGEST_GENERATION
    if "newest_checksum" not in said:
        said = {**said, "newest_checksum": _checksum_of(said)}
    if not is_possible:
        said = {**said, "newest": 0, "newest_checksum": ""}
    forwarding = dict(said["forwarding"])
    lists = {key: _texts(forwarding[key]) for key in ("zones", "forwarders")}
    return _record(Last, {**said, "forwarding": _record(Forwarding, forwarding | lists)})


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
    """Return what was applied before; None where there is no step to go back. Raises BadUsage where
    that step cannot be read."""
    try:
        return applied_from(applied.before_that) if applied.before_that is not None else None
    except NOT_WHAT_IS_WRITTEN as error:
        raise BadUsage(
            f"the step before the last change is not what this version writes: {error!r}",
            "use the version that wrote it; or `ecs-anywhere-dns rollback --to-none` removes the "
            "forwarding, and `ecs-anywhere-dns apply --force` takes what is published",
        ) from None


def remembered(applied: Applied) -> dict[str, Any]:
    """Return the form for `before_that`: one step is kept, not all of history."""
    return applied_as_json(applied) | {"before": [], "before_that": None}
