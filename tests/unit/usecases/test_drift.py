"""What was changed beneath a connection: each row of docs/operations.md, "The sweep and drift", is
one test here. Put right, published anew, or named with its cure; never left unsaid."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from connectivity.domain import ledger
from connectivity.domain.errors import Fact
from connectivity.domain.model import (
    HostedZone,
    InterfaceEndpoint,
    ResolverIp,
    ResolverRule,
    Rule,
    SecurityGroup,
    Subnet,
)

from tests.unit.example import ONPREM, REGION, SUBNETS, VPC, WITH_ECR, full
from tests.unit.usecases.world import DOCUMENT, LIST, World, connected

TABLE = Path(__file__).parents[3] / "docs" / "operations.md"
SSM = f"ssm.{REGION}.amazonaws.com"
DENY = '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}'


def endpoint(world: World, service: str = "ssm") -> InterfaceEndpoint:
    found = (e for e in world.endpoints.all.values() if e.type == "Interface")
    return next(e for e in found if e.service_name == full(service))


def change(world: World, service: str = "ssm", **changes: object) -> None:
    there = endpoint(world, service)
    world.endpoints.all[there.id] = replace(there, **changes)  # type: ignore[arg-type]


def change_gateway(world: World, **changes: object) -> None:
    [there] = [e for e in world.endpoints.all.values() if e.type == "Gateway"]
    world.endpoints.all[there.id] = replace(there, **changes)  # type: ignore[arg-type]


def group(world: World, purpose: str = "endpoints") -> SecurityGroup:
    return next(g for g in world.groups.all.values() if f"-{purpose}" in g.name)


def change_group(world: World, purpose: str = "endpoints", **changes: object) -> None:
    there = group(world, purpose)
    world.groups.all[there.id] = replace(there, **changes)  # type: ignore[arg-type]


def change_resolver(world: World, **changes: object) -> None:
    [there] = world.resolvers.all.values()
    world.resolvers.all[there.id] = replace(there, **changes)  # type: ignore[arg-type]


def with_addresses(world: World, *addresses: tuple[str, str]) -> None:
    ips = tuple(ResolverIp(ip, "subnet-b", status) for ip, status in addresses)
    [there] = world.resolvers.all.values()
    change_resolver(world, ips=(there.ips[0], *ips))


def an_address_is_added(world: World) -> None:
    [there] = world.resolvers.all.values()
    more = ResolverIp("10.20.0.99", "subnet-a", "attached")
    change_resolver(world, ips=(*there.ips, more))


def a_subnet_is_added(world: World) -> None:
    world.vpcs.subnet_list = (*SUBNETS, Subnet("subnet-c", f"{REGION}c", 200))
    there = endpoint(world)
    world.endpoints.give_back(there.id, (), ["subnet-c"])
    world.settle()


def its_subnet_is_deleted(world: World) -> None:
    """Somebody took it off first; else AWS does not delete it."""
    change(world, subnets=("subnet-b",), interfaces=endpoint(world).interfaces[1:])
    third = Subnet("subnet-c", f"{REGION}c", 200)
    offers = {
        n: replace(o, zones=o.zones | {third.zone}) for n, o in world.endpoints.offers.items()
    }
    world.endpoints.offers, world.vpcs.subnet_list = offers, (SUBNETS[1], third)


def deleted(world: World, kind: str) -> None:
    there = next(e for e in world.endpoints.all.values() if e.type == kind)
    del world.endpoints.all[there.id]


@dataclass(frozen=True)
class Row:
    change: Callable[[World], object]
    repaired: str = ""
    """What the next run says it has put right."""
    warned: str = ""
    """What stays in the status."""
    refused: str = ""
    """What the failure says; nothing is changed then."""
    anew: bool = False
    """Published as a new generation."""

    @property
    def unsaid(self) -> bool:
        return not (self.repaired or self.warned or self.refused)


def answer_nothing(
    world: World, zone: HostedZone | None = None, rule: ResolverRule | None = None
) -> None:
    """Something else answers for a name, and has nothing to say."""
    world.hosted_zones.zones = (zone,) if zone else ()
    world.resolvers.rules = (rule,) if rule else ()
    world.probe.answer = lambda _: ()


ROWS = {
    ("interface endpoint", "deleted"): Row(
        lambda w: deleted(w, "Interface"), repaired="was gone: made anew", anew=True
    ),
    ("interface endpoint", "our security group taken off"): Row(
        lambda w: change(w, security_groups=("sg-other",)),
        repaired="(ssm) had lost our security group: added again",
    ),
    ("interface endpoint", "another security group added"): Row(
        lambda w: change(w, security_groups=(*endpoint(w).security_groups, "sg-other"))
    ),
    ("interface endpoint", "a subnet taken off"): Row(
        lambda w: change(w, subnets=("subnet-b",), interfaces=endpoint(w).interfaces[1:]),
        repaired="(ssm) had lost subnet-a: added again",
        anew=True,
    ),
    ("interface endpoint", "a subnet taken off and deleted"): Row(
        its_subnet_is_deleted, repaired="(ssm) had lost subnet-c: added again", anew=True
    ),
    ("interface endpoint", "a subnet added"): Row(
        a_subnet_is_added, repaired="was given other addresses (subnets new: subnet-c)", anew=True
    ),
    ("interface endpoint", "private DNS turned off"): Row(
        lambda w: change(w, private_dns=False), repaired="(ssm) was off: turned on again"
    ),
    ("interface endpoint", "S3 opened to the VPC's own workloads"): Row(
        lambda w: change(w, "s3", for_inbound_resolver_only=False),
        repaired="open to the VPC's own workloads: kept to the inbound resolver again",
    ),
    ("interface endpoint", "its policy replaced"): Row(
        lambda w: change(w, policy=DENY), warned="(ssm) allows nothing"
    ),
    ("interface endpoint", "our owner tag taken off"): Row(
        lambda w: change(w, owner=None), refused="its tag ecs-anywhere:owner is gone or another one"
    ),
    ("gateway endpoint for S3", "deleted"): Row(
        lambda w: deleted(w, "Gateway"), repaired="gateway endpoint for"
    ),
    ("gateway endpoint for S3", "a route table led through it"): Row(
        lambda w: change_gateway(w, route_tables=("rtb-1",))
    ),
    ("security group", "a rule taken out"): Row(
        lambda w: change_group(w, rules=group(w).rules - {Rule("tcp", 443, ONPREM)}),
        repaired="did not admit 443/tcp from 192.168.0.0/16: admitted again",
    ),
    ("security group", "a rule put in"): Row(
        lambda w: change_group(w, rules=group(w).rules | {Rule("tcp", 22, "0.0.0.0/0")}),
        repaired="admitted 22/tcp from 0.0.0.0/0: revoked",
    ),
    ("security group", "emptied"): Row(
        lambda w: change_group(w, rules=frozenset()), repaired="did not admit 443/tcp"
    ),
    ("security group", "the probe's outbound rules taken out"): Row(
        lambda w: change_group(w, "probe", outbound=frozenset()),
        refused="no outbound rule for 53/udp, 53/tcp, 443/tcp",
    ),
    ("security group", "our owner tag taken off"): Row(
        lambda w: change_group(w, owner=None), refused="create-tags --resources sg-"
    ),
    ("inbound resolver", "deleted"): Row(
        lambda w: w.resolvers.all.clear(), repaired="was gone: made anew"
    ),
    ("inbound resolver", "an address added"): Row(
        an_address_is_added,
        repaired="was given other addresses (new: 10.20.0.99)",
        anew=True,
    ),
    ("inbound resolver", "an address replaced"): Row(
        lambda w: with_addresses(w, ("10.20.1.99", "attached")),
        repaired="was given other addresses (gone: 10.20.1.",
        warned="was an address of the inbound resolver and is none any more",
        anew=True,
    ),
    ("inbound resolver", "an address that failed"): Row(
        lambda w: with_addresses(w, ("10.20.1.9", "failed_creation")), refused="is failed_creation"
    ),
    ("inbound resolver", "Do53 taken from its protocols"): Row(
        lambda w: change_resolver(w, protocols=("doh",)), refused="--protocols Do53"
    ),
    ("inbound resolver", "our owner tag taken off"): Row(lambda w: None),
    ("publication", "edited"): Row(
        lambda w: w.parameters.all.update({LIST: "192.0.2.1"}), repaired="was edited or deleted"
    ),
    ("publication", "deleted"): Row(
        lambda w: w.parameters.all.pop(DOCUMENT), repaired="was edited or deleted"
    ),
    ("VPC", "a network added"): Row(
        lambda w: w.vpcs.all.update({VPC.id: replace(VPC, cidrs=(*VPC.cidrs, "100.64.0.0/16"))}),
        anew=True,
    ),
    ("VPC", "a DNS attribute turned off"): Row(
        lambda w: setattr(w.vpcs, "dns", False), refused="--enable-dns-support Value=true"
    ),
    ("VPC", "the route towards on-premises deleted"): Row(
        lambda w: None, warned="no route towards 192.168.0.0/16"
    ),
    ("VPC", "a private hosted zone of a name associated"): Row(
        lambda w: answer_nothing(w, zone=HostedZone(SSM, "Z1")),
        refused="where the private hosted zone Z1",
    ),
    ("VPC", "a Resolver rule for a name associated"): Row(
        lambda w: answer_nothing(w, rule=ResolverRule("rr-1", SSM)),
        refused="where the Resolver rule rr-1",
    ),
}  # fmt: skip
"""Thing and change -> what happens. A network of the VPC is part of what is asked for: to admit it
is no repair."""


@pytest.mark.parametrize("row", ROWS.values(), ids=[" ".join(key) for key in ROWS])
def test_whatever_changes_beneath_a_connection_is_put_right_or_named(row: Row) -> None:
    world = connected(WITH_ECR)
    before = world.document
    row.change(world)
    if row.refused:
        with pytest.raises(Fact, match=re.escape(row.refused)):
            world.connect(WITH_ECR)
        assert not [change for change in world.weather.changes if "probe" not in change]
        assert world.document == before
        return
    detail = world.connect(WITH_ECR).detail
    assert ("repaired: " in detail) is bool(row.repaired)
    assert row.repaired in detail
    check = world.check(WITH_ECR)
    assert check.converged, check.steps
    assert any(row.warned in warning for warning in check.warnings)
    assert (world.document["generation"] > before["generation"]) is row.anew
    assert world.document["resolverIps"] == sorted(world.entry.resolver_ips)
    for service in ("ssm", "ecs"):
        there = world.endpoints.addresses(endpoint(world, service).interfaces)
        published = world.document["names"][f"{service}.{REGION}.amazonaws.com"]
        assert published == sorted(there.values())


@pytest.mark.parametrize(
    "edits",
    [
        {LIST: "192.0.2.1", DOCUMENT: "{}"},
        {LIST: "", DOCUMENT: "[]"},
        {LIST: None, DOCUMENT: None},
        {LIST: None, DOCUMENT: "x"},
        {LIST: "192.0.2.1"},
        {DOCUMENT: ""},
    ],
    ids=str,
)
def test_every_parameter_that_was_edited_or_deleted_is_named_and_no_other(
    edits: dict[str, str | None],
) -> None:
    world = connected()
    for name, value in edits.items():
        if value is None:
            del world.parameters.all[name]
        else:
            world.parameters.all[name] = value
    repaired = world.connect().to_tell
    assert {name for name in (LIST, DOCUMENT) if f"{name} was edited" in str(repaired)} == {*edits}
    assert world.check().converged


def test_the_documented_table_has_these_rows_and_no_others() -> None:
    section = TABLE.read_text().partition("## The sweep and drift")[2].partition("\n## ")[0]
    cells = [
        tuple(cell.strip() for cell in line.strip("|").split("|")[:2])
        for line in section.splitlines()
        if line.count("|") == 4 and not line.startswith("|---")
    ]
    assert [cell for cell in cells if cell != ("thing", "change")] == list(ROWS)


def test_a_lost_address_stays_in_the_status_until_the_dns_hosts_have_confirmed() -> None:
    world = connected()
    with_addresses(world, ("10.20.1.99", "attached"))
    lost = "was an address of the inbound resolver and is none any more"
    status = world.connect()
    assert lost in status.detail
    assert [part for part in status.to_tell if lost in part]
    assert lost in world.check().status.detail
    world.acknowledge("dns1", world.document["generation"])
    assert lost not in world.check().status.detail
    world.acknowledge("dns2", 1)
    assert lost in world.check().status.detail


def test_a_lost_address_is_forgotten_when_on_premises_is_told_to_stop() -> None:
    world = connected()
    with_addresses(world, ("10.20.1.99", "attached"))
    world.connect()
    world.disconnect()
    world.connect()
    assert world.entry.lost_ips == ()


def test_an_entry_from_before_this_was_remembered_is_verified_once_more() -> None:
    world = connected()
    served = replace(world.entry.served, interfaces={}, subnets={})
    issued, ids = world.entry.issued, world.entry.verified_endpoints
    assert issued is not None
    world.ledger.publish(VPC.id, issued, ids, served)
    assert not world.check().converged
    assert "repaired" not in world.connect().detail
    assert world.check().converged
    assert world.document["generation"] == 1


def test_our_endpoints_group_is_known_to_be_on_every_endpoint() -> None:
    world = connected()
    purpose = ledger.ENDPOINTS_GROUP
    ours = world.entry.held[purpose]
    assert all(ours in e.security_groups for e in world.endpoints.all.values())
