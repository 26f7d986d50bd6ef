"""Tiers of Parameter Store: what each holds, and that none goes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import EmbeddedAws

NAME = "/some/parameter"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(gaps=("gateway", "event_bus", "parameter_events", "parameter_tiers")) as aws:
        yield aws


@pytest.fixture
def ssm(aws: EmbeddedAws) -> Iterator[Any]:
    ssm = aws.client("ssm")
    yield ssm
    ssm.delete_parameters(Names=[NAME])


def put(ssm: Any, size: int, **how: str) -> str:
    answer = ssm.put_parameter(Name=NAME, Value="x" * size, Type="String", Overwrite=True, **how)
    return str(answer["Tier"])


def refusal(ssm: Any, size: int, **how: str) -> str:
    with pytest.raises(ClientError) as refused:
        put(ssm, size, **how)
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException"
    return str(error["Message"])


def test_a_standard_parameter_holds_4_kilobytes_and_an_advanced_one_8(ssm: Any) -> None:
    assert put(ssm, 4096) == "Standard"
    assert "4096" in refusal(ssm, 4097)
    assert put(ssm, 8192, Tier="Advanced") == "Advanced"
    assert "8192" in refusal(ssm, 8193, Tier="Advanced")
    assert len(ssm.get_parameter(Name=NAME)["Parameter"]["Value"]) == 8192


def test_intelligent_tiering_is_advanced_where_it_has_to_be_and_from_then_on(ssm: Any) -> None:
    tier = {"Tier": "Intelligent-Tiering"}
    assert [put(ssm, size, **tier) for size in (1, 4096)] == ["Standard", "Standard"]
    assert [put(ssm, size, **tier) for size in (4097, 1)] == ["Advanced", "Advanced"]
    assert "8192" in refusal(ssm, 8193, **tier)


def test_an_advanced_parameter_becomes_a_standard_one_only_by_deletion(ssm: Any) -> None:
    put(ssm, 1, Tier="Advanced")
    assert "downgrade" in refusal(ssm, 1, Tier="Standard")
    ssm.delete_parameter(Name=NAME)
    assert put(ssm, 1, Tier="Standard") == "Standard"
