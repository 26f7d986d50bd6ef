"""What is worked out once is what stock moto and botocore work out each time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.loaders import Loader
from moto.core.base_backend import BackendDict
from moto.core.serialize import (
    AttributePicker,
    AttributePickerContext,
    XFormedAttributePicker,
)
from moto.core.utils import get_service_model
from moto.ec2.models import ec2_backends

from local import model_files, repeated_work
from local.engine import EmbeddedAws

ACCOUNT = "123456789012"
REGION = "us-east-2"


class Endpoint:
    """An object whose class says nothing of its members."""


class Vpc:
    """An object whose class is the beginning of a member's name."""


class Renamed:
    """An object whose class says under which name a member is kept."""

    class Meta:
        serialization_aliases = {"VpcId": "network_id"}  # noqa: RUF012 (as moto reads it)


OBJECTS: tuple[object, ...] = ({}, Endpoint(), Vpc(), Renamed())


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    with EmbeddedAws(gaps=("model_files", "repeated_work")):
        yield


@pytest.mark.parametrize("kind", [AttributePicker, XFormedAttributePicker])
@pytest.mark.parametrize("operation", ["DescribeVpcs", "DescribeVpcEndpoints", "CreateSubnet"])
def test_a_member_is_looked_for_under_the_names_that_moto_gives_for_its_class(
    kind: type[AttributePicker], operation: str
) -> None:
    answer = get_service_model("ec2").operation_model(operation).output_shape
    [outermost] = [each for each in answer.members.values() if each.type_name != "string"][:1]
    members = getattr(outermost, "member", outermost).members
    picker, stock = kind(), repeated_work._STOCK[kind]
    for _again in range(2):
        for key, shape in members.items():
            for obj in OBJECTS:
                context = AttributePickerContext(obj=obj, key=key, shape=shape)
                asked = dict.fromkeys(stock(picker, context))
                assert [*picker.get_possible_keys(context)] == [*asked]


def test_every_session_lists_the_services_that_botocore_lists() -> None:
    for type_name in ("service-2", "paginators-1"):
        loader = Loader()
        assert loader.list_available_services(type_name) == model_files._STOCK_LIST(
            Loader(), type_name
        )
        assert "ec2" in loader.list_available_services(type_name)


def test_what_a_service_holds_is_forgotten_at_every_reset() -> None:
    for _ in range(2):
        vpcs = ec2_backends[ACCOUNT][REGION].vpcs
        assert "vpc-of-before" not in vpcs
        assert ec2_backends[ACCOUNT][REGION].vpcs is vpcs
        vpcs["vpc-of-before"] = object()
        BackendDict.reset()
