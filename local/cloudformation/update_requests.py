"""UpdateStack, and change sets that update: what AWS refuses before it touches anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.parsing import OutputMap
from moto.core.utils import utcnow

from local.cloudformation.acceptance import require_capabilities, require_no_aliases
from local.cloudformation.template import prepared
from local.cloudformation.update_plan import Planned, planned
from local.cloudformation.updates import Update, begin, candidate, require_updatable

_STOCK_CREATE_CHANGE_SET = CloudFormationBackend.create_change_set

NO_UPDATES = "No updates are to be performed."
NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a "
    "change set."
)


@dataclass(frozen=True)
class Wanted:
    """The wanted state of a stack."""

    source: str
    """The template as it was handed in."""
    template: str
    """Plain CloudFormation in JSON."""
    parameters: Mapping[str, str]
    tags: Mapping[str, str] | None
    """The tags; None leaves the stack's own."""


def wanted(stack: Any, source: str, parameters: Mapping[str, str], tags: Any) -> Wanted:
    """Return the wanted state in an update request. Raises ValidationError for a template or
    parameters that AWS refuses."""
    if source == stack.template:  # the previous one: it was transformed with other parameters
        source = stack.source
    require_no_aliases(source)
    template, values = prepared(source, parameters, stack.region_name)
    require_capabilities(template)
    return Wanted(source, template, values, tags or None)


def changes(backend: Any, stack: Any, to: Wanted) -> list[Planned] | None:
    """Return what would happen to each resource; None if the stack is already so: then nothing of
    its resources, outputs and tags differs (cloudformation-coverage-roadmap, issues 2027 and 552).

    Raises ValidationError for what AWS refuses, among it an export that another stack has.
    """
    preview = candidate(stack, json.loads(to.template), to.parameters)
    plan = planned(stack.resource_map, preview)
    outputs = OutputMap(preview, json.loads(to.template), stack.stack_id)
    others = set(backend.exports) - {export.name for export in stack.exports}
    if others & {export.name for export in outputs.exports}:
        raise ValidationError(
            stack.stack_id, message="Export names must be unique across a given region"
        )
    is_same = _told(outputs) == _told(stack.output_map) and to.tags in (None, stack.tags)
    return None if is_same and not plan else plan


def _told(outputs: OutputMap) -> list[tuple[str, Any, str | None]]:
    found = [outputs[key] for key in outputs]
    return [(each.key, each.value, each.description) for each in found if each]


def update_stack(
    backend: Any,
    name: str,
    template: str,
    role_arn: str | None,
    parameters: list[dict[str, Any]],
    tags: dict[str, str] | None,
) -> Any:
    """The API's UpdateStack; returns the stack."""
    stack = backend.get_stack(name)
    require_updatable(stack)
    values = backend._resolve_update_parameters(instance=stack, incoming_params=parameters)
    to = wanted(stack, template, values, tags)
    if changes(backend, stack, to) is None:
        raise ValidationError(stack.name, message=NO_UPDATES)
    stack.role_arn = role_arn or stack.role_arn
    carry_out(backend, stack, to)
    return stack


def create_change_set(backend: Any, **kwargs: Any) -> Any:
    """The API's CreateChangeSet for a stack that is there; returns its ids as moto does."""
    stack = backend.get_stack(kwargs["stack_name"])
    require_updatable(stack)
    to = wanted(stack, kwargs["template"], kwargs["parameters"], kwargs["tags"])
    plan = changes(backend, stack, to)
    given = {"stack_name": stack.name, "template": to.template, "parameters": dict(to.parameters)}
    ids = _STOCK_CREATE_CHANGE_SET(backend, **kwargs | given)
    change_set = backend.describe_change_set(ids[0])
    change_set.wanted, change_set.changes = to, plan or []
    change_set.status, change_set.execution_status = "CREATE_COMPLETE", "AVAILABLE"
    change_set.status_reason = None
    if plan is None:
        change_set.status, change_set.execution_status = "FAILED", "UNAVAILABLE"
        change_set.status_reason = NO_CHANGES
    return ids


def carry_out(backend: Any, stack: Any, to: Wanted) -> None:
    """Bring the stack into the wanted state, or back to the former one. Its status and its events
    tell which."""
    begin(stack)
    former = [export.name for export in stack.exports]
    update = Update(stack, candidate(stack, json.loads(to.template), to.parameters))
    if not update.carry_out():
        return
    stack.source, stack.template, stack.parameters = to.source, to.template, dict(to.parameters)
    stack.template_dict = json.loads(to.template)
    stack.description = stack.template_dict.get("Description")
    stack.tags = stack.tags if to.tags is None else dict(to.tags)
    stack.last_updated_time = utcnow()
    stack.output_map = stack._create_output_map()
    for name in former:
        backend.exports.pop(name, None)
    backend.exports.update({export.name: export for export in stack.exports})
    update.clean_up()
