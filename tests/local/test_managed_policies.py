"""AWS's managed policies are read once, and each account attaches copies of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.iam import models

from local.engine import GAPS, EmbeddedAws

ACCOUNT, OTHER = "123456789012", "210987654321"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
STOCK_POLICIES = models.IAMBackend._init_aws_policies
"""As moto has it: this file is read before an engine starts."""


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(gaps=("gateway",)) as aws:
        yield aws


def test_they_are_those_that_stock_moto_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    iam = models.iam_backends[ACCOUNT]["aws"]
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    stock = {each.arn: each.versions[0].document for each in STOCK_POLICIES(iam)}
    assert len(stock) > 1000
    assert {each.arn: each.versions[0].document for each in iam.aws_managed_policies} == stock


def test_what_one_account_attaches_another_has_not_attached(engine: EmbeddedAws) -> None:
    iam = engine.client("iam")
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="reader", PolicyArn=READ_ONLY)
    counts = [
        models.iam_backends[account]["aws"].managed_policies[READ_ONLY].attachment_count
        for account in (ACCOUNT, OTHER)
    ]
    assert counts == [1, 0]


def test_a_key_is_its_account_s_and_one_that_nobody_has_makes_no_partition(
    engine: EmbeddedAws,
) -> None:
    other = engine.client_of(OTHER, "sts")
    assert other.get_caller_identity()["Account"] == OTHER
    before = set(models.iam_backends[ACCOUNT].keys())
    assert models.get_account_id_from("nobody-s") == ACCOUNT
    assert set(models.iam_backends[ACCOUNT].keys()) == before


def test_an_engine_that_has_stopped_leaves_no_object_in_moto_s_lists(engine: EmbeddedAws) -> None:
    engine.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    from moto.ec2.models.vpcs import VPC

    assert VPC.instances_tracked
    engine.stop()
    assert not VPC.instances_tracked


@pytest.mark.parametrize("gaps", [GAPS, ("atomic_updates",)], ids=["all gaps", "one gap"])
def test_a_later_engine_of_the_process_reads_none_of_them_again(
    engine: EmbeddedAws, gaps: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.stop()
    read: list[str] = []
    monkeypatch.setattr(
        models.AWSManagedPolicy, "from_data", lambda name, *_, **__: read.append(name)
    )
    with EmbeddedAws(gaps=gaps) as later:
        later.client_of(OTHER, "sts").get_caller_identity()
        later.client("dynamodb").list_tables()
    assert read == []
