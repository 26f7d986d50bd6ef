"""Refusals of CloudFormation before it makes anything: values and capabilities.

moto 5.2.5 looks at no constraint of a parameter, asks for no capability, and drops a property that
it does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import yaml
from moto.cloudformation.exceptions import ValidationError

from local.cloudformation.schemas import known_properties

CAPABILITIES: ContextVar[Sequence[str]] = ContextVar("CAPABILITIES", default=())
"""The capabilities that the current request acknowledges."""
IAM_TYPES = frozenset(
    f"AWS::IAM::{kind}"
    for kind in (
        *("AccessKey", "Group", "InstanceProfile", "ManagedPolicy", "Policy", "Role", "RolePolicy"),
        *("User", "UserPolicy", "UserToGroupAddition"),
    )
)
NAMES = frozenset({"GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName", "UserName"})


class InsufficientCapabilities(ValidationError):  # type: ignore[misc]
    code = "InsufficientCapabilitiesException"


def require_no_aliases(text: str) -> None:
    """Raise ValidationError for a template in YAML in which an alias repeats a part: CloudFormation
    knows none (User Guide, "CloudFormation template format"). `sam deploy` writes them out."""
    if text.lstrip().startswith("{"):
        return
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=loader)):
        raise ValidationError(
            message="Template error: YAML aliases are not allowed in CloudFormation templates"
        )


def require_values(template: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise ValidationError for a value that a parameter's constraints do not allow."""
    slots = template.get("Parameters", {})
    strangers = sorted(given.keys() - slots.keys())
    if strangers:
        names = ", ".join(strangers)
        raise ValidationError(message=f"Parameters: [{names}] do not exist in the template")
    for name, slot in slots.items():
        if name in given:
            _require_value(name, slot, str(given[name]))


def _require_value(name: str, slot: Mapping[str, Any], value: str) -> None:
    is_list = "List" in slot.get("Type", "")
    for each in value.split(",") if is_list and value else [value]:
        broken = next(_broken(slot, each), None)
        if broken:
            reason = slot.get("ConstraintDescription")
            raise ValidationError(
                message=f"Parameter {name} failed to satisfy constraint: {reason}"
                if reason
                else f"Parameter '{name}' {broken}"
            )


def _broken(slot: Mapping[str, Any], value: str) -> Iterator[str]:
    """Yield each constraint that `value` breaks, as CloudFormation tells it."""
    if "AllowedValues" in slot and value not in {_text(each) for each in slot["AllowedValues"]}:
        yield f"must be one of AllowedValues {slot['AllowedValues']}"
    if "AllowedPattern" in slot and not re.fullmatch(slot["AllowedPattern"], value):
        yield f"must match pattern {slot['AllowedPattern']}"
    if len(value) < int(slot.get("MinLength", 0)):
        yield f"must contain at least {slot['MinLength']} characters"
    if "MaxLength" in slot and len(value) > int(slot["MaxLength"]):
        yield f"must contain at most {slot['MaxLength']} characters"
    if slot.get("Type") in {"Number", "List<Number>"}:
        yield from _broken_number(slot, value)


def _broken_number(slot: Mapping[str, Any], value: str) -> Iterator[str]:
    try:
        number = float(value)
    except ValueError:
        yield "must be a number"
        return
    if "MinValue" in slot and number < float(slot["MinValue"]):
        yield f"must be a number not less than {slot['MinValue']}"
    if "MaxValue" in slot and number > float(slot["MaxValue"]):
        yield f"must be a number not greater than {slot['MaxValue']}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def require_capabilities(text: str) -> None:
    """Raise InsufficientCapabilities for IAM resources of a template (JSON, transformed) that the
    request does not acknowledge."""
    every = json.loads(text).get("Resources", {}).values()
    resources = [resource for resource in every if resource["Type"] in IAM_TYPES]
    if not resources:
        return
    named = any(NAMES & r.get("Properties", {}).keys() for r in resources)
    enough = {"CAPABILITY_NAMED_IAM"} if named else {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}
    if not enough & set(CAPABILITIES.get()):
        raise InsufficientCapabilities(message=f"Requires capabilities : [{min(enough)}]")


def require_known_properties(template: Mapping[str, Any], region: str) -> None:
    """Raise ValidationError for a property that AWS's own schema of a resource does not have.

    The schemas are cfn-lint's copy; without cfn-lint, and for a type that it does not have, nothing
    is refused. AWS says this of one resource, when its turn comes; here it is said before.
    """
    for logical_id, resource in template.get("Resources", {}).items():
        known = known_properties(resource["Type"], region)
        unknown = sorted(resource.get("Properties", {}).keys() - known) if known else []
        if unknown:
            raise ValidationError(
                message=f"Properties validation failed for resource {logical_id} with message: "
                f"extraneous key [{unknown[0]}] is not permitted"
            )
