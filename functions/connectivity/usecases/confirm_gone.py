"""Confirm gone: look once more at everything, by the owner tag and our names, not by remembering.

Remove has let go of what it removed, so the ledger cannot say what should be gone. What a DNS host
acknowledged after Remove had looked is removed here: nobody would come back for it. It does not
hold up the end, which a host that goes on writing would put off for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectivity.domain import ledger as ledgers
from connectivity.domain import status
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.ownership import group_name, resolver_name
from connectivity.domain.publication import parameter_names
from connectivity.domain.status import Status
from connectivity.usecases.acknowledgements import remove_acknowledgements
from connectivity.usecases.aws import Aws

_GOING = "deleting"


def confirm_gone(vpc_id: str, aws: Aws) -> Status:
    """Raises NotReadyYet naming what is still going. What stays although it looks like ours is not
    touched, as the ledger does not know it, but named: somebody pays for it."""
    seen = dict(_seen(vpc_id, aws))
    entry = aws.ledger.read(vpc_id)
    held = entry.held
    parameters = _parameters_left(vpc_id, aws)
    going = [id_ for id_, state in seen.items() if state == _GOING or id_ in held.values()]
    if going or parameters:
        raise NotReadyYet(f"still there: {', '.join([*going, *parameters])}")
    waiting = [held[ledgers.PROBE_GROUP]] if ledgers.PROBE_GROUP in held else []
    return status.removed(waiting, sorted(seen), entry.unconfirmed)


def _parameters_left(vpc_id: str, aws: Aws) -> list[str]:
    """Remove late acknowledgements, and return what is still there: the publication's parameters
    by name, and whether acknowledgements are left."""
    path = aws.settings.parameter_path
    there = sorted(aws.parameters.read(parameter_names(path, vpc_id)))
    none_left = remove_acknowledgements(vpc_id, aws.parameters, path)
    return there if none_left else [*there, "more acknowledgements"]


def _seen(vpc_id: str, aws: Aws) -> Iterator[tuple[str, str]]:
    """Id and state of what looks like ours, apart from the probe's security group."""
    probes = group_name(vpc_id, ledgers.PROBE_GROUP)
    for endpoint in aws.endpoints.all_in(vpc_id):
        if endpoint.owner == aws.settings.us and endpoint.state != "deleted":
            yield endpoint.id, endpoint.state
    for resolver in aws.resolvers.in_vpc(vpc_id):
        if resolver.name == resolver_name(vpc_id):
            yield resolver.id, resolver.status
    for group in aws.groups.all_in(vpc_id):
        if group.owner == aws.settings.us and not group.name.startswith(probes):
            yield group.id, ""
