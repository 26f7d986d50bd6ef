"""What of a BIND configuration would keep our forwarding from working, although named accepts it.

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
from ecs_anywhere_dns.servers.bind.fragments import is_forward_only, target, targets
from ecs_anywhere_dns.servers.bind.named_conf import (
    Block,
    View,
    find,
    names_in,
    zone_type,
)
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.mark import lies_within

AUTHORITATIVE = ("primary", "secondary", "in-view")
"""Above ours they answer for our names (measured). `forward`, `stub` and `static-stub` above do
not, and a `mirror` of the root is only looked up in."""


@dataclass(frozen=True)
class Places:
    """Which lines to add where, for the cures."""

    configuration: Path
    zones_line: str
    options_line: str
    options_file: Path


def problems(
    views: Collection[View],
    forwarding: Forwarding,
    region: str,
    places: Places,
    awaited: Collection[str] = (),
) -> Iterator[Finding]:
    """Yield what hinders the forwarding. `awaited` are the zones that no file of ours has yet:
    that they are not read is no problem, what would be in their way is one."""
    serving = [view for view in views if view.recurses]
    if not serving:
        yield Finding(
            False,
            "named does no recursion, for nobody: it forwards nothing",
            "set `recursion yes;`, or choose the server that the agents' hosts ask",
        )
    for view in serving:
        yield from _forwarding(view, forwarding, places, awaited)
        yield from _authority(view, forwarding)
        yield from _validation(view, forwarding, region, places, awaited)
        yield from _rebinding(view, forwarding, region)
        yield from _shunned(view, forwarding)


def shadows_below(view: View, forwarding: Forwarding) -> Iterator[Finding]:
    """The administrator's more specific zones. They may be meant so, and harm nobody else."""
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


def _forwarding(
    view: View, forwarding: Forwarding, places: Places, awaited: Collection[str]
) -> Iterator[Finding]:
    absent = [zone for zone in forwarding.zones if zone not in view.zones]
    missing = [zone for zone in absent if zone not in awaited]
    if missing:
        where = f"inside {view.label}, in every view" if view.label else "at the top level"
        yield Finding(
            False,
            f"{view.title} does not forward {missing[0]}: it does not read our zones",
            f"add `{places.zones_line}` to {places.configuration}, {where}",
        )
    wanted = {target(address, forwarding.port) for address in forwarding.forwarders}
    for name in sorted(set(forwarding.zones) - set(absent)):
        zone = view.zones[name]
        if not is_forward_only(zone) or targets(zone) != wanted:
            yield Finding(
                False,
                f"{view.title} has a zone {name} of its own ({zone_type(zone)}, to "
                f"{_said(targets(zone))}) instead of ours (forward only, to {_said(wanted)})",
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


def _validation(
    view: View, forwarding: Forwarding, region: str, places: Places, awaited: Collection[str]
) -> Iterator[Finding]:
    """Yield what is not exempt. Beside a list of the administrator's ours is never read; without
    one, what is awaited comes with our file."""
    ours = forwarding.zones if view.exempt else tuple(set(forwarding.zones) - set(awaited))
    bare = [zone for zone in sorted(ours) if not covers(view.exempt, zone)]
    if not view.validates or not bare:
        return
    where = f"inside options {{}} of {places.options_file}"
    cure = f"add `{places.options_line}` {where}"
    if view.exempt:
        parents = sorted({_region_parent(zone, region) for zone in bare})
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


def _rebinding(view: View, forwarding: Forwarding, region: str) -> Iterator[Finding]:
    denied = view.option("deny-answer-addresses")
    if denied is None or not _denies(denied.block, forwarding.forwarders):
        return
    exempt = names_in(denied.blocks[1]) if len(denied.blocks) > 1 else ()
    bare = [zone for zone in forwarding.zones if not covers(exempt, zone)]
    if bare:
        parents = sorted({_region_parent(zone, region) for zone in bare})
        yield Finding(
            False,
            f"{view.title} has deny-answer-addresses, which turns the private addresses of "
            f"{bare[0]} into SERVFAIL",
            f"write it as `{_excepting(denied.block, (*exempt, *parents))}`",
        )


def _denies(networks: Block, forwarders: Collection[str]) -> bool:
    """Whether it may concern that VPC. A named list of addresses may hold anything."""
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


def _region_parent(zone: str, region: str) -> str:
    """`us-east-2.amazonaws.com` of all its names: the administrator's line need never change."""
    _, found, suffix = f".{zone}".partition(f".{region}.")
    return f"{region}.{suffix}" if found else zone


def _shunned(view: View, forwarding: Forwarding) -> Iterator[Finding]:
    """Yield the forwarders that named is told to have nothing to do with."""
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
