"""The model of AWS answers the adapters' clients; other tests make clients of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.amazon import clients


@pytest.fixture(autouse=True, scope="module")
def _clients_are_made_anew() -> Iterator[None]:
    clients.forget()
    yield
    clients.forget()
