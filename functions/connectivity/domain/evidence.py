"""The record of a run that verified or changed something: for a change ticket, and for an auditor.

schemas/evidence.schema.json describes a record. Each names the SHA-256 of the record before, so
that nobody can take one out of the middle, or change it, without the next one telling. The ledger
knows the last link of each VPC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectivity.domain.ledger import MAKING, PROBE, Entry, Link
from connectivity.domain.printable import printable
from connectivity.domain.publication import ALGORITHM, Issue, Signature, canonical
from connectivity.domain.warning_lines import begins

SCHEMA = 1
FOLDER = "records"
"""The folder of all records in the bucket; each VPC has a folder of its own below it."""
NOT_KEPT = "the record of this run is not kept as it should be: "
"""The beginning of the line that tells a person."""
_SIGNED = b"ecs-anywhere evidence 1\n"
"""The bytes before a record in the signed text: no signature of a publication with the same key is
one of a record, and none of a record is one of a publication."""
_AT_WORK = frozenset({"connect", "take away"})
"""Verdicts after which something is made, verified or removed."""
_READING = "reading"
_LONGEST_REASON = 200


@dataclass(frozen=True)
class Ran:
    """The facts about a round of an execution, as the workflow hands them to Finish."""

    todo: str = ""
    """The verdict: `connect`, `take away`, or anything else where nothing was to be done."""
    because: str = ""
    """The cause of the execution, such as `tag` or `request`."""
    began: str = ""
    """ISO 8601 UTC."""
    reason: str = ""
    steps: Sequence[str] = ()
    placement: Sequence[str] = ()
    """Each Availability Zone with its subnet, and why."""
    warnings: Sequence[str] = ()
    repairs: Sequence[str] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    checks: int = 0
    """The number of questions that were asked; `findings` has the first of them."""
    hosts: Sequence[Mapping[str, Any]] = ()
    """The acknowledgements of the first DNS hosts."""
    host_checks: Sequence[Mapping[str, Any]] = ()
    """The checks of container hosts, where they report."""

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Ran:
        """Read what the workflow says. A single thing is a list of one (JSONata)."""
        return cls(
            todo=str(said.get("todo", "")),
            because=str(said.get("because") or "tag"),
            began=str(said.get("began", "")),
            reason=str(said.get("reason", "")),
            checks=int(said.get("checks", 0)),
            **{name: tuple(_listed(said.get(name))) for name in _LISTS},
        )

    def is_to_be_kept(self, failed_at: str) -> bool:
        """Tell whether the round verified or changed something, or failed while it did.
        `failed_at` is the chapter that failed, empty where none did."""
        return self.todo in _AT_WORK and failed_at != _READING


_LISTS = ("steps", "placement", "warnings", "repairs", "findings", "hosts", "host_checks")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a round."""

    status: str
    detail: str
    error: str = ""
    """The error's name; empty where nothing failed."""
    at: str = ""
    """The chapter that failed."""


@dataclass(frozen=True)
class Place:
    """The account, Region and name of a stack."""

    account: str
    region: str
    stack: str


@dataclass(frozen=True)
class Record:
    """One record, before it is signed."""

    content: Mapping[str, Any] = field(repr=False)

    def digest(self, key_id: str) -> bytes:
        """Return the SHA-256 that the key signs: a digest, as AWS KMS signs at most 4,096 bytes.
        The key's own id is signed, too."""
        return _digest({**self.content, **_signed_by(key_id)})

    def text(self, signature: Signature | None) -> str:
        """Return the record as it is kept, to the byte."""
        if signature is None:
            return canonical(self.content)
        signed = {**_signed_by(signature.key_id), "signature": signature.value}
        return canonical({**self.content, **signed})


