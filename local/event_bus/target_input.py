"""The input of a target: the whole event, a part, a constant, or a filled template.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonpath_ng.parser import parse

_PLACEHOLDER = re.compile(r"<([^<>\s\"]+)>")


def target_input(
    target: Mapping[str, Any], event: Mapping[str, Any], rule_name: str, rule_arn: str
) -> str:
    """Return the text handed to `target`: JSON, unless an input template is written otherwise."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_at(event, target["InputPath"]))
    if "InputTransformer" not in target:
        return json.dumps(event)
    transformer = target["InputTransformer"]
    variables = {
        name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()
    } | {
        "aws.events.rule-name": rule_name,
        "aws.events.rule-arn": rule_arn,
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": dict(event),
    }
    return _fill(transformer["InputTemplate"], variables)


def _at(event: Mapping[str, Any], path: str) -> Any:
    found = [match.value for match in parse(path).find(event)]
    if "*" in path:
        return found
    return found[0] if found else None


def _fill(template: str, variables: Mapping[str, Any]) -> str:
    """Return the template filled. A string variable gets its quotes where the template has none
    around it; a variable without a value does not appear in the output."""

    def text(placeholder: re.Match[str]) -> str:
        name = placeholder[1]
        if name not in variables:
            return placeholder[0]
        value = variables[name]
        if value is None:
            return ""
        if not _is_quoted(template, placeholder.start()):
            return json.dumps(value)
        inner = value if isinstance(value, str) else json.dumps(value)
        return json.dumps(inner)[1:-1]

    return _PLACEHOLDER.sub(text, template)


def _is_quoted(template: str, position: int) -> bool:
    return len(re.findall(r'(?<!\\)"', template[:position])) % 2 == 1
