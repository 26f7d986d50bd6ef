"""What people have to know after a change; nobody else tells them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import Forwarding

RESTART_AGENTS = (
    "restart the ECS agent on each container host now (`systemctl restart ecs`): it remembers its "
    "endpoints for 12 hours, and until then still goes to the public ones"
)
NUMBERED_HOSTS = (
    "a lookup of a numbered host such as ecs-a-1.{region}… is a symptom, not a name to forward: "
    "that agent asked for its endpoints before the names were private, or goes through a proxy"
)
DRAINING = "this forwarding will be withdrawn soon: the VPC is being disconnected"
TWO_ARE_NEEDED = "of {all} resolver IPs {used} are forwarded to: one more failure is an outage"


def hints_of(former: Forwarding, now: Forwarding, document: Document) -> tuple[str, ...]:
    return tuple(_hints(former, now, document))


def _hints(former: Forwarding, now: Forwarding, document: Document) -> Iterator[str]:
    if former.is_none and not now.is_none:
        yield RESTART_AGENTS
        yield NUMBERED_HOSTS.format(region=document.region)
    if document.state == "draining":
        yield DRAINING
    if not now.is_none and len(now.forwarders) < len(document.resolver_ips):
        yield TWO_ARE_NEEDED.format(all=len(document.resolver_ips), used=len(now.forwarders))
