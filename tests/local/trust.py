"""Policy documents for roles and resources of tests."""

from __future__ import annotations

import json
from typing import Any

EVENTS, LAMBDA, STATES = "events.amazonaws.com", "lambda.amazonaws.com", "states.amazonaws.com"


def trusting(*services: str, effect: str = "Allow", **more: Any) -> str:
    """Return a trust policy for these services; `more` is added to its statement."""
    principal = {"Service": list(services)}
    return allowing({"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole", **more})


def allowing(*statements: dict[str, Any]) -> str:
    """Return a policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
