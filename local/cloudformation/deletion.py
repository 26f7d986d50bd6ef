"""Deleting a stack in CloudFormation's order, and what happens where that fails.

AWS: a resource is deleted after those that depend on it, by DependsOn or by referring to it. What
fails stays, together with all that it depends on; the rest goes, and the stack is DELETE_FAILED.
A function that somebody deleted by hand is none that fails.
moto 5.2.5 deletes in no order, and has forgotten the stack when a deletion fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudformation.models import Event

_GONE = "ResourceNotFoundException"
"""Error of AWS Lambda where there is no such function, or nothing of that kind on it."""
_SUBSTITUTED = re.compile(r"\$\{([^!}.]+)")


class DeletionFailedError(Exception):
    """Some resources are still there: logical id -> why."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(f"The following resource(s) failed to delete: [{', '.join(reasons)}].")
        self.reasons = reasons


def dependencies(resources: Mapping[str, Any]) -> dict[str, set[str]]:
    """Logical id -> the resources that have to be there as long as it is."""
    return {
        name: (set(_referred_to(resource)) & resources.keys()) - {name}
        for name, resource in resources.items()
    }


def _referred_to(value: Any) -> Iterator[str]:
    """Yield the resources that a value refers to, in both branches of an Fn::If: a resource that
    was never made delays none."""
    if isinstance(value, list):
        for item in value:
            yield from _referred_to(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            match key:
                case "Ref" | "DependsOn":
                    yield from [item] if isinstance(item, str) else item
                case "Fn::GetAtt":
                    yield item.partition(".")[0] if isinstance(item, str) else item[0]
                case "Fn::Sub":
                    yield from _SUBSTITUTED.findall(item if isinstance(item, str) else item[0])
            yield from _referred_to(item)


def delete_resources(resource_map: Any, only: Set[str] | None = None) -> None:
    """Delete the resources that are there and that no policy keeps, or `only` those named, whatever
    their policy says. Raises DeletionFailedError.

    What no rule of CloudFormation orders is tried again, as on AWS, as long as anything goes.
    """
    definitions = resource_map._resource_json_map
    needed_by = dependencies(definitions)
    there = {name for name in definitions if name in resource_map._parsed_resources}
    there &= {name for name in there if not is_kept(definitions[name])} if only is None else only
    reasons: dict[str, str] = {}
    while there:
        free = there - {needed for name in there for needed in needed_by[name]}
        reasons = {name: why for name in sorted(free) if (why := _delete(name, resource_map))}
        if reasons.keys() == free:
            raise DeletionFailedError(reasons)
        there -= free - reasons.keys()


def is_kept(definition: Mapping[str, Any]) -> bool:
    """Tell whether the resource stays although its stack, or the template, no longer has it."""
    return definition.get("DeletionPolicy") in {"Retain", "RetainExceptOnCreate"}


def _delete(name: str, resource_map: Any) -> str:
    """Delete a resource. Returns the reason why it could not be deleted; empty if it is gone."""
    try:
        resource_map._delete_resource(
            resource_map._parsed_resources[name], resource_map._resource_json_map[name]
        )
    except Exception as error:  # noqa: BLE001 (whatever it is, it is the reason that is told)
        if not _is_of_a_function_that_is_gone(error):
            return str(error)
    del resource_map._parsed_resources[name]
    return ""


def _is_of_a_function_that_is_gone(error: Exception) -> bool:
    """Tell whether moto, or the embedded AWS through a client, says that a function is gone."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] == _GONE
    return getattr(error, "error_type", "") == _GONE


def delete_stack(backend: Any, name_or_id: str) -> None:
    """Delete the stack. It stays if one of its resources stays."""
    for stack in list(backend.stacks.values()):
        if name_or_id in (stack.name, stack.stack_id):
            exports = [export.name for export in stack.exports]
            _delete_stack(stack)
            if stack.status == "DELETE_COMPLETE":
                backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)
                for name in exports:
                    backend.exports.pop(name)


def _delete_stack(stack: Any) -> None:
    stack._add_stack_event("DELETE_IN_PROGRESS", resource_status_reason="User Initiated")
    try:
        delete_resources(stack.resource_map)
    except DeletionFailedError as failure:
        for name, reason in failure.reasons.items():
            stack.events.append(_failed(stack, name, reason))
        stack._add_stack_event("DELETE_FAILED", resource_status_reason=str(failure))
        stack.status = "DELETE_FAILED"
    else:
        stack._add_stack_event("DELETE_COMPLETE")
        stack.status = "DELETE_COMPLETE"


def _failed(stack: Any, name: str, reason: str) -> Any:
    return Event(
        stack_id=stack.stack_id,
        stack_name=stack.name,
        logical_resource_id=name,
        physical_resource_id=stack.resource_map[name].physical_resource_id,
        resource_type=stack.resource_map._resource_json_map[name]["Type"],
        resource_status="DELETE_FAILED",
        resource_status_reason=reason,
        resource_properties=None,
    )
