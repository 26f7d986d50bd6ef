"""What is paid for and serves nobody, or serves twice: named once, with its price and a cure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain import tags
from connectivity.domain.ledger import Entry, Served
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, Vpc
from connectivity.domain.usage import idle
from connectivity.domain.whole_account import WholeAccount
from ecs_anywhere.costs import KEY_MONTHLY, Standing, Waste, wasted
from ecs_anywhere.prices import Prices

from tests.unit.example import US, VPC, full

ENDPOINT = 2 * 7.30
RESOLVER = 2 * 91.25
SSM = full("ssm")
OURS = InterfaceEndpoint(
    "vpce-1", SSM, "available", owner=US, subnets=("subnet-a", "subnet-b"), vpc=VPC.id
)
OUR_RESOLVER = InboundResolver("rslvr-in-1", VPC.id, "operational", name=f"ecs-anywhere-{VPC.id}")
TAGGED = Vpc(VPC.id, VPC.cidrs, {tags.WISH: "enabled"})
CONNECTED = Entry(
    VPC.id,
    status="connected",
    held={f"endpoint/{SSM}": "vpce-1", "resolver": "rslvr-in-1"},
    served=Served("wish", resolver="rslvr-in-1"),
)


def standing(entry: Entry = CONNECTED, **how: Any) -> Standing:
    account = WholeAccount(
        vpcs={VPC.id: TAGGED},
        endpoints={VPC.id: (OURS,)},
        resolvers={"rslvr-in-1": OUR_RESOLVER},
    )
    there = Standing((entry,), account, {VPC.id: (OURS,)}, {"rslvr-in-1": 2})
    return replace(there, **how)


def one(there: Standing) -> Waste:
    [found] = wasted(there, US, Prices())
    assert found.cure
    return found


def test_of_a_connection_that_is_used_nothing_is_wasted() -> None:
    assert wasted(standing(), US, Prices()) == []


def test_nothing_is_wasted_where_nothing_is() -> None:
    assert wasted(Standing(), US, Prices()) == []


def test_a_connection_that_nobody_uses_is_named_with_all_that_stands_for_it() -> None:
    found = one(standing(replace(CONNECTED, told=frozenset({idle(14, 270.0)}))))
    assert (found.kind, found.ids) == ("idle", ("vpce-1", "rslvr-in-1"))
    assert found.monthly == pytest.approx(ENDPOINT + RESOLVER)
    assert f"ecs-anywhere disable {VPC.id}" in found.cure


@pytest.mark.parametrize("status", ["held-up", "needed"])
def test_what_waits_for_somebody_s_yes_is_named(status: str) -> None:
    assert one(standing(replace(CONNECTED, status=status))).kind == "unasked"


def test_what_a_failed_run_left_standing_is_named_and_not_while_an_execution_is_at_work() -> None:
    failed = replace(CONNECTED, status="failed", served=Served())
    found = one(standing(failed))
    assert found.kind == "stranded"
    assert found.monthly == pytest.approx(ENDPOINT + RESOLVER)
    assert wasted(standing(replace(failed, holder="arn:run")), US, Prices()) == []


def test_what_is_held_and_costs_nothing_is_not_named() -> None:
    groups = replace(CONNECTED, status="failed", served=Served(), held={"group/probe": "sg-1"})
    assert wasted(standing(groups), US, Prices()) == []


def test_what_is_being_deleted_is_paid_for_no_more() -> None:
    going = replace(OURS, state="deleting")
    failed = replace(
        CONNECTED, status="failed", served=Served(), held={f"endpoint/{SSM}": "vpce-1"}
    )
    assert wasted(standing(failed, endpoints={VPC.id: (going,)}), US, Prices()) == []


def test_what_looks_like_ours_where_nobody_asks_is_named_and_is_no_connection() -> None:
    account = WholeAccount(endpoints={VPC.id: (OURS,)}, resolvers={"rslvr-in-1": OUR_RESOLVER})
    found = one(Standing((), account, {}, {"rslvr-in-1": 3}))
    assert (found.kind, found.ids) == ("orphaned", ("rslvr-in-1", "vpce-1"))
    assert found.monthly == pytest.approx(ENDPOINT + 3 * 91.25)


def test_a_second_endpoint_for_a_service_is_named_with_its_own_price() -> None:
    other = replace(OURS, id="vpce-2", owner=None, subnets=("subnet-a",))
    found = one(standing(endpoints={VPC.id: (OURS, other)}))
    assert (found.kind, found.ids) == ("doubled", ("vpce-2",))
    assert found.monthly == pytest.approx(7.30)
    assert "vpce-1" in found.why


def test_endpoints_of_others_alone_are_their_business() -> None:
    first = replace(OURS, id="vpce-2", owner=None)
    second = replace(first, id="vpce-3")
    entry = replace(CONNECTED, held={"resolver": "rslvr-in-1"})
    assert wasted(standing(entry, endpoints={VPC.id: (first, second)}), US, Prices()) == []


def test_ours_beside_one_that_a_profile_brings_is_named() -> None:
    found = one(standing(profiles={VPC.id: {SSM: "vpce-9"}}))
    assert (found.kind, found.ids) == ("doubled", ("vpce-1",))
    assert "vpce-9" in found.why
    assert wasted(standing(profiles={VPC.id: {SSM: "vpce-1"}}), US, Prices()) == []


def test_a_second_inbound_resolver_in_the_vpc_is_named_and_an_outbound_one_is_not() -> None:
    other = InboundResolver("rslvr-in-2", VPC.id, "operational", name="theirs")
    account = standing().seen
    both = replace(account, resolvers={**account.resolvers, other.id: other})
    found = one(standing(seen=both))
    assert (found.kind, found.ids) == ("doubled", ("rslvr-in-1",))
    assert found.monthly == pytest.approx(RESOLVER)
    outbound = replace(other, direction="outbound")
    none = replace(account, resolvers={**account.resolvers, other.id: outbound})
    assert wasted(standing(seen=none), US, Prices()) == []


def test_a_key_of_a_stack_that_is_gone_is_named() -> None:
    found = one(standing(left_keys=("alias/ecs-anywhere/old",)))
    assert (found.kind, found.monthly) == ("left", KEY_MONTHLY)


def test_what_is_named_for_one_reason_is_not_counted_for_another_too() -> None:
    idle_one = replace(CONNECTED, told=frozenset({idle(14, 270.0)}))
    found = one(standing(idle_one, profiles={VPC.id: {SSM: "vpce-9"}}))
    assert found.kind == "idle"


def test_the_dearest_comes_first_and_one_s_own_prices_count() -> None:
    there = standing(
        replace(CONNECTED, told=frozenset({idle(14, 270.0)})), left_keys=("alias/ecs-anywhere/old",)
    )
    first, second = wasted(there, US, Prices("ours", 0.02, 0.0))
    assert (first.kind, second.kind) == ("idle", "left")
    assert first.monthly == pytest.approx(2 * ENDPOINT)


def test_the_kinds_are_those_of_the_manual() -> None:
    from tests.unit.test_operations_manual import rows, section

    told = {kind for kind, *_ in rows(section("What is paid for and serves nobody"))}
    assert told == {"idle", "unasked", "stranded", "orphaned", "doubled", "left"}
