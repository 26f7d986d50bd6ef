"""Await acknowledgements: go on as soon as every DNS host has stopped forwarding, or the drain time
is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectivity.domain import publication
from connectivity.domain.acknowledgement import acknowledgement_names, read_acknowledgements
from connectivity.domain.errors import NotAcknowledgedYet
from connectivity.usecases.ports import Clock, Ledger, Parameters, Vpcs
from connectivity.usecases.remove import check_wish
from connectivity.usecases.settings import Settings


def await_acknowledgements(
    vpc_id: str,
    waited_seconds: float,
    vpcs: Vpcs,
    parameters: Parameters,
    ledger: Ledger,
    clock: Clock,
    settings: Settings,
) -> tuple[str, ...]:
    """The names of all acknowledgements; the hosts that did not confirm are in the ledger then.
    Raises NotAcknowledgedYet naming them while there is time, and WishedAgain.

    The time is over when the document is old enough, or when the state machine has waited as long
    in this state: the first survives a new execution, the second needs no clock.
    """
    check_wish(vpc_id, vpcs)
    path = settings.parameter_path
    there = parameters.below(publication.folder(path, vpc_id))
    document = there.get(publication.parameter_names(path, vpc_id)[1], "")
    generation = ledger.read(vpc_id).generation
    missing = read_acknowledgements(there, path, vpc_id).unconfirmed(generation)
    over = waited_seconds >= settings.drain_seconds or _is_old(document, clock.now(), settings)
    if missing and not over:
        raise NotAcknowledgedYet(
            f"{vpc_id}: generation {generation} (withdrawn) is not yet confirmed by "
            f"{', '.join(missing)}"
        )
    ledger.miss(vpc_id, missing)
    return acknowledgement_names(there, path, vpc_id)


def _is_old(document: str, now: str, settings: Settings) -> bool:
    """Also where somebody has removed or edited it, because nobody can confirm that; the next
    teardown writes it anew."""
    issued = publication.issued_at(document)
    if not issued:
        return True
    age = datetime.fromisoformat(now) - datetime.fromisoformat(issued)
    return age >= timedelta(seconds=settings.drain_seconds)
