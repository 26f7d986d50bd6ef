"""Guard deletion: as long as something is held for a VPC, or somebody is at work on it, the stack
stays.

CloudFormation asks at every creation, change and deletion of the guard, and waits for an answer;
the guard is the first thing that it deletes.
"""

from __future__ import annotations

from connectivity.domain import deletion
from connectivity.domain.deletion import Answer, Request
from connectivity.usecases.ports import Ledger, Stacks


def guard_deletion(request: Request, ledger: Ledger, stacks: Stacks) -> Answer:
    """What was answered. Asked again, it answers by what is held then."""
    answer = _answer(request, ledger)
    stacks.answer(request, answer)
    return answer


def _answer(request: Request, ledger: Ledger) -> Answer:
    if not request.guards:
        return deletion.granted(request)
    try:
        entries = ledger.entries()
    except Exception as error:  # noqa: BLE001 (whatever it is, CloudFormation waits for an answer)
        return deletion.undecided(request, error)
    # Who is at work may be about to make the first thing.
    return deletion.decided(request, [e.vpc_id for e in entries if e.held or e.holder])
