"""Inbound resolvers of other VPCs, as they are reached from a VPC: where a route leads there.

AWS: an address of an inbound endpoint of Route 53 Resolver answers whoever reaches it, with what
the endpoint's own VPC answers (Route 53 developer guide, "Forwarding inbound DNS queries to your
VPCs"). Security groups are not looked at, as nowhere in these networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from local.contracts import NetworkState
from local.hosted_zones import routed_elsewhere, vpc_of
from local.private_dns import VpcAnswers, answers_of

if TYPE_CHECKING:
    from local.engine import EmbeddedAws


@dataclass
class ResolversElsewhere:
    """The inbound resolvers of other VPCs that answer in a VPC, by its routes."""

    answers: VpcAnswers

    def add_answers(self, vpc_id: str, state: NetworkState) -> NetworkState:
        networks = [ip_network(cidr) for cidr in routed_elsewhere(vpc_id)]
        if not networks:
            return state
        reached = {
            ip: replace(told, tls={}, own_dns="", resolvers_elsewhere={})
            for told in self.answers.applied_elsewhere(vpc_id)
            for ip in told.resolver_ips
            if any(ip_address(ip) in network for network in networks)
        }
        return replace(state, resolvers_elsewhere=reached)

    def followers(self, vpc_id: str) -> Iterator[Any]:
        """Yield the other VPCs that answer something and have a route that leads elsewhere."""
        others = (each for each in self.answers.answering if each != vpc_id)
        routed = (each for each in others if any(routed_elsewhere(each)))
        yield from filter(None, map(vpc_of, sorted(routed)))


def install(aws: EmbeddedAws) -> None:
    answers = answers_of(aws)
    part = ResolversElsewhere(answers)
    answers.sources.append(part.add_answers)
    answers.followers.append(part.followers)
