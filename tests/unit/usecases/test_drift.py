"""What was changed beneath a connection: each row of docs/operations.md, "The sweep and drift", is
one test here. Put right, published anew, or named with its cure; never left unsaid."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from connectivity.domain import ledger
from connectivity.domain.errors import Fact, NotRemoved
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
from tests.unit.usecases.test_sweep import in_order, swept
from tests.unit.usecases.world import DOCUMENT, LIST, World, connected

TABLE = Path(__file__).parents[3] / "docs" / "operations.md"
NOTE = "¹"
"""The mark of a change that no sweep sees."""
Change = Callable[[World], object]
SOME = ("ecs-agent", "ssm", "ecr.dkr", "s3")
"""Services of which the endpoints are tried."""
GROUPS = ("endpoints", "resolver", "probe")
ANYWHERE = "0.0.0.0/0"
SSM = f"ssm.{REGION}.amazonaws.com"
DENY = '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}'


def endpoint(world: World, service: str = "ssm") -> InterfaceEndpoint:
    found = (e for e in world.endpoints.all.values() if e.type == "Interface")
    return next(e for e in found if e.service_name == full(service))


def change(world: World, service: str = "ssm", **changes: object) -> None:
    there = endpoint(world, service)
    world.endpoints.all[there.id] = replace(there, **changes)  # type: ignore[arg-type]


def of_some_endpoints(**changes: object) -> Mapping[str, Change]:
    """Return the same change of endpoints that are made or served in different ways."""

    def _of(service: str) -> Change:
        return lambda world: change(world, service, **changes)

    return {service: _of(service) for service in SOME}


def change_gateway(world: World, **changes: object) -> None:
    [there] = [e for e in world.endpoints.all.values() if e.type == "Gateway"]
    world.endpoints.all[there.id] = replace(there, **changes)  # type: ignore[arg-type]


def group(world: World, purpose: str = "endpoints") -> SecurityGroup:
    return next(g for g in world.groups.all.values() if f"-{purpose}" in g.name)


def change_group(world: World, purpose: str = "endpoints", **changes: object) -> None:
    there = group(world, purpose)
    world.groups.all[there.id] = replace(there, **changes)  # type: ignore[arg-type]


def of_groups(*purposes: str, **changes: object) -> Mapping[str, Change]:
    def _of(purpose: str) -> Change:
        return lambda world: change_group(world, purpose, **changes)

    return {purpose: _of(purpose) for purpose in purposes}


def a_rule_is_taken_out(world: World, purpose: str) -> None:
    there = group(world, purpose)
    first = min((r for r in there.rules if r.source == ONPREM), key=str)
    change_group(world, purpose, rules=there.rules - {first})


def a_rule_is_put_in(world: World, purpose: str) -> None:
    change_group(world, purpose, rules=group(world, purpose).rules | {Rule("tcp", 22, ANYWHERE)})


def the_probes_group_is_deleted(world: World) -> None:
    """No rule names it any more; else AWS does not delete it."""
    probe, there = group(world, "probe"), group(world, "resolver")
    rules = frozenset(rule for rule in there.rules if rule.source != probe.id)
    change_group(world, "resolver", rules=rules)
    del world.groups.all[probe.id]


def change_resolver(world: World, **changes: object) -> None:
    """Change the resolver as a call of its API does, of which AWS lists the time."""
    [there] = world.resolvers.all.values()
    at = world.seconds
    world.resolvers.all[there.id] = replace(there, modified_at=at, **changes)  # type: ignore[arg-type]


def its_owner_tag_is_taken_off(world: World) -> None:
    world.resolvers.untagged = {*world.resolvers.all}


def with_addresses(world: World, *addresses: tuple[str, str]) -> None:
    ips = tuple(ResolverIp(ip, "subnet-b", status) for ip, status in addresses)
    [there] = world.resolvers.all.values()
    change_resolver(world, ips=(there.ips[0], *ips))


def an_address_fails(world: World) -> None:
    """By itself, so that it is no change of the resolver."""
    [there] = world.resolvers.all.values()
    failed = replace(there.ips[1], status="failed_creation")
    world.resolvers.all[there.id] = replace(there, ips=(there.ips[0], failed))


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


def a_subnet_is_taken_off(world: World, service: str) -> None:
    interfaces = endpoint(world, service).interfaces[1:]
    change(world, service, subnets=("subnet-b",), interfaces=interfaces)


def deleted(world: World, service: str) -> None:
    del world.endpoints.all[endpoint(world, service).id]


def a_gateway_endpoint_is_deleted(world: World) -> None:
    [there] = [e for e in world.endpoints.all.values() if e.type == "Gateway"]
    del world.endpoints.all[there.id]


def with_networks(world: World, *cidrs: str) -> None:
    there = world.vpcs.all[VPC.id]
    world.vpcs.all[VPC.id] = replace(there, cidrs=(*VPC.cidrs, *cidrs))


def connected_with_two_networks(world: World) -> None:
    with_networks(world, "100.64.0.0/16")
    world.connect(WITH_ECR)
    world.clock.waited += 600


@dataclass(frozen=True)
class Row:
    change: Change | Mapping[str, Change]
    """The change, or the same change of several things, by their names."""
    repaired: str = ""
    """The repair that the next run tells."""
    warned: str = ""
    """The warning that stays in the status."""
    refused: str = ""
    """The failure; nothing is changed then."""
    anew: bool = False
    """True where it is published as a new generation."""
    not_removed: str = ""
    """The failure of a teardown."""
    given: Change = lambda world: None
    """The change before that, with which the VPC is connected."""

    @property
    def changes(self) -> Mapping[str, Change]:
        return self.change if isinstance(self.change, Mapping) else {"": self.change}

    @property
    def is_nothing(self) -> bool:
        """Tell whether nothing happens while the VPC is connected."""
        return not (self.repaired or self.warned or self.refused or self.anew)


def answer_nothing(
    world: World, zone: HostedZone | None = None, rule: ResolverRule | None = None
) -> None:
    """Something else answers for a name, and has nothing to say."""
    world.hosted_zones.zones = (zone,) if zone else ()
    world.resolvers.rules = (rule,) if rule else ()
    world.probe.answer = lambda _: ()


ROWS = {
    ("interface endpoint", "deleted"): Row(
        {each: partial(deleted, service=each) for each in SOME},
        repaired="was gone: made anew",
        anew=True,
    ),
    ("interface endpoint", "our security group taken off"): Row(
        of_some_endpoints(security_groups=("sg-other",)),
        repaired=") had lost our security group: added again",
    ),
    ("interface endpoint", "another security group added"): Row(
        lambda w: change(w, security_groups=(*endpoint(w).security_groups, "sg-other"))
    ),
    ("interface endpoint", "a subnet taken off"): Row(
        {each: partial(a_subnet_is_taken_off, service=each) for each in SOME},
        repaired=") had lost subnet-a: added again",
        anew=True,
    ),
    ("interface endpoint", "a subnet taken off and deleted"): Row(
        its_subnet_is_deleted, repaired="(ssm) had lost subnet-c: added again", anew=True
    ),
    ("interface endpoint", "a subnet added"): Row(
        a_subnet_is_added, repaired="was given other addresses (subnets new: subnet-c)", anew=True
    ),
    ("interface endpoint", "private DNS turned off"): Row(
        of_some_endpoints(private_dns=False), repaired=") was off: turned on again"
    ),
    ("interface endpoint", "S3 opened to the VPC's own workloads"): Row(
        lambda w: change(w, "s3", for_inbound_resolver_only=False),
        repaired="open to the VPC's own workloads: kept to the inbound resolver again",
    ),
    ("interface endpoint", "its DNS records made IPv6 alone"): Row(
        of_some_endpoints(address_type="dualstack", record_type="ipv6"),
        repaired=") had lost IPv4 records: added again",
    ),
    ("interface endpoint", "its addresses made IPv6 alone"): Row(
        of_some_endpoints(address_type="ipv6", record_type="ipv6"),
        repaired=") had lost IPv4 addresses, IPv4 records: added again",
    ),
    ("interface endpoint", "IPv6 records added"): Row(
        of_some_endpoints(address_type="dualstack", record_type="dualstack"),
        warned=") answers with IPv6 addresses, too",
    ),
    ("interface endpoint", "IPv6 addresses added"): Row(
        {
            "alone": lambda w: change(w, address_type="dualstack"),
            "with public records": lambda w: change(
                w, address_type="dualstack", record_type="service-defined"
            ),
        }
    ),
    ("interface endpoint", "its policy replaced"): Row(
        of_some_endpoints(policy=DENY), warned=") allows nothing"
    ),
    ("interface endpoint", "our owner tag taken off"): Row(
        of_some_endpoints(owner=None), refused="its tag ecs-anywhere:owner is gone or another one"
    ),
    ("gateway endpoint for S3", "deleted"): Row(
        a_gateway_endpoint_is_deleted, repaired="gateway endpoint for"
    ),
    ("gateway endpoint for S3", "a route table led through it"): Row(
        lambda w: change_gateway(w, route_tables=("rtb-1",))
    ),
    ("gateway endpoint for S3", "its policy replaced"): Row(
        lambda w: change_gateway(w, policy=DENY), warned="(s3 gateway) allows nothing"
    ),
    ("gateway endpoint for S3", "our owner tag taken off"): Row(
        lambda w: change_gateway(w, owner=None),
        refused="its tag ecs-anywhere:owner is gone or another one",
    ),
    ("security group", "a rule taken out"): Row(
        {g: partial(a_rule_is_taken_out, purpose=g) for g in ("endpoints", "resolver")},
        repaired=" from 192.168.0.0/16: admitted again",
    ),
    ("security group", "a rule put in"): Row(
        {g: partial(a_rule_is_put_in, purpose=g) for g in GROUPS},
        repaired="admitted 22/tcp from 0.0.0.0/0: revoked",
    ),
    ("security group", "emptied"): Row(
        of_groups("endpoints", "resolver", rules=frozenset()),
        repaired=" from 192.168.0.0/16",
    ),
    ("security group", "the probe's outbound rules taken out"): Row(
        lambda w: change_group(w, "probe", outbound=frozenset()),
        refused="no outbound rule for 53/udp, 53/tcp, 443/tcp",
    ),
    ("security group", "the probe's deleted"): Row(
        the_probes_group_is_deleted, repaired="-probe was gone: made anew"
    ),
    ("security group", "our owner tag taken off"): Row(
        of_groups(*GROUPS, owner=None), refused="create-tags --resources sg-"
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
        an_address_fails, refused="is failed_creation"
    ),
    ("inbound resolver", "Do53 taken from its protocols"): Row(
        lambda w: change_resolver(w, protocols=("doh",)), refused="--protocols Do53"
    ),
    ("inbound resolver", "our owner tag taken off"): Row(
        its_owner_tag_is_taken_off, not_removed="its tag ecs-anywhere:owner is gone: tag-resource"
    ),
    ("publication", "edited"): Row(
        {
            "list": lambda w: w.parameters.overwrite(LIST, "192.0.2.1"),
            "document": lambda w: w.parameters.overwrite(DOCUMENT, "{}"),
        },
        repaired="was edited or deleted",
    ),
    ("publication", "deleted"): Row(
        {
            "list": lambda w: w.parameters.all.pop(LIST),
            "document": lambda w: w.parameters.all.pop(DOCUMENT),
        },
        repaired="was edited or deleted",
    ),
    ("VPC", "a network added"): Row(lambda w: with_networks(w, "100.64.0.0/16"), anew=True),
    ("VPC", "a network taken off"): Row(
        lambda w: with_networks(w), anew=True, given=connected_with_two_networks
    ),
    ("VPC", "a DNS attribute turned off"): Row(
        lambda w: setattr(w.vpcs, "dns", False), refused="--enable-dns-support Value=true"
    ),
    ("VPC", "the route towards on-premises deleted"): Row(
        lambda w: setattr(w.vpcs, "tables", ()), warned="no route towards 192.168.0.0/16"
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
"""Thing and change -> what happens. A network of the VPC is part of what is asked for: to admit it,
or no longer, is no repair."""

CASES = {
    " ".join([*key, thing]).strip(): (key, change_it)
    for key, row in ROWS.items()
    for thing, change_it in row.changes.items()
}


def documented() -> dict[tuple[str, str], str]:
    """Return thing and change -> what happens, as the manual has them."""
    section = TABLE.read_text().partition("## The sweep and drift")[2].partition("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.count("|") == 4 and not line.startswith("|---")
    ]
    return {(thing, change_): happens for thing, change_, happens in cells if thing != "thing"}


DOCUMENTED = documented()


@pytest.mark.parametrize(("key", "change_it"), CASES.values(), ids=CASES)
def test_whatever_changes_beneath_a_connection_is_put_right_or_named(
    key: tuple[str, str], change_it: Change
) -> None:
    row = ROWS[key]
    world = in_order("ecr")
    row.given(world)
    before = world.document
    world.weather.changes.clear()
    change_it(world)
    because = _the_sweep_is_told_in_the_manual(world, key)
    if row.refused:
        with pytest.raises(Fact, match=re.escape(row.refused)):
            world.connect(WITH_ECR, because)
        assert not [change for change in world.weather.changes if "probe" not in change]
        assert world.document == before
        return
    detail = world.connect(WITH_ECR, because).detail
    assert ("repaired: " in detail) is bool(row.repaired)
    assert row.repaired in detail
    check = world.check(WITH_ECR)
    assert check.converged, check.steps
    assert bool(check.warnings) is bool(row.warned)
    assert row.warned in "; ".join(check.warnings)
    assert row.warned in detail
    assert (world.document["generation"] > before["generation"]) is row.anew
    assert world.document["resolverIps"] == sorted(world.entry.resolver_ips)
    for service in ("ssm", "ecs"):
        there = world.endpoints.addresses(endpoint(world, service).interfaces)
        published = world.document["names"][f"{service}.{REGION}.amazonaws.com"]
        assert published == sorted(there.values())
    if row.not_removed:
        world.vpcs.all[VPC.id] = VPC
        with pytest.raises(NotRemoved, match=row.not_removed):
            world.disconnect()
        assert world.resolvers.all


def _the_sweep_is_told_in_the_manual(world: World, key: tuple[str, str]) -> str:
    """Return what begins the next run: a sweep that sees the change; or, where the manual has the
    note that no sweep does, the verification on the clock."""
    happens = DOCUMENTED[key]
    noted = happens.endswith(NOTE)
    assert happens.startswith("nothing") is ROWS[key].is_nothing
    seen = VPC.id in swept(world).knocked
    assert seen is not (noted or ROWS[key].is_nothing), happens
    return "verification" if noted else "sweep"


def test_a_resolver_whose_tag_is_put_back_is_removed() -> None:
    world = in_order()
    its_owner_tag_is_taken_off(world)
    world.vpcs.all[VPC.id] = VPC
    with pytest.raises(NotRemoved):
        world.disconnect()
    world.resolvers.untagged.clear()
    world.disconnect()
    assert world.resolvers.all == {}


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
    assert [*DOCUMENTED] == [*ROWS]


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
