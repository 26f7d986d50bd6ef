"""What is rendered for CoreDNS, read as CoreDNS reads it. No package brings the server itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.servers.coredns import CoreDns

from tests.onprem.corefile import BadCorefile, read
from tests.onprem.example import fit

FORWARDING = Forwarding(
    ("dkr.ecr.us-east-2.amazonaws.com", "ecs.us-east-2.amazonaws.com"),
    ("10.0.0.32", "10.0.1.32"),
    "vpc-0a1b2c3d4e5f60718 generation 7 (active)",
)


def rendered(forwarding: Forwarding) -> str:
    (fragment,) = CoreDns(fit()).fragments(forwarding)
    return fragment.text


def test_every_zone_goes_to_the_resolver_ips_and_to_nobody_else() -> None:
    (block,) = read(rendered(FORWARDING))
    assert block.zones == FORWARDING.zones
    assert block.upstreams == tuple((ip, 53) for ip in FORWARDING.forwarders)
    assert block.ports == {53}
    assert block.longest_cached == 60
    assert block.properties["policy"] == "sequential"


def test_another_port_of_the_resolvers_is_read_as_such() -> None:
    (block,) = read(rendered(replace(FORWARDING, port=5453)))
    assert block.upstreams == tuple((ip, 5453) for ip in FORWARDING.forwarders)


def test_what_forwards_nothing_is_no_block() -> None:
    assert read(rendered(Forwarding((), (), "withdrawn"))) == []


def test_it_says_where_it_would_not_be_served() -> None:
    """Beside blocks with `bind`, a block without it is never asked, and its names go where all
    else goes: to the internet."""
    said = [line for line in rendered(FORWARDING).splitlines() if line.startswith("#")]
    assert any("`bind`" in line for line in said)


GOOD = "a.example:53 {\n    forward . 10.0.0.32\n}\n"


@pytest.mark.parametrize(
    "broken",
    [
        GOOD.replace(" {", "{"),
        GOOD.replace("}\n", ""),
        GOOD.replace("a.example:53", "a.example:53,"),
        GOOD.replace("a.example:53", "a..example:53"),
        GOOD.replace(":53", ":0"),
        GOOD.replace("forward", "foward"),
        GOOD.replace("10.0.0.32", "10.0.0.332"),
        GOOD.replace("10.0.0.32", ""),
        GOOD.replace("10.0.0.32", " ".join(f"10.0.0.{host}" for host in range(16))),
        GOOD.replace("forward .", "forward example"),
        GOOD.replace("    forward", "    forward . 10.0.1.32\n    forward"),
        GOOD.replace("0.32\n", "0.32 {\n        policy first\n    }\n"),
        GOOD.replace("0.32\n", "0.32 {\n        health_check 5\n    }\n"),
        GOOD.replace("0.32\n", "0.32 {\n        unheard_of\n    }\n"),
        GOOD.replace("    forward", "    cache long\n    forward"),
        GOOD + GOOD,
    ],
)
def test_the_reader_refuses_what_coredns_does_not_start_with(broken: str) -> None:
    assert read(GOOD)
    with pytest.raises(BadCorefile):
        read(broken)
