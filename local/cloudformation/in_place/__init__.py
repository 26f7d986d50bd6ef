"""Updates in place: what CloudFormation changes on a resource that stays the same.

What this knows of a type are the properties that its creation here keeps. A property that creation
drops as well (moto keeps no tags of a function) changes nothing; any other that nobody here can
change is refused by name. So is a type that is not in `UPDATES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.cloudformation.api_types import ApiResource
from local.cloudformation.custom_resources import CustomResource
from local.cloudformation.failures import NotUpdatableError
from local.cloudformation.in_place import compute, identities, messaging, storage
from local.cloudformation.in_place.change import Change, Update

UPDATES: Mapping[str, Update] = {
    **compute.UPDATES,
    **identities.UPDATES,
    **messaging.UPDATES,
    **storage.UPDATES,
}

__all__ = ["UPDATES", "Change", "change_in_place"]


def change_in_place(change: Change) -> Any:
    """Make the change; return the resource, or the one that stands for it from now on.

    Raises NotUpdatableError for what cannot be changed here, and whatever the service refuses.
    """
    if isinstance(change.resource, CustomResource):
        return change.resource.update(change.before, change.after)
    if isinstance(change.resource, ApiResource):
        change.resource.change(change.region, change.before, change.after)
        return change.resource
    if change.kind not in UPDATES:
        raise NotUpdatableError(f"{change.kind} cannot be updated in place (embedded AWS)")
    update = UPDATES[change.kind]
    change.refuse_others(update.properties | update.dropped)
    now = update.apply(change)
    return change.resource if now is None else now  # an empty table is false
