"""What is promised of the parameters: the same test bodies on the fake and on Parameter Store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from connectivity.adapters import aws as adapter
from connectivity.adapters.parameters import SsmParameters
from connectivity.usecases.ports import Parameters

from local.engine import EmbeddedAws
from tests.unit.usecases.fakes import FakeParameters, Weather

OURS = "/ecs-anywhere/private-connectivity/vpc-0a1b2c3d"


@pytest.fixture(params=["fake", "parameter store"])
def parameters(request: pytest.FixtureRequest) -> Iterator[Parameters]:
    if request.param == "fake":
        yield FakeParameters(Weather())
        return
    with EmbeddedAws(gaps=()) as aws, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-2")
        patch.setenv("AWS_ACCESS_KEY_ID", "any")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        _forget_clients()
        ssm = SsmParameters()
        yield ssm
        ssm.remove(list(ssm.below("/ecs-anywhere")))
        _forget_clients()


def _forget_clients() -> None:
    adapter.client.cache_clear()
    adapter._session.cache_clear()


def test_everything_below_a_path_is_read_however_deep_and_however_much(
    parameters: Parameters,
) -> None:
    written = {f"{OURS}/acknowledgements/dns{number}": str(number) for number in range(23)}
    written[f"{OURS}/forwarding"] = "{}"
    for name, value in written.items():
        parameters.write(name, value)
    parameters.write(f"{OURS}0/forwarding", "another VPC whose id begins like ours")
    assert parameters.below(OURS) == written


def test_any_number_is_removed_and_what_is_not_there_is_no_error(parameters: Parameters) -> None:
    names = [f"{OURS}/acknowledgements/dns{number}" for number in range(23)]
    for name in names[:21]:
        parameters.write(name, "1")
    parameters.remove(names)
    parameters.remove(names)
    assert parameters.below(OURS) == {}


def test_a_list_is_written_and_read_as_its_text_and_can_be_written_again(
    parameters: Parameters,
) -> None:
    parameters.write(f"{OURS}/resolver-ips", "10.0.0.9", as_list=True)
    parameters.write(f"{OURS}/resolver-ips", "10.0.0.9,10.0.1.9", as_list=True)
    assert parameters.below(OURS) == {f"{OURS}/resolver-ips": "10.0.0.9,10.0.1.9"}
