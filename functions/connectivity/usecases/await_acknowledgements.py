"""Await acknowledgements: go on as soon as every DNS host has stopped forwarding, or the drain time
is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectivity.domain import publication
from connectivity.domain.errors import NotAcknowledgedYet
from connectivity.domain.printable import listed
from connectivity.usecases.acknowledgements import hear_acknowledgements
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
) -> int:
    """Write the hosts that did not confirm into the ledger, and return how many they are. Raises
    NotAcknowledgedYet naming them while there is time, and WishedAgain.

    The time is over when the document is old enough, or when the state machine has waited as long
    in this state: the first survives a new execution, the second needs no clock.
    """
    check_wish(vpc_id, vpcs)
    path = settings.parameter_path
    _, document_name = publication.parameter_names(path, vpc_id)
    document = parameters.read([document_name]).get(document_name, "")
    generation = ledger.read(vpc_id).generation
    heard = hear_acknowledgements(vpc_id, parameters, path)
    missing = heard.unconfirmed(generation, "withdrawn")
    over = waited_seconds >= settings.drain_seconds or _is_old(document, clock.now(), settings)
    if (missing or heard.uncounted) and not over:
        waited_for = listed(missing, heard.uncounted)
        said = f"generation {generation} (withdrawn) is not yet confirmed by {waited_for}"
        raise NotAcknowledgedYet(
            "; ".join([f"{vpc_id}: {said}", *heard.unusable(generation, "withdrawn")])
        )
    ledger.miss(vpc_id, missing)
    return len(missing) + heard.uncounted


def _is_old(document: str, now: str, settings: Settings) -> bool:
    """Also where somebody has removed or edited it, because nobody can confirm that; the next
    teardown writes it anew."""
    issued = publication.issued_at(document)
    if not issued:
        return True
    age = datetime.fromisoformat(now) - datetime.fromisoformat(issued)
    return age >= timedelta(seconds=settings.drain_seconds)
