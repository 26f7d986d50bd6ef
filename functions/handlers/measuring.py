"""Write measures into the log as metrics, in CloudWatch's embedded metric format: no call of AWS,
no permission, and nothing to wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics
from connectivity.adapters import wiring
from connectivity.domain.correlation import about
from connectivity.domain.measures import DIMENSION, NAMESPACE, UNITS, Measure


def emit(measures: Iterable[Measure], event: Mapping[str, Any]) -> None:
    """Write one line with all `measures`, of this stack. Which VPC and execution the event is about
    stands beside them, to be found in the log, and makes no metric of its own."""
    counted = {measure.name: measure.value for measure in measures}
    if not counted:
        return
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    metrics.add_dimension(DIMENSION, wiring.stack_name())
    for name, value in counted.items():
        metrics.add_metric(name, UNITS[name], value)
    for key, text in about(event).items():
        metrics.add_metadata(key, text)
    metrics.flush_metrics()
