"""A kind embedded AWS, for those who aim at it: `tests/local/test_unkind*.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.engine import EmbeddedAws
from tests.local.unkind_world import Client, Vpc, client_of, started


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    """Kind, but for what a test aims."""
    with started() as aws:
        yield aws


@pytest.fixture
def client(aws: EmbeddedAws) -> Client:
    """A stranger's clients, which try once."""
    return lambda service: client_of(aws, service)


@pytest.fixture
def vpc(aws: EmbeddedAws) -> Vpc:
    return Vpc(aws)
