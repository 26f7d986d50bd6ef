"""The plan of an update: the change of each resource, as a change set shows it, and an update
follows it.

CloudFormation compares what the last update was given with what this one is given, every reference
resolved; it does not look at the resources themselves. What a new resource will be called is known
only when it is there: a change set says "known after apply".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import NULL_MODELS, ResourceMap

from local.cloudformation.creation import is_wanted, properties_of, resolve
from local.cloudformation.deletion import dependencies
from local.cloudformation.resource_types import IGNORED
from local.cloudformation.schemas import UnknownSchemaError, replacing_properties

KNOWN_AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"


@dataclass(frozen=True)
class Planned:
    """One resource that an update touches, as a change set shows it."""

    action: str
    """Add, Modify or Remove."""
    logical_resource_id: str
    resource_type: str
    physical_resource_id: str = ""
    replacement: str | None = None
    """The replacement: True, False or Conditional; None unless the action is Modify."""


class _Unmade:
    """A resource that is not there yet."""

    physical_resource_id = KNOWN_AFTER_APPLY

    def get_cfn_attribute(self, _name: str) -> str:
        return KNOWN_AFTER_APPLY


def planned(before: ResourceMap, after: ResourceMap) -> list[Planned]:
    """Return what would happen to the resources; `after` is filled with what is not made yet, and
    is of no other use. Raises ValidationError for a resource of another type under an old name."""
    _refuse_other_types(before, after)
    changes = []
    for name in in_order(after):
        kind = after._resource_json_map[name]["Type"]
        if name in before._parsed_resources:
            after._parsed_resources[name] = before._parsed_resources[name]
            change = _change(name, kind, before, after)
        else:
            change = Planned("Add", name, kind)
        if change and (change.action == "Add" or change.replacement == "True"):
            after._parsed_resources[name] = _Unmade()
        changes += [change] if change else []
    for name in removed(before, after):
        kind, old = before._resource_json_map[name]["Type"], before._parsed_resources[name]
        changes.append(Planned("Remove", name, kind, _id(old)))
    return changes


def _id(resource: Any) -> str:
    return str(getattr(resource, "physical_resource_id", ""))


def _change(name: str, kind: str, before: ResourceMap, after: ResourceMap) -> Planned | None:
    """Return the change of a resource that both templates have; None if nothing differs."""
    old = properties_of(name, before)
    physical_id = _id(before._parsed_resources[name])
    try:
        new = resolve(name, after)
    except (IndexError, KeyError):  # a part of something that is known only after apply
        return Planned("Modify", name, kind, physical_id, "Conditional")
    if new is None or new == old:
        return None
    try:
        replacing = replacing_properties(kind, after._region_name, old, new)
    except UnknownSchemaError as error:
        raise ValidationError(message=f"{name}: {error}") from error
    return Planned("Modify", name, kind, physical_id, str(bool(replacing)))


def _refuse_other_types(before: ResourceMap, after: ResourceMap) -> None:
    others = [
        name
        for name, old in before._resource_json_map.items()
        if name in after._resource_json_map
        and old["Type"] != after._resource_json_map[name]["Type"]
    ]
    if others:
        raise ValidationError(
            message="Update of resource type is not permitted. The new template modifies resource "
            f"type of the following resources: [{', '.join(others)}]"
        )


def removed(before: ResourceMap, after: ResourceMap) -> list[str]:
    """Return the resources that are there, and that the new template does not want."""
    there = [name for name in before._resource_json_map if name in before._parsed_resources]
    return [name for name in there if not is_wanted(name, after)]


def in_order(resources: ResourceMap) -> list[str]:
    """Return the resources that the template wants, each after those that it refers to, but for
    types that make nothing here."""
    wanted = {
        name: _chosen(definition, resources.lazy_condition_map)
        for name, definition in resources._resource_json_map.items()
        if is_wanted(name, resources) and definition["Type"] not in (*IGNORED, *NULL_MODELS)
    }
    needs, done = dependencies(wanted), list[str]()
    while len(done) < len(wanted):
        free = [name for name in wanted if name not in done and needs[name] <= set(done)]
        if not free:
            circle = ", ".join(name for name in wanted if name not in done)
            raise ValidationError(message=f"Circular dependency between resources: [{circle}]")
        done += free
    return done


def _chosen(value: Any, conditions: Mapping[str, bool]) -> Any:
    """Return `value` with the branch that counts in the place of each Fn::If."""
    if isinstance(value, list):
        return [_chosen(each, conditions) for each in value]
    if not isinstance(value, Mapping):
        return value
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        return _chosen(yes if conditions[condition] else no, conditions)
    return {name: _chosen(each, conditions) for name, each in value.items()}
