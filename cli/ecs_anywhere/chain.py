"""Chains of records, checked without AWS: each record names the SHA-256 of the one before.

What this finds: a record that was changed, replaced, renamed, put elsewhere, or taken out of the
middle, one that was never stored, and one that the stack's key has not signed. The records are read
one after the other, and what is held of each is its link. What files alone
cannot show is that the last records are gone: the ledger knows the last one of each VPC, and is
compared where it can be read. The first records go by themselves after `EvidenceDays`.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

from connectivity.domain.evidence import SCHEMA, digest_of, sha256_of
from connectivity.domain.ledger import Link
from connectivity.domain.printable import printable
from connectivity.domain.publication import canonical

_NAME = re.compile(r"(\d{8,})-[0-9a-f]{12}\.json")
_VPC = re.compile(r"vpc-[0-9a-f]{8,17}")
_SHA = re.compile(r"[0-9a-f]{64}")
_LONGEST_KEY_ID = 100
_LARGEST = 4_000_000
"""Bytes of a file that may be a record: one has some 100 KB at most."""


class UnreadableRecord(Exception):
    """A file is no record; the message says why."""


class PublicKey(Protocol):
    """The key that a chain is checked with."""

    def has_signed(self, digest: bytes, signature: bytes) -> bool:
        """Tell whether the signature, in DER, is the key's own, of that SHA-256."""


@dataclass(frozen=True)
class File:
    """A file that may be a record."""

    name: str
    """Path of the file, with slashes."""
    data: bytes
    problem: str = ""
    """Reason why it could not be read; empty where it was."""


@dataclass(frozen=True)
class Kept:
    """A record that can be read."""

    file: str
    vpc_id: str
    number: int
    previous: str | None
    sha256: str
    content: Mapping[str, Any]
    is_canonical: bool


@dataclass(frozen=True, slots=True)
class Held:
    """Link of a record, and whether the key has signed it: all that is kept in memory."""

    file: str
    vpc_id: str
    number: int
    previous: str | None
    sha256: str
    is_good: bool
    """True where the key has signed it."""
    has_signature: bool
    key_id: str
    """Id of the key that it names."""


@dataclass(frozen=True)
class Found:
    """One thing that was found."""

    kind: str
    """`altered`, `missing`, `re-ordered`, `forged`, `another key`, `unsigned`, `forked`,
    `unreadable`; `note` for what is no problem."""
    where: str
    """A file, or a VPC and a number."""
    what: str

    @property
    def is_problem(self) -> bool:
        return self.kind != "note"

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "where": self.where, "what": self.what}


@dataclass(frozen=True)
class Checked:
    """Result of a check."""

    found: tuple[Found, ...]
    records: Mapping[str, int]
    """VPC -> how many records of it were read."""
    last: Mapping[str, tuple[int, str]]
    """VPC -> number and SHA-256 of its last record."""
    signed: bool
    """True where every signature was checked."""
    with_ledger: bool = False
    """True where the last record of each VPC was compared with the stack's ledger."""

    @property
    def problems(self) -> tuple[Found, ...]:
        return tuple(each for each in self.found if each.is_problem)

    @property
    def not_checked(self) -> tuple[str, ...]:
        """Return what this check cannot say."""
        unsigned = "who wrote the records: they are not signed, and whoever may write may forge"
        last = (
            "whether the last records were taken away: the stack's ledger alone knows, with which "
            "ecs-anywhere evidence verify compares, without a folder or a bucket"
        )
        said = ((unsigned, self.signed), (last, self.with_ledger))
        return tuple(what for what, is_checked in said if not is_checked)

    def as_json(self) -> dict[str, Any]:
        return {
            "whole": not self.problems,
            "signatures_checked": self.signed,
            "not_checked": list(self.not_checked),
            "records": dict(self.records),
            "last": {vpc: {"number": n, "sha256": sha} for vpc, (n, sha) in self.last.items()},
            "found": [each.as_json() for each in self.found],
        }


def check(
    files: Iterable[File],
    key: PublicKey | None,
    heads: Mapping[str, Link] | None = None,
    key_ids: Iterable[str] = (),
    expired: Collection[str] = (),
) -> Checked:
    """Check all chains in `files`, of which one is held at a time. `key` is None where nothing is
    signed. `heads` are the ledger's last links by VPC, None where the ledger cannot be read;
    `key_ids` are the key's ids, where known; `expired` are the VPCs whose last record is older than
    records are kept."""
    found: list[Found] = []
    chains: dict[str, list[Held]] = defaultdict(list)
    for file in files:
        try:
            record = read(file)
        except UnreadableRecord as why:
            found.append(Found("unreadable", printable(file.name), str(why)))
            continue
        found += _of_itself(record)
        chains[record.vpc_id].append(_held(record, key))
    if key is not None:
        found += _of_signatures(chains, frozenset(key_ids))
    links = heads or {}
    for vpc_id, records in sorted(chains.items()):
        found += _of_a_chain(records, links.get(vpc_id), vpc_id in expired)
    found += [
        _gone(vpc_id, f"the ledger names record {head.number}, and there is none", expired)
        for vpc_id, head in sorted(links.items())
        if vpc_id not in chains
    ]
    ends = {vpc: max(records, key=lambda r: r.number) for vpc, records in sorted(chains.items())}
    return Checked(
        found=tuple(found),
        records={vpc: len(records) for vpc, records in sorted(chains.items())},
        last={vpc: (end.number, end.sha256) for vpc, end in ends.items()},
        signed=key is not None,
        with_ledger=heads is not None,
    )


