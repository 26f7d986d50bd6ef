"""Warnings as lines of a status, told apart by how they begin."""

from __future__ import annotations

WARNING = "warning: "


def begins(line: str, beginning: str) -> bool:
    """Tell whether a warning, alone or as a line of a status, begins so. What somebody wrote into a
    tag is quoted further on in a line, and never begins one."""
    return line.removeprefix(WARNING).startswith(beginning)
