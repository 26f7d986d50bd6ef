"""A publication, and hosts that need no DNS server: for tests of what happens between files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.settings import Settings

from tests.onprem.lab.document import ACCOUNT, REGION, VPC_ID, document, names, zones


def content(**changes: Any) -> dict[str, Any]:
    """Return the content of a document, without its checksum."""
    addresses = names(("10.0.0.", "10.0.1."))
    return {
        "schema": 1,
        "generation": 1,
        "state": "active",
        "account": ACCOUNT,
        "region": REGION,
        "vpcId": VPC_ID,
        "vpcCidrs": ["10.0.0.0/16"],
        "resolverIps": ["10.0.0.32", "10.0.1.32"],
        "mode": "names",
        "zones": list(zones()),
        "names": {name: list(ips) for name, ips in addresses.items()},
        "issuedAt": "2026-11-23T12:00:00Z",
    } | changes


def published(**changes: Any) -> str:
    """The text, with its checksum."""
    return document(content(**changes))


def fit(**changes: Any) -> Document:
    return read_document(published(**changes))


def settings(**changes: Any) -> Settings:
    """Return the settings of a host that follows this publication, and takes it unsigned."""
    least: dict[str, Any] = {
        "vpc": VPC_ID,
        "region": REGION,
        "server": "bind",
        "account": ACCOUNT,
        "networks": ("10.0.0.0/16",),
        "signature": "none",
    }
    return Settings(**least | changes)


def asks_nobody(questions: Sequence[Question]) -> dict[Question, Answer]:
    """Fail: the test is about code that asks nothing."""
    raise AssertionError(f"{len(questions)} questions were asked")