def read(file: File) -> Kept:
    """Return the record in a file. Raises UnreadableRecord."""
    content = _json(file)
    number, previous, vpc_id = (content.get(name) for name in ("number", "previous", "vpcId"))
    if content.get("schema") != SCHEMA:
        raise UnreadableRecord(f"it is no record in schema {SCHEMA}")
    if type(number) is not int or number < 1:
        raise UnreadableRecord("its number is none")
    if previous is not None and not (isinstance(previous, str) and _SHA.fullmatch(previous)):
        raise UnreadableRecord("its `previous` is no SHA-256")
    if not isinstance(vpc_id, str) or not _VPC.fullmatch(vpc_id):
        raise UnreadableRecord("its vpcId is none")
    text = file.data.decode("utf-8", "replace")
    return Kept(
        printable(file.name),
        vpc_id,
        number,
        previous,
        sha256_of(file.data),
        content,
        canonical(content) == text,
    )


def signed(file: File, key: PublicKey) -> Mapping[str, Any]:
    """Return what the record in a file says, which the key has signed. Raises UnreadableRecord."""
    record = read(file)
    held = _held(record, key)
    if not held.is_good:
        raise UnreadableRecord(_of_a_signature(held, frozenset()).what)
    return record.content


def is_signed(file: File) -> bool:
    """Tell whether the file holds a record that carries a signature."""
    try:
        return "signature" in _json(file)
    except UnreadableRecord:
        return False


def may_be_of(file: File, vpc_id: str) -> bool:
    """Tell whether the file is one of the VPC's: it lies in the VPC's folder, or in no VPC's, and
    holds its record or none that can be read."""
    folder = PurePosixPath(file.name).parent.name
    if _VPC.fullmatch(folder):
        return folder == vpc_id
    try:
        return read(file).vpc_id == vpc_id
    except UnreadableRecord:
        return True


def _held(record: Kept, key: PublicKey | None) -> Held:
    return Held(
        record.file,
        record.vpc_id,
        record.number,
        record.previous,
        record.sha256,
        is_good=key is not None and _is_signed_by(record, key),
        has_signature="signature" in record.content,
        key_id=_key_id(record),
    )


def _json(file: File) -> dict[str, Any]:
    if file.problem:
        raise UnreadableRecord(file.problem)
    if len(file.data) > _LARGEST:
        raise UnreadableRecord(f"it has {len(file.data)} bytes, more than any record")
    try:
        content = json.loads(file.data)
        canonical(content)
    except (ValueError, RecursionError):
        raise UnreadableRecord("it is no JSON") from None
    if not isinstance(content, dict):
        raise UnreadableRecord("it is no JSON object")
    return content


def _of_itself(record: Kept) -> Iterator[Found]:
    """Yield what is wrong with a record by itself."""
    path = PurePosixPath(record.file)
    named = _NAME.fullmatch(path.name)
    if not named or int(named[1]) != record.number:
        said = f"the file's name does not say record {record.number}, which it holds"
        yield Found("re-ordered", record.file, said)
    if _VPC.fullmatch(path.parent.name) and path.parent.name != record.vpc_id:
        said = f"it is a record of {record.vpc_id}, in another VPC's folder"
        yield Found("re-ordered", record.file, said)
    if not record.is_canonical:
        yield Found("altered", record.file, "it is not written as records are: it was edited")
    if (record.previous is None) != (record.number == 1):
        names = "no record" if record.previous is None else "a record"
        said = f"record {record.number} names {names} as the one before"
        yield Found("altered", record.file, said)


def _of_signatures(chains: Mapping[str, list[Held]], key_ids: frozenset[str]) -> Iterator[Found]:
    """Yield the records that the key has not signed. Those that a signed one names, link by link,
    are as they were when it was signed: that is a note, also where their own key is not known."""
    known = key_ids | {r.key_id for records in chains.values() for r in records if r.is_good}
    for records in chains.values():
        named = _named_by_good(records)
        for record in records:
            if record.is_good:
                continue
            found = _of_a_signature(record, known)
            if record.sha256 in named and found.kind != "forged":
                said = f"{found.what}; a later record that is signed names it"
                found = Found("note", found.where, said)
            yield found


