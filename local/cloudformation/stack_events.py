"""Events of a stack's resources, as DescribeStackEvents and `sam deploy` show them."""

from __future__ import annotations

from typing import Any

from moto.cloudformation.models import Event


def tell(
    stack: Any, name: str, kind: str, status: str, *, of: Any = None, reason: str = ""
) -> None:
    """Add an event about the resource `name`. `of` is moto's resource, None while there is none."""
    stack.events.append(
        Event(
            stack_id=stack.stack_id,
            stack_name=stack.name,
            logical_resource_id=name,
            physical_resource_id=getattr(of, "physical_resource_id", "") or "",
            resource_type=kind,
            resource_status=status,
            resource_status_reason=reason or None,
            resource_properties=None,
        )
    )


def enter(stack: Any, status: str, reason: str | None = None) -> None:
    """Let the stack be in `status`, and tell so."""
    stack.status = status
    stack._add_stack_event(status, resource_status_reason=reason)
