"""Policies of buckets, decided with their conditions, which moto 5.2.5 does not look at.

The calls that come here are plain HTTP to the loopback in the place of TLS to AWS: a policy is told
that they came over TLS. Who calls is not looked at, as in moto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local.gateway.decisions import Request, decide, statements_in

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_OVER_TLS = {"aws:securetransport": ("true",)}


def install(_aws: EmbeddedAws) -> None:
    FakeBucket.get_permission = _permission


def _permission(bucket: Any, action: str, resource: str) -> PermissionResult:
    """Return what the bucket's policy says of an action on one of its objects."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    statements = statements_in(bucket.name, bucket.policy.decode())
    decision = decide(statements, Request(action, resource, _OVER_TLS))
    if decision.allowed:
        return PermissionResult.PERMITTED
    return PermissionResult.DENIED if decision.statement else PermissionResult.NEUTRAL
