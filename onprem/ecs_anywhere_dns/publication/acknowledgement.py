"""The acknowledgement: this host's result for a document, written back to Parameter Store
(acknowledgement.schema.json).

In a teardown, AWS keeps the resolver until the hosts have said that they no longer forward to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.outcome import FetchFailed, Stop
from ecs_anywhere_dns.publication.source import Store
from ecs_anywhere_dns.settings import Settings
from ecs_anywhere_dns.visible import visible

Result = Literal["applied", "degraded", "failed"]

SCHEMA = 1
LONGEST_DETAIL = 1024
"""Characters; the schema's."""
LARGEST_VALUE = 4096
"""Bytes that a standard parameter may hold."""


class AcknowledgementFailed(Stop):
    """The acknowledgement could not be written. The forwarding on this host is not touched by
    that."""


@dataclass(frozen=True)
class Statement:
    """The statement of an acknowledgement: how the run ended, in words, and when."""

    result: Result
    detail: str
    at: str
    """ISO 8601, UTC, in whole seconds, with a `Z`."""


def acknowledgement(host: str, server: str, document: Document, statement: Statement) -> str:
    """Return the acknowledgement as JSON that fits into a parameter."""
    content = {
        "schema": SCHEMA,
        "host": host,
        "vpcId": document.vpc_id,
        "generation": document.generation,
        "checksum": document.checksum,
        "state": document.state,
        "result": statement.result,
        "server": server,
        "at": statement.at,
    }
    # Parameter Store takes no value with double braces: it reads them as a reference (botocore's
    # own description of PutParameter says so), and DNS servers' configurations are full of braces.
    detail = visible(statement.detail)
    while "{{" in detail or "}}" in detail:
        detail = detail.replace("{{", "{ {").replace("}}", "} }")
    return _text(content, _fitting(detail, LARGEST_VALUE - len(_text(content, "").encode())))


def says_the_same(one: str, other: str) -> bool:
    """Return whether two acknowledgements are equal but for their time. A text that is no
    acknowledgement equals none."""
    said = _said(one)
    return said is not None and said == _said(other)


def acknowledge(settings: Settings, store: Store, text: str) -> None:
    """Write the acknowledgement to this host's parameter. Raises AcknowledgementFailed."""
    name = settings.acknowledgement_parameter
    try:
        store.write(name, text)
    except FetchFailed as problem:
        raise AcknowledgementFailed(
            f"{name} could not be written: {problem.message}",
            problem.cure,
        ) from problem


def _text(content: Mapping[str, Any], detail: str) -> str:
    return json.dumps({**content, "detail": detail}, ensure_ascii=False, separators=(",", ":"))


def _fitting(detail: str, room: int) -> str:
    """Return the beginning of `detail`: at most LONGEST_DETAIL characters, and `room` bytes as
    JSON; empty where there is no room."""
    if len(detail) <= LONGEST_DETAIL and _size(detail) <= room:
        return detail
    end = LONGEST_DETAIL - 1
    while end and _size(detail[:end] + "…") > room:
        end = end * 9 // 10
    return detail[:end] + "…" if end else ""


def _size(detail: str) -> int:
    return len(json.dumps(detail, ensure_ascii=False).encode()) - len('""')


def _said(text: str) -> Mapping[str, Any] | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    return {key: value for key, value in content.items() if key != "at"}
