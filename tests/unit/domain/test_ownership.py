"""Whose is it? The table of the module, row by row."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from connectivity.domain import ledger
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InterfaceEndpoint, SecurityGroup
from connectivity.domain.ownership import Ownership, group_name

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
        (US, "making", True),
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


def test_a_security_group_of_our_name_that_somebody_else_made_is_not_ours() -> None:
    name = group_name(VPC.id, ledger.PROBE_GROUP)
    held = {ledger.PROBE_GROUP: "sg-1"}
    theirs = SecurityGroup("sg-1", name)
    ours = SecurityGroup("sg-1", name, owner=US)
    assert ownership(held).groups((theirs,)) == {}
    assert ownership(held).groups((ours,)) == {ledger.PROBE_GROUP: ours}
