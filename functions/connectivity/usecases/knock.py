"""Knock: look at this VPC. The only way in, whatever the event was."""

from __future__ import annotations

from collections.abc import Mapping

from connectivity.usecases.ports import Executions, Ledger


def knock(
    vpc_id: str,
    because: str,
    ledger: Ledger,
    executions: Executions,
    heard: Mapping[str, str] | None = None,
) -> str | None:
    """Count the knock, and start an execution unless one is at work. Its ARN, or None.

    Counting comes first: whoever is at work sees the count before it ends, and goes round again.
    An execution that finds another at work ends at once, so a race here costs a few transitions
    and never a wish. `heard` are the wish tags, where the event told them: not to be believed, but
    to know that what AWS describes may be older.
    """
    entry = ledger.knock(vpc_id, heard)
    if entry.holder is not None and executions.is_running(entry.holder):
        return None
    return executions.start(vpc_id, entry.knocks, because)
