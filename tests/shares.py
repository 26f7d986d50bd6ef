"""The tests that `make test` runs, and those that it leaves to `make whole`.

`make test` is run for every change, so it is to end within twenty minutes on two busy processors.
Today it takes half an hour or more.
It leaves out three things, and keeps something cheaper of each:

- `REHEARSALS`: tests of whole processes, beside a test of the same with less around it.
- `SHARES`: of a parametrised test in these files every so-manyeth case, and always one at least;
  and of each test that is run with every DNS server one server, chosen by the test's name, so that
  each server has a sixth of the tests. `HEADLINES` are run with all of them.
- a part of the examples that Hypothesis draws.

What is left out depends on names alone: the same commit runs the same tests everywhere. With the
environment variable WHOLE nothing is left out, and no case where a test is asked for by its name.
Each run says at its end how many cases it left: all of them, because every case is collected, and
the share is taken from what is collected. Hypothesis's examples are no cases, and not counted.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar, runtime_checkable
from zlib import crc32

import pytest

T = TypeVar("T")


class Callspec(Protocol):
    """The parameters of a case, as pytest knows them."""

    params: Mapping[str, object]


@runtime_checkable
class Parametrised(Protocol):
    """A case of a parametrised test."""

    callspec: Callspec


IS_WHOLE = bool(os.environ.get("WHOLE"))

REHEARSALS = {
    "tests/onprem/test_ansible.py": {
        # Beside it: a play that the tool refuses, and what the role knows of the tool.
        "test_a_play_makes_a_host_forward_tells_drift_and_leaves_nothing_but_others_files",
    },
    "tests/e2e/test_run.py": {
        # Beside them: a step that fails in the middle of a run, and an interrupted run.
        "test_a_run_that_was_killed_is_gone_on_with_to_its_end_and_leaves_nothing",
        "test_a_wish_that_nothing_came_of_does_not_keep_the_clean_up_waiting",
    },
    "tests/local/test_upgrade.py": {
        # Beside it: an update by other parameters; each function reads what releases hand it.
        "test_an_upgrade_and_the_way_back_lose_nothing_and_no_name_blinks",
    },
    "tests/release/test_release.py": {
        # Beside it: all that one build has to hold.
        "test_the_same_commit_gives_the_same_bytes",
    },
    "tests/story/test_make_demo.py": {
        # Beside it: the demo itself, which CI runs before the tests.
        "test_the_demo_shows_every_answer_and_that_nothing_is_left",
        # Beside it: every way in which an execution can end badly.
        "test_a_broken_app_fails_the_demo_with_the_reason_last",
    },
    "tests/story/test_make_local.py": {
        # Beside it: the same conversation as whoever runs the tests.
        "test_it_needs_no_root",
    },
    "tests/story/test_partial_failure.py": {
        # Beside it: what AWS does not delete; who holds a group, as a decision.
        "test_a_security_group_that_somebody_else_uses_is_named_and_removed_when_it_is_free",
    },
    "tests/story/test_stack_deletion.py": {
        # Beside it: the same without a stranger, in tests/local/test_company_stack.py.
        "test_a_stack_with_a_connected_vpc_is_not_deleted_and_afterwards_it_is",
    },
}
"""File -> test functions that only `make whole` runs."""

HEADLINES = {
    "tests/onprem/test_apply.py::test_the_first_apply_makes_every_name_private",
    "tests/onprem/test_apply.py::test_a_withdrawn_publication_removes_the_forwarding",
    "tests/onprem/test_death.py::test_the_steps_come_in_the_order_of_the_story",
    "tests/onprem/test_rolling_back.py::test_a_change_that_answers_wrongly_is_undone",
    "tests/onprem/test_rolling_back.py::test_a_rollback_by_hand_is_to_the_byte_and_for_its_clients",
}
"""Tests that are run with every DNS server always."""

SHARES = {
    "tests/faults/test_deaths.py": 48,  # one costs as much as two faults
    "tests/faults/test_faults.py": 95,
    "tests/hostcheck/test_strangers.py": 2,
    "tests/local/test_networks.py": 2,
    "tests/local/test_site.py": 2,
    "tests/onprem/test_damaged_memory.py": 7,
    "tests/onprem/test_hindrances.py": 4,
    "tests/onprem/test_hostile.py": 2,
    "tests/onprem/test_lab.py": 2,
    "tests/onprem/test_stranger.py": 2,
    "tests/onprem/test_units.py": 2,
    "tests/story/test_adoption.py": 2,
    "tests/story/test_errors.py": 2,
    "tests/story/test_knocks.py": 2,
    "tests/story/test_make_local.py": 2,
    "tests/story/test_ownership.py": 2,
    "tests/story/test_partial_failure.py": 2,
    "tests/story/test_partitions.py": 3,
    "tests/story/test_tag_to_gone.py": 2,
    "tests/story/test_zero_blink.py": 2,
}
"""File -> every so-manyeth case of each of its parametrised tests is run."""

EXAMPLES = 3
"""Share of Hypothesis's examples: one in so many is drawn."""
SERVERS = 6
"""Share of the DNS servers: each test of the pick-up tool is run with one in so many."""


def examples(number: int) -> int:
    """Return how many of a property's examples Hypothesis draws in this run."""
    return number if IS_WHOLE else -(-number // EXAMPLES)


def chosen(things: Sequence[T], name: str, share: int) -> list[T]:
    """Return every `share`th of `things`, and at least one, beginning where `name` says."""
    if IS_WHOLE or not things:
        return list(things)
    return list(things[crc32(name.encode()) % min(share, len(things)) :: share])


def of_servers(cases: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the cases of a test with the DNS servers of this run, chosen anew for each of its
    other parameters; all of a test that is not run with every server."""
    alike: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in cases:
        alike[_without_server(item)].append(item)
    kept = {
        item
        for name, of_each in alike.items()
        for item in (
            of_each
            if of_each[0].nodeid.partition("[")[0] in HEADLINES
            else chosen(of_each, name, SERVERS)
        )
    }
    return [item for item in cases if item in kept]


def _without_server(item: pytest.Item) -> str:
    """Return a case's node id without its DNS server."""
    server = item.callspec.params.get("server_kind") if isinstance(item, Parametrised) else None
    name, _, case = item.nodeid.partition("[")
    words = case.removesuffix("]").split("-")
    return "-".join([name, *(word for word in words if word != server)])


def is_rehearsal(name: str) -> bool:
    """Tell whether a test function, by its node id, is one that only `make whole` runs."""
    file, _, function = name.partition("::")
    return function in REHEARSALS.get(file, ())


def part(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests of this run, in their order: pytest has put together those that share an
    expensive fixture."""
    if IS_WHOLE:
        return list(items)
    functions: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        functions[item.nodeid.partition("[")[0]].append(item)
    kept = {
        item
        for name, cases in functions.items()
        if not is_rehearsal(name)
        for item in chosen(of_servers(cases), name, SHARES.get(name.partition("::")[0], 1))
    }
    return [item for item in items if item in kept]
