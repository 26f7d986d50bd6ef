"""The document: what was published is read as it was meant, and nothing else is ever believed."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from connectivity.domain.publication import Issue, Publication, State
from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.following.acceptance import History, accept
from ecs_anywhere_dns.memory.records import Distrust, Last
from ecs_anywhere_dns.outcome import Refused
from hypothesis import example, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from tests.onprem.example import content, fit, published, settings
from tests.onprem.lab.document import document as with_checksum
from tests.onprem.lab.signing import SigningKey
from tests.shares import examples

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SPECIAL = ("\ud800", "\x1b[2J", "\u202e", "\x00", "*.", "amazonaws.com", "10.0.0.1", "0.0.0.0/0")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
NAME = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]\.us-east-2\.amazonaws\.com", fullmatch=True)
ADDRESS = st.integers(0, 2**16 - 1).map(lambda host: str(ip_address("10.0.0.0") + host))
ADDRESSES = st.lists(ADDRESS, min_size=1, max_size=3, unique=True)


@given(
    generation=st.integers(1, 10**9),
    ips=st.lists(ADDRESS, min_size=2, max_size=4, unique=True),
    names=st.dictionaries(NAME, ADDRESSES, min_size=1, max_size=5),
    state=st.sampled_from(["active", "draining"]),
)
def test_what_the_app_publishes_the_tool_reads(
    generation: int, ips: list[str], names: dict[str, list[str]], state: State
) -> None:
    """Both halves of the contract: the very code that writes it and the very code that reads it."""
    written = Publication(
        account="111122223333",
        region="us-east-2",
        vpc_id="vpc-0a1b2c3d4e5f60718",
        vpc_cidrs=("10.0.0.0/16",),
        resolver_ips=tuple(ips),
        names={name: tuple(addresses) for name, addresses in names.items()},
        zones=tuple(names),
        state=state,
    )
    issue = Issue(generation, "2026-11-23T12:00:00Z", written.fingerprint)
    read = read_document(written.document(issue))
    assert (read.generation, read.state) == (generation, state)
    assert (read.vpc_id, read.region, read.account) == (
        written.vpc_id, written.region, written.account,
    )  # fmt: skip
    assert read.resolver_ips == tuple(sorted(ips))
    assert read.zones == tuple(sorted(names))
    assert read.names == {name: tuple(sorted(addresses)) for name, addresses in names.items()}


def test_what_the_app_withdraws_the_tool_reads() -> None:
    """All that may be left of a VPC."""
    written = Publication(
        account="111122223333",
        region="us-east-2",
        vpc_id="vpc-0a1b2c3d4e5f60718",
        vpc_cidrs=(),
        resolver_ips=(),
        names={},
        zones=(),
        state="withdrawn",
    )
    issue = Issue(9, "2026-11-23T12:00:00Z", written.fingerprint)
    read = read_document(written.document(issue))
    assert (read.state, read.zones, read.names) == ("withdrawn", (), {})


def test_its_text_is_kept_to_the_byte() -> None:
    text = published()
    assert fit().text == text
    assert read_document(f" {text}\n").text == f" {text}\n"


def _same_but_for_text(one: Document, other: Document) -> bool:
    return replace(one, text="") == replace(other, text="")


@given(st.data())
def test_a_byte_that_changed_on_the_way_is_refused_or_changes_nothing(data: st.DataObject) -> None:
    text = published()
    place = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 3))
    put = data.draw(st.text(max_size=3))
    try:
        read = read_document(text[:place] + put + text[place + cut :])
    except Refused as refused:
        assert refused.cure
        return
    assert _same_but_for_text(read, fit())


@given(st.sampled_from(sorted([*content(), "checksum", "surprise"])), JSON)
def test_a_key_that_was_edited_is_refused_or_changes_nothing(key: str, value: Any) -> None:
    edited = json.loads(published()) | {key: value}
    try:
        read = read_document(json.dumps(edited))
    except Refused as refused:
        assert refused.message and refused.cure
        return
    assert _same_but_for_text(read, fit())


@given(st.sampled_from(sorted([*content(), "surprise"])), JSON)
def test_with_a_right_checksum_only_what_is_safe_is_believed(key: str, value: Any) -> None:
    """Whoever may write the parameter can also count: a checksum is no signature."""
    try:
        read = read_document(with_checksum(content() | {key: value}))
    except Refused:
        return
    networks = [ip_network(cidr, strict=False) for cidr in read.vpc_cidrs]
    assert read.resolver_ips
    for address in (*read.resolver_ips, *(a for ips in read.names.values() for a in ips)):
        assert any(ip_address(address) in network for network in networks)
    assert all("*" not in zone for zone in read.zones)


@given(st.lists(st.ip_addresses(v=4).map(str), min_size=2, max_size=3, unique=True))
@example(["10.0.0.0", "10.0.255.255"])
@example(["10.0.0.1", "10.1.0.0"])
def test_an_address_outside_of_the_vpc_is_never_believed(addresses: list[str]) -> None:
    inside = all(address.startswith("10.0.") for address in addresses)
    for changes in ({"resolverIps": addresses}, {"names": {"x.amazonaws.com": addresses}}):
        try:
            fit(**changes)
        except Refused as refused:
            assert not inside
            assert "outside the VPC" in refused.message
        else:
            assert inside


KEY = SigningKey()
SIGNED = with_checksum(content(), KEY)
WIDE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(SPECIAL),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(SPECIAL), inner),
)
SETTINGS = settings(signature="required", public_keys=(KEY.entry,))


def _taken(text: str) -> Document | None:
    """As `apply` would take it, within a bounded time; None where it is refused with a cure."""
    begun = time.process_time()
    try:
        document = read_document(text)
        accept(document, SETTINGS, History(Last(), Distrust()), NOW, force=False)
    except Refused as refused:
        assert refused.cure
        assert refused.message.isprintable()
        assert len(refused.message) < 600
        document = None
    assert time.process_time() - begun < 5, "seconds of a processor; a tenth of one is usual"
    return document


@given(WIDE)
@settings_of_hypothesis(max_examples=examples(300))
def test_whatever_json_there_is_is_refused_quickly_and_printably(value: Any) -> None:
    assert _taken(json.dumps(value)) is None


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_whatever_text_there_is_is_refused_quickly_and_printably(text: str) -> None:
    assert _taken(text) is None


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 30), st.text(max_size=8)), max_size=4)
)
@settings_of_hypothesis(max_examples=examples(400))
def test_a_signed_document_with_changed_bytes_is_refused_or_the_same(
    edits: list[tuple[int, int, str]],
) -> None:
    text = SIGNED
    for place, cut, put in edits:
        text = text[:place] + put + text[place + cut :]
    read = _taken(text)
    assert read is None or _same_but_for_text(read, read_document(SIGNED))


@given(st.sampled_from(sorted([*content(), "checksum", "signature", "surprise"])), WIDE)
@settings_of_hypothesis(max_examples=examples(300))
def test_a_signed_document_with_a_changed_key_is_refused_or_the_same(key: str, value: Any) -> None:
    edited = json.loads(SIGNED) | {key: value}
    for text in (json.dumps(edited), with_checksum({**edited, "checksum": _checksum(edited)})):
        read = _taken(text)
        assert read is None or _same_but_for_text(read, read_document(SIGNED))


def _checksum(edited: dict[str, Any]) -> str:
    said = {name: value for name, value in edited.items() if name not in ("checksum", "signature")}
    found: str = json.loads(with_checksum(said))["checksum"]
    return found


@pytest.mark.parametrize(
    "text",
    [
        SIGNED.replace('"mode"', '"mode":"names","mode"'),
        SIGNED.replace('"generation":1', '"generation":2,"generation":1'),
        SIGNED.replace('"generation":1', '"generation":1.0'),
        SIGNED.replace('"generation":1', '"generation":1e0'),
        SIGNED.replace('"generation":1', '"generation":1e300'),
        SIGNED.replace('"generation":1', '"generation":true'),
        SIGNED.replace('"generation":1', '"generation":"1"'),
        SIGNED.replace('"generation":1', '"generation":NaN'),
        SIGNED.replace('"generation":1', '"generation":-Infinity'),
        SIGNED.replace('"generation":1', f'"generation":1{"0" * 3900}'),
        SIGNED.replace('"generation":1', '"generation":1000000001'),
        SIGNED.replace('"names":{', '"names":{"\\ud800":5,'),
        SIGNED.replace('"names":{', '"names":{"\\u001b]0;pwned\\u0007\\u001b[2J":5,'),
        SIGNED.replace('"names":{', '"names":{"\u202e":5,'),
        SIGNED.replace('"zones":[', '"zones":[' + "[" * 900 + "]" * 900 + ","),
        SIGNED.replace('"zones":[', '"zones":[' + "{},1," * 1000),
        SIGNED.replace('"zones":[', '"zones":[' + '"a",[1],' * 500),
        SIGNED.replace('"zones":[', '"zones":["' + "a." * 3000 + '",'),
        SIGNED + " " * 8192,
        "\ufeff" + SIGNED,
        SIGNED + SIGNED,
        "NaN",
        '"\\ud800"',
        '{"\\ud800":"\\udfff"}',
        "[" * 8000,
        '{"a":' * 1600,
        "[" * 500 + "]" * 500,
        "1e999",
        "-0",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(text: str) -> None:
    assert text != SIGNED
    assert _taken(text) is None


def test_a_signed_document_is_taken() -> None:
    assert _taken(SIGNED) == read_document(SIGNED)


@given(JSON)
def test_any_other_json_is_refused(value: Any) -> None:
    with pytest.raises(Refused):
        read_document(json.dumps(value))


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "[" * 5000, '{"a":' * 5000, "9" * 5000])
def test_whatever_stands_there_is_refused_and_shown(text: str) -> None:
    with pytest.raises(Refused) as caught:
        read_document(text)
    assert caught.value.cure
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    "changes",
    [
        {"resolverIps": ["10.0.0.999", "10.0.1.32"]},
        {"resolverIps": ["010.0.0.32", "10.0.1.32"]},
        {"vpcCidrs": ["10.0.0.0/33"]},
        {"vpcCidrs": []},
        {"names": {"ssm.us-east-2.amazonaws.com": ["10.0.0.1", "10.0.0.1000"]}},
        {"names": {"ssm.us-east-2.amazonaws.com": []}},
        {"zones": ["."]},
        {"zones": [""]},
        {"zones": ["com"]},
        {
            "zones": ['x"; }; include "/etc/shadow'],
        },
        {"zones": ["ssm.us-east-2.amazonaws.com\nserver:"]},
        {"zones": ["SSM.us-east-2.amazonaws.com"]},
        {"zones": ["ssm.us-east-2.amazonaws.com\n"]},
        {"names": {"ssm.us-east-2.amazonaws.com\n": ["10.0.0.1"]}},
        {"resolverIps": ["10.0.0.32\n", "10.0.1.32"]},
        {"vpcId": "vpc-0a1b2c3d4e5f60718\n"},
        {"region": "us-east-2\n"},
        {"region": 'us-east-2"; };'},
        {"generation": -1},
        {"generation": True},
        {"generation": 1.5},
        {"state": "paused"},
    ],
)
def test_what_no_dns_server_should_see_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        fit(**changes)
