"""The ledger's items in Amazon DynamoDB, read as entries; those of former versions, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectivity.domain.ledger import GROUPS, Entry, Link, Said, Served, policies_of
from connectivity.domain.model import Answered
from connectivity.domain.pacing import Turn
from connectivity.domain.publication import Issue, Signature

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_POLICY = "policy/"
"""Beginning of the attributes that say which endpoint policy was set on what is held for a purpose:
each its own, because an item of the release before has no map of them."""


def entry_of(vpc_id: str, plain: Mapping[str, Any]) -> Entry:
    """Return the entry that an item holds."""
    return Entry(
        vpc_id=vpc_id,
        knocks=int(plain.get("knocks", 0)),
        holder=plain.get("holder"),
        begun=int(plain.get("begun", 0)),
        held=plain.get("held", {}),
        made_at=float(plain.get("made_at", 0)),
        groups_made_at=_groups_made_at(plain),
        resolver_ips=plain.get("resolver_ips", {}),
        lost_ips=tuple(plain.get("lost_ips", ())),
        generation=int(plain.get("generation", 0)),
        issued=_issue(plain["issued"]) if "issued" in plain else None,
        verified=plain.get("verified", ""),
        verified_endpoints=frozenset(plain.get("verified_endpoints", [])),
        proven_endpoints=frozenset(plain.get("proven_endpoints", ())),
        verified_at=float(plain.get("verified_at", 0)),
        asked=plain.get("asked", ""),
        taken_at=float(plain.get("taken_at", 0)),
        handed=plain.get("handed", ""),
        unread=bool(plain.get("unread")),
        swept_at=float(plain.get("swept_at", 0)),
        served=_served(plain.get("served", {})),
        doubt=plain.get("doubt", ""),
        doubted_at=plain.get("doubted_at", ""),
        withdrawn_at=plain.get("withdrawn_at", ""),
        removing=plain.get("removing", ""),
        answers={name: _answered(said) for name, said in plain.get("answers", {}).items()},
        answered_at=float(plain.get("answered_at", 0)),
        answered_in=plain.get("answered_in", ""),
        deletion=plain.get("deletion", ""),
        deletion_at=float(plain.get("deletion_at", 0)),
        unconfirmed=tuple(plain.get("unconfirmed", ())),
        heard=plain.get("heard"),
        turns={step: Turn.from_json(said) for step, said in plain.get("turns", {}).items()},
        policies=policies_of(
            plain.get("held", {}),
            {k.removeprefix(_POLICY): v for k, v in plain.items() if k.startswith(_POLICY)},
        ),
        status=plain.get("status", ""),
        detail=plain.get("detail", ""),
        told=frozenset(plain.get("told", ())),
        recorded=_link(plain["recorded"]) if "recorded" in plain else None,
    )


def _link(plain: Mapping[str, Any]) -> Link:
    return Link(int(plain["number"]), plain["sha256"], plain["round"], plain.get("held", {}))


def _served(plain: Mapping[str, Any]) -> Served:
    versions = {name: int(version) for name, version in plain.get("parameters", {}).items()}
    by_name = tuple(plain.get("by_name", ()))
    return Served(**{**_known(Served, plain), "parameters": versions, "by_name": by_name})


def served_item(served: Served) -> dict[str, Any]:
    """Return what is written of `served`: an empty `by_name` is not, because a user may go back to
    the release before, which reads no item with a field that it does not know."""
    item = asdict(served)
    return item if served.by_name else {k: v for k, v in item.items() if k != "by_name"}


def _known(kind: type[DataclassInstance], plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that this release knows. The others are a later one's, of which a user has
    gone back."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in plain.items() if name in names}


def _answered(plain: Mapping[str, Any]) -> Answered:
    return Answered(tuple(plain["addresses"]), plain["error"], plain["shut"])


def _issue(plain: Mapping[str, Any]) -> Issue:
    signature = plain["signature"]
    return Issue(
        int(plain["generation"]),
        plain["issued_at"],
        plain["fingerprint"],
        Signature(**_known(Signature, signature)) if signature else None,
        plain.get("checksum", ""),
    )


def turn_items(turns: Mapping[str, Turn]) -> dict[str, Any]:
    """Return turns by their steps as an item holds them."""
    return {step: turn.as_json() | {"at": decimal(turn.at)} for step, turn in turns.items()}


def places(purposes: Iterable[str]) -> dict[str, str]:
    """DynamoDB's placeholders for keys of the map `held`, which may hold any character."""
    return {f"#p{i}": purpose for i, purpose in enumerate(dict.fromkeys(purposes))}


