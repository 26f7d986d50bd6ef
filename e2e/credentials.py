"""The person's own credentials: how long they last, as a run and its clean-up need them for hours.

botocore knows the end of those that it can renew, and of those in the environment beside
AWS_CREDENTIAL_EXPIRATION; of a session token in a file or alone in the environment nobody knows it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

_IN_THE_ENVIRONMENT = "env"
"""The method of credentials that botocore reads again and that nobody renews."""


def ends_at(credentials: Any) -> datetime | None:
    """Return when the credentials end, as far as botocore knows."""
    return getattr(credentials, "_expiry_time", None)


def too_short(credentials: Any, now: datetime, hours: float) -> list[str]:
    """Return why these credentials cannot be used for so many hours; empty if they may."""
    end = ends_at(credentials)
    if end is None or credentials.method != _IN_THE_ENVIRONMENT:
        return []
    if end >= now + timedelta(hours=hours):
        return []
    return [
        f"the session token ends at {end:%Y-%m-%dT%H:%MZ}, and the run and its clean-up may take "
        f"{hours:.0f} hours: ask for a longer session, or use a profile that renews itself"
    ]


def lifetime(credentials: Any) -> str:
    """Return a line on how long these credentials last."""
    end = ends_at(credentials)
    if end is not None:
        renewed = "" if credentials.method == _IN_THE_ENVIRONMENT else ", and are renewed"
        return f"credentials of {credentials.method}, which end at {end:%Y-%m-%dT%H:%MZ}{renewed}"
    if getattr(credentials, "token", None):
        return (
            f"a session token of {credentials.method}, and nobody knows when it ends: if it does "
            "before the clean-up, everything is left, and costs"
        )
    return "credentials that do not end by themselves"
