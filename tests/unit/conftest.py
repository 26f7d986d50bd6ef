"""Rules for every test of one function, one command or one rule."""

from __future__ import annotations

import pytest
from connectivity.adapters import refused_calls


@pytest.fixture(autouse=True)
def nothing_was_refused_before() -> None:
    """A function tells, as it ends, what AWS has refused since it was asked last; the tests of one
    process are one function to it."""
    refused_calls.take()
