"""Our two files of BIND: written, and read back."""

from __future__ import annotations

from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.bind.named_conf import Statement, domain, find, read, zone_type
from ecs_anywhere_dns.servers.mark import is_mark

WROTE_ANEW = "`ecs-anywhere-dns apply` writes it anew"


def zones_text(forwarding: Forwarding, mark: str) -> str:
    """Return the zones, and one more that shows who reads this file: nobody asks for it."""
    words = [" ".join(target(a, forwarding.port)) for a in forwarding.forwarders]
    forwarders = " ".join(f"{said};" for said in words)
    lines = [
        f'zone "{zone}" IN {{ type forward; forward only; forwarders {{ {forwarders} }}; }};\n'
        for zone in forwarding.zones
    ]
    return "".join([f'zone "{mark}" IN {{ type forward; forwarders {{ }}; }};\n', *lines])


def options_text(forwarding: Forwarding, mark: str) -> str:
    """Return the exemptions from validation, and the name that shows who reads this file."""
    names = "".join(f'\t"{zone}";\n' for zone in (mark, *forwarding.zones))
    return f"validate-except {{\n{names}}};\n"


def forwarding_in(text: str, place: str) -> Forwarding:
    """What a file of ours forwards; all its zones alike. Raises CheckFailed."""
    said = {domain(s.value): s for s in read(text) if s.key == "zone"}
    zones = {name: zone for name, zone in said.items() if not is_mark(name)}
    for name, zone in zones.items():
        # The checker accepts a zone without forwarders: it would be the internet's.
        if not is_forward_only(zone) or not targets(zone):
            raise CheckFailed(f"{place}: zone {name} is not forwarded only, to anybody", WROTE_ANEW)
    alike = {targets(zone) for zone in zones.values()}
    if len(alike) > 1:
        raise CheckFailed(f"{place}: its zones go to different forwarders", WROTE_ANEW)
    words = sorted(next(iter(alike), frozenset()))
    port = int(words[0][2]) if words and len(words[0]) > 2 else DNS_PORT
    return Forwarding(tuple(sorted(zones)), tuple(w[0] for w in words), place, port)


def target(address: str, port: int) -> tuple[str, ...]:
    """As words: `10.0.0.32`, or `10.0.0.32 port 5453`."""
    return (address,) if port == DNS_PORT else (address, "port", str(port))


def targets(zone: Statement) -> frozenset[tuple[str, ...]]:
    forwarders = find(zone.block, "forwarders")
    return frozenset(s.words for s in forwarders.block) if forwarders else frozenset()


def is_forward_only(zone: Statement) -> bool:
    said = find(zone.block, "forward")
    return zone_type(zone) == "forward" and said is not None and said.value == "only"
