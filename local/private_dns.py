"""Private DNS in a VPC: the holders of its names, and the answers that result.

AWS keeps a hidden private hosted zone per endpoint and associates it with the VPC. A zone's
domain can be associated only once, so two holders of one name conflict, even while the
first is still going away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import InvalidParameter
from moto.route53.models import route53_backends
from moto.utilities.utils import get_partition

from local.contracts import Networks, NetworkState

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

Followers = Callable[[str], Iterable[Any]]
"""A function that yields the VPCs whose answers depend on a VPC."""
Source = Callable[[str, NetworkState], NetworkState]
"""A function that adds to a VPC's state the answers of one part of the embedded AWS."""


@dataclass
class VpcAnswers:
    """The answers in each VPC, put together from all sources and handed to the networks when they
    change."""

    networks: Networks
    sources: list[Source] = field(default_factory=list)
    followers: list[Followers] = field(default_factory=list)
    _applied: dict[str, NetworkState] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def publish(self, vpc: Any, again: bool = False) -> None:
        """Publish the answers of all sources, and return when they are in force; `again` hands over
        equal answers, too. Do not hold a lock."""
        self._publish(vpc, again)
        for follower in [each for follow in self.followers for each in follow(vpc.id)]:
            self._publish(follower)

    @property
    def answering(self) -> tuple[str, ...]:
        """Return the ids of the VPCs in which something answers, or did."""
        return tuple(self._applied)

    def applied_elsewhere(self, vpc_id: str) -> Iterator[NetworkState]:
        """Yield the states of all other VPCs."""
        yield from (state for each, state in list(self._applied.items()) if each != vpc_id)

    def at_resolver(self, ips: Iterable[str]) -> NetworkState | None:
        """Return the state of the VPC in which an inbound resolver has one of these addresses; None
        where there is none."""
        asked = {*ips}
        states = list(self._applied.values())
        return next((state for state in states if asked & state.resolver_ips), None)

    def _publish(self, vpc: Any, again: bool = False) -> None:
        with self._lock:
            silence = NetworkState(cidrs=_cidrs(vpc))
            state = silence
            for source in self.sources:
                state = source(vpc.id, state)
            if state == self._applied.get(vpc.id, silence) and not again:
                return
            self.networks.apply(vpc.id, state)
            self._applied[vpc.id] = state


def answers_of(aws: EmbeddedAws) -> VpcAnswers:
    """Return the `VpcAnswers` of this embedded AWS; whichever part is installed first makes
    them."""
    if not hasattr(aws, "vpc_answers"):
        aws.vpc_answers = VpcAnswers(aws.networks)
    answers: VpcAnswers = aws.vpc_answers
    return answers


def require_private_dns_possible(vpc: Any, names: Iterable[str], held: Iterable[str]) -> None:
    """Refuse as AWS does: the VPC's attributes first, then names that somebody else holds.

    `held` are the names of the VPC's other endpoints.
    """
    if not (_is_on(vpc.enable_dns_support) and _is_on(vpc.enable_dns_hostnames)):
        raise InvalidParameter(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames "
            f"VPC attributes set to true for {vpc.id}"
        )
    taken = {_domain(name) for name in held} | _hosted_zones(vpc)
    for name in names:
        if _domain(name) in taken:
            raise InvalidParameter(
                "private-dns-enabled cannot be set because there is already a conflicting "
                f"DNS domain for {name} in the VPC {vpc.id}"
            )


def _hosted_zones(vpc: Any) -> set[str]:
    """Return the domains of the private hosted zones that a customer associated with the VPC."""
    route53 = route53_backends[vpc.owner_id][get_partition(vpc.region)]
    return {zone["Name"].rstrip(".") for zone in route53.list_hosted_zones_by_vpc(vpc.id)}


def _domain(name: str) -> str:
    return name.removeprefix("*.")


def _cidrs(vpc: Any) -> tuple[str, ...]:
    return tuple(block["cidr_block"] for block in vpc.get_cidr_block_association_set())


def _is_on(attribute: bool | str) -> bool:
    """Tell whether an attribute is on: moto keeps ModifyVpcAttribute's value as it came."""
    return str(attribute).lower() == "true"
