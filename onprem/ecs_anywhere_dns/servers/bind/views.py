"""Problems of a BIND configuration that keep our forwarding from working, although named accepts
it.

in every view that does recursion                             | else
--------------------------------------------------------------|------------------------------
each of our zones, `forward only`, to exactly our forwarders  | public answers, or leaks
no authoritative zone of the administrator's above them       | it says that they do not exist
`validate-except` with them, where DNSSEC is validated        | SERVFAIL once the internet is away
`except-from` with them, where addresses are denied           | SERVFAIL
no `blackhole` or `bogus` server that is one of the forwarders | SERVFAIL: named asks no such server
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.pinned.aws_names import region_parent
from ecs_anywhere_dns.servers.bind.fragments import is_forward_only, target, targets
from ecs_anywhere_dns.servers.bind.named_conf import (
    Block,
    View,
    find,
    names_in,
    zone_type,
)
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.mark import is_mark, lies_within

AUTHORITATIVE = ("primary", "secondary", "in-view")
"""The types of zones that answer for our names when they stand above ours (measured). `forward`,
`stub` and `static-stub` do not, and a `mirror` of the root is only looked up in."""


@dataclass(frozen=True)
class Places:
    """The lines to add and their files, for the cures."""

    configuration: Path
    zones_line: str
    options_line: str
    options_file: Path


@dataclass(frozen=True)
class Ours:
    """The content of our own files, and the marks in them, by which it is seen which views read
    them; None for a file that has no mark, as one that is missing or that an older version
    wrote."""

    forwarding: Forwarding
    zones_mark: str | None = None
    options_mark: str | None = None

    def lacks_zones(self, view: View) -> bool:
        """Return whether a view surely does not read our zones."""
        return self.zones_mark is not None and self.zones_mark not in view.zones

    def lacks_options(self, view: View) -> bool:
        """Return whether a view surely does not read our exemptions from validation."""
        return self.options_mark is not None and self.options_mark not in view.exempt

    def owns_exemptions(self, view: View) -> bool:
        """Return whether the view's list of exemptions is ours, or there is none."""
        names = set(view.exempt) - set(self.forwarding.zones)
        return all(is_mark(name) for name in names)


@dataclass(frozen=True)
class Wanted:
    """The intended forwarding, judged before the swap of our files or after it (`swapped`)."""

    forwarding: Forwarding
    places: Places
    ours: Ours
    swapped: bool

    def target_of(self, zone: str) -> frozenset[tuple[str, ...]]:
        """Return the servers to which the configuration has to forward a zone at this moment."""
        held = self.ours.forwarding if zone in self.ours.forwarding.zones else self.forwarding
        now = self.forwarding if self.swapped else held
        return frozenset(target(address, now.port) for address in now.targets[zone])


def problems(views: Collection[View], wanted: Wanted) -> Iterator[Finding]:
    """Yield every problem that keeps the forwarding from working."""
    serving = [view for view in views if view.recurses]
    if not serving:
        yield Finding(
            False,
            "named does no recursion for any client: it forwards nothing",
            "set `recursion yes;`, or choose the server that the agents' hosts ask",
        )
    for view in serving:
        yield from _forwarding(view, wanted)
        yield from _authority(view, wanted.forwarding)
        yield from _validation(view, wanted)
        yield from _rebinding(view, wanted.forwarding)
        yield from _shunned(view, wanted.forwarding)
        yield from _synthesised(view, wanted.forwarding)


def shadows_below(view: View, forwarding: Forwarding) -> Iterator[Finding]:
    """Yield the administrator's zones below ours. They may be intended, and affect no other
    name."""
    for name, zone in view.zones.items():
        above = [ours for ours in forwarding.zones if name != ours and lies_within(name, ours)]
        if above and name not in forwarding.zones:
            yield Finding(
                False,
                f"{view.title}: zone {name} ({zone_type(zone)}) keeps its names from {above[0]}",
                f"remove it, unless {name} is to be answered from elsewhere",
            )


def covers(names: Collection[str], zone: str) -> bool:
    return any(name == "." or lies_within(zone, name) for name in names)


def _forwarding(view: View, wanted: Wanted) -> Iterator[Finding]:
    forwarding, places = wanted.forwarding, wanted.places
    missing = [zone for zone in forwarding.zones if zone not in view.zones]
    if missing and (wanted.swapped or wanted.ours.lacks_zones(view)):
        where = f"inside {view.label}, in every view" if view.label else "at the top level"
        yield Finding(
            False,
            f"{view.title} does not forward {missing[0]}: it does not read our zones",
            f"add `{places.zones_line}` to {places.configuration}, {where}",
        )
    for name in sorted(set(forwarding.zones) & view.zones.keys()):
        zone, right = view.zones[name], wanted.target_of(name)
        is_ours = wanted.swapped or name in wanted.ours.forwarding.zones
        if not is_ours or not is_forward_only(zone) or targets(zone) != right:
            yield Finding(
                False,
                f"{view.title} has a zone {name} of its own ({zone_type(zone)}, to "
                f"{_said(targets(zone))}) instead of ours (forward only, to {_said(right)})",
                f"replace it by `{places.zones_line}`",
            )


