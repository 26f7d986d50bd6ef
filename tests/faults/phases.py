"""Phases: the deeds of a user on a VPC, and the state that the app then brings about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.story.app import SERVICES, App


@dataclass(frozen=True)
class Phase:
    name: str
    act: Callable[[App, str], None]
    status: str = "connected"
    """The VPC's, when the app has followed."""
    changes_options: bool = False
    """True for a phase that begins and ends connected: these can be left out together."""


PHASES = (
    Phase("enable", lambda app, vpc_id: app.tag(vpc_id, wish="enabled")),
    Phase("add ecr", lambda app, vpc_id: app.tag(vpc_id, services="ecr"), changes_options=True),
    Phase("drop ecr", lambda app, vpc_id: app.untag(vpc_id, SERVICES), changes_options=True),
    Phase("disable", lambda app, vpc_id: app.untag(vpc_id), status="removed"),
)
"""ecr brings s3 and its gateway endpoint along."""
