"""Which real DNS servers a test runs with: half of them in `make test`, all in `make onprem`.

Each test has three of the six, each server half of the tests, and which ones depends on the test's
name alone: the same commit runs the same tests everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from zlib import crc32

WHOLE = "ONPREM_WHOLE"
"""Environment variable: when set, every test runs with every server."""


def chosen(kinds: Sequence[str], test: str) -> list[str]:
    """Return every second of `kinds`, beginning with the first or second by the test's name."""
    if os.environ.get(WHOLE):
        return list(kinds)
    return list(kinds[crc32(test.encode()) % 2 :: 2])
