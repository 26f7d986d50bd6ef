"""What a sweep costs where nothing is wrong, by the number of VPCs: counted in virtual time.

Up to 100 by default; `SWEEP_VPCS=1000` takes two minutes more. tests/unit/test_account.py counts
the pages of 1,000.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.app import App
from bench.lifecycles import AT_ZERO

MOST_CALLS = {1: 10, 10: 10, 100: 11, 1000: 71}
"""VPCs -> calls to AWS and of our own state that one sweep makes at most."""
LARGEST = int(os.environ.get("SWEEP_VPCS", "100"))
WRITES = ("Create", "Delete", "Modify", "Put", "Update", "Start", "Authorize", "Revoke", "Publish")


@pytest.fixture(scope="module", params=[size for size in MOST_CALLS if size <= LARGEST])
def app(request: pytest.FixtureRequest) -> Iterator[App]:
    """An account in which so many VPCs are connected, as executions left them; the time of none
    has come to be verified again."""
    app = App(throttles=False, call_seconds=0, transition_seconds=0)
    with app, pytest.MonkeyPatch.context() as environment:
        environment.setenv("VERIFY_HOURS", "0")
        for number in range(request.param):
            app.tag(app.add_vpc(number + 1, AT_ZERO))
            app.clock.run(app.clock.now + 60)
        assert len(app.compute.networks) == request.param
        yield app


def test_a_sweep_of_connected_vpcs_reads_a_few_pages_and_starts_and_writes_nothing(
    app: App,
) -> None:
    since, known = len(app.account.calls), len(app.executions)
    app.sweep()
    app.clock.run(app.clock.now + 900)
    called = Counter(call.name for call in app.account.calls[since:])
    assert app.executions[known:] == []
    assert not [name for name in called if name.partition(":")[2].startswith(WRITES)]
    assert sum(called.values()) <= MOST_CALLS[len(app.compute.networks)], called
