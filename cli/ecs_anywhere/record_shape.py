"""The shape of a kept record as far as it is shown, out of schemas/evidence.schema.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectivity.domain.printable import printable

_TEXTS = (
    *("account", "region", "stack", "vpcId", "execution", "because", "began", "ended"),
    *("status", "detail"),
)
_LISTS = ("steps", "placement", "warnings", "repairs", "resolverIps")
_IDS = ("made", "removed", "held")
_QUESTION = {
    **dict.fromkeys(("name", "resolver", "transport", "error"), "a text"),
    **dict.fromkeys(("expected", "got"), "a list of texts"),
    "ok": "true or false",
}
_ACKNOWLEDGEMENT = {
    **dict.fromkeys(("host", "state", "result", "server", "detail"), "a text"),
    "generation": "a whole number",
}
_PUBLICATION = {
    **dict.fromkeys(("state", "issuedAt", "fingerprint"), "a text"),
    "generation": "a whole number",
}
_LONGEST_PLACE = 80


class UnfitRecord(Exception):
    """A record does not fit its schema; the message names the place."""


def require_fit(content: Mapping[str, Any]) -> None:
    """Return where what is shown of a record has the shape of its schema. Raises UnfitRecord."""
    for place in _unfit(content):
        raise UnfitRecord(
            f"{printable(place, _LONGEST_PLACE)}, says schemas/evidence.schema.json: the file is "
            "no record, or was changed"
        )


def _unfit(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield each place that does not fit, and what belongs there."""
    yield from _of_fields("", content, dict.fromkeys(_TEXTS, "a text"))
    yield from _of_fields("", content, dict.fromkeys(_LISTS, "a list of texts"))
    yield from _of_fields("", content, dict.fromkeys(_IDS, "an object of texts"))
    yield from _of_fields("", content, {"questionsAsked": "a whole number"})
    yield from _of_objects("questions", content, _QUESTION)
    yield from _of_objects("acknowledgements", content, _ACKNOWLEDGEMENT)
    published = content.get("publication", "")
    if isinstance(published, Mapping):
        yield from _of_fields("publication.", published, _PUBLICATION)
    elif published is not None:
        yield "publication has to be an object, or null"


def _of_objects(name: str, content: Mapping[str, Any], fields: Mapping[str, str]) -> Iterator[str]:
    found = content.get(name)
    if not isinstance(found, list):
        yield f"{name} has to be a list of objects"
        return
    for at, each in enumerate(found):
        if isinstance(each, Mapping):
            yield from _of_fields(f"{name}[{at}].", each, fields)
        else:
            yield f"{name}[{at}] has to be an object"


def _of_fields(where: str, content: Mapping[str, Any], fields: Mapping[str, str]) -> Iterator[str]:
    for name, kind in fields.items():
        if not _is(kind, content.get(name)):
            yield f"{where}{name} has to be {kind}"


def _is(kind: str, value: Any) -> bool:
    if kind == "a list of texts":
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if kind == "an object of texts":
        return isinstance(value, Mapping) and all(isinstance(v, str) for v in value.values())
    return type(value) is {"a text": str, "a whole number": int, "true or false": bool}[kind]
