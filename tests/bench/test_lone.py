"""What is measured in virtual time is the app: its model makes the calls that are made on the
embedded AWS, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.amazon.compute import Network
from bench.app import App
from bench.lifecycles import AT_ZERO
from tests.story.looks import counts

WRITTEN: Mapping[str, Mapping[str, int]] = json.loads(
    (Path(__file__).parents[1] / "story" / "counts.json").read_text()
)


@pytest.fixture(scope="module")
def counted() -> Mapping[str, Mapping[str, int]]:
    """As in counts.json: AWS takes no time, and refuses nothing."""
    with App(throttles=False, call_seconds=0, transition_seconds=0) as app:
        network = app.add_vpc(1, AT_ZERO)
        stories: Mapping[str, Callable[[Network], None]] = {
            "enable": app.tag,
            "knock": app.touch,
            "disable": app.untag,
        }
        return {story: _count(app, begin, network) for story, begin in stories.items()}


def _count(app: App, begin: Callable[[Network], None], network: Network) -> dict[str, int]:
    since, known = len(app.account.calls), len(app.executions)
    begin(network)
    app.clock.run(app.clock.now + 7200)
    ended = app.executions[known:]
    assert not any(execution.error for execution in ended)
    calls = ((call.caller, call.name, call.at) for call in app.account.calls[since:])
    return {"transitions": sum(e.transitions for e in ended), **counts(calls)}


@pytest.mark.parametrize("story", WRITTEN)
def test_the_model_counts_what_the_embedded_aws_counts(
    counted: Mapping[str, Mapping[str, int]], story: str
) -> None:
    assert counted[story] == WRITTEN[story]
