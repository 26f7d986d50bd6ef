"""The dashboard fits on one screen, shows everything that is measured, and nothing that is not."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from connectivity.domain.measures import DIMENSION, NAMESPACE, UNITS

from tests.template import dashboard
from tests.template.sam_template import resources

MOST_ROWS = 18
"""Rows of a laptop's screen; the console's own frame takes the rest."""
DOCUMENTED = {
    "AWS/States": (
        {"ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"},
        ("StateMachineArn",),
    ),
    "AWS/Route53Resolver": ({"InboundQueryVolume", "EndpointUnhealthyENICount"}, ("EndpointId",)),
    "AWS/SQS": ({"ApproximateNumberOfMessagesVisible"}, ("QueueName",)),
    "AWS/Lambda": ({"Errors"}, ("FunctionName",)),
}
"""AWS's metrics and dimensions: Step Functions developer guide, "Monitoring metrics"; Route 53
developer guide, "Monitoring VPC Resolver endpoints with Amazon CloudWatch"; SQS developer guide,
"Available CloudWatch metrics"; Lambda developer guide, "Types of metrics"."""

WIDGETS = dashboard.widgets()
SHOWN = [metric for widget in WIDGETS for metric in dashboard.metrics(widget)]


def test_it_fits_on_one_screen_and_no_part_lies_on_another() -> None:
    assert max(x for each in WIDGETS for x, _ in each.cells) < dashboard.COLUMNS
    assert max(y for each in WIDGETS for _, y in each.cells) < MOST_ROWS
    assert not [(a.title, b.title) for a, b in combinations(WIDGETS, 2) if a.cells & b.cells]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: str(widget.title))
def test_a_part_has_a_title_that_says_what_it_shows(widget: dashboard.Widget) -> None:
    assert len(widget.title) > 8
    if "metrics" in widget.properties:
        assert widget.properties["region"] == "AWS::Region"


@pytest.mark.parametrize(("namespace", "name", "dimensions"), SHOWN)
def test_every_metric_is_one_that_the_code_writes_or_aws_documents(
    namespace: str, name: str, dimensions: tuple[str, ...]
) -> None:
    if namespace == NAMESPACE:
        assert name in UNITS
        assert dimensions == (DIMENSION,)
    else:
        names, documented = DOCUMENTED[namespace]
        assert name in names
        assert dimensions == documented


def test_everything_that_the_code_measures_is_shown() -> None:
    assert {name for namespace, name, _ in SHOWN if namespace == NAMESPACE} == UNITS.keys()


def test_every_alarm_is_shown_and_the_key_s_only_where_there_is_a_key() -> None:
    def shown(signs: bool) -> set[str]:
        first = dashboard.body(signs=signs)["widgets"][0]
        return {arn.rpartition(":")[2] for arn in first["properties"]["alarms"]}

    alarms = set(resources("AWS::CloudWatch::Alarm"))
    assert shown(True) == alarms
    assert shown(False) == alarms - {"SigningKeyAlarm"}


def test_the_manual_has_its_picture() -> None:
    """Drawn anew by: python -c 'from tests.template.dashboard import picture; print(picture())'"""
    manual = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    assert f"```\n{dashboard.picture()}\n```" in manual
