"""Warnings as lines of a status, told apart by how they begin."""

from __future__ import annotations

import re

WARNING = "warning: "


def begins(line: str, beginning: str) -> bool:
    """Tell whether a warning, alone or as a line of a status, begins so. What somebody wrote into a
    tag is quoted further on in a line, and never begins one."""
    return re.match(f"(?:{WARNING})?(?:{beginning})", line) is not None
