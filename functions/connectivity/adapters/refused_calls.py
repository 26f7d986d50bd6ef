"""Refused calls, counted where every answer of AWS passes: those whose rate AWS throttled after all
tries of the client, and those that a policy denies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from botocore.exceptions import ClientError

from connectivity.adapters.refusals import code_of
from connectivity.domain.errors import Throttled
from connectivity.domain.measures import DENIED_CALLS, THROTTLED_CALLS

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""AWS's codes (IAM user guide, "Troubleshoot access denied error messages"; EC2's is the last)."""

_counted: Counter[str] = Counter()


def count(refused: ClientError, becomes: Exception) -> None:
    """Count a refusal that was translated into the error `becomes`."""
    if isinstance(becomes, Throttled):
        _counted[THROTTLED_CALLS] += 1
    elif code_of(refused) in _DENIED:
        _counted[DENIED_CALLS] += 1


def take() -> Mapping[str, int]:
    """Return metric -> number since the last time this was asked, and begin anew."""
    counted = dict(_counted)
    _counted.clear()
    return counted
