"""Any storm of events, on several VPCs at once, ends with the world as the tags say.

A storm is a script that Hypothesis draws as a whole and that is then performed: drawing between two
deeds would take longer than the app's steps, and a list of moments shrinks to a few lines.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings

from tests.storm.histories import changes_by_others, is_change, overlaps, pasts
from tests.storm.script import Action, Moment, Script, scripts
from tests.storm.sky import MOST_SWEEPS, Sky
from tests.story.app import WISH

STORMS = int(os.environ.get("STORMS", "0"))
FEW = 1
"""Beside the examples below."""

CHANGED_AT_WORK = Script(
    (
        Moment(0, 0, Action.ENABLE),
        Moment(0, 1, Action.REQUEST, (0, 0)),
        Moment(300, 0, Action.ASK_FOR_LOGS),
        Moment(60, 1, Action.UNTAG, (150,)),
        Moment(60, 0, Action.WIDEN, (2, 30)),
    )
)
STOPPED_AND_DEAF = Script(
    (
        Moment(0, 0, Action.ENABLE, (0, 0)),
        Moment(0, 1, Action.ENABLE, ()),
        Moment(300, 0, Action.STOP),
        Moment(20, 0, Action.UNTAG, ()),
        Moment(0, 0, Action.SWEEP),
    )
)


@pytest.mark.timeout(3600)
@settings(
    max_examples=STORMS or FEW,
    derandomize=not STORMS,
    print_blob=True,
    deadline=None,
    # One example is seconds of real work of a whole account; it is drawn in no time.
    suppress_health_check=[HealthCheck.too_slow],
    report_multiple_bugs=False,
    # Without the explanation: it would perform the shrunk storm many times more.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@example(CHANGED_AT_WORK)
@example(STOPPED_AND_DEAF)
@given(script=scripts())
def test_any_storm_ends_with_the_world_as_the_tags_say(sky: Sky, script: Script) -> None:
    vpcs = [sky.vpc(cidr=f"10.{number}.0.0/16") for number in range(script.vpcs)]
    try:
        assert_survived(sky, script, vpcs)
    except AssertionError as failure:
        failure.add_note(f"{script}\nwhere {dict(enumerate(vpcs))}")
        raise
    finally:
        sky.clear(vpcs)


def assert_survived(sky: Sky, script: Script, vpcs: Sequence[str]) -> None:
    mark = sky.aws.journal.mark()
    sky.perform(script, vpcs)
    for number, vpc_id in enumerate(vpcs):
        if not script.is_deaf(number):
            assert sky.differences(vpc_id) == [], "every wish was heard, and no sweep needed"
    assert_sweeps_mend_the_rest(sky, vpcs)
    assert_another_knock_changes_nothing(sky, vpcs)
    assert_nothing_is_left_without_tags(sky, vpcs)
    assert_one_at_a_time(sky, vpcs, mark)


def assert_sweeps_mend_the_rest(sky: Sky, vpcs: Sequence[str]) -> None:
    sweeps = 0
    while differences := [each for vpc_id in vpcs for each in sky.differences(vpc_id)]:
        assert sweeps < MOST_SWEEPS, differences
        sweeps += 1
        sky.sweep()
        sky.until_all_is_done()


def assert_another_knock_changes_nothing(sky: Sky, vpcs: Sequence[str]) -> None:
    mark = sky.aws.journal.mark()
    for vpc_id in vpcs:
        sky.send_tag_event(vpc_id)
    sky.until_all_is_done()
    assert [call for call in sky.aws.journal.calls(mark) if is_change(call)] == []


def assert_nothing_is_left_without_tags(sky: Sky, vpcs: Sequence[str]) -> None:
    for vpc_id in vpcs:
        sky.untag(vpc_id, WISH)
    sky.until_all_is_done()
    assert [each for vpc_id in vpcs for each in sky.differences(vpc_id)] == []


def assert_one_at_a_time(sky: Sky, vpcs: Sequence[str], mark: int) -> None:
    past = pasts(sky, vpcs, mark)
    assert overlaps(past) == [], "two at work on one VPC"
    assert changes_by_others(sky, past, mark) == [], "changed by somebody without the hold"
    ends = {(each.arn, each.status) for each in past}
    assert {end for end in ends if end[1] not in {"SUCCEEDED", "ABORTED"}} == set()
