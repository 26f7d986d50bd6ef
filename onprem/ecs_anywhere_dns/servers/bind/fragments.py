"""Our two files of BIND: written, and read back."""

from __future__ import annotations

from pathlib import Path

from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding, forwarding_to
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.bind.named_conf import Statement, domain, find, read, zone_type
from ecs_anywhere_dns.servers.mark import is_mark
from ecs_anywhere_dns.subprocesses import Ran

WROTE_ANEW = "`ecs-anywhere-dns apply` writes it anew"
UNKNOWN_OPTION = "unknown option 'validate-except'"
"""The error of a named-checkconf before 9.13.3, such as 9.11 of RHEL 8."""
TOO_OLD = (
    "this BIND is older than 9.13.3, and cannot exempt our zones from validation: use a newer one "
    "(RHEL 8: the package bind9.16), or set `dnssec-validation no;` and take out the include of "
    "our options"
)


def zones_text(forwarding: Forwarding, mark: str) -> str:
    """Return the zones, and one more that shows who reads this file: nobody asks for it."""
    lines = []
    for zone, addresses in forwarding.targets.items():
        forwarders = " ".join(f"{' '.join(target(a, forwarding.port))};" for a in addresses)
        lines.append(
            f'zone "{zone}" IN {{ type forward; forward only; forwarders {{ {forwarders} }}; }};\n'
        )
    return "".join([f'zone "{mark}" IN {{ type forward; forwarders {{ }}; }};\n', *lines])


def options_text(forwarding: Forwarding, mark: str) -> str:
    """Return the exemptions from validation, and the name that shows who reads this file."""
    names = "".join(f'\t"{zone}";\n' for zone in (mark, *forwarding.zones))
    return f"validate-except {{\n{names}}};\n"


def forwarding_in(text: str, place: str) -> Forwarding:
    """Return the forwarding of a file of ours, which has one port. Raises CheckFailed."""
    there = {domain(s.value): s for s in read(text) if s.key == "zone"}
    zones = {name: zone for name, zone in there.items() if not is_mark(name)}
    for name, zone in zones.items():
        # The checker accepts a zone without forwarders: it would be the internet's.
        if not is_forward_only(zone) or not targets(zone):
            raise CheckFailed(
                f"{place}: zone {name} is not `forward only`, or has no forwarders", WROTE_ANEW
            )
    words = {name: targets(zone) for name, zone in zones.items()}
    said = {word for each in words.values() for word in each}
    ports = {int(word[2]) if len(word) > 2 else DNS_PORT for word in said} or {DNS_PORT}
    if len(ports) > 1:
        raise CheckFailed(f"{place}: its forwarders have different ports", WROTE_ANEW)
    addresses = {name: [word[0] for word in each] for name, each in words.items()}
    return forwarding_to(addresses, place, ports.pop())


def target(address: str, port: int) -> tuple[str, ...]:
    """Return the forwarder as words: `10.0.0.32`, or `10.0.0.32 port 5453`."""
    return (address,) if port == DNS_PORT else (address, "port", str(port))


def targets(zone: Statement) -> frozenset[tuple[str, ...]]:
    forwarders = find(zone.block, "forwarders")
    return frozenset(s.words for s in forwarders.block) if forwarders else frozenset()


def is_forward_only(zone: Statement) -> bool:
    said = find(zone.block, "forward")
    return zone_type(zone) == "forward" and said is not None and said.value == "only"


def cure_of_copies(checked: Ran, folder: Path) -> str:
    """Return the cure where the checker refuses copies of our files in that folder."""
    if UNKNOWN_OPTION in checked.everything:
        return TOO_OLD
    if "not found" in checked.everything and str(folder) in checked.everything:
        return (
            "checkconf under [bind] does not see this host's /tmp, as within a container: give a "
            "command that checks files of this host"
        )
    return WROTE_ANEW
