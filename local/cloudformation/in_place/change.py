"""One change of one resource, as the updates of its type see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from local.cloudformation.api_types import client_of
from local.cloudformation.failures import NotUpdatableError

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A resource of moto, and its resolved properties before and after."""

    kind: str
    resource: Any
    before: Properties
    after: Properties
    account: str
    region: str

    def undone_on(self, resource: Any) -> Change:
        """Return the change back, of what stands for the resource now."""
        return replace(self, resource=resource, before=self.after, after=self.before)

    @property
    def id(self) -> str:
        return str(self.resource.physical_resource_id)

    @property
    def changed(self) -> list[str]:
        """Return the names of the properties that differ, sorted."""
        names = self.before.keys() | self.after.keys()
        return sorted(name for name in names if self.before.get(name) != self.after.get(name))

    def differs(self, *names: str) -> bool:
        """Tell whether any of these properties differs."""
        return bool(set(names) & set(self.changed))

    def client(self, service: str) -> Any:
        return client_of(service, self.region)

    def refuse_others(self, known: Set[str]) -> None:
        """Raise NotUpdatableError for a changed property that is not among the `known`."""
        unknown = [name for name in self.changed if name not in known]
        if unknown:
            names = ", ".join(unknown)
            raise NotUpdatableError(f"{names} of {self.kind} cannot be updated (embedded AWS)")

    def members(self, name: str) -> tuple[list[Any], list[Any]]:
        """Return what a list property loses and what it gains, in the order of the template."""
        old, new = self.before.get(name, []), self.after.get(name, [])
        return [each for each in old if each not in new], [each for each in new if each not in old]


@dataclass(frozen=True)
class Update:
    """The update of a resource type in place. `apply` may return another object of moto that stands
    for the resource from now on."""

    apply: Callable[[Change], Any]
    properties: frozenset[str]
    dropped: frozenset[str] = frozenset({"Tags"})
    """Properties that creation does not keep here either."""
