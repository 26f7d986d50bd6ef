"""What is measured of the account and of an execution's end."""

from __future__ import annotations

from dataclasses import replace

from connectivity.domain.errors import NotResolvingYet
from connectivity.domain.ledger import Entry, Served
from connectivity.domain.measured import of_a_failure, of_an_end, of_the_account
from connectivity.domain.measures import (
    CONNECTED_VPCS,
    OLDEST_VERIFICATION,
    OVERDUE_VERIFICATIONS,
    UNHEALTHY_RESOLVERS,
    UNITS,
    VPCS_IN_NEED,
)
from connectivity.domain.model import InboundResolver
from connectivity.domain.verification_clock import VerificationClock

HOUR = 3600.0
NOW = 1000 * HOUR
DAILY = VerificationClock(period=24 * 3600)
CONNECTED = Entry(
    "vpc-0a1b2c3d",
    status="connected",
    served=Served("wish", resolver="rslvr-in-1"),
    verified_at=NOW - HOUR,
)


def resolver(status: str) -> dict[str, InboundResolver]:
    return {"rslvr-in-1": InboundResolver("rslvr-in-1", "vpc-0a1b2c3d", status)}


def account(
    *entries: Entry, status: str = "operational", clock: VerificationClock = DAILY
) -> dict[str, float]:
    return {m.name: m.value for m in of_the_account(entries, resolver(status), clock, NOW)}


def test_an_account_without_any_vpc_is_measured_too_and_every_value_is_zero() -> None:
    assert set(account().values()) == {0}


def test_a_vpc_that_was_verified_within_three_days_is_not_overdue_and_later_it_is() -> None:
    assert account(CONNECTED)[OLDEST_VERIFICATION] == HOUR
    assert account(CONNECTED)[OVERDUE_VERIFICATIONS] == 0
    late = replace(CONNECTED, verified_at=NOW - 73 * HOUR)
    assert account(CONNECTED, late)[OVERDUE_VERIFICATIONS] == 1
    assert account(late, clock=VerificationClock(period=0))[OVERDUE_VERIFICATIONS] == 0


def test_a_resolver_is_unhealthy_while_it_does_not_answer_and_when_it_is_gone() -> None:
    for status, unhealthy in (
        *((well, 0) for well in ("operational", "updating")),
        *((ill, 1) for ill in ("auto_recovering", "action_needed", "deleting", "creating")),
    ):
        assert account(CONNECTED, status=status)[UNHEALTHY_RESOLVERS] == unhealthy, status
    gone = replace(CONNECTED, served=Served("wish", resolver="rslvr-in-2"))
    assert account(gone)[UNHEALTHY_RESOLVERS] == 1


def test_one_resolver_that_several_vpcs_use_is_counted_once() -> None:
    other = replace(CONNECTED, vpc_id="vpc-0a1b2c3e")
    assert account(CONNECTED, other, status="action_needed")[UNHEALTHY_RESOLVERS] == 1


def test_a_vpc_needs_a_person_where_its_status_says_so() -> None:
    failed = Entry("vpc-0a1b2c3f", status="failed")
    held = Entry("vpc-0a1b2c40", status="held-up")
    counted = account(CONNECTED, failed, held)
    assert (counted[CONNECTED_VPCS], counted[VPCS_IN_NEED]) == (1, 2)


def test_the_time_to_ready_is_measured_when_a_vpc_becomes_connected_and_not_again() -> None:
    assert [m.value for m in of_an_end("connected", "", (), 93.4)] == [93]
    assert of_an_end("connected", "connected", (), 93.4) == ()
    assert of_an_end("removed", "connected", (), 93.4) == ()
    assert of_an_end("connected", "", (), 0.0) == (), "its name does not say when it began"


def test_what_was_repaired_is_counted_and_nothing_else_that_is_told() -> None:
    told = ("repaired: vpce-1 was deleted", "dns1 failed", "repaired: a rule")
    assert [m.value for m in of_an_end("connected", "connected", told, 9.0)] == [2]


def test_a_failed_verification_is_counted_and_no_other_failure() -> None:
    assert [m.value for m in of_a_failure(NotResolvingYet.__name__)] == [1]
    assert of_a_failure("QuotaReached") == ()


def test_there_are_few_metrics_because_each_is_paid_for() -> None:
    """Ten are free in an account; those of events are billed for their hours only."""
    assert len(UNITS) <= 12, "each costs 0.30 USD a month"
