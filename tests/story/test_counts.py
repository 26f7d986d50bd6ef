"""How much AWS is asked: API calls and state transitions, with AWS's own lifecycles at zero.

`counts.json` is the present state. It is exact, because what AWS makes is there at the next look. A
function that waits for another branch reads the ledger until something is written there: however
often, these looks count as one. A count that grows fails; so does one that shrinks, so that the
file stays true. docs/performance.md says what the numbers mean.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from local.settings import Lifecycles
from tests.story.app import WISH, App
from tests.story.looks import counts

FILE = Path(__file__).with_name("counts.json")
WRITTEN: dict[str, dict[str, int]] = json.loads(FILE.read_text())
"""Story -> how often each action is called, and `transitions`."""

UNHURRIED = 0.1
"""Real seconds per AWS second. What takes no AWS time still takes this machine some: it has to be
there when it is asked for again, 5 or 15 AWS seconds later."""

REFILLED = 60
"""AWS seconds."""

TRANSITIONS = "transitions"
OWN_STATE = ("dynamodb:", "states:")
"""The ledger, and the start of the workflow."""
READS = ("Describe", "Get", "Invoke", "List")
"""Invoke: the probe is asked, which changes nothing."""


@dataclass(frozen=True)
class Aim:
    """Calls, without those for our own state; the floor is what the job takes at least."""

    floor: int
    goal: int
    transitions: int | None = None


AIMS = {"enable": Aim(15, 22, 16), "knock": Aim(4, 4, 5), "disable": Aim(5, 12, 14)}


@pytest.fixture(scope="module")
def counted(app: App) -> Iterator[Mapping[str, Mapping[str, int]]]:
    """As in `WRITTEN`: the six services, a tag's event that comes twice, the tag removed."""
    app.until_quiet()
    app.begin_another_hour()
    app.seen |= app.executions()
    clock, usual = app.aws.clock, app.aws.clock.time_scale
    clock.time_scale = UNHURRIED
    try:
        with app.lifecycles(**dict.fromkeys(asdict(Lifecycles()), 0.0)):
            vpc_id = app.vpc()
            stories: dict[str, Callable[[], None]] = {
                "enable": lambda: app.tag(vpc_id, wish="enabled"),
                "knock": lambda: tell_again(app, vpc_id),
                "disable": lambda: untag_later(app, vpc_id),
            }
            yield {name: _count(app, vpc_id, begin) for name, begin in stories.items()}
    finally:
        clock.time_scale = usual


def tell_again(app: App, vpc_id: str) -> None:
    """EventBridge delivers the tag's event once more."""
    app.aws.events.publish(
        source="aws.tag",
        detail_type="Tag Change on Resource",
        detail={
            "changed-tag-keys": [WISH],
            "service": "ec2",
            "resource-type": "vpc",
            "version": 1,
            "tags": {WISH: "enabled"},
        },
        resources=[
            f"arn:aws:ec2:{app.aws.settings.region}:{app.aws.settings.account}:vpc/{vpc_id}"
        ],
        region=app.aws.settings.region,
    )


def untag_later(app: App, vpc_id: str) -> None:
    """When AWS has refilled its buckets: nobody waits for a turn behind the enable."""
    app.aws.clock.sleep(REFILLED)
    app.untag(vpc_id)


def _count(app: App, vpc_id: str, begin: Callable[[], None]) -> dict[str, int]:
    roles, since = app.roles(), app.aws.journal.mark()
    begin()
    ended = app.next_success(vpc_id)
    ours = [call for call in app.calls(since) if call.role_arn in roles]
    calls = counts((roles[call.role_arn or ""], call.name, call.at) for call in ours)
    return {TRANSITIONS: ended.transitions, **dict(sorted(calls.items()))}


def test_counts_are_those_that_are_written_down(
    counted: Mapping[str, Mapping[str, int]],
) -> None:
    print(_table(counted))  # noqa: T201 (pytest -s shows it)
    changed = {
        f"{story}: {name}": (WRITTEN[story].get(name, 0), made.get(name, 0))
        for story, made in counted.items()
        for name in sorted(made.keys() | WRITTEN[story].keys())
        if WRITTEN[story].get(name, 0) != made.get(name, 0)
    }
    now = json.dumps(counted, indent=2)
    grown = {name: (was, is_now) for name, (was, is_now) in changed.items() if is_now > was}
    assert not grown, f"make fewer calls, or have a reason and write them into {FILE.name}:\n{now}"
    assert not changed, f"fewer calls than before: write them into {FILE.name}:\n{now}"


def _table(counted: Mapping[str, Mapping[str, int]]) -> str:
    lines = ["story    reads  mutations  sum  floor  goal  own state  transitions  goal"]
    for story, made in counted.items():
        kinds = Counter[str]()
        for name, count in made.items():
            kinds[_kind(name)] += count
        aim = AIMS[story]
        lines.append(
            f"{story:7} {kinds['reads']:6} {kinds['mutations']:10} "
            f"{kinds['reads'] + kinds['mutations']:4} {aim.floor:6} {aim.goal:5} "
            f"{kinds['own state']:10} {kinds[TRANSITIONS]:12} {aim.transitions or '-':>5}"
        )
    return "\n".join(lines)


def _kind(name: str) -> str:
    if name == TRANSITIONS:
        return TRANSITIONS
    if name.startswith(OWN_STATE):
        return "own state"
    return "reads" if name.partition(":")[2].startswith(READS) else "mutations"
