"""botocore's own clients, whose calls are answered by the model instead of over a network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from connectivity.adapters import aws
from connectivity.adapters.small_models import MODELS

from bench.amazon.account import Account, Refused

_NAMES = {"stepfunctions": "states"}
"""Name of a client -> service in the names of its actions, where the two differ."""
_ACTIONS = {"Invoke": "InvokeFunction"}
_ATTEMPTS = {
    aws.client: aws.ATTEMPTS,
    aws.brief_client: aws.BRIEF_ATTEMPTS,
    aws.patient_client: aws.PATIENT_ATTEMPTS,
}
"""Maker of the adapters' clients -> how often these try a throttled call."""

_caller = threading.local()


@contextmanager
def calling_as(name: str) -> Iterator[None]:
    """Name the function that the calls of this thread come from."""
    before = getattr(_caller, "name", "")
    _caller.name = name
    try:
        yield
    finally:
        _caller.name = before


@contextmanager
def answered_by(account: Account) -> Iterator[None]:
    """Let the adapters' clients be answered by `account`: their parameters are not sent, and the
    SDK's attempts are the model's. Call `forget` before others need clients of their own."""
    made = [
        (service, made_by(service), attempts)
        for made_by, attempts in _ATTEMPTS.items()
        for service in _services()
    ]
    for service, client, attempts in made:
        client._make_api_call = _answering(account, _NAMES.get(service, service), attempts)
    try:
        yield
    finally:
        for _, client, _ in made:
            del client._make_api_call


def forget() -> None:
    """Let the adapters make their clients anew."""
    for made_by in _ATTEMPTS:
        made_by.cache_clear()


def _services() -> list[str]:
    return sorted(path.name for path in Path(MODELS).iterdir() if path.is_dir())


def _answering(
    account: Account, service: str, attempts: int
) -> Callable[[str, dict[str, Any]], Any]:
    def make_api_call(operation: str, parameters: dict[str, Any]) -> Any:
        action = _ACTIONS.get(operation, operation)
        caller = getattr(_caller, "name", "")
        try:
            return account.call_patiently(service, action, parameters, caller, attempts)
        except Refused as refused:
            answer: Any = {
                "Error": {"Code": refused.code, "Message": refused.message},
                "ResponseMetadata": {"HTTPStatusCode": refused.status},
            }
            raise ClientError(answer, operation) from refused

    return make_api_call
