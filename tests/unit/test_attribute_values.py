"""Values as DynamoDB has them: the same as boto3 makes of them, and read back as they were."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from connectivity.adapters.attribute_values import plain, serialized
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(
    -(10**12), 10**12, places=6, allow_nan=False, allow_infinity=False
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_is_written_as_boto3_writes_it_and_read_as_it_was(value: Any) -> None:
    written = serialized(value)
    assert written == TypeSerializer().serialize(value)
    assert plain(written) == TypeDeserializer().deserialize(written) == value


def test_a_tuple_is_a_list() -> None:
    assert serialized(("a", 1)) == {"L": [{"S": "a"}, {"N": "1"}]}


@pytest.mark.parametrize(
    "value", [1.5, {1, 2}, b"bytes", object(), Decimal("NaN"), Decimal("Infinity"), [1.5]]
)
def test_what_would_be_rounded_or_has_no_type_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        serialized(value)


@pytest.mark.parametrize("value", [10**38 + 1, Decimal("1E+200")])
def test_a_number_that_dynamodb_cannot_keep_is_an_error_as_with_boto3(value: Any) -> None:
    with pytest.raises(ArithmeticError):
        TypeSerializer().serialize(value)
    with pytest.raises(ArithmeticError):
        serialized(value)


@pytest.mark.parametrize("attribute", [{"SS": ["a"]}, {"B": b"a"}])
def test_a_type_that_no_item_has_is_named(attribute: Any) -> None:
    with pytest.raises(TypeError, match=next(iter(attribute))):
        plain(attribute)
