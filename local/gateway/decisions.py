"""IAM's decision, pure: policy statements x request -> allowed or not, and why.

Follows AWS's policy evaluation logic for identity-based policies. Not known: policy
variables (`${aws:…}` matches nothing), Date and IpAddress conditions (a ValueError).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Context = Mapping[str, tuple[str, ...]]
"""Values of condition keys. The keys are in lower case: IAM ignores their case."""


@dataclass(frozen=True)
class Request:
    """A request to IAM: an action on a resource. One API call is one or several of them."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    resource_known: bool = True
    """False where the embedded AWS does not know the ARN that AWS asks for: `resource` is then `*`,
    which only a statement about `*` matches."""


@dataclass(frozen=True)
class Condition:
    operator: str
    key: str
    values: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        quantifier, _, operator = self.operator.rpartition(":")
        actual = context.get(self.key.lower())
        if operator == "Null":
            return (actual is None) == (self.values[0].lower() == "true")
        matches, negated = OPERATORS[operator.removesuffix("IfExists")]
        if actual is None:
            if operator.endswith("IfExists") or quantifier == "ForAllValues":
                return True
            return negated and not quantifier
        verdicts = [any(matches(one, other) for other in self.values) != negated for one in actual]
        every = quantifier == "ForAllValues" or (negated and not quantifier)
        return all(verdicts) if every else any(verdicts)


@dataclass(frozen=True)
class Statement:
    name: str
    """`<policy>[<Sid or position>]`."""
    allows: bool
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def matches(self, request: Request) -> bool:
        return (
            _covers(self.actions, self.not_actions, request.action, action_matches)
            and _covers(self.resources, self.not_resources, request.resource, arn_matches)
            and all(condition.holds(request.context) for condition in self.conditions)
        )


@dataclass(frozen=True)
class Decision:
    allowed: bool
    reason: str
    """The end of AWS's message: "because no identity-based policy allows …"."""
    statement: Statement | None = None
    """The statement that decided; None where none matched."""


def decide(statements: Iterable[Statement], request: Request) -> Decision:
    matching = [statement for statement in statements if statement.matches(request)]
    denying = next((statement for statement in matching if not statement.allows), None)
    if denying:
        return Decision(False, "with an explicit deny in an identity-based policy", denying)
    if matching:
        return Decision(True, f"because {matching[0].name} allows it", matching[0])
    return Decision(False, f"because no identity-based policy allows the {request.action} action")


@lru_cache(maxsize=4096)
def statements_in(policy: str, document: str) -> tuple[Statement, ...]:
    """Return the statements of a policy `document` (JSON) called `policy`."""
    statements = _listed(json.loads(document)["Statement"])
    return tuple(_statement(policy, *each) for each in enumerate(statements))


def _statement(policy: str, position: int, document: Mapping[str, Any]) -> Statement:
    name = f"{policy}[{document.get('Sid') or position}]"
    return Statement(
        name=name,
        allows=document["Effect"] == "Allow",
        actions=_listed(document.get("Action", ())),
        not_actions=_listed(document.get("NotAction", ())),
        resources=_listed(document.get("Resource", ())),
        not_resources=_listed(document.get("NotResource", ())),
        conditions=tuple(_conditions(name, document.get("Condition", {}))),
    )


def _conditions(name: str, document: Mapping[str, Any]) -> Iterable[Condition]:
    for operator, keys in document.items():
        bare = operator.rpartition(":")[2].removesuffix("IfExists")
        if bare != "Null" and bare not in OPERATORS:
            raise ValueError(f"{name}: the embedded AWS knows no condition operator {operator}")
        for key, values in keys.items():
            yield Condition(operator, key, tuple(_text(value) for value in _listed(values)))


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _covers(
    patterns: tuple[str, ...],
    exceptions: tuple[str, ...],
    value: str,
    matches: Callable[[str, str], bool],
) -> bool:
    if exceptions:
        return not any(matches(value, pattern) for pattern in exceptions)
    return any(matches(value, pattern) for pattern in patterns)


def action_matches(action: str, pattern: str) -> bool:
    return _like(action.lower(), pattern.lower())


def arn_matches(arn: str, pattern: str) -> bool:
    """Tell whether an ARN matches, part by part: a wildcard reaches over the colons only in the
    last part."""
    if pattern == "*":
        return True
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(_like, parts, patterns))


def _like(value: str, pattern: str) -> bool:
    return _wildcards(pattern).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _wildcards(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _equals(value: str, expected: str) -> bool:
    return value == expected


def _equals_in_any_case(value: str, expected: str) -> bool:
    return value.lower() == expected.lower()


OPERATORS: Mapping[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringEqualsIgnoreCase": (_equals_in_any_case, False),
    "StringNotEqualsIgnoreCase": (_equals_in_any_case, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (arn_matches, False),
    "ArnNotEquals": (arn_matches, True),
    "ArnLike": (arn_matches, False),
    "ArnNotLike": (arn_matches, True),
    "Bool": (_equals_in_any_case, False),
    "NumericEquals": (lambda value, limit: float(value) == float(limit), False),
    "NumericNotEquals": (lambda value, limit: float(value) == float(limit), True),
    "NumericLessThan": (lambda value, limit: float(value) < float(limit), False),
    "NumericLessThanEquals": (lambda value, limit: float(value) <= float(limit), False),
    "NumericGreaterThan": (lambda value, limit: float(value) > float(limit), False),
    "NumericGreaterThanEquals": (lambda value, limit: float(value) >= float(limit), False),
}
"""The comparison of a value of the request with one of the policy, and whether it is negated."""
