"""The alarms: each tells a person, of something that is really measured, and none of nothing."""

from __future__ import annotations

from typing import Any

import pytest
from connectivity.domain.measures import DIMENSION, NAMESPACE, UNITS

from tests.template.sam_template import TEMPLATE, resources

ALARMS: dict[str, dict[str, Any]] = resources("AWS::CloudWatch::Alarm")
TOPIC = [{"Ref": "Notifications"}]
BY_A_SWEEP = {
    "ConnectedVpcs",
    "VpcsInNeed",
    "OldestVerification",
    "OverdueVerifications",
    "UnhealthyResolvers",
    "UnusableSigningKeys",
}
"""Metrics of ours that have a value at every sweep, and none between two of them."""
DOCUMENTED = {
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible": {"QueueName"}},
    "AWS/States": {"ExecutionsFailed": {"StateMachineArn"}},
    "AWS/Lambda": {"Invocations": {"FunctionName"}},
}
"""AWS's metrics and their dimensions: SQS developer guide, "Available CloudWatch metrics"; Step
Functions developer guide, "Monitoring metrics"; Lambda developer guide, "Metrics"."""
SECONDS_OF_A_WEEK, SECONDS_OF_A_DAY = 604_800, 86_400
"""The longest window of an alarm whose period is an hour or longer, and of any other (CloudWatch
API reference, PutMetricAlarm)."""

every_alarm = pytest.mark.parametrize("name", ALARMS)


@every_alarm
def test_an_alarm_tells_the_topic_and_says_what_it_means(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["AlarmActions"] == TOPIC
    assert 40 < len(alarm["AlarmDescription"]) < 1024


@every_alarm
def test_an_alarm_watches_what_the_code_measures_or_aws_documents(name: str) -> None:
    alarm = ALARMS[name]
    dimensions = {each["Name"] for each in alarm["Dimensions"]}
    if alarm["Namespace"] == NAMESPACE:
        assert alarm["MetricName"] in UNITS
        assert dimensions == {DIMENSION}
    else:
        assert DOCUMENTED[alarm["Namespace"]][alarm["MetricName"]] == dimensions


@every_alarm
def test_no_alarm_rings_on_a_fresh_stack_or_an_idle_one(name: str) -> None:
    """There is no value of what never happens, nor of a sweep before the first."""
    alarm = ALARMS[name]
    assert alarm["TreatMissingData"] != "breaching"
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold" or name == "SweepAlarm"
    assert alarm["Threshold"] == (1 if name == "SweepAlarm" else 0)


@every_alarm
def test_what_a_sweep_measures_keeps_its_state_between_two_sweeps(name: str) -> None:
    alarm = ALARMS[name]
    if alarm["MetricName"] in BY_A_SWEEP and name != "SweepAlarm":
        assert alarm["TreatMissingData"] == "ignore"
    elif name != "SweepAlarm":
        assert alarm["TreatMissingData"] == "notBreaching"


def test_a_sweep_that_ends_no_more_is_told_and_by_one_alarm() -> None:
    silent = {name for name, alarm in ALARMS.items() if "InsufficientDataActions" in alarm}
    assert silent == {"SweepAlarm"}
    alarm = ALARMS["SweepAlarm"]
    assert alarm["InsufficientDataActions"] == TOPIC
    assert (alarm["TreatMissingData"], alarm["Statistic"]) == ("missing", "SampleCount")
    assert alarm["EvaluationPeriods"] == {"Ref": "SweepAlarmHours"}


@every_alarm
def test_the_window_of_an_alarm_is_one_that_cloudwatch_takes(name: str) -> None:
    alarm = ALARMS[name]
    periods = alarm["EvaluationPeriods"]
    if isinstance(periods, dict):
        periods = TEMPLATE["Parameters"][periods["Ref"]]["MaxValue"]
    longest = SECONDS_OF_A_WEEK if alarm["Period"] >= 3600 else SECONDS_OF_A_DAY
    assert periods * alarm["Period"] <= longest


def test_with_the_defaults_two_sweeps_may_be_missed_before_anybody_is_told() -> None:
    parameters = TEMPLATE["Parameters"]
    hours, minutes = (parameters[name]["Default"] for name in ("SweepAlarmHours", "SweepMinutes"))
    assert hours * 60 >= 3 * minutes


def test_there_are_as_many_alarms_as_an_account_has_free() -> None:
    assert len(ALARMS) <= 10
