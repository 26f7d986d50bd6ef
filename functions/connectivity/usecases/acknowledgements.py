"""Acknowledgements, as the steps of the workflow read and remove them: within bounds, whatever DNS
hosts, or somebody with their permissions, have written."""

from __future__ import annotations

from collections.abc import Sequence

from connectivity.domain.acknowledgement import (
    MOST_LOOKED_AT,
    Acknowledgements,
    acknowledgements_path,
    read_acknowledgements,
)
from connectivity.domain.publication import folder, parameter_names
from connectivity.usecases.ports import Parameters

MOST_AT_ONCE = 10
"""Parameters that one call removes."""
MOST_REMOVED = 300
"""Parameters that one step removes: some ten seconds at the rate of DeleteParameters. Forty
repetitions of Remove are more than the 10,000 that an account may have."""


def hear_acknowledgements(vpc_id: str, parameters: Parameters, path: str) -> Acknowledgements:
    """Return what the VPC's DNS hosts say, from one look at 400 parameters at most."""
    found, all_seen = parameters.below(acknowledgements_path(path, vpc_id), MOST_LOOKED_AT)
    return read_acknowledgements(found, path, vpc_id, all_seen)


def hear(vpc_id: str, parameters: Parameters, path: str) -> tuple[str, Acknowledgements]:
    """Return the VPC's forwarding document, empty where there is none, and what its DNS hosts say
    of it: from one look at both. Where it does not show the document, or others have written so
    much beside them that it does not show all, each is looked at by itself, so that nobody hides
    the document or a host."""
    _, document = parameter_names(path, vpc_id)
    found, all_seen = parameters.below(folder(path, vpc_id), MOST_LOOKED_AT, recursive=True)
    if not all_seen or document not in found:
        stands = parameters.read([document]).get(document, "")
        return stands, hear_acknowledgements(vpc_id, parameters, path)
    start = f"{acknowledgements_path(path, vpc_id)}/"
    hosts = {n: v for n, v in found.items() if n.startswith(start) and "/" not in n[len(start) :]}
    return found.get(document, ""), read_acknowledgements(hosts, path, vpc_id, all_seen)


def remove_with_acknowledgements(
    names: Sequence[str], vpc_id: str, parameters: Parameters, path: str
) -> bool:
    """Remove at most 300 acknowledgements of the VPC, whatever their names, and with the last of
    them the parameters `names`. Return whether all are gone. Read first: removing while one reads
    would move the pages."""
    folder_ = acknowledgements_path(path, vpc_id)
    found, all_seen = parameters.below(folder_, MOST_REMOVED, recursive=True)
    going = [*found, *(names if all_seen else ())]
    for start in range(0, len(going), MOST_AT_ONCE):
        parameters.remove(going[start : start + MOST_AT_ONCE])
    return all_seen
