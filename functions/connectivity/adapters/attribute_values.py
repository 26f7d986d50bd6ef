"""Values as Amazon DynamoDB writes them, and back: text, numbers, yes and no, nothing, lists, maps.

As boto3's own, which brings the whole of boto3 into every start, and without the types that no
item here has: binary values and sets. A test compares both.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

_NUMBERS = Context(
    prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow]
)
"""DynamoDB keeps 38 digits; a number that has more is an error, and never rounded."""


def serialized(value: Any) -> dict[str, Any]:
    """Return a value as DynamoDB wants it, as in {"S": "text"}. Raises TypeError for what it has
    no type for, also for a float: how it would be rounded has to be said."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": _digits(value)}
        case str():
            return {"S": value}
        case list() | tuple():
            return {"L": [serialized(each) for each in value]}
        case Mapping():
            return {"M": {name: serialized(each) for name, each in value.items()}}
    raise TypeError(f"DynamoDB has no type here for the {type(value).__name__} {value!r}")


def plain(attribute: Mapping[str, Any]) -> Any:
    """Return the value that DynamoDB gave. Raises TypeError for a type that no item here has."""
    [(kind, value)] = attribute.items()
    match kind:
        case "NULL":
            return None
        case "BOOL" | "S":
            return value
        case "N":
            return _NUMBERS.create_decimal(value)
        case "L":
            return [plain(each) for each in value]
        case "M":
            return {name: plain(each) for name, each in value.items()}
    raise TypeError(f"DynamoDB's type {kind} is in no item here")


def _digits(number: int | Decimal) -> str:
    digits = _NUMBERS.create_decimal(number)
    if not digits.is_finite():
        raise TypeError(f"DynamoDB has no {digits}")
    return str(digits)
