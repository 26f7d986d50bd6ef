"""Whatever comes through a door is carried out or refused by a named error; and what goes out again
is short, printable, and can be encoded.

Each door is its use case in the same wrapping as the function's handler, on an AWS in memory. Its
answer, or its error, goes the way of the workflow: as JSON, into a status, onto the VPC, into a
mail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from connectivity.domain import tags
from connectivity.domain.acknowledgement import vpc_acknowledged
from connectivity.domain.custom_resource import Request
from connectivity.domain.errors import Fact, Waiting
from connectivity.usecases.finish import Failure, report_failure, tell
from connectivity.usecases.guard_deletion import guard_deletion
from connectivity.usecases.knock import knock_for_host
from connectivity.usecases.remove import remove_everything
from connectivity.usecases.request import RequestDoor, receive
from handlers.entry import entry
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.shares import examples
from tests.unit.example import VPC, acknowledgement
from tests.unit.usecases.fakes import FakeHostPolicy, FakeProtection, FakeStacks
from tests.unit.usecases.world import ACKNOWLEDGEMENTS, DOCUMENT, LIST, SETTINGS, World, connected

LARGEST = 256 * 1024
"""Bytes that AWS Step Functions passes on."""
TAG_VALUE = re.compile(r"[A-Za-z0-9 _.:/=+\-@]{0,256}")
HOSTILE = (
    "\ud800\x1b]0;pwned\x07\x1b[2J\u202e\u2066\0\r\n;https://evil.example/login www.evil.example"
)

TEXT = st.text(st.characters(codec=None), max_size=300) | st.just(HOSTILE)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
DETAIL = st.fixed_dictionaries(
    {},
    optional={
        "vpc-id": st.just(VPC.id) | ANY_JSON,
        "services": ANY_JSON | st.lists(st.just("x" * 200), min_size=900, max_size=901),
        "onprem-cidrs": ANY_JSON | st.lists(TEXT, max_size=30),
        "requested-at": ANY_JSON,
        HOSTILE: ANY_JSON,
    },
)
few = settings(max_examples=examples(60), deadline=None)


class Context:
    """What AWS Lambda hands to a function."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"


QUOTED = re.compile(r'"[^"]*"')
PYTHON = re.compile(r"\b(None|True|False|NoneType|dict|tuple|\w*[a-z]Error|\w*Exception)\b")
"""Words that mean nothing to whoever reads a mail."""


def through(door: Callable[[Mapping[str, Any]], Any], event: Any, world: World) -> str:
    """Return what the function answers, or its error, as AWS Lambda writes it; the error has then
    been reported."""
    try:
        answer = entry(door)(event, Context())
        said = {"answer": answer}
    except (Fact, Waiting) as error:
        kind, cause = type(error).__name__, {"errorMessage": str(error)}
        said = {"errorType": kind} | cause
        report_failure(VPC.id, Failure(kind, json.dumps(cause)), world.desk, world.aws)
    text = json.dumps(said, ensure_ascii=False)
    assert len(text.encode()) < LARGEST
    assert_fit(world)
    return text


def assert_fit(world: World) -> None:
    """Nothing of a stranger's has reached a tag, the ledger or a mail as it was written."""
    for vpc in world.vpcs.all.values():
        for key in (tags.STATUS, tags.STATUS_DETAIL):
            assert TAG_VALUE.fullmatch(vpc.tags.get(key, ""))
    assert all(line.isprintable() for line in world.entry.detail.split("\n"))
    for mail in world.notifications.sent:
        assert len(mail.encode()) < 10_000
        assert all(line.isprintable() for line in mail.split("\n"))
        assert "://" not in mail
        assert "www." not in mail
        assert not PYTHON.search(QUOTED.sub("", mail)), "what is quoted is a stranger's own"
        assert not mail.startswith("ECS Anywhere private connectivity: unknown")


@few
@given(st.dictionaries(st.sampled_from([*tags.WISH_TAGS, "corp:x"]), TEXT, max_size=4))
@example({tags.WISH: "enabled", tags.SERVICES: HOSTILE, tags.ONPREM_CIDRS: HOSTILE})
@example({tags.WISH: HOSTILE})
@example({tags.WISH: "plan", tags.SERVICES: "+".join("#" * 128), tags.ONPREM_CIDRS: "1 " * 128})
def test_any_tags_of_a_vpc(written: dict[str, str]) -> None:
    world = World()
    world.vpcs.all[VPC.id] = replace(VPC, tags=written)

    def door(_: Mapping[str, Any]) -> Any:
        return world.read().as_json()

    through(door, {}, world)


