"""A day, or a month, goes by for one VPC: by what AWS and the ledger say of the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from moto.route53resolver.models import route53resolver_backends

from tests.story.app import App


def forget_when_it_was_verified(app: App, vpc_id: str) -> None:
    """Let the last verification have been long ago."""
    app.client("dynamodb").update_item(
        TableName=app.aws.outputs["LedgerTable"],
        Key={"id": app.ledger(vpc_id)["id"]},
        UpdateExpression="SET verified_at = :then",
        ExpressionAttributeValues={":then": {"N": "1"}},
    )


def swept_daily(app: App) -> Any:
    """Sweep as with the parameter VerifyHours at its default."""
    with app.deployed_with({"SweepFunction"}, VERIFY_HOURS="24"):
        return app.sweep()["knocked"]


def let_a_month_pass(app: App, vpc_id: str) -> None:
    """Let the inbound resolver have stood for a month, verified long ago."""
    settings = app.aws.settings
    backend = route53resolver_backends[settings.account][settings.region]
    (resolver,) = (e for e in backend.resolver_endpoints.values() if e.host_vpc_id == vpc_id)
    resolver.modification_time = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    forget_when_it_was_verified(app, vpc_id)
