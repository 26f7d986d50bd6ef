"""Hints that people need after a change, and that nothing else tells them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ecs_anywhere_dns.answers.judgement import LONGEST_TTL, Verdict
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
LASTING = (
    "answers of this DNS server stay in caches for up to {seconds} s, more than {longest} (a "
    "minimum TTL, as cache-min-ttl, min-cache-ttl, minimum-ttl-override): clients go on with "
    "addresses for that long after they changed"
)


def lasting(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Return what to know where answers are right, and kept for longer than they should be."""
    seconds = [int(verdict.detail.split()[0]) for verdict in verdicts if verdict.code == "ttl"]
    return (LASTING.format(seconds=max(seconds), longest=LONGEST_TTL),) if seconds else ()


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
