"""The publication: what on-premises reads from Parameter Store. A versioned contract.

`…/resolver-ips` is a StringList for people and scripts, `…/forwarding` the JSON document that
schemas/forwarding.schema.json describes and the pick-up tool applies.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from connectivity.domain.errors import PublicationTooLarge

SCHEMA = 1
LARGEST_STANDARD = 4096
"""Bytes in a standard parameter of Parameter Store, which is free of charge."""
LARGEST_PARAMETER = 8192
"""Bytes in an advanced parameter of Parameter Store, the largest that there is."""
LARGEST_GENERATION = 1_000_000_000
"""The schema's maximum."""
ALGORITHM = "ECDSA_SHA_256"
"""AWS KMS's name of the only algorithm with which documents are signed."""
_SIGNED = b"ecs-anywhere forwarding 1\n"
"""The bytes before the document in the signed text: a signature of something else with the same key
is none of a document."""
_OF_THE_ISSUE = frozenset({"generation", "issuedAt", "checksum", "signature"})
"""Fields of a document that are no part of what it says."""

State = Literal["active", "draining", "withdrawn"]


@dataclass(frozen=True)
class Signature:
    """The proof that the stack's key in AWS KMS signed one document."""

    key_id: str
    value: str
    """The signature in DER, in base64."""

    @classmethod
    def of(cls, key_id: str, signature: bytes) -> Signature:
        """Make one of the bytes that AWS KMS returned."""
        return cls(key_id, base64.b64encode(signature).decode())

    def as_json(self) -> dict[str, str]:
        """Return the document's field `signature`."""
        return {"algorithm": ALGORITHM, "keyId": self.key_id, "value": self.value}


@dataclass(frozen=True)
class Issue:
    """One issue of a publication: with the publication itself it makes one text, to the byte.

    The ledger remembers the last issue. A parameter that holds any other text was not written by
    us, and an attempt that died is repeated with the same text: neither needs a second signature,
    nor a signature to be verified.
    """

    generation: int
    issued_at: str
    """The time of the issue, in ISO 8601 UTC."""
    fingerprint: str
    """`Publication.fingerprint` of what was said."""
    signature: Signature | None = None
    """The signature; None where the stack has no signing key."""
    checksum: str = ""
    """The document's own; empty in entries of former versions."""

    @property
    def key_id(self) -> str:
        """Id of the key that signed it; empty where nothing is signed."""
        return self.signature.key_id if self.signature else ""


_WIDEST = Issue(LARGEST_GENERATION, "2026-11-23T12:00:00Z", "", Signature.of(36 * "-", bytes(72)))
"""An issue whose fields are as long as they can be: a signature by ECDSA on P-256 has at most 72
bytes in DER."""


@dataclass(frozen=True)
class Publication:
    """The content of the document, without its generation and time."""

    account: str
    region: str
    vpc_id: str
    vpc_cidrs: tuple[str, ...]
    resolver_ips: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    """Name -> addresses of its interface endpoint."""
    zones: tuple[str, ...]
    """The zones to forward: the fewest that cover the names and the CNAMEs behind them."""
    state: State = "active"

    @property
    def fingerprint(self) -> str:
        """Return `sha256:` and the digest, the same for publications that say the same."""
        return _digest(self._content())

    def document(self, issue: Issue) -> str:
        """Return the JSON text of that issue. Raises PublicationTooLarge."""
        text = _text(self._content(), issue)
        if len(text.encode()) > LARGEST_PARAMETER:
            raise PublicationTooLarge(
                f"the forwarding document of {self.vpc_id} has {len(text.encode())} bytes and "
                f"Parameter Store holds {LARGEST_PARAMETER}: ask for fewer services"
            )
        return text

    @property
    def most_bytes(self) -> int:
        """Return the size in bytes of the largest document that says this, whatever its generation
        and its signature."""
        return len(_text(self._content(), _WIDEST).encode())

    def digest(self, generation: int, issued_at: str) -> bytes:
        """Return the SHA-256 that is signed: of the unsigned document, after the name of its kind.

        A digest and not the document, because AWS KMS signs messages of at most 4,096 bytes.
        """
        unsigned = _text(self._content(), Issue(generation, issued_at, self.fingerprint))
        return _to_be_signed(unsigned)

    def checksum(self, generation: int, issued_at: str) -> str:
        """Return the checksum that the document of that issue states."""
        issue = {"generation": generation, "issuedAt": issued_at}
        return _digest({**self._content(), **issue})

    def _content(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "state": self.state,
            "account": self.account,
            "region": self.region,
            "vpcId": self.vpc_id,
            "vpcCidrs": sorted(self.vpc_cidrs),
            "resolverIps": sorted(self.resolver_ips),
            "mode": "names",
            "zones": sorted(self.zones),
            "names": {name: sorted(addresses) for name, addresses in sorted(self.names.items())},
        }


