"""An embedded AWS leaves moto as it found it, so that no test depends on which ran before it."""

from __future__ import annotations

import functools
import inspect
from typing import Any, cast

import pytest

from local.engine import EmbeddedAws
from local.settings import Settings, Unkindness
from local.stock import Stock, _owners

LATE = Settings(unkindness=Unkindness(visible_after=60))


@pytest.fixture(scope="module", autouse=True)
def an_engine_has_run() -> None:
    """One whose reads are a minute behind: what is left of it would show."""
    with EmbeddedAws(LATE) as aws:
        aws.client("ec2").create_vpc(CidrBlock="10.7.0.0/16")


def whose(value: Any) -> str:
    """Return the module in which a function, method, property or class was written."""
    code = value.fget if isinstance(value, property) else value
    return str(
        getattr(inspect.unwrap(cast(Any, getattr(code, "__func__", code))), "__module__", "")
    )


def test_nothing_of_an_engine_stays_in_moto_when_it_has_stopped() -> None:
    left = {
        f"{owner.__name__}.{name}": whose(value)
        for owner in _owners()
        for name, value in list(vars(owner).items())
        if callable(value) or isinstance(value, property | classmethod)
        if whose(value).startswith("local.")
    }
    assert left == {}


def test_an_engine_with_one_gap_closed_sees_nothing_of_the_former_one_s_weather() -> None:
    with EmbeddedAws(Settings(), gaps=("direct_lookups",)) as aws:
        ec2 = aws.client("ec2")
        vpc_id = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
        ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "Name", "Value": "new"}])
        found = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["new"]}])["Vpcs"]
    assert [vpc["VpcId"] for vpc in found] == [vpc_id]


def test_what_was_replaced_or_added_is_put_back_and_what_came_later_is_left() -> None:
    from moto.ec2.models.tags import TagBackend

    stock = Stock()
    create_tags = TagBackend.create_tags
    TagBackend.create_tags = functools.partial(create_tags)
    TagBackend.added = property(lambda _: None)
    TagBackend.remembered = {"state": "is not code"}
    stock.put_back()
    assert TagBackend.create_tags is create_tags
    assert not hasattr(TagBackend, "added")
    assert TagBackend.remembered
    del TagBackend.remembered
