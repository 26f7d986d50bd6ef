"""The start of a DNS server that does not run, by the command of the configuration."""

from __future__ import annotations

from typing import Protocol

from ecs_anywhere_dns.outcome import ReloadFailed
from ecs_anywhere_dns.servers.waiting import comes_true
from ecs_anywhere_dns.subprocesses import run

START_PATIENCE = 10.0
"""Seconds until a server that was started answers its control program; for named 70 ms were
measured, without large zones."""


class Startable(Protocol):
    """The part of a server that `start_if_down` needs."""

    @property
    def name(self) -> str:
        """Return the name of its table in the configuration."""
        ...

    @property
    def start(self) -> tuple[str, ...]: ...

    def is_running(self) -> bool: ...


def start_if_down(server: Startable, program: str, patience: float = START_PATIENCE) -> None:
    """Start the server if it does not run. Raises ReloadFailed, which calls it `program`, where it
    does not run after `patience` seconds."""
    if server.is_running():
        return
    started = run(*server.start)
    if not started.ok or not comes_true(server.is_running, patience):
        raise ReloadFailed(
            f"{program} does not start: {started.said}",
            f"look at its log; if only that command is wrong here, set start under [{server.name}]",
        )
