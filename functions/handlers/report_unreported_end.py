"""Report an unreported end: an execution that could not say itself how it ended."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.report_unreported_end import report_unreported_end

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """An event "Step Functions Execution Status Change" -> what a person was told."""
    detail = event["detail"]
    return report_unreported_end(detail["executionArn"], detail["status"], wiring.notifications())