def set_held(
    held: Mapping[str, str], made_at: float | None = None
) -> tuple[dict[str, str], str, dict[str, Any]]:
    """Return the names, the update expression and the values that write `held` into the map, and
    when it was made, if it was. Each security group has an attribute of its own for that, because
    two branches of the workflow make some at the same time."""
    names = places(held)
    values: dict[str, Any] = {f":v{i}": value for i, value in enumerate(held.values())}
    changes = [f"held.{name} = {value}" for name, value in zip(names, values, strict=True)]
    if made_at is not None:
        values[":made_at"] = decimal(made_at)
        attributes = dict.fromkeys(map(_made_at, held))
        made = {f"#made{i}": attribute for i, attribute in enumerate(attributes)}
        changes += [f"{name} = :made_at" for name in made]
        names |= made
    return names, "SET " + ", ".join(changes), values


def set_policies(policies: Mapping[str, str]) -> tuple[dict[str, str], str, dict[str, Any]]:
    """Return the names, how an update expression goes on, and the values that write policies."""
    names = {f"#policy{i}": f"{_POLICY}{purpose}" for i, purpose in enumerate(policies)}
    values: dict[str, Any] = {f":policy{i}": line for i, line in enumerate(policies.values())}
    changes = (f", {name} = {value}" for name, value in zip(names, values, strict=True))
    return names, "".join(changes), values


def _made_at(purpose: str) -> str:
    """Return the attribute that says when what is held for a purpose was made."""
    return f"made_at/{purpose}" if purpose in GROUPS else "made_at"


def _groups_made_at(plain: Mapping[str, Any]) -> dict[str, float]:
    said = {purpose: plain.get(_made_at(purpose)) for purpose in GROUPS}
    return {purpose: float(at) for purpose, at in said.items() if at is not None}


def linked(link: Link | None) -> tuple[str, dict[str, Any]]:
    """Return how an update expression goes on that writes the last record, and its values."""
    return (", recorded = :recorded", {":recorded": asdict(link)}) if link else ("", {})


def reported(said: Said | None) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return how an update expression goes on that writes what was said, its names, and values."""
    if said is None:
        return "", {}, {}
    return (
        ", #status = :status, detail = :detail, told = :told",
        {"ExpressionAttributeNames": {"#status": "status"}},
        {":status": said.status, ":detail": said.detail, ":told": sorted(said.told)},
    )


def unchanged_since(entry: Entry, purposes: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """Return the condition that what is held for these purposes is what it was when the entry was
    read, and its values. Its names are those of `set_held`, for which they have to be the first."""
    tests: list[str] = []
    values: dict[str, str] = {}
    for place, purpose in places(purposes).items():
        if purpose in entry.held:
            before = f":before{len(values)}"
            values[before] = entry.held[purpose]
            tests.append(f"held.{place} = {before}")
        else:
            tests.append(f"attribute_not_exists(held.{place})")
    return " AND ".join(tests), values


def untaken_since(entry: Entry) -> tuple[str, dict[str, Any]]:
    """Return the condition that nobody has taken the hold, or given it up, since the entry was
    read, and its values."""
    before = {"holder": entry.holder, "taken_at": decimal(entry.taken_at) or None}
    return (
        " AND ".join(
            f"attribute_not_exists({name})" if value is None else f"{name} = :before_{name}"
            for name, value in before.items()
        ),
        {f":before_{name}": value for name, value in before.items() if value is not None},
    )


def decimal(value: float) -> Decimal:
    """DynamoDB's numbers are decimal; milliseconds are enough."""
    return Decimal(f"{value:.3f}")