def record_of(place: Place, entry: Entry, ran: Ran, outcome: Outcome, now: float) -> Record:
    """Return the record of a round that ends `now`, in seconds since the epoch, out of the ledger's
    entry and of what the round knows."""
    before = entry.recorded
    held, had = ids_held(entry), dict(before.held) if before else {}
    failure = {"error": outcome.error, "at": outcome.at} if outcome.error else None
    return Record(
        {
            "schema": SCHEMA,
            "number": number_after(before),
            "previous": before.sha256 if before else None,
            "account": place.account,
            "region": place.region,
            "stack": place.stack,
            "vpcId": entry.vpc_id,
            "execution": entry.holder or "",
            "because": ran.because,
            "began": ran.began,
            "ended": _utc(now),
            "todo": ran.todo,
            "reason": ran.reason,
            "status": outcome.status,
            "detail": outcome.detail,
            "failure": failure,
            "steps": list(ran.steps),
            "placement": list(ran.placement),
            "warnings": list(ran.warnings),
            "repairs": list(ran.repairs),
            "made": {k: v for k, v in held.items() if had.get(k) != v},
            "removed": {k: v for k, v in had.items() if held.get(k) != v},
            "held": held,
            "adopted": dict(entry.served.adopted),
            "resolverIps": sorted(entry.resolver_ips),
            "questionsAsked": ran.checks or len(ran.findings),
            "questions": list(ran.findings),
            "publication": _publication(entry),
            "acknowledgements": list(ran.hosts),
            "unconfirmed": list(entry.unconfirmed),
            **({"hostChecks": list(ran.host_checks)} if ran.host_checks else {}),
        }
    )


def link_of(entry: Entry, text: str) -> Link:
    """Return the link that the record's text makes, of the round that `entry` is in."""
    return Link(
        number=number_after(entry.recorded),
        sha256=sha256_of(text.encode()),
        round=entry.round,
        held=ids_held(entry),
    )


def key_of(entry: Entry) -> str:
    """Return the key of the round's record in the bucket. A round that is repeated writes the same
    key; two rounds of which the first could not tell the ledger write two."""
    number = number_after(entry.recorded)
    named = hashlib.sha256(entry.round.encode()).hexdigest()[:12]
    return f"{FOLDER}/{entry.vpc_id}/{number:08d}-{named}.json"


def is_recorded(entry: Entry) -> bool:
    """Tell whether the round that is at work has its record already."""
    return entry.recorded is not None and entry.recorded.round == entry.round


def number_after(before: Link | None) -> int:
    return before.number + 1 if before else 1


def ids_held(entry: Entry) -> dict[str, str]:
    """Return purpose -> id of what we hold for the VPC and AWS knows by an id. The probe is there
    only while questions are asked."""
    return {
        purpose: id_
        for purpose, id_ in sorted(entry.held.items())
        if purpose != PROBE and not id_.startswith(MAKING)
    }


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of a record's bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_of(content: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of which a record's signature has to be."""
    return _digest({k: v for k, v in content.items() if k != "signature"})


def not_kept(reason: str) -> str:
    """Return the line for a person."""
    return f"{NOT_KEPT}{printable(reason, _LONGEST_REASON)}"


def is_about_evidence(line: str) -> bool:
    """Tell whether a line of a status says that a record is not kept."""
    return begins(line, NOT_KEPT)


def _digest(content: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(_SIGNED + canonical(content).encode()).digest()


def _signed_by(key_id: str) -> dict[str, Any]:
    return {"signedBy": {"algorithm": ALGORITHM, "keyId": key_id}}


def _publication(entry: Entry) -> dict[str, Any] | None:
    issued: Issue | None = entry.issued
    if issued is None:
        return None
    signed = {"signature": issued.signature.as_json()} if issued.signature else {}
    summed = {"checksum": issued.checksum} if issued.checksum else {}
    return {
        "state": "active" if entry.served.wish else "withdrawn",
        "generation": issued.generation,
        "issuedAt": issued.issued_at,
        "fingerprint": issued.fingerprint,
        **summed,
        **signed,
    }


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