def folder(path: str, vpc_id: str) -> str:
    """Return the folder of one VPC's parameters, under the stack's path."""
    return f"{path}/{vpc_id}"


def parameter_names(path: str, vpc_id: str) -> tuple[str, str]:
    """Return the names of `resolver-ips` and `forwarding` under the stack's parameter path."""
    return f"{folder(path, vpc_id)}/resolver-ips", f"{folder(path, vpc_id)}/forwarding"


def string_list(resolver_ips: Iterable[str]) -> str:
    """Return the value of `resolver-ips`."""
    return ",".join(sorted(resolver_ips))


def zones_covering(names: Iterable[str]) -> tuple[str, ...]:
    """Return the fewest zones that cover the names: a wildcard is its parent, and a name below
    another zone needs none."""
    candidates = {name.removeprefix("*.").rstrip(".") for name in names}
    return tuple(sorted(name for name in candidates if not _covered(name, candidates)))


def is_issue(document: str, issue: Issue) -> bool:
    """Return whether a text is that issue, to the byte: nobody edited it, and nobody else wrote
    it."""
    content = _read(document)
    said = {key: value for key, value in content.items() if key not in _OF_THE_ISSUE}
    return _digest(said) == issue.fingerprint and _text(said, issue) == document


def digest_of(document: str) -> bytes:
    """Return the SHA-256 of which a document's signature has to be: `Publication.digest`'s."""
    content = _read(document)
    unsigned = {key: content[key] for key in content.keys() - {"signature"}}
    return _to_be_signed(canonical(unsigned))


def is_intact(document: str) -> bool:
    """Return whether the checksum is that of the content. Anybody can make it so: a checksum finds
    mistakes, and a signature finds forgeries."""
    content = _read(document)
    summed = {key: content[key] for key in content.keys() - {"checksum", "signature"}}
    return content.get("checksum") == _digest(summed)


def fingerprint_of(document: str) -> str:
    """Return the fingerprint of the publication that a document states."""
    content = _read(document)
    return _digest({key: content[key] for key in content.keys() - _OF_THE_ISSUE})


def generation_of(document: str) -> int:
    """Return the generation that a document states; 0 where it states none that the schema
    allows."""
    stated = _read(document).get("generation") if is_intact(document) else None
    if isinstance(stated, int) and not isinstance(stated, bool):
        return stated if 1 <= stated <= LARGEST_GENERATION else 0
    return 0


def string_list_of(document: str) -> str:
    """Return the value of `resolver-ips` that belongs to a document of ours."""
    return string_list(_read(document)["resolverIps"])


def issued_at(document: str) -> str:
    """Return when a document was written, in ISO 8601 UTC; empty where it does not say."""
    stated = str(_read(document).get("issuedAt", "")) if is_intact(document) else ""
    try:
        return stated if datetime.fromisoformat(stated).tzinfo else ""
    except ValueError:
        return ""


def canonical(content: Mapping[str, Any]) -> str:
    """Return JSON with sorted keys and no white space: the form over which the checksum is
    taken."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _to_be_signed(unsigned: str) -> bytes:
    return hashlib.sha256(_SIGNED + unsigned.encode()).digest()


def _digest(content: Mapping[str, Any]) -> str:
    return "sha256:" + hashlib.sha256(canonical(content).encode()).hexdigest()


def _text(said: Mapping[str, Any], issue: Issue) -> str:
    """Return the document that says `said`, as it was issued."""
    content = {**said, "generation": issue.generation, "issuedAt": issue.issued_at}
    signed = {"signature": issue.signature.as_json()} if issue.signature else {}
    return canonical(content | {"checksum": _digest(content)} | signed)


def _read(document: str) -> dict[str, Any]:
    """Return the fields of a document that may be anybody's; none of what is no JSON object, or
    cannot be written again."""
    try:
        content = json.loads(document)
        canonical(content)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _covered(name: str, zones: set[str]) -> bool:
    labels = name.split(".")
    return any(".".join(labels[start:]) in zones for start in range(1, len(labels)))
