"""The forwarding document that a VPC publishes: read, and refused where it is unfit.

The contract is forwarding.schema.json, the same file that the publishing side is tested with; see
`schema`. What a schema cannot say (checksum, addresses within their networks) is checked here.
Whether this host believes a fit document is another question: `pinned`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from ecs_anywhere_dns import __version__
from ecs_anywhere_dns.outcome import Refused
from ecs_anywhere_dns.pinned.signature import FIRST_LINE, Signature
from ecs_anywhere_dns.visible import visible

State = Literal["active", "draining", "withdrawn"]
Mode = Literal["names", "region"]

LONGEST_EXCERPT = 120
LARGEST_DOCUMENT = 8192
"""Bytes: what an advanced parameter of Parameter Store holds, twice what the app needs."""
MOST_MEMBERS = 256
"""The most members that a list or object may have: several times the number that fits into the
app's documents."""
DEEPEST = 4
"""Levels of lists and objects; a document has three."""
LONGEST_NUMBER = 20
"""Digits."""
LOOK = "look at the parameter; the app's next sweep writes it anew"
EDITED = "do not edit the parameter; the app's next sweep writes it anew"


@dataclass(frozen=True)
class Document:
    """A fit document. Names and zones are in lower case, without a final dot."""

    text: str
    """The text as it was published, byte for byte."""
    generation: int
    state: State
    account: str
    region: str
    vpc_id: str
    vpc_cidrs: tuple[str, ...]
    resolver_ips: tuple[str, ...]
    mode: Mode
    zones: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    checksum: str
    signature: Signature | None = None
    """The signature, not checked yet; None where the document has none."""

    @property
    def label(self) -> str:
        return f"{self.vpc_id} generation {self.generation} ({self.state})"


def read_document(text: str, validated: Collection[str] = ()) -> Document:
    """Return the document. The schema is not asked of texts whose fingerprints are in `validated`.
    Raises Refused, naming the place and what is wrong with it."""
    content = _parsed(text)
    _check_size(content)
    if not validated or fingerprint(text) not in validated:
        _check_schema(content)
    _check_checksum(content)
    document = _as_document(text, content)
    _check_addresses(document)
    return document


def fingerprint(text: str) -> str:
    """Return a digest of this text, the schema and the version of this tool: after another schema
    or version, a text is validated anew."""
    said = "\n".join((__version__, schema_text(), text))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def schema_text() -> str:
    return files("ecs_anywhere_dns").joinpath("forwarding.schema.json").read_text("utf-8")


def _parsed(text: str) -> Any:
    """Read the JSON strictly: a text that two readers could understand differently is no
    document."""
    if len(text) > LARGEST_DOCUMENT:
        raise Refused(
            f"the publication is longer than {LARGEST_DOCUMENT} bytes, which is all that a "
            f"parameter can hold: {_shown(text)}",
            by_app=LOOK,
        )
    try:
        return json.loads(
            text,
            object_pairs_hook=_without_doubles,
            parse_int=_short_integer,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"the publication is no JSON ({error}): {_shown(text)}",
            by_app=LOOK,
        ) from None


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ValueError(f"the key {_shown(key)} is there twice")
        content[key] = value
    return content


def _short_integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _no_float(text: str) -> float:
    """Raise Refused for a number with a fraction or an exponent: a JSON Schema takes 1.0 and 1e300
    for integers."""
    raise ValueError(f"{_shown(text)} is no whole number")


def _check_size(content: Any) -> None:
    """Raise Refused for a large document, because the work of the schema grows with the square."""
    level = [content]
    for _ in range(DEEPEST):
        level = [member for value in level for member in _members(value)]
    if level:
        raise Refused(
            f"the publication has lists or objects in more than {DEEPEST - 1} levels",
            by_app=LOOK,
        )


def _members(value: Any) -> Collection[Any]:
    if not isinstance(value, dict | list):
        return ()
    if len(value) > MOST_MEMBERS:
        raise Refused(
            f"the publication has {len(value)} entries in one list, more than {MOST_MEMBERS}",
            by_app=LOOK,
        )
    return value.values() if isinstance(value, dict) else value


def _check_schema(content: Any) -> None:
    # Only here: to import its library takes as long as all else of a run with nothing to do.
    from ecs_anywhere_dns.schema import problem_in

    problem = problem_in(content, schema_text())
    if problem is not None:
        place, what = problem
        raise Refused(
            f"the publication does not fit its schema: {_shown(place)}: {_shown(what)}",
            "upgrade this tool if the app is newer",
            by_app="the app's next sweep mends what was edited",
        )


def _check_checksum(content: Mapping[str, Any]) -> None:
    said = {key: value for key, value in content.items() if key not in {"checksum", "signature"}}
    actual = "sha256:" + hashlib.sha256(_canonical(said)).hexdigest()
    if actual != content["checksum"]:
        raise Refused(
            f"the publication was edited by hand: its checksum is {content['checksum']}, "
            f"its content has {actual}",
            by_app=EDITED,
        )


def _canonical(content: Mapping[str, Any]) -> bytes:
    """Return the canonical form, over which checksum and signature are made, as the schema
    describes it."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _signature_of(content: Mapping[str, Any]) -> Signature | None:
    said = content.get("signature")
    if said is None:
        return None
    try:
        value = base64.b64decode(said["value"], validate=True)
    except binascii.Error:
        raise Refused(
            "the publication's signature is no base64",
            by_app=EDITED,
        ) from None
    signed = {key: value for key, value in content.items() if key != "signature"}
    return Signature(said["keyId"], value, FIRST_LINE + _canonical(signed))


def _check_addresses(document: Document) -> None:
    networks = [ip_network(cidr, strict=False) for cidr in document.vpc_cidrs]
    # A withdrawn document names no networks any more, and nothing to forward.
    for what, addresses in (("resolver IP", document.resolver_ips), *document.names.items()):
        outside = [a for a in addresses if networks and not _within(a, networks)]
        if outside:
            raise Refused(
                f"{what} {outside[0]} lies outside the VPC ({', '.join(document.vpc_cidrs)})",
                "nothing was changed; find out who wrote that publication",
            )


def _within(address: str, networks: list[Any]) -> bool:
    return any(ip_address(address) in network for network in networks)


def _as_document(text: str, content: Mapping[str, Any]) -> Document:
    return Document(
        text=text,
        generation=content["generation"],
        state=content["state"],
        account=content["account"],
        region=content["region"],
        vpc_id=content["vpcId"],
        vpc_cidrs=tuple(content["vpcCidrs"]),
        resolver_ips=tuple(content["resolverIps"]),
        mode=content["mode"],
        zones=tuple(content["zones"]),
        names={name: tuple(addresses) for name, addresses in content["names"].items()},
        checksum=content["checksum"],
        signature=_signature_of(content),
    )


def _shown(text: str) -> str:
    """Return the beginning of a stranger's text, fit for a terminal."""
    return visible(text[:LONGEST_EXCERPT])
