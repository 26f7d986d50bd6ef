"""The one line of a VPC: from the ledger and what AWS shows."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

from connectivity.domain import tags
from connectivity.domain.acknowledgement import Acknowledgement, Acknowledgements
from connectivity.domain.ledger import Entry, Served
from connectivity.domain.model import InterfaceEndpoint, Vpc
from connectivity.domain.whole_account import WholeAccount
from ecs_anywhere.host_checks import HostCheck
from ecs_anywhere.overview import Line, Looked, lines
from ecs_anywhere.prices import Prices
from ecs_anywhere.showing import status
from rich.console import Console

from tests.unit.example import ACCOUNT, REGION, US, VPC, full

ENDPOINT = InterfaceEndpoint(
    "vpce-1", full("ssm"), "available", owner=US, subnets=("subnet-a", "subnet-b")
)
CONNECTED = replace(
    Entry(VPC.id),
    status="connected",
    detail="6 services",
    held={f"endpoint/{full('ssm')}": "vpce-1", "resolver": "rslvr-in-1"},
    resolver_ips={"10.20.0.9": "subnet-a", "10.20.1.9": "subnet-b"},
    generation=3,
    served=Served("wish"),
    verified_at=1000.0,
)
TAGGED = Vpc(VPC.id, VPC.cidrs, {tags.WISH: "enabled", "Name": "payments"})


def seen(**how: Any) -> WholeAccount:
    return WholeAccount(vpcs={VPC.id: TAGGED}, endpoints={VPC.id: (ENDPOINT,)}, **how)


def of(*entries: Entry, heard: Acknowledgements | None = None) -> list[Line]:
    acknowledged = {VPC.id: heard} if heard else {}
    looked = Looked(ACCOUNT, REGION, entries, seen(), acknowledged)
    return list(lines(looked, US, Prices()))


def test_a_connected_vpc_is_told_with_its_addresses_and_what_stands_there_costs() -> None:
    [line] = of(CONNECTED)
    assert (line.vpc, line.name, line.state) == (VPC.id, "payments", "connected")
    assert line.resolver_ips == ("10.20.0.9", "10.20.1.9")
    assert round(line.monthly, 2) == round(2 * 7.30 + 2 * 91.25, 2)
    assert line.verified_at == 1000.0
    assert line.is_well


def test_what_somebody_else_owns_costs_us_nothing() -> None:
    theirs = replace(ENDPOINT, owner="somebody-else")
    looked = Looked(
        ACCOUNT,
        REGION,
        (replace(CONNECTED, held={}),),
        replace(seen(), endpoints={VPC.id: (theirs,)}),
        {},
    )
    [line] = lines(looked, US, Prices())
    assert line.monthly == 0


def test_a_vpc_that_was_tagged_and_that_nobody_has_looked_at_is_told() -> None:
    [line] = of()
    assert (line.state, line.is_well) == ("asked for", False)


def test_dns_hosts_are_counted_by_the_generation_that_stands() -> None:
    def host(name: str, generation: int, result: str) -> Acknowledgement:
        return Acknowledgement(name, generation, "active", result, "bind", "")

    said = Acknowledgements(
        (host("dns1", 3, "applied"), host("dns2", 2, "applied"), host("dns3", 3, "failed"))
    )
    [line] = of(CONNECTED, heard=said)
    assert (line.hosts_confirmed, line.hosts, line.hosts_failed) == (1, 3, ("dns3",))
    assert not line.is_well


def test_a_warning_is_shown_and_is_nothing_that_has_to_be_done() -> None:
    [line] = of(replace(CONNECTED, detail="6 services; warning: no route"))
    assert line.is_well
    assert line.remarks == ("warning: no route",)


def test_of_what_failed_all_is_shown_and_it_comes_first() -> None:
    other = Vpc("vpc-0000000000000001a", ("10.30.0.0/16",), {tags.WISH: "enabled"})
    looked = Looked(
        ACCOUNT,
        REGION,
        (
            replace(Entry(VPC.id), status="failed", detail="no room; add a subnet"),
            Entry(other.id, status="connected", held={"a": "b"}),
        ),
        WholeAccount(vpcs={VPC.id: TAGGED, other.id: other}),
        {},
    )
    first, second = lines(looked, US, Prices())
    assert (first.state, second.state) == ("failed", "connected")
    assert first.remarks == ("no room", "add a subnet")


def test_a_vpc_that_is_at_rest_is_not_told() -> None:
    looked = Looked(
        ACCOUNT, REGION, (Entry("vpc-0000000000000002b", status="removed"),), WholeAccount(), {}
    )
    assert list(lines(looked, US, Prices())) == []


def test_a_vpc_whose_tag_asks_for_nothing_is_not_told() -> None:
    for value in ("disabled", "Disabled ", "remove"):
        quiet = replace(TAGGED, tags={tags.WISH: value})
        looked = Looked(ACCOUNT, REGION, (), WholeAccount(vpcs={VPC.id: quiet}), {})
        assert list(lines(looked, US, Prices())) == []


def test_the_name_of_a_vpc_moves_no_terminal() -> None:
    name = "evil\x9b31m\nvpc-0fake \u202egnp" + "x" * 200
    named = replace(TAGGED, tags={**TAGGED.tags, "Name": name})
    looked = Looked(ACCOUNT, REGION, (), WholeAccount(vpcs={VPC.id: named}), {})
    [line] = lines(looked, US, Prices())
    assert line.name.isprintable()
    assert len(line.name) <= 64


def test_a_container_host_that_is_public_needs_a_person_and_a_private_one_none() -> None:
    """One line says how many; the host and the cure follow where something is wrong."""
    private = HostCheck("mi-0a1b2c3d", "node1", "private", 1000.0)
    public = HostCheck("mi-0a1b2c3e", "node2", "public", 2000.0, ("PUBLIC ecs-a-1 -> restart",))
    for checks, is_well in (((private,), True), ((public, private), False)):
        looked = Looked(ACCOUNT, REGION, (CONNECTED,), seen(), {}, {VPC.id: checks})
        [line] = lines(looked, US, Prices())
        assert line.is_well == is_well
        shown = StringIO()
        Console(width=200, file=shown).print(status([line], Prices()))
        assert "container hosts: 1 private" in shown.getvalue()
        assert (
            "node2 mi-0a1b2c3e is public: PUBLIC ecs-a-1 -> restart" in shown.getvalue()
        ) != is_well
