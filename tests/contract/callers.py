"""The adapters as callers of an endpoint: what AWS Lambda's environment says to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from connectivity.adapters import aws as adapter

REGION = "us-east-2"


@contextmanager
def adapters_call(url: str) -> Iterator[None]:
    """Let the adapters' clients call `url`, as anybody; they are forgotten afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_ACCESS_KEY_ID", "any")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        adapter.forget_clients()
        try:
            yield
        finally:
            adapter.forget_clients()
