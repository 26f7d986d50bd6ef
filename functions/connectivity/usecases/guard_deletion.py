"""Guard deletion: as long as something is held for a VPC, somebody is at work on it, or the policy
of the DNS hosts is attached, the stack stays.

CloudFormation asks at every creation, change and deletion of the guard, and waits for an answer;
the guard is the last thing that it makes and the first that it deletes. In between, the ledger is
under deletion protection: the guard turns it on when the stack stands, and off when it has agreed
to the deletion, so that nobody else can delete the table, and a stack whose creation fails can.
"""

from __future__ import annotations

from connectivity.domain import deletion
from connectivity.domain.custom_resource import Answer, Request
from connectivity.domain.deletion import InTheWay
from connectivity.usecases.ports import HostPolicy, Ledger, Protection, Stacks


def guard_deletion(
    request: Request, ledger: Ledger, policy: HostPolicy, protection: Protection, stacks: Stacks
) -> Answer:
    """Answer CloudFormation. Returns the answer; asked again, it is by what is held then."""
    stacks.check(request)
    if request.kind != "Delete":
        answer = _protected(request, protection)
    elif deletion.is_guarded(request):
        answer = _decided(request, ledger, policy, protection)
    else:
        answer = _rolled_back(request, protection)
    stacks.answer(request, answer)
    return answer


# Whatever goes wrong, CloudFormation waits for an answer: so each catches every error.


def _protected(request: Request, protection: Protection) -> Answer:
    try:
        protection.turn(on=True)
    except Exception as error:  # noqa: BLE001 (see above)
        return deletion.unprotected(request, error)
    return deletion.granted(request)


def _decided(
    request: Request, ledger: Ledger, policy: HostPolicy, protection: Protection
) -> Answer:
    try:
        answer = deletion.decided(request, _in_the_way(ledger, policy))
        if answer.allows:
            protection.turn(on=False)
    except Exception as error:  # noqa: BLE001 (see above)
        return deletion.undecided(request, error)
    return answer


def _rolled_back(request: Request, protection: Protection) -> Answer:
    """Agree in any case: a refusal would keep all that the guard depends on. Where the protection
    stays on, the deletion of the table will say so."""
    try:
        protection.turn(on=False)
    except Exception as error:  # noqa: BLE001 (see above)
        return deletion.granted(request, f"the ledger's deletion protection stays: {error}")
    return deletion.granted(request)


def _in_the_way(ledger: Ledger, policy: HostPolicy) -> InTheWay:
    """Return the VPCs and the attachments in the way of the deletion. A VPC with an execution
    counts, too: that may be about to make its first resource."""
    return InTheWay(
        vpcs=[e.vpc_id for e in ledger.entries() if e.held or e.holder],
        attached=policy.attached_to(),
        policy=policy.arn,
    )
