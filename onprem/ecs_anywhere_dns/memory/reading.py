"""Reading one file of what this host remembers: its content, or what is wrong with it, and what
follows where it is moved away."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ecs_anywhere_dns.memory.files import cure_of
from ecs_anywhere_dns.memory.forms import NOT_WHAT_IS_WRITTEN
from ecs_anywhere_dns.outcome import BadUsage, reason_of
from ecs_anywhere_dns.trust import check_trusted

Made = TypeVar("Made")

WITHOUT = {
    "applied": "`apply` then follows each publication as at the first time, whatever its "
    "generation, `rollback` has no step to go back, and what our files forward stays until every "
    "VPC could be followed",
    "journal": "`apply` then writes the forwarding anew, as it is published",
    "distrust": "what a person rolled back, or what failed, is then taken again",
    "standby": "who serves is then seen by what is forwarded",
    "written": "nothing is lost with it; where one of our files is replaced that an older version "
    "wrote, a copy of it is kept",
}
"""The consequence of moving a file away, by the first part of its name."""
WITHOUT_OTHERS = "nothing is lost with it, and the next run writes it anew"
ROOT_READS = "run this as root"


class Damaged(BadUsage):
    """A file of what this host remembers cannot be read, or is not what this version writes."""


def content_of(file: Path) -> dict[str, Any] | None:
    """Return the content of a file; None where there is none. Raises Damaged and Unsafe."""
    check_trusted(file)
    cure = _cure_of(file.name)
    try:
        # A pipe that somebody put there would keep the run waiting.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, encoding="utf-8") as opened:
            content = json.load(opened)
    except FileNotFoundError:
        if not os.path.lexists(file):
            return None
        said = f"{file} is a link, and what it leads to is missing"
        raise Damaged(said, f"mount or restore what it leads to; {cure}") from None
    except NotADirectoryError as error:
        raise Damaged(f"{file.parent} is no folder", cure_of(error)) from None
    except PermissionError as error:
        said = f"{file} cannot be read: {error.strerror}"
        raise Damaged(said, f"{ROOT_READS}; {cure}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise Damaged(f"{file} cannot be read: {reason_of(error)}", cure) from None
    if not isinstance(content, dict):
        raise Damaged(f"{file} cannot be read: it holds no object of JSON", cure)
    return content


def made_of(file: Path, make: Callable[[Mapping[str, Any]], Made]) -> Made | None:
    """Return the record that `make` makes of a file; None where there is none. Raises Damaged and
    Unsafe."""
    said = content_of(file)
    try:
        return make(said) if said is not None else None
    except NOT_WHAT_IS_WRITTEN as error:
        raise Damaged(
            f"{file} is not what this version writes: {error!r}",
            f"use the version that wrote it; {_cure_of(file.name)}",
        ) from None


def known(read: Callable[[], Made], otherwise: Made) -> Made:
    """Return the value that `read` returns; `otherwise`, where the file cannot be read."""
    try:
        return read()
    except BadUsage:
        return otherwise


def problem_of(read: Callable[[], object]) -> BadUsage | None:
    """Return why a file cannot be read; None where it can."""
    try:
        read()
    except BadUsage as problem:
        return problem
    return None


def _cure_of(name: str) -> str:
    """Return what to do about a damaged file."""
    kind = name.removesuffix(".json").partition("-")[0]
    return f"restore it, or move it away: {WITHOUT.get(kind, WITHOUT_OTHERS)}"
