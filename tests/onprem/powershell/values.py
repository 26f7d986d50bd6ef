"""Values of PowerShell, as far as the script for Windows uses them.

Strings, numbers, booleans and lists are Python's, `$null` is None. Names of variables, keys and
properties are compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class Nothing:
    """The value of no output at all (AutomationNull): equal to `$null`, but a pipeline gets no item
    of it."""


NOTHING = Nothing()


class Thrown(Exception):
    """A terminating error; `kind` is the .NET class that a `catch [class]` names."""

    def __init__(self, message: str, kind: str = "Exception") -> None:
        super().__init__(message)
        self.kind = kind


class Properties(dict[str, Any]):
    """A hash table, or with `is_object` a [pscustomobject]: its keys keep the order and the case
    that they were given."""

    is_object = False

    def key(self, name: str) -> str:
        """Return the key as it is spelled here. Raises Thrown where there is none, as under
        `Set-StrictMode -Version Latest`."""
        for key in self:
            if key.lower() == name.lower():
                return key
        raise Thrown(f"The property '{name}' cannot be found on this object.")

    def get_property(self, name: str) -> Any:
        return self[self.key(name)]

    def set_property(self, name: str, value: Any) -> None:
        """Set a property. Raises Thrown for a new one of an object; a hash table takes any."""
        found = [key for key in self if key.lower() == name.lower()]
        if self.is_object and not found:
            raise Thrown(f"The property '{name}' cannot be found on this object.")
        self[found[0] if found else name] = value


def as_object(said: Mapping[str, Any]) -> Properties:
    made = Properties(said)
    made.is_object = True
    return made


@dataclass(frozen=True)
class Enum:
    """A value of an enumeration, or an IP address: it is not a string, but compares as one."""

    text: str


def plain(value: Any) -> Any:
    """Return the value as an operator sees it."""
    if isinstance(value, Nothing):
        return None
    return value.text if isinstance(value, Enum) else value


def stream(value: Any) -> list[Any]:
    """Return what a pipeline gets of a value: a list one by one."""
    if isinstance(value, Nothing):
        return []
    return list(value) if isinstance(value, list) else [value]


def collected(outputs: Iterable[Any]) -> Any:
    """Return what a variable gets of outputs: nothing, the only one, or a list."""
    items = list(outputs)
    if not items:
        return NOTHING
    return items[0] if len(items) == 1 else items


def is_true(value: Any) -> bool:
    value = plain(value)
    if isinstance(value, list):
        return len(value) > 1 or (len(value) == 1 and is_true(value[0]))
    return value not in (None, False, 0, "")


def text_of(value: Any) -> str:
    """Return the value as it stands within a string."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return " ".join(text_of(item) for item in value)
    if isinstance(value, Thrown):
        return str(value)
    if isinstance(value, str | int):
        return str(value)
    raise AssertionError(f"the script shows a {type(value).__name__}: {value!r}")


def is_equal(one: Any, other: Any) -> bool:
    """Compare as -eq does: without regard to case, the right side as the type of the left one."""
    one, other = plain(one), plain(other)
    if isinstance(one, list):
        raise AssertionError(f"-eq filters a list, which the script has no use for: {one!r}")
    if one is None or other is None:
        return one is None and other is None
    if isinstance(one, bool):
        return one == is_true(other)
    if isinstance(one, str):
        return one.lower() == text_of(other).lower()
    return bool(one == (int(other) if isinstance(other, str) else other))
