"""Await acknowledgements: go on as soon as every DNS host has stopped forwarding, or the drain time
is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectivity.domain import publication
from connectivity.domain.errors import NotAcknowledgedYet
from connectivity.domain.ledger import Entry
from connectivity.domain.printable import listed
from connectivity.usecases.acknowledgements import hear
from connectivity.usecases.aws import Aws
from connectivity.usecases.called_back import check_wish


def await_acknowledgements(vpc_id: str, waited_seconds: float, aws: Aws) -> int:
    """Write the hosts that did not confirm into the ledger, and return how many they are. Raises
    NotAcknowledgedYet naming them while there is time, and WishedAgain.

    The time is over when on-premises could read the withdrawal for that long, or when the state
    machine has waited as long in this state: the first survives a new execution, the second needs
    no clock.
    """
    entry = aws.ledger.read(vpc_id)
    check_wish(entry, aws.vpcs)
    document, heard = hear(vpc_id, aws.parameters, aws.settings.parameter_path)
    missing = heard.unconfirmed(entry.generation, "withdrawn")
    drain_seconds = aws.settings.drain_seconds
    over = waited_seconds >= drain_seconds or _is_old(document, entry, drain_seconds, aws)
    if (missing or heard.uncounted) and not over:
        waited_for = listed(missing, heard.uncounted)
        said = f"generation {entry.generation} (withdrawn) is not yet confirmed by {waited_for}"
        unusable = heard.unusable(entry.generation, "withdrawn")
        raise NotAcknowledgedYet("; ".join([f"{vpc_id}: {said}", *unusable]))
    if missing != entry.unconfirmed:
        aws.ledger.record_unconfirmed(vpc_id, missing)
    return len(missing) + heard.uncounted


def _is_old(document: str, entry: Entry, drain_seconds: int, aws: Aws) -> bool:
    """Tell whether on-premises had its time: also where somebody has removed or edited the
    document, because nobody can confirm that; the next teardown writes it anew. Of a withdrawal
    that a former version wrote nobody knows since when it stands: then its own time counts."""
    issued = publication.issued_at(document)
    if not issued:
        return True
    since = datetime.fromisoformat(entry.withdrawn_at or issued)
    age = datetime.fromisoformat(aws.clock.now()) - since
    return age >= timedelta(seconds=drain_seconds)
