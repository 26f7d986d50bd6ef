"""Links, addresses and routes of the network namespace that the caller lives in.

Called in the processes that hold namespaces, see `local.networks.namespace`. All raise
NetlinkError or OSError.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

from pyroute2 import IPRoute

LOOPBACK_INTERFACE = 1
LOCAL_TABLE = 255
NOARP = 0x40
"""The state of a neighbour that needs no asking, as a broadcast address."""


def make_local(cidrs: Sequence[str]) -> None:
    """Make each address of these networks this host's own, by a local route on `lo` (AnyIP)."""
    with IPRoute() as netlink:
        netlink.link("set", index=LOOPBACK_INTERFACE, state="up")
        for cidr in cidrs:
            destination = {"dst": cidr, "type": "local", "scope": "host", "table": LOCAL_TABLE}
            netlink.route("replace", oif=LOOPBACK_INTERFACE, **destination)


def own(addresses: Sequence[str]) -> None:
    """Give this host addresses that belong to no link."""
    with IPRoute() as netlink:
        netlink.link("set", index=LOOPBACK_INTERFACE, state="up")
        for address in addresses:
            netlink.addr("replace", index=LOOPBACK_INTERFACE, address=address, prefixlen=32)


def join(name: str, peer: str, peers_process: int) -> None:
    """Make a cable: link `name` here, its other end `peer` in the namespace of that process."""
    with IPRoute() as netlink:
        far_end = {"ifname": peer, "net_ns_pid": peers_process}
        netlink.link("add", ifname=name, kind="veth", peer=far_end)


def remove(name: str) -> None:
    """Remove the cable with both its ends, if it is there."""
    with IPRoute() as netlink:
        for index in netlink.link_lookup(ifname=name):
            netlink.link("del", index=index)


def number(name: str, address: str, length: int) -> None:
    """Give this end of a cable its address."""
    with IPRoute() as netlink:
        netlink.addr("add", index=_index(netlink, name), address=address, prefixlen=length)


def switch(name: str, state: str) -> None:
    """Set the link to `up`, or `down`, which takes the routes over it away."""
    with IPRoute() as netlink:
        netlink.link("set", index=_index(netlink, name), state=state)


def route(name: str, cidrs: Sequence[str], gateway: str, source: str | None) -> None:
    """Route these networks over the link; packets whose sender did not choose come from
    `source`."""
    chosen = {"prefsrc": source} if source else {}
    with IPRoute() as netlink:
        link = _index(netlink, name)
        for cidr in cidrs:
            netlink.route("replace", dst=cidr, gateway=gateway, oif=link, **chosen)


def forget_neighbours(name: str) -> None:
    """Forget the neighbours on a link: one that did not answer over a dead link is asked again at
    once, not in a second."""
    with IPRoute() as netlink:
        link = _index(netlink, name)
        for neighbour in list(netlink.get_neighbours(ifindex=link)):
            destination = neighbour.get_attr("NDA_DST")
            if neighbour["family"] == socket.AF_INET and neighbour["state"] != NOARP:
                netlink.neigh("del", ifindex=link, dst=destination)


def _index(netlink: IPRoute, name: str) -> int:
    found: list[int] = netlink.link_lookup(ifname=name)
    if not found:
        raise OSError(f"there is no link {name}")
    return found[0]
