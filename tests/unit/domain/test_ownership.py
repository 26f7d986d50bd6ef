"""Whose is it? The table of the module, row by row."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from connectivity.domain import ledger
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, SecurityGroup
from connectivity.domain.ownership import Ownership, group_name, resolver_name

from tests.unit.example import US, VPC, full

PURPOSE = ledger.endpoint_purpose(full("ssm"))
LEDGER = {
    "this id": {PURPOSE: "vpce-1"},
    "making": {PURPOSE: "making:token"},
    "another id": {PURPOSE: "vpce-2"},
    "nothing": {},
    "this id, for another purpose": {ledger.PROBE: "vpce-1"},
}


def ownership(held: Mapping[str, str]) -> Ownership:
    return Ownership(US, Entry(VPC.id, held=held))


@pytest.mark.parametrize(
    ("owner", "ledger_says", "ours"),
    [
        (US, "this id", True),
        (US, "making", False),
        (US, "another id", False),
        (US, "nothing", False),
        (US, "this id, for another purpose", False),
        ("another-stack", "this id", False),
        ("another-stack", "making", False),
        (None, "this id", False),
        (None, "making", False),
        (None, "nothing", False),
    ],
)
def test_ours_is_what_carries_our_tag_and_is_in_our_ledger(
    owner: str | None, ledger_says: str, ours: bool
) -> None:
    endpoint = InterfaceEndpoint("vpce-1", full("ssm"), "available", owner=owner)
    assert ownership(LEDGER[ledger_says]).of_endpoint(endpoint) is ours


def test_s3s_interface_and_gateway_endpoints_are_held_apart() -> None:
    """Both have the same service name."""
    interface = InterfaceEndpoint("vpce-1", full("s3"), "available", "Interface", owner=US)
    gateway = InterfaceEndpoint("vpce-1", full("s3"), "available", "Gateway", owner=US)
    held = {ledger.endpoint_purpose(full("s3")): "vpce-1"}
    assert ownership(held).of_endpoint(interface)
    assert not ownership(held).of_endpoint(gateway)


NAME = f"{group_name(VPC.id, ledger.PROBE_GROUP)}-0123456789"


def test_a_group_is_ours_by_its_id_or_by_the_name_that_nobody_could_know() -> None:
    ours = SecurityGroup("sg-1", NAME, owner=US)
    for held in ("sg-1", f"making:{NAME}"):
        assert ownership({ledger.PROBE_GROUP: held}).groups((ours,)) == {ledger.PROBE_GROUP: ours}


@pytest.mark.parametrize("held", ["", f"making:{NAME}", "sg-1"])
def test_a_group_that_only_looks_like_ours_is_not_ours(held: str) -> None:
    """Whoever may make and tag groups gives them any other name and our tag."""
    theirs = SecurityGroup("sg-2", group_name(VPC.id, ledger.PROBE_GROUP), owner=US)
    entry = {ledger.PROBE_GROUP: held} if held else {}
    assert ownership(entry).groups((theirs,)) == {}
    assert [*ownership(entry).strays((), (theirs,))] == ["sg-2"]


@pytest.mark.parametrize("owner", [None, "another-stack"])
def test_what_we_made_and_lost_its_tag_is_out_of_reach_with_the_cure(owner: str | None) -> None:
    held = {PURPOSE: "vpce-1", ledger.PROBE_GROUP: f"making:{NAME}"}
    endpoint = InterfaceEndpoint("vpce-1", full("ssm"), "available", owner=owner)
    lost = ownership(held).out_of_reach((endpoint,), (SecurityGroup("sg-1", NAME, owner=owner),))
    assert lost.keys() == {"vpce-1", "sg-1"}
    cure = f"create-tags --resources vpce-1 --tags Key=ecs-anywhere:owner,Value={US}"
    assert cure in lost["vpce-1"]


def test_an_endpoint_that_carries_our_tag_is_no_stray_while_one_for_its_service_is_begun() -> None:
    endpoint = InterfaceEndpoint("vpce-1", full("ssm"), "available", owner=US)
    assert [*ownership({PURPOSE: "making:token"}).strays((endpoint,), ())] == []
    assert [*ownership({PURPOSE: "vpce-2"}).strays((endpoint,), ())] == ["vpce-1"]


LIKE_OURS = group_name(VPC.id, ledger.PROBE_GROUP)


@pytest.mark.parametrize(
    ("group", "is_named"),
    [
        (SecurityGroup("sg-1", LIKE_OURS), True),
        (SecurityGroup("sg-1", f"{LIKE_OURS}-0123456789", owner="another-stack"), True),
        (SecurityGroup("sg-1", group_name(VPC.id, ledger.RESOLVER_GROUP)), True),
        (SecurityGroup("sg-1", "web", owner=US), True),
        (SecurityGroup("sg-1", "web", owner="another-stack"), False),
        (SecurityGroup("sg-1", "ecs-anywhere-vpc-0fedcba9-probe"), False),
    ],
)
def test_a_group_that_looks_like_ours_by_tag_or_by_name_is_named(
    group: SecurityGroup, is_named: bool
) -> None:
    assert [*ownership({}).strays((), (group,))] == (["sg-1"] if is_named else [])


@pytest.mark.parametrize(
    ("held", "named"),
    [
        ({}, ["rslvr-1"]),
        ({ledger.RESOLVER: "rslvr-2"}, ["rslvr-1"]),
        ({ledger.RESOLVER: "rslvr-1"}, []),
    ],
)
def test_a_resolver_with_our_name_that_is_not_in_the_ledger_is_named(
    held: Mapping[str, str], named: list[str]
) -> None:
    resolver = InboundResolver("rslvr-1", VPC.id, "operational", name=resolver_name(VPC.id))
    other = InboundResolver("rslvr-9", VPC.id, "operational", name="corporate")
    assert [*ownership(held).strays((), (), (resolver, other))] == named
