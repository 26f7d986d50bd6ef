"""Updating a stack in CloudFormation's order, and going back where that fails.

AWS (user guide, "Update behaviors of stack resources" and "Understand update stack events"): what
differs is changed in place where its type allows that, and is else made anew beside the old one,
each resource after those that it refers to; then what refers to it. Only in the clean-up at the end
go the old ones, and what the template no longer has. If anything fails, every resource that was
touched gets its old properties again, and what was made goes. moto 5.2.5 deletes first, changes in
no order, and does not go back.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import ResourceMap

from local.cloudformation import deletion
from local.cloudformation.creation import (
    Properties,
    make,
    properties_of,
    resolve,
)
from local.cloudformation.failures import NotUpdatableError, ResourceFailedError
from local.cloudformation.in_place import Change, change_in_place
from local.cloudformation.schemas import replacing_properties
from local.cloudformation.stack_events import enter, tell
from local.cloudformation.update_plan import in_order, removed

UPDATABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
"""The statuses in which a stack can be updated."""
REPLACES = "Requested update requires the creation of a new physical resource; hence creating one."

_one_at_a_time = threading.Lock()


def begin(stack: Any) -> None:
    """Let the stack be updated. Raises ValidationError if it is in no state for that, as when
    another update is under way."""
    with _one_at_a_time:
        require_updatable(stack)
        enter(stack, "UPDATE_IN_PROGRESS", "User Initiated")


def require_updatable(stack: Any) -> None:
    if stack.status not in UPDATABLE:
        raise ValidationError(
            stack.stack_id,
            message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.",
        )


def candidate(stack: Any, template: Mapping[str, Any], parameters: Mapping[str, str]) -> Any:
    """Return the stack's resources as the template names them, none of them made."""
    resources = ResourceMap(
        stack.stack_id,
        stack.name,
        dict(parameters),
        stack.tags,
        account_id=stack.account_id,
        region_name=stack.region_name,
        template=template,
        cross_stack_resources=stack.cross_stack_resources,
    )
    resources.load()
    resources._resource_json_map = template["Resources"]
    return resources


