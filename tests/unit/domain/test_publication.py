"""The document that on-premises reads, and the JSON Schema that it promises to follow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain.errors import PublicationTooLarge
from connectivity.domain.publication import (
    LARGEST_PARAMETER,
    Publication,
    canonical,
    fingerprint_of,
    is_intact,
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


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@given(PUBLICATIONS, st.integers(1, 10**9))
def test_every_document_follows_the_schema(said: Publication, generation: int) -> None:
    VALIDATOR.validate(json.loads(said.document(generation, NOW)))


@pytest.mark.parametrize("state", ["active", "draining"])
def test_a_document_to_forward_by_has_something_to_forward_and_somewhere_to(state: Any) -> None:
    document = json.loads(replace(CONNECTED, state=state).document(1, NOW))
    assert VALIDATOR.is_valid(document)
    for field in ("zones", "resolverIps", "vpcCidrs"):
        assert not VALIDATOR.is_valid(document | {field: []})
    assert not VALIDATOR.is_valid(document | {"names": {}})


def test_a_withdrawn_document_says_whose_forwarding_ends_and_nothing_to_forward() -> None:
    document = json.loads(WITHDRAWN.document(2, NOW))
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
    ],
    ids=str,
)
def test_the_schema_is_strict(change: dict[str, Any]) -> None:
    document = json.loads(CONNECTED.document(1, NOW))
    assert VALIDATOR.is_valid(document)
    assert not VALIDATOR.is_valid(document | change)


def test_nothing_may_be_left_out_and_everything_is_described() -> None:
    document = json.loads(CONNECTED.document(1, NOW))
    assert set(SCHEMA["required"]) == document.keys()
    assert set(SCHEMA["properties"]) - document.keys() == {"signature"}
    parts = [*SCHEMA["properties"].values(), *SCHEMA["$defs"].values()]
    assert all(part["description"] for part in parts)


@given(PUBLICATIONS, st.integers(1), st.data())
def test_a_document_that_was_edited_by_hand_is_not_intact(
    said: Publication, generation: int, data: st.DataObject
) -> None:
    text = said.document(generation, NOW)
    assert is_intact(text)
    document = json.loads(text)
    field = data.draw(st.sampled_from(sorted(document.keys() - {"checksum"})))
    assert not is_intact(canonical(document | {field: "something else"}))
    assert not is_intact(canonical({key: document[key] for key in document.keys() - {field}}))


@pytest.mark.parametrize("text", ["", "not json", "null", "[]", "{}", '"text"', "1"])
def test_what_is_no_document_is_not_intact(text: str) -> None:
    assert not is_intact(text)


@given(PUBLICATIONS, PUBLICATIONS, st.integers(1), st.integers(1))
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
    assert fingerprint_of(one.document(generation, NOW)) == one.fingerprint
    assert fingerprint_of(one.document(later, "2027-01-01T00:00:00Z")) == one.fingerprint
    same = json.loads(one.document(1, NOW)) == json.loads(other.document(1, NOW))
    assert (one.fingerprint == other.fingerprint) is same


def test_the_same_publication_is_the_same_text() -> None:
    assert CONNECTED.document(3, NOW) == replace(
        CONNECTED, resolver_ips=CONNECTED.resolver_ips[::-1]
    ).document(3, NOW)


def test_a_document_fits_into_a_standard_parameter_to_the_last_byte_or_is_refused() -> None:
    room = LARGEST_PARAMETER - len(CONNECTED.document(1, NOW))
    full = replace(CONNECTED, zones=(*CONNECTED.zones, "z" * (room - len(',""'))))
    assert len(full.document(1, NOW)) == LARGEST_PARAMETER
    with pytest.raises(PublicationTooLarge, match=f"{VPC.id} has 4097 bytes .* fewer services"):
        full.document(10, NOW)


def test_a_document_with_every_service_of_the_guide_fits() -> None:
    names = {
        name.replace("*", "prod-us-east-2-starport-layer-bucket"): ("10.200.100.4", "10.200.101.4")
        for private_names in PRIVATE_NAMES.values()
        for name in private_names
    }
    said = replace(CONNECTED, names=names, zones=zones_covering(names))
    assert len(said.document(10**6, NOW)) < LARGEST_PARAMETER


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
