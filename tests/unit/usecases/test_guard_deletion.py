"""Guard deletion: the stack stays as long as something is held, and CloudFormation is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from connectivity.domain.custom_resource import LONGEST_REASON, Answer, Request
from connectivity.domain.deletion import Attached, guard_id, is_guarded
from connectivity.domain.errors import Throttled
from connectivity.domain.ledger import Entry
from connectivity.usecases.guard_deletion import guard_deletion

from tests.unit.usecases.fakes import FakeHostPolicy, FakeLedger, FakeProtection, FakeStacks

STACK = "arn:aws:cloudformation:us-east-2:123456789012:stack/private-connectivity/1-2-3"
CREATE = {
    "RequestType": "Create",
    "ResponseURL": "https://answers.s3.amazonaws.com/answer",
    "StackId": STACK,
    "RequestId": "unique",
    "LogicalResourceId": "DeletionGuard",
    "ResourceType": "Custom::DeletionGuard",
    "ResourceProperties": {"ServiceToken": "arn"},
}
CREATED = Request.from_json(CREATE)
UPDATED = replace(CREATED, kind="Update", physical_id=guard_id(CREATED))
DELETED = replace(CREATED, kind="Delete", physical_id=guard_id(CREATED))


def holding(*vpc_ids: str) -> FakeLedger:
    ledger = FakeLedger()
    for vpc_id in vpc_ids:
        ledger.hold(vpc_id, {"resolver": "rslvr-in-1"})
    return ledger


def answered(
    request: Request,
    ledger: FakeLedger,
    policy: FakeHostPolicy | None = None,
    protection: FakeProtection | None = None,
) -> Answer:
    stacks = FakeStacks()
    answer = guard_deletion(
        request, ledger, policy or FakeHostPolicy(), protection or FakeProtection(), stacks
    )
    assert stacks.answers == [(request, answer)]
    return answer


@pytest.mark.parametrize("request_", [CREATED, UPDATED], ids=["create", "update"])
def test_making_and_changing_the_guard_succeeds_whatever_is_held(request_: Request) -> None:
    answer = answered(request_, holding("vpc-1"))
    assert (answer.status, answer.physical_id) == ("SUCCESS", guard_id(CREATED))


def test_the_guard_keeps_its_id_or_it_would_be_replaced_and_deleted() -> None:
    assert {guard_id(r) for r in (CREATED, UPDATED, DELETED, replace(CREATED, id="other"))} == {
        f"deletion-guard/{STACK}"
    }


def test_a_stack_that_holds_nothing_may_be_deleted() -> None:
    ledger = holding("vpc-1")
    ledger.record_gone("vpc-1", ["resolver"])
    assert answered(DELETED, ledger).status == "SUCCESS"


def test_a_stack_that_is_about_to_make_the_first_thing_stays() -> None:
    ledger = FakeLedger()
    assert ledger.take(ledger.read("vpc-1"), "execution")
    assert answered(DELETED, ledger).status == "FAILED"


def test_a_stack_that_holds_something_stays_and_is_told_which_vpcs_and_the_cure() -> None:
    answer = answered(DELETED, holding("vpc-2", "vpc-1"))
    assert (answer.status, answer.physical_id) == ("FAILED", guard_id(CREATED))
    assert answer.reason == (
        "Nothing was deleted, because what was made for VPCs would stay and cost, and nobody would "
        "remove it. Remove the tag ecs-anywhere:private-connectivity from vpc-1, vpc-2, wait until "
        "ecs-anywhere:status says removed there and waits for no security group, and delete the "
        "stack again."
    )


def test_what_is_only_announced_counts_as_held() -> None:
    """It may have been made: nobody has seen the answer yet."""
    assert answered(DELETED, holding_announced("vpc-1")).status == "FAILED"


def holding_announced(vpc_id: str) -> FakeLedger:
    ledger = FakeLedger()
    ledger.announce(Entry(vpc_id), {"resolver": "token"})
    return ledger


def test_asking_again_changes_nothing() -> None:
    ledger = holding("vpc-1")
    before = dict(ledger.all)
    assert answered(DELETED, ledger) == answered(DELETED, ledger)
    assert ledger.all == before


def test_the_reason_fits_however_many_vpcs_there_are() -> None:
    answer = answered(DELETED, holding(*(f"vpc-{number:017x}" for number in range(300))))
    assert len(answer.reason) < LONGEST_REASON
    assert "vpc-00000000000000013 and 280 more, wait until" in answer.reason
    assert answer.reason.endswith("delete the stack again.")


def attached(*names: str) -> FakeHostPolicy:
    return FakeHostPolicy(tuple(Attached("role", name) for name in names))


def test_a_stack_whose_policy_is_attached_stays_and_is_told_the_commands_that_detach_it() -> None:
    policy = FakeHostPolicy((Attached("role", "dns-host"), Attached("user", "dns"),
                             Attached("group", "hosts")))  # fmt: skip
    answer = answered(DELETED, FakeLedger(), policy)
    assert (answer.status, answer.physical_id) == ("FAILED", guard_id(CREATED))
    assert answer.reason == (
        "Nothing was deleted, because AWS deletes no policy that is attached. Detach the one of "
        f"the DNS hosts, and delete the stack again: policy={policy.arn}; "
        "aws iam detach-role-policy --role-name dns-host --policy-arn $policy; "
        "aws iam detach-user-policy --user-name dns --policy-arn $policy; "
        "aws iam detach-group-policy --group-name hosts --policy-arn $policy;"
    )


def test_both_reasons_are_told_at_once() -> None:
    answer = answered(DELETED, holding("vpc-1"), attached("dns-host"))
    assert "Remove the tag ecs-anywhere:private-connectivity from vpc-1, wait" in answer.reason
    assert f"detach the policy {FakeHostPolicy().arn} from role dns-host" in answer.reason


@pytest.mark.parametrize("vpcs", [0, 1, 300])
def test_the_reason_is_whole_however_many_have_the_policy(vpcs: int) -> None:
    """With the longest names that AWS IAM allows, and the longest ARN of a policy."""
    policy = attached(*(f"{number:064}" for number in range(40)))
    policy.arn = f"arn:aws-us-gov:iam::123456789012:policy/{'p' * 128}"
    held = holding(*(f"vpc-{number:017x}" for number in range(vpcs)))
    answer = answered(DELETED, held, policy)
    assert len(answer.reason) < LONGEST_REASON
    assert answer.reason.endswith(
        "38 more: AWS deletes none that is attached."
        if vpcs
        else "36 more: aws iam list-entities-for-policy --policy-arn $policy"
    )


def test_the_ledger_is_protected_from_when_the_stack_stands_until_its_deletion_is_agreed() -> None:
    protection, ledger = FakeProtection(), holding("vpc-1")
    answered(CREATED, ledger, protection=protection)
    assert protection.is_on
    assert answered(DELETED, ledger, protection=protection).status == "FAILED"
    assert answered(DELETED, FakeLedger(), attached("dns"), protection).status == "FAILED"
    assert protection.is_on
    answered(UPDATED, ledger, protection=protection)
    assert protection.is_on
    ledger.record_gone("vpc-1", ["resolver"])
    assert answered(DELETED, ledger, protection=protection).status == "SUCCESS"
    assert not protection.is_on


@dataclass
class Unchangeable(FakeProtection):
    def turn(self, *, on: bool) -> None:
        raise Throttled("UpdateTable: slow down")


@pytest.mark.parametrize("request_", [CREATED, UPDATED], ids=["create", "update"])
def test_a_stack_whose_ledger_cannot_be_protected_does_not_come_to_be(request_: Request) -> None:
    answer = answered(request_, FakeLedger(), protection=Unchangeable())
    assert answer.status == "FAILED"
    assert "Let GuardDeletionFunction call dynamodb:UpdateTable" in answer.reason


def test_a_stack_whose_ledger_stays_protected_is_not_deleted() -> None:
    answer = answered(DELETED, FakeLedger(), protection=Unchangeable())
    assert answer.status == "FAILED"
    assert "Nothing was deleted" in answer.reason


def test_a_stack_that_is_rolled_back_loses_its_protection_and_is_never_held_up() -> None:
    refused = answered(CREATED, FakeLedger(), protection=Unchangeable())
    rollback = replace(DELETED, physical_id=refused.physical_id)
    assert not is_guarded(rollback)
    protection = FakeProtection(is_on=True)
    assert answered(rollback, holding("vpc-1"), attached("dns"), protection).status == "SUCCESS"
    assert not protection.is_on
    assert answered(rollback, FakeLedger(), protection=Unchangeable()).status == "SUCCESS"


def test_the_deletion_of_a_guard_that_never_came_to_be_succeeds() -> None:
    """CloudFormation invents an id for it, and rolls the stack back."""
    invented = replace(DELETED, physical_id="private-connectivity-DeletionGuard-1ABC")
    answer = answered(invented, holding("vpc-1"))
    assert (answer.status, answer.physical_id) == ("SUCCESS", invented.physical_id)


@dataclass
class Broken(FakeLedger):
    error: Exception = field(default_factory=RuntimeError)

    def entries(self) -> tuple[Entry, ...]:
        raise self.error


@pytest.mark.parametrize(
    "error", [Throttled("Scan: slow down"), KeyError("LEDGER_TABLE"), ValueError("ü\n\x00" * 2000)]
)
def test_a_ledger_that_cannot_be_read_is_no_leave_to_delete(error: Exception) -> None:
    """And CloudFormation is told: it would wait for an answer else."""
    answer = answered(DELETED, Broken(error=error))
    assert answer.status == "FAILED"
    assert f"{type(error).__name__}: " in answer.reason
    assert "Nothing was deleted" in answer.reason
    assert len(answer.reason) <= LONGEST_REASON
    assert answer.reason.isascii()
    assert answer.reason.isprintable()
