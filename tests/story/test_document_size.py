"""Services with four private names each: the document is larger than 4 KB, and is known to be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.story.app import DETAIL, App

ECR_AND_LOGS = ["ecr.api", "ecr.dkr", "s3", "logs"]
SIX = ["ecs-agent", "ecs-telemetry", "ecs", "ssm", "ssmmessages", "ec2messages"]
DOZENS = [
    "secretsmanager",
    "kms",
    "sts",
    "sqs",
    "sns",
    "events",
    "monitoring",
    "elasticloadbalancing",
    "autoscaling",
    "ec2",
    "cloudformation",
    "codebuild",
]


@pytest.fixture
def fully_named(app: App) -> Iterator[None]:
    app.aws.interface_endpoints.name_fully(*SIX, *ECR_AND_LOGS, *DOZENS)
    yield
    app.aws.interface_endpoints.fully_named.clear()


@pytest.mark.usefixtures("fully_named")
def test_the_readme_s_example_connects_with_four_names_for_each_service(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled", services="ecr+logs+kms+secretsmanager")
    app.next_success(vpc_id)
    name = f"{app.aws.outputs['ParameterPath']}/{vpc_id}/forwarding"
    (described,) = app.client("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Values": [name]}]
    )["Parameters"]
    assert described["Tier"] == "Advanced"
    assert 4096 < len(app.parameters(vpc_id)["forwarding"]) <= 8192
    app.untag(vpc_id)
    app.next_success(vpc_id)


@pytest.mark.usefixtures("fully_named")
def test_what_would_not_fit_is_refused_before_anything_is_made(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled", services="+".join(["ecr", "logs", *DOZENS]))
    ended = app.next_end(vpc_id)
    assert ended.error == "PreconditionsNotMet"
    assert "a parameter of AWS Systems Manager holds 8192: leave out " in ended.cause
    assert app.remnants(vpc_id) == {}
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert "removed" in app.tags(vpc_id)["ecs-anywhere:status"], app.tags(vpc_id)[DETAIL]