@few
@given(
    st.fixed_dictionaries(
        {"detail-type": st.sampled_from(["Enable", "Plan", "delete"]) | ANY_JSON},
        optional={"detail": DETAIL | ANY_JSON, "time": ANY_JSON, "id": ANY_JSON},
    )
)
@example({"detail-type": "Enable", "detail": {"vpc-id": HOSTILE}})
@example({"detail-type": HOSTILE, "detail": {"vpc-id": VPC.id}})
@example({"detail-type": "Enable", "detail": {"vpc-id": VPC.id, "services": [HOSTILE] * 5000}})
@example({"detail-type": "Enable", "detail": {"vpc-id": VPC.id, "services": ["\ud800"]}})
def test_any_request_event(event: dict[str, Any]) -> None:
    world = World()
    door = RequestDoor(world.vpcs, world.ledger, world.executions, world.clock, SETTINGS)
    text = through(lambda given: receive(given, door), event, world)
    assert "errorType" not in text, "what cannot be carried out is an execution that says why"
    for refused in world.executions.refused:
        assert not PYTHON.search(refused)
        assert len(refused) < 4000
        assert all(line.isprintable() for line in refused.split("\n"))
    written = world.vpcs.all[VPC.id].tags
    assert all(len(value) <= tags.LONGEST_VALUE and value.isascii() for value in written.values())


@few
@given(st.dictionaries(TEXT, TEXT, max_size=5))
@example({"dns1": "[" * 8000, "a/b": HOSTILE, HOSTILE: "{}", "..": ""})
@example({"dns1": json.dumps(acknowledgement("dns1", 1, "failed") | {"detail": HOSTILE})})
@example({"dns1": json.dumps(acknowledgement("dns1", 10**3900))})
def test_any_acknowledgements_of_dns_hosts(written: dict[str, str]) -> None:
    world = connected()
    for name, text in written.items():
        world.parameters.all[f"{ACKNOWLEDGEMENTS}/{name}"] = text

    def check(_: Mapping[str, Any]) -> Any:
        found = world.check()
        tell(VPC.id, found.status, world.desk)
        return found.as_json()

    through(check, {}, world)
    through(lambda _: world.withdraw().as_json(), {}, world)
    world.clock.waited += SETTINGS.drain_seconds
    through(lambda _: world.await_acknowledgements(), {}, world)
    world.disconnect()
    through(lambda _: remove_everything(VPC.id, world.aws).as_json(), {}, world)
    assert world.parameters.all == {}


@few
@given(TEXT | ANY_JSON.map(json.dumps), TEXT)
@example("[" * 100_000, "")
@example('{"checksum":1}', HOSTILE)
def test_any_text_in_place_of_what_was_published(document: str, listed: str) -> None:
    world = connected()
    world.parameters.all |= {DOCUMENT: document, LIST: listed}
    through(lambda _: world.check().as_json(), {}, world)
    through(lambda _: world.connect().as_json(), {}, world)
    assert world.check().converged, "it is written anew"
    world.parameters.all |= {DOCUMENT: document, LIST: listed}
    through(lambda _: world.withdraw().as_json(), {}, world)
    world.parameters.all |= {DOCUMENT: document, LIST: listed}
    through(lambda _: world.await_acknowledgements(), {}, world)
    world.disconnect()
    assert world.parameters.all == {}


@few
@given(TEXT | TEXT.map(lambda name: f"{ACKNOWLEDGEMENTS}/{name}"))
@example("/ecs-anywhere/private-connectivity/vpc-0badbadbad/acknowledgements/dns1")
def test_any_name_of_a_changed_parameter(name: str) -> None:
    world = World()
    vpc_id = vpc_acknowledged(name)
    if vpc_id is not None:
        assert knock_for_host(vpc_id, world.clock.now(), world.ledger, world.executions) is None
    assert world.ledger.all == {}
    assert world.executions.started == []


OTHER_FIELDS = (
    "RequestType",
    "StackId",
    "RequestId",
    "LogicalResourceId",
    "PhysicalResourceId",
)
CUSTOM_RESOURCE = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("RequestType", "StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId"),
        TEXT | ANY_JSON,
    )
    | {
        "ResponseURL": TEXT
        | ANY_JSON
        | st.sampled_from(
            [
                "https://answers.s3.us-east-2.amazonaws.com/x?y",
                "http://answers.s3.amazonaws.com/x",
                "file:///etc/passwd",
                "https://amazonaws.com.evil.example/x",
                "https://evil.example\\.amazonaws.com/x",
                "https://a@answers.s3.amazonaws.com/x",
                "https://answers.s3.amazonaws.com:444/x",
                "https://[::1/x",
                "http://127.0.0.1:4566/x",
            ]
        )
    },
)


@few
@given(CUSTOM_RESOURCE)
def test_any_request_about_the_stack_s_guard(event: dict[str, Any]) -> None:
    world, stacks, protection = World(), FakeStacks(), FakeProtection()

    def door(given: Mapping[str, Any]) -> Any:
        request = Request.from_json(given)
        policy = FakeHostPolicy()
        return guard_deletion(request, world.ledger, policy, protection, stacks).as_json()

    text = through(door, event, world)
    if stacks.answers:
        [(request, answer)] = stacks.answers
        assert urlsplit(request.url).hostname == "answers.s3.us-east-2.amazonaws.com"
        assert answer.reason.isascii()
    else:
        assert "UnreadableRequest" in text
        assert not protection.is_on, "nothing was done for it"
