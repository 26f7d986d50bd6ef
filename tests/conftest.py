"""Rules for every test."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.unraisableexception import gc_collect_iterations_key
from hypothesis import settings

from tests import shares

SYSTEM = tuple(
    Path("/etc") / name
    for name in (
        "bind",
        "unbound",
        "dnsmasq.d",
        "powerdns",
        "knot-resolver",
        "ecs-anywhere-dns",
        "systemd/system",
    )
)

# How long an example takes says more about who else is at work on this machine than about the code.
settings.register_profile("any machine", deadline=None, max_examples=shares.examples(100))
settings.load_profile("any machine")

# `make test` hands its own flags down; a `make` that a test runs is a stranger's.
for variable in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS"):
    os.environ.pop(variable, None)

# moto makes several thousand machine images for each engine; no test starts a machine.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

LONGEST_FIRST = (
    # tests/story
    "test_make_demo",
    "test_make_local",
    "test_partial_failure",
    "test_adoption",
    "test_permissions",
    "test_zero_blink",
    "test_errors",
    "test_stack_deletion",
    "test_verification",
    # tests/unit, tests/local and what runs with them
    "test_upgrade",
    "test_unkind",
    "test_unkind_throttles",
    "test_updates",
    "test_recorded_run",
    "test_cloudformation",
    "test_site",
    "test_adversary",
    "test_plan_properties",
    "test_parameters",
    "test_networks",
    "test_removal_properties",
    "test_build",
    "test_release",
    "test_unkind_answers",
    "test_inbound_resolvers",
    "test_interface_endpoints",
    "test_company_stack",
    "test_one_at_a_time",
    # tests/onprem
    "test_units",
    "test_death",
    "test_apply",
    "test_traps",
    "test_rolling_back",
    "test_hostile",
    "test_commands",
    "test_stranger",
    "test_lab",
    "test_dnsmasq",
)
"""Files that take longest, in processor time: so that no process is left with one of them when the
others are done. Their order changes nothing else."""


SELDOM = (20_000, 20, 20)
"""Thresholds of the garbage collector: an engine and the tests are a million objects, none of them
garbage."""
LEFT = pytest.StashKey[int]()
"""The number of cases that were left to `make whole`."""


def pytest_configure(config: pytest.Config) -> None:
    """Look once, and not five times, for what complains only when it is collected; and collect no
    garbage while nearly all that is made are tests, which stay."""
    gc.disable()
    config.stash[gc_collect_iterations_key] = 1
    config.stash[LEFT] = 0


def pytest_report_header() -> str:
    if shares.IS_WHOLE:
        return "all tests, and all cases of each"
    return "a part of the tests; all of them: make whole (tests/shares.py)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not any("::" in argument for argument in config.args):
        run = shares.part(items)
        config.stash[LEFT] = len(items) - len(run)
        items[:] = run
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(*SELDOM)
    gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints, where this one only runs tests."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["left"] = session.config.stash[LEFT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Keep what one of several processes tells; each has collected the same tests."""
    node.config.stash[LEFT] = getattr(node, "workeroutput", {}).get("left", 0)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if left := config.stash[LEFT]:
        terminalreporter.write_line(f"{left} cases were left to `make whole`")


@pytest.fixture(scope="session", autouse=True)
def this_machine_is_left_alone() -> Iterator[None]:
    """The DNS servers and the tool run on configurations of their own, never on the machine's."""
    before = _system_files()
    yield
    assert _system_files() == before


def _system_files() -> dict[Path, float]:
    found = (path for folder in SYSTEM for path in folder.rglob("*"))
    return {path: path.lstat().st_mtime for path in found}