def _said(addresses: Collection[tuple[str, ...]]) -> str:
    return ", ".join(sorted(" ".join(words) for words in addresses)) or "nobody"


def _authority(view: View, forwarding: Forwarding) -> Iterator[Finding]:
    for name, zone in view.zones.items():
        below = [ours for ours in forwarding.zones if ours != name and lies_within(ours, name)]
        if below and zone_type(zone) in AUTHORITATIVE:
            yield Finding(
                False,
                f"{view.title} is itself the authority for {name} ({zone_type(zone)} zone), and so "
                f"never forwards {below[0]}",
                f"remove that zone, or delegate {below[0]} in it (NS records)",
            )


def _validation(view: View, wanted: Wanted) -> Iterator[Finding]:
    """Yield the zones that are not exempt from validation. Before the swap only those that our file
    will not exempt, either: a view that does not read it, or has a list of the administrator's."""
    bare = [zone for zone in wanted.forwarding.zones if not covers(view.exempt, zone)]
    if not view.validates or not bare:
        return
    owns = wanted.ours.owns_exemptions(view)
    if owns and not wanted.swapped and not wanted.ours.lacks_options(view):
        return
    places = wanted.places
    cure = f"add `{places.options_line}` inside options {{}} of {places.options_file}"
    if not owns:
        parents = sorted({region_parent(zone) for zone in bare})
        names = " ".join(f'"{zone}";' for zone in parents)
        cure = (
            f"add {names} to validate-except of {view.title}: to a list of your own, not to a file "
            "of this tool, which another VPC's configuration may have"
        )
    yield Finding(
        False,
        f"{view.title} validates DNSSEC, and {bare[0]} is not exempt: "
        "without internet it would answer SERVFAIL",
        cure,
    )


def _rebinding(view: View, forwarding: Forwarding) -> Iterator[Finding]:
    denied = view.option("deny-answer-addresses")
    if denied is None:
        return
    exempt = names_in(denied.blocks[1]) if len(denied.blocks) > 1 else ()
    concerned = [g for g in forwarding.groups if _denies(denied.block, g.forwarders)]
    bare = [zone for g in concerned for zone in g.zones if not covers(exempt, zone)]
    if bare:
        parents = sorted({region_parent(zone) for zone in bare})
        yield Finding(
            False,
            f"{view.title} has deny-answer-addresses, which turns the private addresses of "
            f"{bare[0]} into SERVFAIL",
            f"write it as `{_excepting(denied.block, (*exempt, *parents))}`",
        )


def _denies(networks: Block, forwarders: Collection[str]) -> bool:
    """Return whether the list of denied networks may hold a forwarder. A named list may hold any
    address."""
    for entry in networks:
        try:
            network = ip_network(entry.key.strip('"'), strict=False)
        except ValueError:
            return True
        if any(ip_address(address) in network for address in forwarders):
            return True
    return False


def _excepting(networks: Block, exempt: Collection[str]) -> str:
    denied = " ".join(f"{' '.join(entry.words)};" for entry in networks)
    names = " ".join(f'"{name}";' for name in exempt)
    return f"deny-answer-addresses {{ {denied} }} except-from {{ {names} }};"


def _shunned(view: View, forwarding: Forwarding) -> Iterator[Finding]:
    """Yield the forwarders that named is configured never to ask."""
    blackhole = view.option("blackhole")
    for address in forwarding.forwarders:
        if blackhole is not None and view.lists(blackhole.block, address):
            yield Finding(
                False,
                f"blackhole lists the resolver IP {address}: named would never ask it (SERVFAIL)",
                f"except it in that list, by a first entry `!{address};`",
            )
        peer = view.peer(address)
        bogus = find(peer.block, "bogus") if peer else None
        if peer is not None and bogus is not None and bogus.value == "yes":
            yield Finding(
                False,
                f"server {peer.value} is `bogus yes`: named would never ask the resolver IP "
                f"{address} (SERVFAIL)",
                f"add `server {address} {{ bogus no; }};`",
            )


def _synthesised(view: View, forwarding: Forwarding) -> Iterator[Finding]:
    """Yield a finding where DNS64 surely makes IPv6 addresses out of the VPC's IPv4 addresses for
    every client."""
    dns64 = view.option("dns64")
    if dns64 is None:
        return
    clients, mapped = find(dns64.block, "clients"), find(dns64.block, "mapped")
    is_for_all = clients is None or view.lists(clients.block, "127.0.0.1")
    addresses = [group.forwarders[0] for group in forwarding.groups]
    if is_for_all and any(mapped is None or view.lists(mapped.block, a) for a in addresses):
        yield Finding(
            False,
            f"{view.title} has dns64: it makes IPv6 addresses from the private IPv4 ones, and "
            "agents would use those",
            "except the VPC's networks in it, as in `mapped { !10.0.0.0/16; any; };`",
        )
