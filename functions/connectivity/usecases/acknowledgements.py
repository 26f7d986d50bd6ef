"""Acknowledgements, as the steps of the workflow read and remove them: within bounds, whatever DNS
hosts, or somebody with their permissions, have written."""

from __future__ import annotations

from connectivity.domain.acknowledgement import (
    MOST_LOOKED_AT,
    Acknowledgements,
    acknowledgements_path,
    read_acknowledgements,
)
from connectivity.usecases.ports import Parameters

MOST_REMOVED = 300
"""Parameters that one step removes: some ten seconds at the rate of DeleteParameters. Sixty
repetitions of Remove are more than the 10,000 that an account may have."""


def hear_acknowledgements(vpc_id: str, parameters: Parameters, path: str) -> Acknowledgements:
    """Return what the VPC's DNS hosts say, from one look at 400 parameters at most."""
    found, all_seen = parameters.below(acknowledgements_path(path, vpc_id), MOST_LOOKED_AT)
    return read_acknowledgements(found, path, vpc_id, all_seen)


def remove_acknowledgements(vpc_id: str, parameters: Parameters, path: str) -> bool:
    """Remove at most 300 acknowledgements of the VPC, whatever their names. Return whether none is
    left."""
    return parameters.remove_below(acknowledgements_path(path, vpc_id), MOST_REMOVED)
