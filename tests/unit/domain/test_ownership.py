"""Whose is it? The table of the module, row by row."""

from __future__ import annotations

import pytest
from connectivity.domain import ledger
from connectivity.domain.model import InterfaceEndpoint, SecurityGroup
from connectivity.domain.ownership import group_name, is_our_endpoint, is_ours, our_groups

from tests.unit.example import US, VPC, full

LEDGER = {
    "this id": {"resolver": "rslvr-in-1"},
    "making": {"resolver": "making:token"},
    "another id": {"resolver": "rslvr-in-2"},
    "nothing": {},
    "this id, for another purpose": {"probe": "rslvr-in-1"},
}


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
    assert is_ours(owner, "rslvr-in-1", "resolver", US, LEDGER[ledger_says]) is ours


def test_s3s_interface_and_gateway_endpoints_are_held_apart() -> None:
    """Both have the same service name."""
    interface = InterfaceEndpoint("vpce-1", full("s3"), "available", "Interface", owner=US)
    gateway = InterfaceEndpoint("vpce-1", full("s3"), "available", "Gateway", owner=US)
    held = {ledger.endpoint_purpose(full("s3")): "vpce-1"}
    assert is_our_endpoint(interface, US, held)
    assert not is_our_endpoint(gateway, US, held)


def test_a_security_group_of_our_name_that_somebody_else_made_is_not_ours() -> None:
    name = group_name(VPC.id, ledger.PROBE_GROUP)
    held = {ledger.PROBE_GROUP: "sg-1"}
    theirs = SecurityGroup("sg-1", name)
    ours = SecurityGroup("sg-1", name, owner=US)
    assert our_groups((theirs,), VPC.id, US, held) == {}
    assert our_groups((ours,), VPC.id, US, held) == {ledger.PROBE_GROUP: ours}
