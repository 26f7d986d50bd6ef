"""Report an unreported end: what the workflow itself can no longer tell.

A function and not the topic itself is the target of the rule: AWS supports no condition in a
topic's policy for Amazon EventBridge, and a role of the rule fails with encrypted topics (Amazon
EventBridge User Guide, "Using resource-based policies"). A function publishes by its own role.
"""

from __future__ import annotations

from connectivity.usecases.ports import Notifications


def report_unreported_end(execution: str, status: str, notifications: Notifications) -> str:
    """Send a person the execution's ARN and status (`ABORTED`, …). Returns the text sent."""
    text = (
        f"The execution {execution} ended without a report: {status}. Its history tells where; the "
        "next sweep goes on from there."
    )
    notifications.send("ECS Anywhere private connectivity: an unreported end", text)
    return text
