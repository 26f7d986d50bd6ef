"""One run of the app on the embedded AWS, recorded for the second readers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR
from local.gateway.authorization import policies_of
from local.gateway.journal import Journal
from local.gateway.key_policies import policy_of_key
from local.settings import Settings
from local.state_machines import query_language
from tests.story.app import App

EXPRESSIONS_KEPT = 5_000


@dataclass
class Recording:
    """The recording of everything that two judges are asked about."""

    evaluations: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Expression, variables and value; by their JSON text, so that each is asked once."""
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Principal, action, resource, context and our decision, likewise."""
    policies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Role ARN -> its policies, as IAM holds them."""

    def evaluated(self, expression: str, variables: Mapping[str, Any], value: Any) -> None:
        """Keep an evaluation; a time is not the same twice, so the clock's are left out."""
        if "$millis" in expression or len(self.evaluations) >= EXPRESSIONS_KEPT:
            return
        said = {"expression": expression, "variables": variables, "value": value}
        text = json.dumps(said, sort_keys=True, default=query_language.written)
        self.evaluations.setdefault(text, json.loads(text))


@pytest.fixture(scope="session")
def recording() -> Iterator[Recording]:
    """The recording of nine situations: plan, connect, extend, acknowledge, reduce, refuse a VPC,
    refuse a request, and two removals."""
    kept = Recording()
    settings = Settings(time_scale=0.02, stack_name="second-opinion")
    with EmbeddedAws(settings) as aws, query_language.witnessed_by(kept.evaluated):
        aws.outputs = deploy(
            aws,
            {
                "DrainSeconds": "60",
                "ExpirySeconds": "60",
                "OnPremCidrs": ONPREM_CIDR,
                "SweepMinutes": "1440",
                # And no verification because its time has come.
                "VerifyHours": "0",
                "RemovalShare": "100",
            },
            with_sam_cli=False,
        )
        app = App(aws)
        since = aws.journal.mark()
        _tell(app)
        journal = aws.journal
        assert isinstance(journal, Journal)
        for asked in journal.authorizations(since):
            _keep_question(kept, asked)
        kept.policies = {role: _policies(role) for role in _roles(kept)}
    yield kept


def _tell(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="plan")
    app.next_success(vpc_id)
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    app.acknowledge(vpc_id, "dns-1")
    app.next_success(vpc_id)
    app.tag(vpc_id, services="ecr+logs")
    app.next_success(vpc_id)
    app.tag(vpc_id, services="logs")
    app.next_success(vpc_id)
    unfit = app.vpc(cidr="10.1.0.0/16", zones="a")
    app.tag(unfit, wish="enabled")
    app.next_end(unfit)
    app.request("Enable", {"vpc-id": vpc_id, "services": "ecr"})
    app.next_end(vpc_id)
    app.untag(vpc_id)
    app.next_success(vpc_id)
    app.untag(unfit)
    app.next_success(unfit)


def _keep_question(kept: Recording, asked: Any) -> None:
    request = asked.request
    if not request.resource_known:
        return
    key_policy = policy_of_key(request)
    said = {
        "principal": asked.role_arn,
        "action": request.action,
        "resource": request.resource,
        "context": {key: list(values) for key, values in request.context.items()},
        "resourcePolicy": key_policy and json.loads(key_policy),
        "allowed": asked.allowed,
    }
    kept.questions.setdefault(json.dumps(said, sort_keys=True), said)


def _roles(kept: Recording) -> set[str]:
    return {question["principal"] for question in kept.questions.values()}


def _policies(role_arn: str) -> list[dict[str, Any]]:
    """Return the role's policies, inline and attached, as `{"name", "policy"}`."""
    return [
        {"name": name, "policy": json.loads(document)} for name, document in policies_of(role_arn)
    ]
