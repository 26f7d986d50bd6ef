"""Policies of resources and roles, which name a principal: the statements that let a service act.

AWS: such a policy needs a `Principal`. A role's trust policy names no resource, as it is about the
role itself; so does many a statement of a function's policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from local.gateway.decisions import Statement, statements_in


def statements_about(service: str, name: str, policy: Mapping[str, Any]) -> Iterator[Statement]:
    """Yield the statements of `policy`, called `name`, about the service or about anybody."""
    listed = policy.get("Statement", [])
    for statement in listed if isinstance(listed, list) else [listed]:
        if _names(service, statement.get("Principal", {})):
            document = {"Resource": "*", **statement}
            yield from statements_in(name, json.dumps({"Statement": document}))


def _names(service: str, principal: Any) -> bool:
    if principal == "*":
        return True
    named = [principal.get("Service", ()), principal.get("AWS", ())]
    services, accounts = ([each] if isinstance(each, str) else each for each in named)
    return service in services or "*" in accounts
