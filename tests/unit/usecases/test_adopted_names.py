"""Names that others serve, from the question to the publication, and what becomes of them later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from connectivity.domain.doubt import VERIFICATION
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.model import HostedZone, InterfaceEndpoint
from ecs_anywhere_dns.document import read_document

from tests.unit.example import OPTIONS, PRIVATE_NAMES, REGION, SUBNETS, VPC, full
from tests.unit.usecases.world import DOCUMENT, World

SIX = [PRIVATE_NAMES[name][0] for name in ("ecs-agent", "ecs-telemetry", "ecs", "ssm")]
SIX += [PRIVATE_NAMES[name][0] for name in ("ssmmessages", "ec2messages")]
NETWORK_TEAM = "999999999999"
IN_THE_HUB, MOVED = ("10.90.0.9", "10.90.1.9"), ("10.90.0.7", "10.90.1.7")


def landing_zone(names: Sequence[str] = SIX) -> World:
    """A world in which zones of another account answer for these names with a hub's addresses."""
    world = World()
    world.hosted_zones.zones = tuple(
        HostedZone(name, f"Z{number}", NETWORK_TEAM) for number, name in enumerate(names)
    )
    answer(world, IN_THE_HUB, names)
    return world


def answer(world: World, addresses: tuple[str, ...], names: Sequence[str] = SIX) -> None:
    ours = world.endpoints.answer
    world.probe.answer = lambda name: addresses if name in names else ours(name)


def verify_again(world: World) -> str:
    """Another execution, which the clock began."""
    world.ledger.knock(VPC.id)
    return world.connect(because=VERIFICATION).detail


def test_what_a_hub_serves_is_published_and_nothing_is_made_but_the_resolver() -> None:
    world = landing_zone()
    detail = world.connect().detail
    assert "uses Z0 which is not ours" in detail
    assert world.endpoints.all == {}
    assert world.document["names"] == {name: [*IN_THE_HUB] for name in sorted(SIX)}
    assert {group.name.rsplit("-", 2)[1] for group in world.groups.all.values()} == {
        "probe",
        "resolver",
    }


def test_a_dns_host_believes_addresses_in_a_hub_and_learns_the_networks_to_reach() -> None:
    """The pick-up tool refuses addresses outside of the networks that a document names."""
    world = landing_zone()
    world.connect()
    document = read_document(world.parameters.all[DOCUMENT])
    assert document.vpc_cidrs == ("10.20.0.0/16", "10.90.0.0/28", "10.90.1.0/28")
    assert document.names[SIX[0]] == IN_THE_HUB


def test_a_connected_vpc_is_asked_again_only_when_it_is_verified_again() -> None:
    world = landing_zone()
    world.connect()
    asked = world.probe.asked
    assert world.check().converged
    assert world.check(because="sweep").converged
    assert world.probe.asked == asked
    world.ledger.knock(VPC.id)
    assert world.check(because=VERIFICATION).to_ask == tuple(SIX)


def test_other_addresses_of_a_hub_are_published_anew_and_told() -> None:
    world = landing_zone()
    world.connect()
    before = world.document["generation"]
    answer(world, MOVED)
    detail = verify_again(world)
    assert f"repaired: the names of ssm lead to {' '.join(MOVED)} now" in detail
    assert world.document["generation"] > before
    assert world.document["names"][f"ssm.{REGION}.amazonaws.com"] == [*MOVED]


def test_a_hub_that_answers_no_longer_is_told_and_what_is_published_stays() -> None:
    world = landing_zone()
    world.connect()
    before = world.document
    answer(world, ())
    with pytest.raises(PreconditionsNotMet, match="answers nothing"):
        verify_again(world)
    assert world.document == before


def test_ours_are_made_when_the_zones_are_taken_off_the_vpc() -> None:
    world = landing_zone()
    world.connect()
    world.hosted_zones.zones = ()
    world.probe.answer = world.endpoints.answer
    detail = world.connect().detail
    assert "Z3, which is not ours, no longer answers for its names: ours is made" in detail
    assert len(world.endpoints.all) == len(SIX)


def test_only_what_no_zone_serves_is_made_beside_what_zones_serve() -> None:
    names = SIX[:4]
    world = landing_zone(names)
    world.connect()
    made = {endpoint.service_name.rpartition(".")[2] for endpoint in world.endpoints.all.values()}
    assert made == {"ssmmessages", "ec2messages"}


def test_a_sweep_believes_what_was_answered_and_whoever_asks_is_answered_anew() -> None:
    world = landing_zone()
    answer(world, ("198.51.100.7",))
    with pytest.raises(PreconditionsNotMet):
        world.connect()
    asked = world.probe.asked
    with pytest.raises(PreconditionsNotMet, match=r"198\.51\.100\.7"):
        world.ledger.knock(VPC.id)
        world.check(because="sweep")
    assert world.check().to_ask == tuple(SIX)
    assert world.probe.asked == asked


def test_a_plan_asks_nothing_and_says_what_would_be_asked() -> None:
    world = landing_zone()
    check = world.check(OPTIONS, only_plan=True)
    assert world.probe.asked == 0
    assert any("before anything is made" in warning for warning in check.warnings)


def hub_of_this_account() -> World:
    """A world in which zones of this account lead to interface endpoints of it, in a hub."""
    world = landing_zone()
    services = ("ecs-agent", "ecs-telemetry", "ecs", "ssm", "ssmmessages", "ec2messages")
    world.hosted_zones.zones = tuple(
        replace(zone, owner=world.settings.account) for zone in world.hosted_zones.zones
    )
    for number, service in enumerate(services):
        world.endpoints.all[f"vpce-0{number}"] = InterfaceEndpoint(
            f"vpce-0{number}", full(service), "available", interfaces=(f"eni-{number}",), vpc="hub"
        )
        world.endpoints.interfaces[f"eni-{number}"] = f"10.90.0.{number + 4}"
    world.hosted_zones.records = {
        f"Z{number}": (f"vpce-0{number}-abcd.us-east-2.vpce.amazonaws.com",)
        for number in range(len(services))
    }
    return world


def test_a_plan_s_firewall_sheet_names_the_hub_to_which_records_lead() -> None:
    check = hub_of_this_account().check(OPTIONS, only_plan=True)
    [line] = [line for line in check.firewall if ": 443/tcp, for " in line]
    for number in range(6):
        assert f" 10.90.0.{number + 4}" in line
    assert not [subnet.id for subnet in SUBNETS if subnet.id in line]


def test_a_plan_s_firewall_sheet_says_what_nobody_knows_before_it_was_asked_for() -> None:
    check = landing_zone().check(OPTIONS, only_plan=True)
    [line] = [line for line in check.firewall if ": 443/tcp, for " in line]
    assert "to addresses that are known once they were asked for: 443/tcp" in line
    assert not [subnet.id for subnet in SUBNETS if subnet.id in line]


def test_the_probe_and_nothing_else_is_made_before_the_answers_are_known() -> None:
    world = landing_zone()
    answer(world, ())
    with pytest.raises(PreconditionsNotMet):
        world.connect()
    assert world.resolvers.all == {}
    assert world.endpoints.all == {}
    assert world.probe.state == "none"
    assert "probe" not in world.entry.held
