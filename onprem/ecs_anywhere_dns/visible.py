"""Texts of strangers, made fit for a terminal and a journal.

A document, an answer, a checker's output and a file's name may hold whatever their author likes.
Shown as they are, escape sequences rewrite root's screen, line ends forge lines of the journal,
direction marks turn words around, and half a surrogate pair cannot be written at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def visible(text: str) -> str:
    r"""Return `text` on one line, with everything that is not printable as a backslash escape:
    `\x1b`, `\n`, `\u202e`, `\ud800`. What went through once comes back unchanged."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def visible_in(said: Any) -> Any:
    """Return `said`, a value of JSON, with every string and key made visible: a program that prints
    one value of it, as `jq -r` does, prints no escape sequence either."""
    if isinstance(said, str):
        return visible(said)
    if isinstance(said, Mapping):
        return {visible(key): visible_in(value) for key, value in said.items()}
    return [visible_in(item) for item in said] if isinstance(said, list | tuple) else said


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
