"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.unraisableexception import gc_collect_iterations_key
from hypothesis import settings

SYSTEM = tuple(
    Path("/etc") / name
    for name in ("bind", "unbound", "dnsmasq.d", "powerdns", "ecs-anywhere-dns", "systemd/system")
)

# How long an example takes says more about who else is at work on this machine than about the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# `make test` hands its own flags down; a `make` that a test runs is a stranger's.
for variable in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS"):
    os.environ.pop(variable, None)

# moto makes several thousand machine images for each engine; no test starts a machine.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


def pytest_configure(config: pytest.Config) -> None:
    """Look once, and not five times, for what complains only when it is collected."""
    config.stash[gc_collect_iterations_key] = 1


@pytest.fixture(scope="session", autouse=True)
def this_machine_is_left_alone() -> Iterator[None]:
    """The DNS servers and the tool run on configurations of their own, never on the machine's."""
    before = _system_files()
    yield
    assert _system_files() == before


def _system_files() -> dict[Path, float]:
    found = (path for folder in SYSTEM for path in folder.rglob("*"))
    return {path: path.lstat().st_mtime for path in found}
