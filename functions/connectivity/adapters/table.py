"""One DynamoDB table: items by their id, as plain values, read consistently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from connectivity.adapters.attribute_values import plain, serialized
from connectivity.adapters.aws import call, client, items
from connectivity.adapters.refusals import is_answer


class Table:
    """The table. Expressions are DynamoDB's; the keys of `values` are their placeholders, with the
    colon."""

    def __init__(self, name: str) -> None:
        self._name = name

    def item(self, id_: str) -> dict[str, Any]:
        """Return the item of that id; empty if there is none."""
        answer = call(
            client("dynamodb").get_item,
            TableName=self._name,
            Key={"id": serialized(id_)},
            ConsistentRead=True,
        )
        return _plain(answer.get("Item", {}))

    def items(
        self, prefix: str, filled: str = "", empty: Any = "", **more: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield the items whose id starts with `prefix`, and in which the attribute at the path
        `filled`, if one is given, is there and not `empty`. The others are read, too, and paid for,
        but neither sent nor parsed."""
        condition, values = "begins_with(id, :prefix)", {":prefix": serialized(prefix)}
        if filled:
            condition += f" AND attribute_exists({filled}) AND {filled} <> :empty"
            values[":empty"] = serialized(empty)
        found = items(
            client("dynamodb"),
            "scan",
            "Items",
            TableName=self._name,
            ConsistentRead=True,
            FilterExpression=condition,
            ExpressionAttributeValues=values,
            **more,
        )
        return map(_plain, found)

    def update(
        self, id_: str, expression: str, values: Mapping[str, Any], **more: Any
    ) -> dict[str, Any]:
        """Update an item, and return the attributes that `ReturnValues` asks for."""
        if values:
            more["ExpressionAttributeValues"] = {k: serialized(v) for k, v in values.items()}
        answer = call(
            client("dynamodb").update_item,
            TableName=self._name,
            Key={"id": serialized(id_)},
            UpdateExpression=expression,
            **more,
        )
        return _plain(answer.get("Attributes", {}))

    def update_if(
        self, condition: str, id_: str, expression: str, values: Mapping[str, Any], **more: Any
    ) -> dict[str, Any] | None:
        """Update the item if the condition holds, and return its attributes; None, and no change,
        if it does not."""
        try:
            return self.update(id_, expression, values, ConditionExpression=condition, **more)
        except ClientError as error:
            if is_answer(error):
                return None
            raise


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: plain(value) for key, value in item.items()}
