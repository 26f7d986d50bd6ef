"""Somebody with a DNS host's permissions fills the folder of the acknowledgements: the VPC is
torn down all the same, and nothing of it fills the workflow."""

from __future__ import annotations

import json
from typing import Any

from moto.ssm.models import ssm_backends

from local.parameter_events import put_without_event
from tests.story.app import DETAIL, STATUS, App, until

LARGEST_STATE = 262_144
"""Bytes that AWS Step Functions passes from one state to the next, and holds in a variable."""
MUCH_LESS = LARGEST_STATE // 4
LONG_NAMES, FAILING_HOSTS = 100, 400
"""More than are looked at, and more bytes than the workflow may carry."""


def flood(app: App, vpc_id: str) -> None:
    """Nobody hears of it; as many events, one after the other, are another story."""
    settings = app.aws.settings
    store: Any = ssm_backends[settings.account][settings.region]
    folder = f"{app.aws.outputs['ParameterPath']}/{vpc_id}/acknowledgements"
    said = {
        "schema": 1,
        "vpcId": vpc_id,
        "generation": 1,
        "state": "active",
        "result": "failed",
        "server": "bind",
        "detail": "\ud800 URGENT https://evil.example/login " + "x" * 300,
    }
    written = {f"{number}{'a' * 963}": "x" for number in range(LONG_NAMES)}
    for number in range(FAILING_HOSTS):
        host = f"dns{number}.{'h' * 100}"
        written[host] = json.dumps(said | {"host": host})
    for name, value in written.items():
        put_without_event(
            store,
            *(f"{folder}/{name}", "", value, "String", "", "", True, [], "text", "Standard", None),
        )


def largest_state(app: App, execution: str) -> int:
    """Bytes of the largest input or output in an execution's history."""
    pages = app.client("stepfunctions").get_paginator("get_execution_history")
    texts = [
        detail.get(key, "")
        for page in pages.paginate(executionArn=execution)
        for event in page["events"]
        for detail in event.values()
        if isinstance(detail, dict)
        for key in ("input", "output", "parameters")
    ]
    return max(len(text.encode()) for text in texts)


def test_any_number_of_acknowledgements_neither_stops_a_repair_nor_blocks_a_teardown(
    app: App,
) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    flood(app, vpc_id)

    app.sweep()
    looked = app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"
    assert "and 190 more" in looked.output["detail"]
    assert "evil.example_login" in looked.output["detail"]
    assert "acknowledgements were not looked at" in looked.output["detail"]
    assert largest_state(app, looked.arn) < MUCH_LESS
    [mail] = [email.message for email in app.mails(vpc_id)]
    assert "evil" not in mail
    assert len(mail) < 3000

    app.tag(vpc_id, services="logs")
    repaired = app.next_success(vpc_id)
    assert largest_state(app, repaired.arn) < MUCH_LESS

    app.untag(vpc_id)
    until(lambda: app.tags(vpc_id)[STATUS] == "removed", timeout=120)
    app.until_quiet()
    for execution in app.executions():
        if f":{vpc_id}-" in execution:
            assert largest_state(app, execution) < MUCH_LESS
    assert set(app.remnants(vpc_id)) <= {"security groups"}, "the probe's waits"
    assert "has not confirmed that it stopped forwarding" in app.tags(vpc_id)[DETAIL]
