"""The reads of moto that are behind when AWS is unkind: `Unkindness.visible_after`.

Only whoever asks the API is behind. What AWS itself looks up, to check a call or to authorise
it, it knows. DescribeVpcEndpoints is in `local/interface_endpoints`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.responses.vpcs import VPCs
from moto.route53resolver.responses import Route53ResolverResponse

from local.unkind.past import Past, Reading

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

Read = Callable[..., Any]

_stock_create_group = SecurityGroupBackend.create_security_group
_stock_rule_changes: Mapping[str, Callable[..., Any]] = {
    name: getattr(SecurityGroupBackend, name)
    for name in ("authorize_security_group_ingress", "revoke_security_group_ingress")
}


def install(aws: EmbeddedAws) -> None:
    """Replace these methods of moto as a whole, so that the part installed last answers."""
    past = aws.weather.past
    SecurityGroupBackend.create_security_group = _creating(past)
    for name, change in _stock_rule_changes.items():
        setattr(SecurityGroupBackend, name, _changing_rules(past, change))
    for kind, name, reading in _READS:
        setattr(kind, name, _behind(past, _STOCK[kind, name], reading))


def _behind(past: Past, stock: Read, reading: Callable[[Past, Any], Reading]) -> Read:
    return lambda response: stock(reading(past, response) if past.is_behind else response)


def _creating(past: Past) -> Callable[..., Any]:
    def create(backend: Any, *args: Any, **kwargs: Any) -> Any:
        group = _stock_create_group(backend, *args, **kwargs)
        past.changing(group.id, None)
        return group

    return create


def _changing_rules(past: Past, stock: Callable[..., Any]) -> Callable[..., Any]:
    """Return `stock` with the former rules remembered. The check of the change itself, as for a
    duplicate, knows the present rules."""

    def change(backend: Any, *args: Any, **kwargs: Any) -> Any:
        named = args[0] if args else kwargs["group_name_or_id"]
        group = backend.get_security_group_by_name_or_id(named, kwargs.get("vpc_id"))
        before = copy.copy(group)
        if past.is_behind and group is not None:
            before.ingress_rules = copy.deepcopy(group.ingress_rules)
        changed = stock(backend, *args, **kwargs)
        past.changing(group.id, before)
        return changed

    return change


def _vpcs(past: Past, response: Any) -> Reading:
    """Return a reading in which VPCs have their former tags; moto's VPC asks its backend for
    them."""
    backend = response.ec2_backend
    vpcs = {id_: copy.copy(vpc) for id_, vpc in list(backend.vpcs.items())}
    tags = past.seen({id_: backend.tags.get(id_, {}) for id_ in vpcs})
    reading = Reading(response, "ec2_backend", tags={**backend.tags, **tags}, vpcs=vpcs)
    for vpc in vpcs.values():
        vpc.ec2_backend = reading.ec2_backend
    return reading


def _groups(past: Past, response: Any) -> Reading:
    tables = list(response.ec2_backend.groups.values())
    there = {id_: each for table in tables for id_, each in list(table.items())}
    groups = past.seen(there, gone="sg-")
    return Reading(response, "ec2_backend", groups={"": groups})


def _resolvers(past: Past, response: Any) -> Reading:
    there = dict(response.route53resolver_backend.resolver_endpoints)
    seen = past.seen(there, gone="rslvr-in-")
    return Reading(response, "route53resolver_backend", resolver_endpoints=seen)


_READS = (
    (VPCs, "describe_vpcs", _vpcs),
    (SecurityGroups, "describe_security_groups", _groups),
    (Route53ResolverResponse, "get_resolver_endpoint", _resolvers),
    (Route53ResolverResponse, "list_resolver_endpoints", _resolvers),
    (Route53ResolverResponse, "list_resolver_endpoint_ip_addresses", _resolvers),
)
_STOCK = {(kind, name): getattr(kind, name) for kind, name, _ in _READS}