class Update:
    """One update of one stack, from the resources `before` to those `after`."""

    def __init__(self, stack: Any, after: ResourceMap) -> None:
        self.stack, self.before, self.after = stack, stack.resource_map, after
        self.made: list[str] = []
        """The resources that are new, also in the place of others."""
        self.changed: list[Change] = []
        """The changes in place, in their order; the last one may have failed half-way."""

    def carry_out(self) -> bool:
        """Return whether all of it came to be; else the stack is as it was before."""
        try:
            for name in in_order(self.after):
                self._bring_about(name)
        except ResourceFailedError as failure:
            self._go_back(failure)
            return False
        self.stack.resource_map = self.after
        return True

    def clean_up(self) -> None:
        """Delete what has been replaced, and what the template no longer has. What cannot be
        deleted is left behind: the stack forgets it."""
        enter(self.stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        gone = {
            name
            for name in removed(self.before, self.after)
            if not deletion.is_kept(self.before._resource_json_map[name])
        }
        replaced = {name for name in self.before._resource_json_map if self._is_replaced(name)}
        enter(self.stack, "UPDATE_COMPLETE", self._delete(self.before, gone | replaced))

    def _is_replaced(self, name: str) -> bool:
        old, new = (each._parsed_resources.get(name) for each in (self.before, self.after))
        if old is None or new is None or _id(old) == _id(new):
            return False
        policy = self.after._resource_json_map[name].get("UpdateReplacePolicy")
        return bool(policy != "Retain")

    def _delete(self, resources: Any, names: set[str]) -> str | None:
        """Delete these resources; return what the stack's event says of those that stay."""
        there = {name: resources._parsed_resources[name] for name in sorted(names)}
        kinds = {name: resources._resource_json_map[name]["Type"] for name in names}
        reasons: Mapping[str, str] = {}
        for name, resource in there.items():
            tell(self.stack, name, kinds[name], "DELETE_IN_PROGRESS", of=resource)
        try:
            deletion.delete_resources(resources, names)
        except deletion.DeletionFailedError as failure:
            reasons = failure.reasons
        for name, resource in there.items():
            if name in resources._parsed_resources:
                why = reasons.get(name, "")
                tell(self.stack, name, kinds[name], "DELETE_FAILED", of=resource, reason=why)
            else:
                tell(self.stack, name, kinds[name], "DELETE_COMPLETE", of=resource)
        left = any(name in resources._parsed_resources for name in names)
        return "One or more resources could not be deleted." if left else None

    def _bring_about(self, name: str) -> None:
        """Make, change or keep one resource. Raises ResourceFailedError."""
        kind = self.after._resource_json_map[name]["Type"]
        if name not in self.before._parsed_resources:
            self._make(name, kind)
            return
        old = self.before._parsed_resources[name]
        try:
            before, after = properties_of(name, self.before), resolve(name, self.after)
            if after is None or before == after:
                self.after._parsed_resources[name] = old
                return
            region = self.stack.region_name
            replacing = replacing_properties(kind, region, before, after)
            if replacing:
                _require_another_name(kind, before, after)
        except Exception as error:
            tell(self.stack, name, kind, "UPDATE_FAILED", of=old, reason=str(error))
            raise ResourceFailedError(name, kind, str(error)) from error
        if replacing:
            tell(self.stack, name, kind, "UPDATE_IN_PROGRESS", of=old, reason=REPLACES)
            self._make(name, kind, "UPDATE")
        else:
            change = Change(kind, old, before, after, self.stack.account_id, region)
            self._change(name, change)

    def _make(self, name: str, kind: str, verb: str = "CREATE") -> None:
        if verb == "CREATE":
            tell(self.stack, name, kind, "CREATE_IN_PROGRESS")
        try:
            made = make(name, self.after)
        except ResourceFailedError as failure:
            tell(self.stack, name, kind, f"{verb}_FAILED", reason=failure.reason)
            raise
        if made is not None:
            self.made.append(name)
        tell(self.stack, name, kind, f"{verb}_COMPLETE", of=made)

    def _change(self, name: str, change: Change) -> None:
        tell(self.stack, name, change.kind, "UPDATE_IN_PROGRESS", of=change.resource)
        self.changed.append(change)
        try:
            now = change_in_place(change)
        except Exception as error:
            if isinstance(error, NotUpdatableError):
                self.changed.pop()  # before anything was touched
            reason = str(error)
            tell(self.stack, name, change.kind, "UPDATE_FAILED", of=change.resource, reason=reason)
            raise ResourceFailedError(name, change.kind, reason) from error
        now.cf_resource_type, now.logical_resource_id = change.kind, name
        self.after._parsed_resources[name] = now
        tell(self.stack, name, change.kind, "UPDATE_COMPLETE", of=now)

    def _go_back(self, failure: ResourceFailedError) -> None:
        """Undo the changes, the last one first, then delete what was made."""
        verb = "update" if failure.logical_id in self.before._parsed_resources else "create"
        reason = f"The following resource(s) failed to {verb}: [{failure.logical_id}]."
        enter(self.stack, "UPDATE_ROLLBACK_IN_PROGRESS", f"{reason} {failure.reason}")
        stuck = [name for change in reversed(self.changed) if (name := self._undo(change))]
        if stuck:
            reason = f"The following resource(s) failed to update: [{', '.join(stuck)}]."
            enter(self.stack, "UPDATE_ROLLBACK_FAILED", reason)
            return
        enter(self.stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        enter(self.stack, "UPDATE_ROLLBACK_COMPLETE", self._delete(self.after, self._unwanted()))

    def _unwanted(self) -> set[str]:
        """Return what goes in a rollback: `Retain` keeps also what an update has only just made,
        `RetainExceptOnCreate` does not."""
        definitions = self.after._resource_json_map
        return {
            name for name in self.made if definitions[name].get("DeletionPolicy") != "Retain"
        } | {name for name in self.before._resource_json_map if self._is_replaced(name)}

    def _undo(self, change: Change) -> str:
        """Return the name of the resource if it cannot get its old properties again."""
        name = change.resource.logical_resource_id
        of = self.after._parsed_resources.get(name, change.resource)
        tell(self.stack, name, change.kind, "UPDATE_IN_PROGRESS", of=of)
        try:
            now = change_in_place(change.undone_on(of))
        except Exception as error:  # noqa: BLE001 (whatever it is, it is the reason that is told)
            tell(self.stack, name, change.kind, "UPDATE_FAILED", of=of, reason=str(error))
            return str(name)
        now.cf_resource_type, now.logical_resource_id = change.kind, name
        self.before._parsed_resources[name] = now
        tell(self.stack, name, change.kind, "UPDATE_COMPLETE", of=now)
        return ""


def _id(resource: Any) -> str:
    return str(getattr(resource, "physical_resource_id", ""))


def _require_another_name(kind: str, before: Properties, after: Properties) -> None:
    """Raise ValueError where the new one would have the old one's name."""
    name_property = parsing.resource_name_property_from_type(kind) or ""
    name = after.get(name_property)
    if name is not None and name == before.get(name_property):
        raise ValueError(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {name} and update the stack again."
        )
