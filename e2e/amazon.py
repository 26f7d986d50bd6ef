"""AWS's API with the person's own credentials; each answer is kept in the record."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from e2e.record import Record

UNANSWERED = (ClientError, BotoCoreError, ResponseParserError)
"""Errors of a call that AWS does not answer as it is asked to."""


class Amazon:
    """Clients of one account and Region."""

    def __init__(self, record: Record | None = None) -> None:
        self.session: Any = boto3.Session()
        self.record = record
        self._client = cache(self._make)

    @property
    def endpoint(self) -> str:
        """Return the URL of an embedded AWS; empty for the real one."""
        return os.environ.get("AWS_ENDPOINT_URL", "")

    @property
    def region(self) -> str:
        return str(self.session.region_name or "")

    def client(self, service: str) -> Any:
        return self._client(service)

    @property
    def partition(self) -> str:
        return str(self.session.get_partition_for_region(self.region))

    def credentials(self) -> Any:
        """Return botocore's credentials, which name what they come from."""
        return self.session.get_credentials()

    def account(self) -> str:
        return str(self.client("sts").get_caller_identity()["Account"])

    def _make(self, service: str) -> Any:
        attempts = 2 if self.endpoint else 8
        retries: Any = {"mode": "standard", "max_attempts": attempts}
        client = self.session.client(service, config=Config(retries=retries))
        events = client.meta.events
        events.register("before-send", _note_the_time)
        events.register("response-received", self._heard)
        return client

    def _heard(
        self, response_dict: Any, parsed_response: Any, context: Any, exception: Any, **said: Any
    ) -> None:
        """Keep each attempt, also those that botocore repeats by itself."""
        if self.record is None:
            return
        model = context.get("operation_model") or said.get("operation_model")
        event = str(said.get("event_name", "")).split(".")
        service, operation = event[1], getattr(model, "name", event[-1])
        seconds = time.monotonic() - context.get("e2e_sent", time.monotonic())
        error = (parsed_response or {}).get("Error", {}) if response_dict else {}
        code = error.get("Code", "") or (type(exception).__name__ if exception else "")
        message = error.get("Message", "") or (str(exception) if exception else "")
        self.record.called(f"{service}:{operation}", seconds, code, message)


def _note_the_time(request: Any, **_: Any) -> None:
    request.context["e2e_sent"] = time.monotonic()


def code_of(error: Exception) -> str:
    """Return AWS's name of an error; that of Python's where there is none."""
    answered = getattr(error, "response", {}).get("Error", {})
    return str(answered.get("Code") or type(error).__name__)
