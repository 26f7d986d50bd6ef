"""The laboratory for the tests of the pick-up tool; see `lab`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.onprem.lab.lab import KINDS, Lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    laboratory = Lab()
    try:
        yield laboratory
    finally:
        laboratory.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `server_kind` runs with each of them."""
    if "server_kind" in metafunc.fixturenames:
        metafunc.parametrize("server_kind", KINDS)
