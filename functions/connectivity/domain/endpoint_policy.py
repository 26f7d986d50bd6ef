"""The meaning of an endpoint policy, as far as it can be told without knowing who will call.

Source: AWS PrivateLink guide, "Control access to VPC endpoints using endpoint policies": the
default policy allows everybody everything; what a policy does not allow is denied.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DEFAULT = "default"
"""The fingerprint of the policy that AWS gives."""
_LENGTH = 32
"""Hexadecimal digits of any other fingerprint."""


def fingerprint(policy: str) -> str:
    """Return the fingerprint of what a policy says: the same for texts that AWS takes for the same,
    as it shows a policy with other white space, or a list of one as the one."""
    if is_default(policy):
        return DEFAULT
    try:
        said = json.dumps(_plain(json.loads(policy)), sort_keys=True)
    except ValueError:
        said = policy
    return hashlib.sha256(said.encode()).hexdigest()[:_LENGTH]


def is_default(policy: str) -> bool:
    """Return whether the policy allows everybody everything, as the one that AWS gives. No policy
    at all is that one."""
    if not policy:
        return True
    statements = _statements(policy)
    return bool(statements) and all(_allows_all(statement) for statement in statements or ())


def denies_everything(policy: str) -> bool:
    """Return whether nobody can be allowed anything: a denial of everything without a condition, or
    no statement that allows. A text that is no policy is not judged."""
    statements = _statements(policy) if policy else None
    if statements is None:
        return False
    allowing = [s for s in statements if s.get("Effect") == "Allow"]
    return not allowing or any(_denies_all(statement) for statement in statements)


def _statements(policy: str) -> list[Mapping[str, Any]] | None:
    try:
        found = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError):
        return None
    statements = found if isinstance(found, list) else [found]
    return statements if all(isinstance(each, dict) for each in statements) else None


def _allows_all(statement: Mapping[str, Any]) -> bool:
    return statement.get("Effect") == "Allow" and _is_about_all(statement)


def _denies_all(statement: Mapping[str, Any]) -> bool:
    return statement.get("Effect") == "Deny" and _is_about_all(statement)


def _is_about_all(statement: Mapping[str, Any]) -> bool:
    """Return whether a statement is about every caller, action and resource, always."""
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        principal = principal.get("AWS")
    values = (principal, statement.get("Action"), statement.get("Resource"))
    return "Condition" not in statement and all(_has_star(value) for value in values)


def _has_star(value: Any) -> bool:
    return "*" in (value if isinstance(value, list) else [value])


def _plain(said: Any) -> Any:
    """Return a part of a policy with its lists sorted and a list of one as the one; `{"AWS": "*"}`
    is everybody, as "*" is."""
    if isinstance(said, list):
        items = sorted(map(_plain, said), key=lambda item: json.dumps(item, sort_keys=True))
        return items[0] if len(items) == 1 else items
    if isinstance(said, dict):
        plain = {key: _plain(value) for key, value in said.items()}
        return "*" if plain == {"AWS": "*"} else plain
    return said
