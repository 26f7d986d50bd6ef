"""The document that on-premises reads, and the JSON Schema that it promises to follow."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain.errors import PublicationTooLarge
from connectivity.domain.publication import (
    LARGEST_GENERATION,
    LARGEST_PARAMETER,
    Issue,
    Publication,
    Signature,
    canonical,
    fingerprint_of,
    generation_of,
    is_intact,
    is_issue,
    issued_at,
    parameter_names,
    zones_covering,
)
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.unit.example import ACCOUNT, PRIVATE_NAMES, REGION, VPC

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "forwarding.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
NOW = "2026-11-23T12:00:00Z"
CONNECTED = Publication(
    account=ACCOUNT,
    region=REGION,
    vpc_id=VPC.id,
    vpc_cidrs=VPC.cidrs,
    resolver_ips=("10.20.1.53", "10.20.0.53"),
    names={"ecs.us-east-2.amazonaws.com": ("10.20.1.4", "10.20.0.4")},
    zones=("ecs.us-east-2.amazonaws.com",),
)
WITHDRAWN = replace(CONNECTED, vpc_cidrs=(), names={}, zones=(), state="withdrawn")

SIGNATURE = Signature.of("1234abcd-12ab-34cd-56ef-1234567890ab", bytes(72))
GENERATIONS = st.integers(1, LARGEST_GENERATION)
SIGNATURES = st.none() | st.just(SIGNATURE)

LABEL = st.sampled_from(["a", "b", "ecs", "s3-control", "us-east-2", "com"])
NAME = st.lists(LABEL, min_size=2, max_size=4).map(".".join)
ADDRESS = st.sampled_from([f"10.20.{zone}.{host}" for zone in (0, 1) for host in (4, 10, 200)])
ADDRESSES = st.lists(ADDRESS, min_size=2, max_size=3, unique=True).map(tuple)
PUBLICATIONS = st.builds(
    replace,
    st.just(CONNECTED),
    vpc_cidrs=st.just(("10.20.0.0/16", "10.21.0.0/16")),
    resolver_ips=ADDRESSES,
    names=st.dictionaries(NAME, ADDRESSES, min_size=1, max_size=4),
    zones=st.lists(NAME, min_size=1, max_size=4, unique=True).map(tuple),
)


def issue(
    said: Publication,
    generation: int,
    at: str = NOW,
    signature: Signature | None = SIGNATURE,
) -> Issue:
    return Issue(generation, at, said.fingerprint, signature)


def text(
    said: Publication,
    generation: int,
    at: str = NOW,
    signature: Signature | None = SIGNATURE,
) -> str:
    return said.document(issue(said, generation, at, signature))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@given(PUBLICATIONS, GENERATIONS, SIGNATURES)
def test_every_document_follows_the_schema(
    said: Publication, generation: int, signature: Signature | None
) -> None:
    VALIDATOR.validate(json.loads(text(said, generation, NOW, signature)))


@pytest.mark.parametrize("state", ["active", "draining"])
def test_a_document_to_forward_by_has_something_to_forward_and_somewhere_to(state: Any) -> None:
    document = json.loads(text(replace(CONNECTED, state=state), 1))
    assert VALIDATOR.is_valid(document)
    for field in ("zones", "resolverIps", "vpcCidrs"):
        assert not VALIDATOR.is_valid(document | {field: []})
    assert not VALIDATOR.is_valid(document | {"names": {}})


def test_a_withdrawn_document_says_whose_forwarding_ends_and_nothing_to_forward() -> None:
    document = json.loads(text(WITHDRAWN, 2))
    assert VALIDATOR.is_valid(document)
    assert document["resolverIps"] == ["10.20.0.53", "10.20.1.53"]
    assert not VALIDATOR.is_valid(document | {"zones": ["ecs.us-east-2.amazonaws.com"]})


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"generation": 0},
        {"state": "gone"},
        {"account": "12345"},
        {"vpcId": "vpc-1"},
        {"vpcCidrs": ["10.20.0.0"]},
        {"resolverIps": ["10.20.0.53", "10.20.0.300"]},
        {"resolverIps": ["10.20.0.53", "fd00::53"]},
        {"mode": "all"},
        {"zones": ["*.ecs.us-east-2.amazonaws.com"]},
        {"zones": ["ecs.us-east-2.amazonaws.com."]},
        {"names": {"ecs.us-east-2.amazonaws.com": []}},
        {"issuedAt": "2026-11-23 12:00"},
        {"checksum": "0" * 64},
        {"comment": "hello"},
        {"generation": LARGEST_GENERATION + 1},
        {"signature": SIGNATURE.as_json() | {"algorithm": "RSASSA_PSS_SHA_256"}},
        {"signature": SIGNATURE.as_json() | {"keyId": "alias/mine"}},
        {"signature": SIGNATURE.as_json() | {"value": "-"}},
    ],
    ids=str,
)
def test_the_schema_is_strict(change: dict[str, Any]) -> None:
    document = json.loads(text(CONNECTED, 1))
    assert VALIDATOR.is_valid(document)
    assert not VALIDATOR.is_valid(document | change)


def test_nothing_may_be_left_out_and_everything_is_described() -> None:
    document = json.loads(text(CONNECTED, 1))
    assert document.keys() == set(SCHEMA["properties"])
    assert document.keys() - {"signature"} == set(SCHEMA["required"])
    parts = [*SCHEMA["properties"].values(), *SCHEMA["$defs"].values()]
    assert all(part["description"] for part in parts)


@given(PUBLICATIONS, GENERATIONS, st.data())
def test_a_document_that_was_edited_by_hand_is_not_intact(
    said: Publication, generation: int, data: st.DataObject
) -> None:
    written = text(said, generation)
    assert is_intact(written)
    document = json.loads(written)
    field = data.draw(st.sampled_from(sorted(document.keys() - {"checksum", "signature"})))
    assert not is_intact(canonical(document | {field: "something else"}))
    assert not is_intact(canonical({key: document[key] for key in document.keys() - {field}}))


@given(PUBLICATIONS, GENERATIONS, SIGNATURES, st.data())
def test_only_the_very_text_that_was_issued_is_that_issue(
    said: Publication, generation: int, signature: Signature | None, data: st.DataObject
) -> None:
    issued = issue(said, generation, NOW, signature)
    written = said.document(issued)
    assert is_issue(written, issued)
    place = data.draw(st.integers(0, len(written) - 1))
    letter = data.draw(st.sampled_from([*' "0}{e', "", "\ud800"]).filter(written[place].__ne__))
    assert not is_issue(written[:place] + letter + written[place + 1 :], issued)
    assert not is_issue(written, replace(issued, generation=generation + 1))
    assert not is_issue(written, replace(issued, signature=Signature.of("another", b"one")))


@given(PUBLICATIONS, GENERATIONS)
def test_a_signature_changes_neither_checksum_nor_fingerprint_nor_what_is_signed(
    said: Publication, generation: int
) -> None:
    """A signature by ECDSA is another one each time."""
    unsigned = json.loads(text(said, generation, signature=None))
    signed = json.loads(text(said, generation))
    assert signed.pop("signature") == SIGNATURE.as_json()
    assert signed == unsigned
    assert fingerprint_of(text(said, generation)) == said.fingerprint
    assert is_intact(text(said, generation))


def test_what_is_signed_is_the_digest_of_the_unsigned_document_behind_the_name_of_its_kind() -> (
    None
):
    """The contract, spelled out once without the code that keeps it."""
    document = json.loads(text(CONNECTED, 7))
    del document["signature"]
    canonically = json.dumps(document, sort_keys=True, separators=(",", ":"))
    message = f"ecs-anywhere forwarding 1\n{canonically}".encode()
    assert CONNECTED.digest(7, NOW) == hashlib.sha256(message).digest()


WEIRD = [
    *("", "not json", "null", "[]", "{}", '"text"', "1", "[" * 4000, '{"a":' * 800),
    *('{"generation":1}', "\ud800", '{"checksum":null}', '{"generation":NaN,"checksum":1}'),
]


@pytest.mark.parametrize("document", WEIRD)
def test_what_is_no_document_states_nothing(document: str) -> None:
    assert not is_intact(document)
    assert not is_issue(document, issue(CONNECTED, 1))
    assert (generation_of(document), issued_at(document)) == (0, "")


@pytest.mark.parametrize("generation", [0, -1, 10**9 + 1, 10**15, True, 1.5, "7", None, [7]])
def test_a_generation_that_the_schema_does_not_allow_is_none(generation: Any) -> None:
    assert generation_of(forged({"generation": generation})) == 0
    assert generation_of(forged({"generation": 7})) == 7


@pytest.mark.parametrize("at", ["", "soon", 7, None, "2026-11-23 12:00:00", {"a": 1}])
def test_a_time_that_is_none_was_not_stated(at: Any) -> None:
    assert issued_at(forged({"issuedAt": at})) == ""
    assert issued_at(forged({"issuedAt": NOW})) == NOW


def forged(change: dict[str, Any]) -> str:
    """A document with a right checksum, which anybody can compute."""
    document = json.loads(text(CONNECTED, 1, signature=None)) | change
    del document["checksum"]
    checksum = hashlib.sha256(canonical(document).encode()).hexdigest()
    return canonical(document | {"checksum": f"sha256:{checksum}"})


@given(PUBLICATIONS, PUBLICATIONS, GENERATIONS, GENERATIONS)
def test_fingerprints_are_equal_exactly_where_the_content_is(
    one: Publication, other: Publication, generation: int, later: int
) -> None:
    """When and how often it was said is no content, nor is the order in which AWS lists things."""
    turned = replace(
        one,
        resolver_ips=one.resolver_ips[::-1],
        zones=one.zones[::-1],
        names={name: one.names[name] for name in sorted(one.names, reverse=True)},
    )
    assert turned.fingerprint == one.fingerprint
    assert fingerprint_of(text(one, generation)) == one.fingerprint
    assert fingerprint_of(text(one, later, "2027-01-01T00:00:00Z")) == one.fingerprint
    same = json.loads(text(one, 1)) == json.loads(text(other, 1))
    assert (one.fingerprint == other.fingerprint) is same


def test_the_same_publication_is_the_same_text() -> None:
    turned = replace(CONNECTED, resolver_ips=CONNECTED.resolver_ips[::-1])
    assert text(CONNECTED, 3) == text(turned, 3)


@given(PUBLICATIONS, GENERATIONS, SIGNATURES)
def test_no_document_is_larger_than_was_said_of_it_before(
    said: Publication, generation: int, signature: Signature | None
) -> None:
    written = text(said, generation, NOW, signature)
    assert len(written) <= said.most_bytes
    if signature and generation == LARGEST_GENERATION:
        assert len(written) == said.most_bytes


def test_a_document_fits_into_a_parameter_to_the_last_byte_or_is_refused() -> None:
    room = LARGEST_PARAMETER - len(text(CONNECTED, 1))
    full = replace(CONNECTED, zones=(*CONNECTED.zones, "z" * (room - len(',""'))))
    assert len(text(full, 1)) == LARGEST_PARAMETER
    with pytest.raises(PublicationTooLarge, match=f"{VPC.id} has 8193 bytes .* fewer services"):
        text(full, 10)


def test_a_document_with_every_service_of_the_guide_fits() -> None:
    names = {
        name.replace("*", "prod-us-east-2-starport-layer-bucket"): ("10.200.100.4", "10.200.101.4")
        for private_names in PRIVATE_NAMES.values()
        for name in private_names
    }
    said = replace(CONNECTED, names=names, zones=zones_covering(names))
    assert len(text(said, 10**6)) < LARGEST_PARAMETER


def covers(zone: str, name: str) -> bool:
    return f".{name.removeprefix('*.')}".endswith(f".{zone}")


@given(st.sets(st.one_of(NAME, NAME.map("*.{}".format), st.sampled_from(["a.b", "c.a.b", "b"]))))
def test_zones_cover_every_name_and_none_is_redundant(names: set[str]) -> None:
    zones = zones_covering(names)
    assert all(any(covers(zone, name) for zone in zones) for name in names)
    assert not any(covers(zone, other) for zone in zones for other in zones if zone != other)
    assert all(zone in {name.removeprefix("*.") for name in names} for zone in zones)


def test_a_name_that_only_ends_alike_needs_its_own_zone() -> None:
    assert zones_covering({"ecs.example", "my-ecs.example", "a.ecs.example"}) == (
        "ecs.example",
        "my-ecs.example",
    )


def test_where_the_parameters_are() -> None:
    assert parameter_names("/ecs-anywhere/private-connectivity", "vpc-1") == (
        "/ecs-anywhere/private-connectivity/vpc-1/resolver-ips",
        "/ecs-anywhere/private-connectivity/vpc-1/forwarding",
    )
