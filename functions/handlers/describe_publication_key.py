"""Describe the publication key: CloudFormation, for the stack's outputs."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.custom_resource import Request
from connectivity.usecases.describe_publication_key import describe_publication_key

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """Answer a request of a custom resource; returns the answer."""
    request = Request.from_json(event)
    key_id = event["ResourceProperties"]["KeyId"]
    return describe_publication_key(
        request, key_id, wiring.signatures(key_id), wiring.stacks()
    ).as_json()
