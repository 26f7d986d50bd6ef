"""The page of evidence: everything that is known stands on it, and nothing on it acts."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from ecs_anywhere.evidence import Evidence
from ecs_anywhere.evidence_page import page
from ecs_anywhere.host_checks import HostCheck

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
FINDING: dict[str, Any] = {
    "name": "ecs.us-east-2.amazonaws.com",
    "resolver": "10.0.0.9",
    "transport": "udp",
    "expected": ["10.0.0.10"],
    "got": ["10.0.0.10"],
    "error": "",
    "ok": True,
}
HOST = {
    "host": "dns1",
    "server": "bind",
    "generation": 1,
    "state": "active",
    "result": "applied",
    "detail": "",
}
EVIDENCE = Evidence(
    vpc="vpc-0a1b2c3d",
    account="123456789012",
    region="us-east-2",
    stack="private-connectivity",
    execution="arn:aws:states:us-east-2:123456789012:execution:machine:vpc-0a1b2c3d-1-tag",
    because="tag",
    asked_by=("2026-11-29T12:00:00Z CreateTags arn:aws:iam::123456789012:user/ann",),
    began="2026-11-29T12:00:01Z",
    ended="2026-11-29T12:06:00Z",
    states=(("2026-11-29T12:00:01Z", "Read the VPC"),),
    output={
        "findings": [FINDING],
        "steps": ["make interface endpoint: ecs has none"],
        "resolver": {"id": "rslvr-in-1", "ips": ["10.0.0.9", "10.0.1.9"]},
        "endpoints": [{}],
    },
    status="connected",
    verified_at="2026-11-29T12:05:59Z",
    foreign="",
    publication={"generation": 1, "checksum": "sha256:0", "names": {}},
    hosts=(HOST,),
)


class Read(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_everything_that_is_known_stands_on_the_page() -> None:
    text = Read(page(EVIDENCE)).text
    for word in (
        *("vpc-0a1b2c3d: Every name led privately", "user/ann", "ecs has none", "10.0.1.9"),
        *("dns1 (bind)", "Read the VPC", "sha256:0", "Not checked by this", "right"),
    ):
        assert word in text


def test_it_runs_nothing_and_asks_nobody() -> None:
    read = Read(page(EVIDENCE))
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(read.tags)
    assert not {"src", "href", "action", "style"} & read.attributes.keys()
    assert "default-src 'none'; style-src 'unsafe-inline'" in read.attributes["content"]


def test_words_of_others_are_text_wherever_they_stand() -> None:
    hostile = replace(
        EVIDENCE,
        asked_by=(HOSTILE,),
        states=((HOSTILE, HOSTILE),),
        output={"findings": [{**FINDING, "name": HOSTILE}], "steps": [HOSTILE]},
        publication={HOSTILE: HOSTILE},
        hosts=({**HOST, "host": HOSTILE, "detail": HOSTILE},),
    )
    read, plain = Read(page(hostile)), Read(page(EVIDENCE))
    assert set(read.tags) == set(plain.tags)
    assert read.attributes.keys() == plain.attributes.keys()
    assert read.text.count("<script>") >= 7


def test_a_wrong_answer_is_said_first() -> None:
    wrong = {**FINDING, "got": ["203.0.113.1"], "ok": False}
    read = Read(page(replace(EVIDENCE, output={"findings": [wrong]})))
    assert "Not every name led privately" in read.text
    assert "bad" in read.attributes["class"]


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ({"status": "failed"}, "The VPC is failed now; what follows is of an earlier verification"),
        ({"status": ""}, "The VPC is not asked for now"),
        ({"foreign": "/path/forwarding"}, "Somebody else wrote /path/forwarding"),
    ],
)
def test_what_became_of_it_since_is_said_first(since: dict[str, str], said: str) -> None:
    later = replace(EVIDENCE, **since)  # type: ignore[arg-type]
    assert not later.is_private
    assert said in Read(page(later)).text


def test_a_record_of_a_teardown_says_what_came_of_that_run() -> None:
    ended = replace(
        EVIDENCE, status="removed", is_of_its_end=True, output={"removed": {"r": "i-1"}}
    )
    text = Read(page(ended)).text
    assert "The run ended, and the VPC was removed" in text
    assert "i-1" in text


def test_only_the_first_of_many_questions_are_said_to_be_shown() -> None:
    many = replace(EVIDENCE, output={"findings": [FINDING], "checks": 412})
    assert "The first 1 of 412 questions that were asked" in Read(page(many)).text


def test_warnings_and_repairs_are_shown() -> None:
    output = {**EVIDENCE.output, "warnings": ["no route"], "repairs": ["a rule was put in again"]}
    text = Read(page(replace(EVIDENCE, output=output))).text
    assert "no route" in text
    assert "repaired: a rule was put in again" in text


def test_it_can_be_read_by_keyboard_and_screen_reader() -> None:
    read = Read(page(EVIDENCE))
    assert read.attributes["lang"] == ["en"]
    assert read.tags.count("h1") == 1
    assert "col" in read.attributes["scope"]
    assert read.attributes["aria-label"]
    assert set(read.attributes["tabindex"]) == {"0"}, "what scrolls can be reached"


@pytest.mark.parametrize("field", ["vpc", "began", "asked_by", "output"])
def test_the_digest_changes_with_every_field(field: str) -> None:
    other = {"output": {"findings": []}, "asked_by": ("somebody",)}.get(field, "other")
    changed = replace(EVIDENCE, **{field: other})  # type: ignore[arg-type]
    assert changed.as_json()["digest"] != EVIDENCE.as_json()["digest"]


def test_a_container_host_stands_on_the_page_and_a_public_one_spoils_the_verdict() -> None:
    """Its words are a stranger's."""
    host = HostCheck("mi-0a1b2c3d", HOSTILE, "private", 1_800_000_000.0)
    private = replace(EVIDENCE, container_hosts=(host.as_json(),))
    assert private.is_private
    assert "mi-0a1b2c3d" in page(private)
    assert "2027-01-15T08:00:00Z" in page(private)
    public = replace(host, verdict="public", said=(HOSTILE,)).as_json()
    spoilt = replace(EVIDENCE, container_hosts=(public,))
    assert not spoilt.is_private
    assert "<script>" not in page(spoilt)


def test_the_page_calls_no_host_right_for_names_that_it_was_not_asked() -> None:
    said = ("1 of 2 published names were asked: not asked logs.us-east-2.amazonaws.com",)
    host = HostCheck("mi-0a1b2c3d", "node1", "private", 1.0, said)
    asked = replace(host, published=2, not_asked=("logs.us-east-2.amazonaws.com",))
    shown = page(replace(EVIDENCE, container_hosts=(asked.as_json(),)))
    assert "<td>right for the names that were asked</td>" in shown
    assert said[0] in shown
    assert "every name is private" not in shown
