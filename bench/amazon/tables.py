"""DynamoDB: tables of items by their id, and the expressions that the ledger writes.

Of the expressions' language there is what `docs.aws.amazon.com/amazondynamodb` calls SET, REMOVE
and ADD, `if_not_exists`, `list_append`, `size` of a list, sums, comparisons, `attribute_exists`,
`begins_with`, AND, OR and NOT.
Values are DynamoDB's own, as in {"S": "text"}, and are replaced and never changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from bench.amazon.account import Account, NotModelled, Parameters, Refused

PAGE_BYTES = 1_000_000
"""Bytes after which a page of Scan ends."""

Item = dict[str, Any]
Value = dict[str, Any]


@dataclass(frozen=True)
class Given:
    """An item, and the values of an expression's placeholders."""

    item: Item
    names: Mapping[str, str]
    values: Mapping[str, Value]


Term = Callable[[Given], Value | None]
Test = Callable[[Given], bool]
Change = Callable[[Given, Item], None]

_TOKEN = re.compile(r"\s*([#:]?[A-Za-z_][\w-]*|<=|>=|<>|[=<>(),.+-])")
_CLAUSES = {"SET", "REMOVE", "ADD", "DELETE"}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class _Reader:
    """The tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self._at += 1
        return token

    def skip(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self._at += 1
        return True

    def require(self, token: str) -> None:
        if not self.skip(token):
            raise NotModelled(f"{token} in {' '.join(self._tokens)}")

    def path(self) -> tuple[str, ...]:
        names = [self.next()]
        while self.skip("."):
            names.append(self.next())
        return tuple(names)


def _term(reader: _Reader) -> Term:
    first = _operand(reader)
    while reader.peek() in {"+", "-"}:
        sign = 1 if reader.next() == "+" else -1
        first = _sum(first, _operand(reader), sign)
    return first


def _sum(first: Term, second: Term, sign: int) -> Term:
    def added(given: Given) -> Value:
        return {"N": str(_number(first(given)) + sign * _number(second(given)))}

    return added


def _number(value: Value | None) -> Decimal:
    if value is None or "N" not in value:
        raise Refused("ValidationException", "an operand of a sum is no number")
    return Decimal(value["N"])


def _either(found: Value | None, otherwise: Value | None) -> Value | None:
    return otherwise if found is None else found


def _appended(first: Value | None, second: Value | None) -> Value:
    return {"L": [*_plain(first), *_plain(second)]}


_OF_TWO = {"if_not_exists": _either, "list_append": _appended}
"""Functions of two operands, which may be functions themselves."""


def _operand(reader: _Reader) -> Term:
    if reader.peek().startswith(":"):
        placeholder = reader.next()
        return lambda given: given.values[placeholder]
    if reader.peek() in _OF_TWO:
        of_two = _OF_TWO[reader.next()]
        reader.require("(")
        first = _operand(reader)
        reader.require(",")
        second = _operand(reader)
        reader.require(")")
        return lambda given: of_two(first(given), second(given))
    if reader.skip("size"):
        reader.require("(")
        measured = _operand(reader)
        reader.require(")")
        return lambda given: {"N": str(len(_plain(measured(given)) or ()))}
    path = reader.path()
    return lambda given: _found(given.item, _named(path, given))


def _named(path: tuple[str, ...], given: Given) -> tuple[str, ...]:
    return tuple(given.names[step] if step.startswith("#") else step for step in path)


def _found(item: Item, path: tuple[str, ...]) -> Value | None:
    here: Any = {"M": item}
    for step in path:
        here = here.get("M", {}).get(step) if here else None
    return here  # type: ignore[no-any-return]


def _any_of(reader: _Reader) -> Test:
    tests = [_all_of(reader)]
    while reader.skip("OR"):
        tests.append(_all_of(reader))
    return tests[0] if len(tests) == 1 else lambda given: any(test(given) for test in tests)


def _all_of(reader: _Reader) -> Test:
    tests = [_test(reader)]
    while reader.skip("AND"):
        tests.append(_test(reader))
    return tests[0] if len(tests) == 1 else lambda given: all(test(given) for test in tests)


def _test(reader: _Reader) -> Test:
    if reader.skip("NOT"):
        other = _test(reader)
        return lambda given: not other(given)
    if reader.skip("("):
        inner = _any_of(reader)
        reader.require(")")
        return inner
    if reader.peek() in {"attribute_exists", "attribute_not_exists", "begins_with", "contains"}:
        return _function(reader)
    first = _term(reader)
    sign = reader.next()
    if sign == "BETWEEN":
        least = _term(reader)
        reader.require("AND")
        most = _term(reader)
        return lambda given: _plain(least(given)) <= _plain(first(given)) <= _plain(most(given))
    if sign not in _COMPARISONS:
        raise NotModelled(f"the comparison {sign}")
    compare, second = _COMPARISONS[sign], _term(reader)

    def compared(given: Given) -> bool:
        left, right = first(given), second(given)
        return left is not None and right is not None and compare(_plain(left), _plain(right))

    return compared


def _function(reader: _Reader) -> Test:
    name = reader.next()
    reader.require("(")
    first = _operand(reader)
    second = _operand(reader) if reader.skip(",") else None
    reader.require(")")
    if name == "attribute_exists":
        return lambda given: first(given) is not None
    if name == "attribute_not_exists":
        return lambda given: first(given) is None
    assert second is not None
    if name == "contains":
        return lambda given: _plain(second(given)) in (_plain(first(given)) or ())
    return lambda given: str(_plain(first(given))).startswith(str(_plain(second(given))))


def _plain(value: Value | None) -> Any:
    if value is None:
        return None
    if "N" in value:
        return Decimal(value["N"])
    return next(iter(value.values()))


@lru_cache(maxsize=512)
def condition(text: str) -> Test:
    """Return a function that tells whether a ConditionExpression or FilterExpression holds."""
    return _any_of(_Reader(text))


@lru_cache(maxsize=512)
def changes(text: str) -> tuple[Change, ...]:
    """Return the changes of an UpdateExpression; each reads the item as it was before."""
    return tuple(_changes(_Reader(text)))


def _changes(reader: _Reader) -> Iterator[Change]:
    while clause := reader.next():
        if clause not in _CLAUSES - {"DELETE"}:
            raise NotModelled(f"{clause} in an UpdateExpression")
        yield _change(clause, reader)
        while reader.skip(","):
            yield _change(clause, reader)


def _change(clause: str, reader: _Reader) -> Change:
    path = reader.path()
    if clause == "REMOVE":
        return lambda given, after: _remove(after, _named(path, given))
    if clause == "ADD":
        placeholder = reader.next()

        def add(given: Given, after: Item) -> None:
            named = _named(path, given)
            before = _found(given.item, named) or {"N": "0"}
            added = _number(before) + _number(given.values[placeholder])
            _set(after, named, {"N": str(added)})

        return add
    reader.require("=")
    term = _term(reader)

    def put(given: Given, after: Item) -> None:
        value = term(given)
        if value is None:
            raise Refused("ValidationException", f"{path} is set to what is not there")
        _set(after, _named(path, given), value)

    return put


def _set(item: Item, path: tuple[str, ...], value: Value) -> None:
    here = item
    for step in path[:-1]:
        if step not in here:
            raise Refused("ValidationException", "The document path is invalid for update")
        here[step] = {"M": dict(here[step]["M"])}
        here = here[step]["M"]
    here[path[-1]] = value


def _remove(item: Item, path: tuple[str, ...]) -> None:
    here = item
    for step in path[:-1]:
        if step not in here:
            return
        here[step] = {"M": dict(here[step]["M"])}
        here = here[step]["M"]
    here.pop(path[-1], None)


class Tables:
    """The items of every table, by the table's name and the item's id."""

    def __init__(self, account: Account) -> None:
        self.items: dict[str, dict[str, Item]] = {}
        self.units = 0
        """Write request units: one per kilobyte of an item that is written, or its part."""
        account.operations |= {
            "dynamodb:GetItem": self._get,
            "dynamodb:UpdateItem": self._update,
            "dynamodb:Scan": self._scan,
            "dynamodb:DeleteItem": self._delete,
        }

    def _table(self, parameters: Parameters) -> dict[str, Item]:
        return self.items.setdefault(parameters["TableName"], {})

    def _get(self, parameters: Parameters) -> dict[str, Any]:
        item = self._table(parameters).get(parameters["Key"]["id"]["S"])
        return {} if item is None else {"Item": item}

    def _delete(self, parameters: Parameters) -> dict[str, Any]:
        self._table(parameters).pop(parameters["Key"]["id"]["S"], None)
        return {}

    def _update(self, parameters: Parameters) -> dict[str, Any]:
        table, id_ = self._table(parameters), parameters["Key"]["id"]["S"]
        before = table.get(id_, {})
        given = Given(
            before,
            parameters.get("ExpressionAttributeNames", {}),
            parameters.get("ExpressionAttributeValues", {}),
        )
        holds = parameters.get("ConditionExpression")
        if holds is not None and not condition(holds)(given):
            raise Refused("ConditionalCheckFailedException", "The conditional request failed")
        after = {**before, "id": {"S": id_}}
        for change in changes(parameters["UpdateExpression"]):
            change(given, after)
        table[id_] = after
        self.units += -(-len(repr(after)) // 1024)
        return _returned(parameters.get("ReturnValues", "NONE"), before, after)

    def _scan(self, parameters: Parameters) -> dict[str, Any]:
        table = self._table(parameters)
        begin = parameters.get("ExclusiveStartKey", {}).get("id", {}).get("S", "")
        names = parameters.get("ExpressionAttributeNames", {})
        values = parameters.get("ExpressionAttributeValues", {})
        passes = condition(parameters.get("FilterExpression", "attribute_exists(id)"))
        found, read = [], 0
        for id_ in sorted(id_ for id_ in table if id_ > begin):
            item = table[id_]
            read += len(repr(item))
            if passes(Given(item, names, values)):
                found.append(item)
            if read >= PAGE_BYTES:
                return {"Items": found, "LastEvaluatedKey": {"id": {"S": id_}}}
        return {"Items": found}


def _returned(which: str, before: Item, after: Item) -> dict[str, Any]:
    if which == "NONE":
        return {}
    if which == "ALL_NEW":
        return {"Attributes": after}
    if which == "ALL_OLD":
        return {"Attributes": before} if before else {}
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    shown = after if which == "UPDATED_NEW" else before
    return {"Attributes": {key: shown[key] for key in changed if key in shown}}
