"""Confirm that all is gone: look once more, by the owner tag and our names, not by remembering.

Remove has let go of what it removed, so the ledger cannot say what should be gone. What a DNS host
acknowledged after Remove had looked is removed here: nobody would come back for it. It does not
hold up the end, which a host that goes on writing would put off for ever.
"""

from __future__ import annotations

from connectivity.domain import ledger as ledgers
from connectivity.domain import status
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.publication import parameter_names
from connectivity.domain.status import Status
from connectivity.usecases.acknowledgements import remove_acknowledgements
from connectivity.usecases.aws import Aws


def confirm_gone(vpc_id: str, aws: Aws) -> Status:
    """Raises NotReadyYet naming what is still going. What stays although it looks like ours is not
    touched, as the ledger does not know it, but named: somebody pays for it."""
    endpoints = [e for e in aws.endpoints.all_in(vpc_id) if e.state != "deleted"]
    resolvers, groups = aws.resolvers.in_vpc(vpc_id), aws.groups.all_in(vpc_id)
    entry = aws.ledger.read(vpc_id)
    ownership = aws.ownership(entry)
    going = [*ownership.going(endpoints, groups, resolvers), *_parameters_left(vpc_id, aws)]
    if going:
        raise NotReadyYet(f"still there: {', '.join(going)}")
    waiting = [id_ for purpose, id_ in entry.held.items() if purpose == ledgers.PROBE_GROUP]
    strays = ownership.strays(endpoints, groups, resolvers)
    return status.removed(waiting, sorted(strays), entry.unconfirmed)


def _parameters_left(vpc_id: str, aws: Aws) -> list[str]:
    """Remove late acknowledgements, and return what is still there: the publication's parameters
    by name, and whether acknowledgements are left."""
    path = aws.settings.parameter_path
    there = sorted(aws.parameters.read(parameter_names(path, vpc_id)))
    none_left = remove_acknowledgements(vpc_id, aws.parameters, path)
    return there if none_left else [*there, "more acknowledgements"]
