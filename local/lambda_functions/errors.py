"""Errors of the Lambda API, as AWS words them."""

from __future__ import annotations

from typing import Any

from moto.awslambda.exceptions import LambdaClientError


def client_error(status: int, code: str, message: str) -> Any:
    """Return the exception that moto's Lambda turns into this error response."""
    error = LambdaClientError(code, message)
    error.code = status
    return error
