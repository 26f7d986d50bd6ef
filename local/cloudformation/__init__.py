"""CloudFormation as `sam deploy` needs it.

moto's has no SAM transform, skips resource types that it does not know and still says
CREATE_COMPLETE, loses the Outputs of a stack made by a change set, and lets a resource that
fails end in an HTTP 500; it updates and deletes in no order, goes back from nothing, asks no custom
resource, cuts no name, and takes every value for a parameter.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import yaml
from moto.cloudformation import responses
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.responses import CloudFormationResponse

from local.cloudformation import (
    creation,
    custom_resources,
    deletion,
    resource_types,
    update_requests,
)
from local.cloudformation.acceptance import CAPABILITIES, require_capabilities, require_no_aliases
from local.cloudformation.template import prepared

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_STOCK_CREATE_STACK = CloudFormationBackend.create_stack
_STOCK_CREATE_CHANGE_SET = CloudFormationBackend.create_change_set
_STOCK_ANSWERS = {
    name: getattr(CloudFormationResponse, name)
    for name in ("create_stack", "create_change_set", "update_stack")
}
_STOCK_TEMPLATE_AT = CloudFormationResponse._get_stack_from_s3_url

_current: EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    global _current
    _current = aws
    resource_types.install(aws)
    custom_resources.install(aws)
    creation.install()
    CloudFormationBackend.create_stack = _create_stack
    CloudFormationBackend.create_change_set = _create_change_set
    CloudFormationBackend.execute_change_set = _execute_change_set
    CloudFormationBackend.update_stack = update_requests.update_stack
    CloudFormationBackend.delete_stack = deletion.delete_stack
    CloudFormationResponse._get_stack_from_s3_url = _template_at
    CloudFormationResponse._validate_different_update = _leave_to_the_backend
    CloudFormationResponse._validate_status = _leave_to_the_backend
    responses.yaml = _QuickYaml
    Stack.parse_template = staticmethod(json.loads)
    ChangeSet._parse_template = _parse_template
    Stack.parameter_list = property(_parameter_list)
    Stack.stack_parameters = property(lambda stack: stack.parameters)
    for action, stock in _STOCK_ANSWERS.items():
        setattr(CloudFormationResponse, action, _answering(stock))


def _answering(stock: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Remember, while a request is answered, the capabilities that it acknowledges."""

    def answer(response: Any) -> Any:
        _require_previous_values(response)
        token = CAPABILITIES.set(response._get_param("Capabilities", []))
        try:
            return stock(response)
        finally:
            CAPABILITIES.reset(token)

    return answer


def _require_previous_values(response: Any) -> None:
    """Raise ValidationError for a previous value of a parameter that the stack does not have."""
    asked = {
        each["ParameterKey"]
        for each in response._get_param("Parameters", [])
        if each.get("UsePreviousValue")
    }
    if asked:
        stack = response.cloudformation_backend.get_stack(response._get_param("StackName"))
        for name in sorted(asked - stack.parameters.keys()):
            raise ValidationError(
                message=f"Invalid input for parameter key {name}. Cannot specify usePreviousValue "
                "as true for a parameter key not in the previous template"
            )


def _leave_to_the_backend(*_: Any) -> None:
    """Decide nothing here: moto compares the template with what became of the former one, and looks
    at one status."""


class _QuickYaml:
    """The module `yaml` as moto's responses use it: a template that is JSON, as that of every stack
    here, takes YAML seconds."""

    Loader = yaml.Loader
    add_multi_constructor = staticmethod(yaml.add_multi_constructor)

    @staticmethod
    def load(text: str, Loader: Any) -> Any:  # noqa: N803
        is_json = text.lstrip().startswith("{")
        return json.loads(text) if is_json else yaml.load(text, Loader=Loader)


def _create_stack(
    backend: Any, name: str, template: str, parameters: dict[str, Any], *args: Any, **kwargs: Any
) -> Any:
    require_no_aliases(template)
    plain, parameters = prepared(template, parameters, backend.region_name)
    require_capabilities(plain)
    stack = _STOCK_CREATE_STACK(backend, name, plain, parameters, *args, **kwargs)
    stack.source = template
    return stack


def _create_change_set(backend: Any, **kwargs: Any) -> Any:
    if kwargs["change_set_type"] == "UPDATE":
        return update_requests.create_change_set(backend, **kwargs)
    source = kwargs["template"]
    require_no_aliases(source)
    kwargs["template"], kwargs["parameters"] = prepared(
        source, kwargs["parameters"], backend.region_name
    )
    require_capabilities(kwargs["template"])
    ids = _STOCK_CREATE_CHANGE_SET(backend, **kwargs)
    backend.get_stack(ids[1]).source = source
    return ids


def _parse_template(change_set: Any) -> None:
    """Parse a prepared template, which is JSON; moto reads it as YAML, which takes seconds."""
    change_set.template_dict = json.loads(change_set.template)


def _execute_change_set(backend: Any, change_set_name: str, **_: Any) -> None:
    change_set = backend.describe_change_set(change_set_name)
    if change_set.execution_status != "AVAILABLE":
        raise InvalidChangeSetStatus(
            message=f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current "
            f"status of [{change_set.status}]"
        )
    if change_set.change_set_type == "UPDATE":
        change_set.execution_status = "EXECUTE_COMPLETE"
        update_requests.carry_out(backend, change_set.stack, change_set.wanted)
        return
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


class InvalidChangeSetStatus(ValidationError):  # type: ignore[misc]
    code = "InvalidChangeSetStatus"


def _template_at(response: Any, url: str) -> str:
    """Return the template at a URL. moto knows a path-style address only by the host name
    `localhost`."""
    path_style = url.replace(_current.url, "http://localhost", 1)
    template: str = _STOCK_TEMPLATE_AT(response, path_style)
    return template


def _parameter_list(stack: Any) -> list[dict[str, str]]:
    """Return the parameters as CloudFormation shows them: moto hides a NoEcho parameter only if its
    value is its name, and answers with lists."""
    secret = stack.resource_map.no_echo_parameter_keys
    return [
        {"ParameterKey": name, "ParameterValue": "****" if name in secret else _joined(value)}
        for name, value in stack.resource_map.resolved_parameters.items()
    ]


def _joined(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
