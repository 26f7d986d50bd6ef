"""Words of others as text of a page: nothing in them is a mark of HTML, or turns a line round."""

from __future__ import annotations

from html import escape


def text(value: object) -> str:
    """Return a value as text that can stand between tags and in quoted attributes."""
    written = str(value)
    return escape("".join(letter if letter.isprintable() else "_" for letter in written))
