"""Networks that a container host of ECS Anywhere keeps for itself.

A packet to such a network never leaves the host, whatever DNS says, so interface endpoints that
stand there cannot be reached from it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from connectivity.domain.model import Subnet

KEPT_BY_HOSTS = {
    "172.17.0.0/16": "docker0, Docker's default bridge",
    "169.254.0.0/16": "link-local addresses, that of the tasks' credentials among them",
    "127.0.0.0/8": "the host's loopback",
}
"""Network -> who has it there. Sources: Docker's "dockerd" reference (`bip`, and `default-address-
pools`, whose first network docker0 takes), Amazon ECS developer guide, "Task metadata" and "IAM
roles for tasks" (169.254.170.2), RFC 3927, RFC 1122. Docker's further pools (172.18.0.0/16 to
172.31.0.0/16) are taken by networks that somebody makes on the host: not by ECS, and nobody can
see them from here."""


def host_network_warnings(subnets: Iterable[Subnet]) -> Iterator[str]:
    """Yield a warning for each network of container hosts in which some of `subnets` lie."""
    placed = sorted((s.id, ipaddress.IPv4Network(s.cidr)) for s in subnets if s.cidr)
    for kept, whose in KEPT_BY_HOSTS.items():
        inside = [id_ for id_, cidr in placed if cidr.overlaps(ipaddress.IPv4Network(kept))]
        if inside:
            yield (
                f"{', '.join(inside)} overlaps {kept}, which every container host keeps for itself "
                f"({whose}): no agent reaches the endpoints there - use subnets of another network "
                "(tag ecs-anywhere:subnet), or move Docker's (bip in daemon.json) on every host"
            )
