"""CloudFormation as `sam deploy` needs it.

moto's has no SAM transform, skips resource types that it does not know and still says
CREATE_COMPLETE, loses the Outputs of a stack made by a change set, and lets a resource that
fails end in an HTTP 500; it deletes in no order, asks no custom resource, cuts no name, and takes
every value for a parameter. A stack is made and deleted here; updating one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.responses import CloudFormationResponse

from local.cloudformation import custom_resources, deletion, names, resource_types
from local.cloudformation.acceptance import CAPABILITIES, require_capabilities, require_no_aliases
from local.cloudformation.template import prepared

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_STOCK_CREATE_STACK = CloudFormationBackend.create_stack
_STOCK_CREATE_CHANGE_SET = CloudFormationBackend.create_change_set
_STOCK_CREATE_RESOURCES = Stack.create_resources
_STOCK_CREATE_RESOURCE = parsing.parse_and_create_resource
_STOCK_ANSWERS = {
    name: getattr(CloudFormationResponse, name) for name in ("create_stack", "create_change_set")
}
_STOCK_NAME = parsing.generate_resource_name
_STOCK_TEMPLATE_AT = CloudFormationResponse._get_stack_from_s3_url

_current: EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    global _current
    _current = aws
    resource_types.install(aws)
    custom_resources.install(aws)
    CloudFormationBackend.create_stack = _create_stack
    CloudFormationBackend.create_change_set = _create_change_set
    CloudFormationBackend.execute_change_set = _execute_change_set
    CloudFormationBackend.update_stack = _refuse_update
    CloudFormationBackend.delete_stack = deletion.delete_stack
    CloudFormationResponse._get_stack_from_s3_url = _template_at
    Stack.parse_template = staticmethod(json.loads)
    ChangeSet._parse_template = _parse_template
    Stack.create_resources = _create_resources
    Stack.parameter_list = property(_parameter_list)
    parsing.parse_and_create_resource = _create_resource
    parsing.generate_resource_name = _name
    for action, stock in _STOCK_ANSWERS.items():
        setattr(CloudFormationResponse, action, _acknowledging(stock))


def _acknowledging(stock: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Remember, while a request is answered, the capabilities that it acknowledges."""

    def answer(response: Any) -> Any:
        token = CAPABILITIES.set(response._get_param("Capabilities", []))
        try:
            return stock(response)
        finally:
            CAPABILITIES.reset(token)

    return answer


def _name(resource_type: str, stack_name: str, logical_id: str) -> str:
    longest = names.LONGEST.get(resource_type)
    if longest is None:
        return str(_STOCK_NAME(resource_type, stack_name, logical_id))
    return names.physical_name(stack_name, logical_id, longest)


def _create_stack(
    backend: Any, name: str, template: str, parameters: dict[str, Any], *args: Any, **kwargs: Any
) -> Any:
    require_no_aliases(template)
    template, parameters = prepared(template, parameters, backend.region_name)
    require_capabilities(template)
    return _STOCK_CREATE_STACK(backend, name, template, parameters, *args, **kwargs)


def _create_change_set(backend: Any, **kwargs: Any) -> Any:
    if kwargs["change_set_type"] == "UPDATE":
        _refuse_update()
    require_no_aliases(kwargs["template"])
    kwargs["template"], kwargs["parameters"] = prepared(
        kwargs["template"], kwargs["parameters"], backend.region_name
    )
    require_capabilities(kwargs["template"])
    return _STOCK_CREATE_CHANGE_SET(backend, **kwargs)


def _parse_template(change_set: Any) -> None:
    """A template is JSON once it is prepared; moto reads it as YAML, which takes seconds."""
    change_set.template_dict = json.loads(change_set.template)


def _refuse_update(*_args: Any, **_kwargs: Any) -> Any:
    raise ValidationError(message="The embedded AWS makes and deletes stacks, but updates none")


def _execute_change_set(backend: Any, change_set_name: str, **_: Any) -> None:
    change_set = backend.describe_change_set(change_set_name)
    stack = change_set.stack
    stack.template, stack.parameters = change_set.template, change_set.parameters
    stack.cross_stack_resources = backend.exports
    stack._parse_template()
    stack.resource_map = stack._create_resource_map()
    stack.output_map = stack._create_output_map()
    backend._validate_export_uniqueness(stack)
    stack._add_stack_event("CREATE_IN_PROGRESS", resource_status_reason="User Initiated")
    stack.create_resources()
    change_set.execution_status = "EXECUTE_COMPLETE"
    if stack.status == "CREATE_COMPLETE":
        backend.exports.update({export.name: export for export in stack.exports})


def _create_resources(stack: Any) -> None:
    """As on AWS, a resource that cannot be made is an event of the stack, which rolls back."""
    try:
        _STOCK_CREATE_RESOURCES(stack)
    except ResourceFailedError as failure:
        stack._add_stack_event("CREATE_FAILED", resource_status_reason=str(failure))
        stack._add_stack_event("ROLLBACK_IN_PROGRESS", resource_status_reason=str(failure))
        deletion.delete_resources(stack.resource_map)
        stack._add_stack_event("ROLLBACK_COMPLETE")
        stack.status = "ROLLBACK_COMPLETE"


def _create_resource(logical_id: str, resource: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return _STOCK_CREATE_RESOURCE(logical_id, resource, *args, **kwargs)
    except ResourceFailedError:
        raise  # of a resource that this one refers to: the reason is already told
    except Exception as error:
        raise ResourceFailedError(f"{logical_id} ({resource['Type']}): {error!r}") from error


class ResourceFailedError(Exception):
    """A resource could not be made; the message names it and says why."""


def _template_at(response: Any, url: str) -> str:
    """moto knows a path-style address only by the host name `localhost`."""
    path_style = url.replace(_current.url, "http://localhost", 1)
    template: str = _STOCK_TEMPLATE_AT(response, path_style)
    return template


def _parameter_list(stack: Any) -> list[dict[str, str]]:
    """moto hides a NoEcho parameter only if its value is its name, and answers with lists."""
    secret = stack.resource_map.no_echo_parameter_keys
    return [
        {"ParameterKey": name, "ParameterValue": "****" if name in secret else _joined(value)}
        for name, value in stack.resource_map.resolved_parameters.items()
    ]


def _joined(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
