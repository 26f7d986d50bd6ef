"""Making a stack's resources, and what happens where that fails.

moto 5.2.5 lets a resource that fails end in an HTTP 500, does not remember with which properties it
made one, and tells every template that it is in the partition `aws`. What an update compares is
kept here: the resolved properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import ResourceMap
from moto.core.common_models import CloudFormationModel
from moto.ec2 import models as ec2_models
from moto.ec2.models.core import TaggedEC2Resource

from local.cloudformation import deletion, names
from local.cloudformation.failures import ResourceFailedError
from local.partitions import dns_suffix, partition_of

_STOCK_CREATE_RESOURCES = Stack.create_resources
_STOCK_CREATE_RESOURCE = parsing.parse_and_create_resource
_STOCK_NAME = parsing.generate_resource_name
_STOCK_MAP = ResourceMap.__init__
_STOCK_RESOLVE = parsing.parse_resource_and_generate_name


Properties = Mapping[str, Any]


def install() -> None:
    Stack.create_resources = _create_resources
    parsing.parse_and_create_resource = _create_resource
    parsing.parse_resource_and_generate_name = _resolve
    parsing.generate_resource_name = _name
    ResourceMap.__init__ = _map


def _map(resources: Any, *args: Any, **kwargs: Any) -> None:
    """Make the map of a stack's resources, with the pseudo parameters of its partition."""
    _STOCK_MAP(resources, *args, **kwargs)
    region = resources._region_name
    resources._parsed_resources |= {
        "AWS::Partition": partition_of(region),
        "AWS::URLSuffix": dns_suffix(region),
    }


def _name(resource_type: str, stack_name: str, logical_id: str) -> str:
    longest = names.LONGEST.get(resource_type)
    if longest is None:
        return str(_STOCK_NAME(resource_type, stack_name, logical_id))
    return names.physical_name(stack_name, logical_id, longest)


def _create_resources(stack: Any) -> None:
    """Make the resources. As on AWS, one that cannot be made is an event of the stack, which rolls
    back."""
    try:
        _STOCK_CREATE_RESOURCES(stack)
    except ResourceFailedError as failure:
        stack._add_stack_event("CREATE_FAILED", resource_status_reason=str(failure))
        stack._add_stack_event("ROLLBACK_IN_PROGRESS", resource_status_reason=str(failure))
        _roll_back(stack)


def _roll_back(stack: Any) -> None:
    status, reason = "ROLLBACK_COMPLETE", None
    try:
        deletion.delete_resources(stack.resource_map)
    except deletion.DeletionFailedError as failure:
        status, reason = "ROLLBACK_FAILED", str(failure)
    _leave_what_is_there(stack)
    stack._add_stack_event(status, resource_status_reason=reason)
    stack.status = status


def _leave_what_is_there(stack: Any) -> None:
    """Leave a stack the resources that are there and no outputs: moto would make the others at the
    next look at the stack. AWS still lists those as deleted; that is not reproduced."""
    resources = stack.resource_map
    definitions = resources._resource_json_map.items()
    there = {name: said for name, said in definitions if name in resources._parsed_resources}
    resources._resource_json_map = there
    stack.output_map._output_json_map = {}


def _create_resource(logical_id: str, resource: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return _STOCK_CREATE_RESOURCE(logical_id, resource, *args, **kwargs)
    except ResourceFailedError:
        raise  # of a resource that this one refers to: the reason is already told
    except Exception as error:
        raise ResourceFailedError(logical_id, resource["Type"], repr(error)) from error


def _resolve(logical_id: str, definition: dict[str, Any], resources: ResourceMap) -> Any:
    """Keep what was resolved: moto's models change it while they make a resource of it."""
    found = _STOCK_RESOLVE(logical_id, definition, resources)
    if found is not None:
        kept = resources.__dict__.setdefault("resolved", {})
        kept[logical_id] = deepcopy(found[1]["Properties"])
    return found


def resolve(logical_id: str, resources: ResourceMap) -> Properties | None:
    """Resolve every reference of a resource of the template, and return its properties as they are
    now; None for a type that makes nothing here."""
    definition = resources._resource_json_map[logical_id]
    found = parsing.parse_resource_and_generate_name(logical_id, definition, resources)
    return properties_of(logical_id, resources) if found else None


def properties_of(logical_id: str, resources: ResourceMap) -> Properties:
    """Return the properties of a resource as they were resolved last."""
    properties: Properties = resources.resolved[logical_id]
    return properties


def is_wanted(logical_id: str, resources: ResourceMap) -> bool:
    """Tell whether the template has the resource, and its condition holds."""
    definition = resources._resource_json_map.get(logical_id)
    if definition is None:
        return False
    condition = definition.get("Condition")
    return not condition or bool(resources.lazy_condition_map[condition])


def make(logical_id: str, resources: ResourceMap) -> CloudFormationModel | None:
    """Make a resource of a stack that is there, and give it CloudFormation's tags where moto does
    so for the resources of a new stack. Raises ResourceFailedError."""
    made = resources[logical_id]
    if isinstance(made, TaggedEC2Resource):
        tags = dict(resources.tags) | {
            "aws:cloudformation:stack-name": resources["AWS::StackName"],
            "aws:cloudformation:stack-id": resources["AWS::StackId"],
            "aws:cloudformation:logical-id": logical_id,
        }
        backend = ec2_models.ec2_backends[resources._account_id][resources._region_name]
        backend.create_tags([made.physical_resource_id], tags)
    return made
