"""Make equal what has to differ from one account to another.

Names that AWS invents are numbered as they first appear in an account, so that two that are mixed
up stay a difference. Times and durations are replaced; what belongs to one invocation, or to one
signing key, is left out.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

_INVENTED = re.compile(
    r"(?P<id>\b(?:vpce|vpc|subnet|sgr|sg|eni|rslvr-in|vgw|rtb)-[0-9a-f]{8,17}\b)"
    r"|(?P<address>\b(?:\d{1,3}\.){3}\d{1,3}\b(?!/))"
    r"|(?P<time>\b\d{4}-?\d\d-?\d\dT\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?(?:Z|\+00:00))"
    r"|(?P<uuid>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)"
    r"|(?P<digest>\b(?=\d*[a-f])[0-9a-f]{10,64}\b)"
)
_DECADES = range(1_600_000_000, 4_000_000_000)
"""Seconds since 1970 that are a time of these decades."""
_COUNTED = {"milliseconds", "turn_seconds", "turnSeconds"}
_DROPPED = {"requestId", "stackTrace", "signature"}


_NUMBERED = re.compile(r"[a-z-]+ \d+")


class Names:
    """The names of one account. `logical` maps each physical id of its stack to the template's."""

    def __init__(self, logical: Mapping[str, str]) -> None:
        self._logical = logical
        self._numbered: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def equal(self, value: Any) -> Any:
        """Return a JSON value with all that has to differ replaced."""
        match value:
            case dict():
                return {
                    self.equal(key): "counted" if key in _COUNTED and item else self.equal(item)
                    for key, item in value.items()
                    if key not in _DROPPED
                }
            case list():
                return _in_order([self.equal(item) for item in value])
            case str():
                return self._text(value)
            case bool() | None:
                return value
            case int() | float() if int(value) in _DECADES:
                return "time"
        return value

    def _text(self, text: str) -> Any:
        """JSON in a text, as the cause of an error is, is compared as JSON."""
        if text.startswith(("{", "[")):
            try:
                return self.equal(json.loads(text))
            except ValueError:
                pass  # It only looks like JSON.
        for physical, logical in self._logical.items():
            text = text.replace(physical, logical)
        return _INVENTED.sub(self._number, text)

    def _number(self, found: re.Match[str]) -> str:
        kind, name = str(found.lastgroup), found[0]
        if kind not in {"id", "address"}:
            return kind
        if name not in self._numbered:
            kind = name.rsplit("-", 1)[0] if kind == "id" else kind
            self._counts[kind] += 1
            self._numbered[name] = f"{kind} {self._counts[kind]}"
        return self._numbered[name]


def _in_order(items: list[Any]) -> list[Any]:
    """Sort a list of nothing but invented names: they are often in the order of the names."""
    if all(isinstance(item, str) and _NUMBERED.fullmatch(item) for item in items):
        return sorted(items)
    return items