def _of_a_signature(record: Held, known: frozenset[str]) -> Found:
    """Return what is wrong with a signature that is not the key's. `known` are the ids of keys that
    were given, as far as one knows them."""
    if not record.has_signature:
        return Found("unsigned", record.file, "it carries no signature")
    key_id = record.key_id
    named = printable(key_id, _LONGEST_KEY_ID)
    if known and key_id and key_id not in known:
        said = f"signed by another key, {named}: give its public key, too, with --public-key"
        return Found("another key", record.file, said)
    said = "its signature is not the key's: it was changed, or another key has signed it"
    return Found("forged", record.file, f"{said} (it names the key {named})" if named else said)


def _named_by_good(records: Iterable[Held]) -> set[str]:
    """Return the SHA-256 of all that the good ones among these records name, link by link."""
    named: set[str] = set()
    for record in sorted(records, key=lambda each: each.number, reverse=True):
        if record.previous and (record.is_good or record.sha256 in named):
            named.add(record.previous)
    return named


def _key_id(record: Kept) -> str:
    signed_by = record.content.get("signedBy")
    return str(signed_by.get("keyId", "")) if isinstance(signed_by, dict) else ""


def _is_signed_by(record: Kept, key: PublicKey) -> bool:
    """Tell whether the key has signed the record. Of the many ways to write the same bytes in
    base64, only the usual one will do."""
    written = record.content.get("signature")
    try:
        value = b64decode(str(written), validate=True)
    except ValueError:
        return False
    is_usual = b64encode(value).decode() == written
    return is_usual and key.has_signed(digest_of(record.content), value)


def _of_a_chain(records: Iterable[Held], head: Link | None, is_expired: bool) -> Iterator[Found]:
    """Yield what is wrong between the records of one VPC."""
    ordered = sorted(records, key=lambda record: (record.number, record.file))
    by_sha = {record.sha256: record for record in ordered}
    named = {record.previous for record in ordered} | ({head.sha256} if head else set())
    first = ordered[0].number
    told: set[int] = set()
    for record in ordered:
        yield from _of_a_step(record, by_sha, ordered, first, told)
    yield from _of_forks(ordered, named)
    if head and head.sha256 not in by_sha:
        yield _of_the_head(head, ordered, is_expired)


def _of_a_step(
    record: Held,
    by_sha: Mapping[str, Held],
    ordered: list[Held],
    first: int,
    told: set[int],
) -> Iterator[Found]:
    """Yield what is wrong between a record and the one that it names. `told` are the numbers of
    records that were told to be missing."""
    if record.previous is None:
        return
    before = by_sha.get(record.previous)
    if before is not None:
        if before.number != record.number - 1:
            said = f"record {record.number} names record {before.number} as the one before"
            yield Found("re-ordered", record.file, said)
        return
    wanted = record.number - 1
    if wanted in told:
        return
    told.add(wanted)
    there = [each for each in ordered if each.number == wanted]
    if there:
        said = f"it is not the record that record {record.number} names: changed, or replaced"
        yield Found("altered", there[0].file, said)
    elif record.number == first:
        said = f"begins with record {first}: those before are not here, or have expired"
        yield Found("note", record.vpc_id, said)
    else:
        said = (
            f"record {wanted} is missing, and record {record.number} names it: it was taken away, "
            "or could not be stored at the time, which the VPC's status said"
        )
        yield Found("missing", record.vpc_id, said)


def _of_forks(ordered: list[Held], named: set[str | None]) -> Iterator[Found]:
    """Yield numbers that several records have. A function that died before it could tell the ledger
    leaves one beside the chain; only the stack's key can sign that."""
    counted = Counter(record.number for record in ordered)
    for number in sorted(number for number, count in counted.items() if count > 1):
        same = [record for record in ordered if record.number == number]
        in_chain = [record for record in same if record.sha256 in named]
        if len(in_chain) > 1:
            said = f"record {number} is there {len(in_chain)} times, each with one that follows"
            yield Found("forked", same[0].vpc_id, f"{said}: the chain was begun anew")
            continue
        beside = [record for record in same if record not in in_chain]
        for record in beside if in_chain else beside[1:]:
            said = f"record {number} stands beside the chain: its run ended before it was linked"
            yield Found("note" if record.is_good else "forked", record.file, said)


def _of_the_head(head: Link, ordered: list[Held], is_expired: bool) -> Found:
    last = ordered[-1]
    if last.number >= head.number:
        said = f"the ledger names another record {head.number}: changed, or replaced"
        return Found("altered", last.file, said)
    said = f"the ledger's last record is {head.number}, and the last here is {last.number}"
    return _gone(last.vpc_id, said, (last.vpc_id,) if is_expired else ())


def _gone(vpc_id: str, said: str, expired: Collection[str]) -> Found:
    """Return that the last record is not there, which is a note where it has expired."""
    if vpc_id in expired:
        return Found("note", vpc_id, f"{said}: it is older than EvidenceDays, and has expired")
    former = "a bucket that was made anew has none of the former one's"
    return Found("missing", vpc_id, f"{said} ({former})")
