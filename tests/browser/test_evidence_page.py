"""The page of evidence in a real browser: what people see, hear, print and cannot be tricked by."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere.evidence import Evidence
from ecs_anywhere.evidence_page import page as written

from tests.browser import chromium
from tests.browser.chromium import Page
from tests.unit.command_line.test_evidence_page import EVIDENCE, FINDING, HOST

HOSTILE = "<script>document.title='owned'</script>\"'><img src=x onerror=alert(1)>\u202e&lt;b"
LONG = "a-very-long-name-that-has-no-place-to-break-" * 6
FULL = replace(
    EVIDENCE,
    output={
        **EVIDENCE.output,
        "findings": [
            {**FINDING, "name": f"service-{number}.us-east-2.amazonaws.com"} for number in range(60)
        ],
        "placement": ["us-east-2a: subnet-a, because it has room", "us-east-2b: subnet-b"],
        "made": {"resolver": "rslvr-in-1"},
        "warnings": ["no route"],
    },
    hosts=tuple({**HOST, "host": f"dns{number}"} for number in range(30)),
)
STRANGE = replace(
    EVIDENCE,
    asked_by=(HOSTILE, LONG),
    states=((HOSTILE, LONG),),
    output={
        "findings": [{**FINDING, "name": HOSTILE}, {**FINDING, "name": LONG, "ok": False}],
        "steps": [HOSTILE, LONG],
        "placement": [HOSTILE, LONG],
        "resolver": {"id": HOSTILE, "ips": [LONG]},
        "made": {HOSTILE: LONG},
    },
    publication={HOSTILE: LONG},
    hosts=({**HOST, "host": HOSTILE, "server": LONG, "detail": HOSTILE},),
)
CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: of text to what is behind it, at the least."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    page = chromium.start()
    yield page
    page.close()


@pytest.fixture
def show(browser: Page, tmp_path: Path) -> Any:
    """Open a page of evidence on a screen of that many pixels' width."""

    def opened(evidence: Evidence, width: int = 1200) -> Page:
        file = tmp_path / "page.html"
        file.write_text(written(evidence), "utf-8")
        browser.emulate()
        browser.open(file, width)
        return browser

    return opened


def test_hostile_names_are_text_and_nothing_runs_or_is_fetched(show: Any) -> None:
    page = show(STRANGE)
    assert "owned" not in page.value("document.title").replace(HOSTILE, "")
    assert page.value("document.scripts.length + document.images.length") == 0
    assert page.value("document.body.innerText").count("<script>document.title='owned'") >= 5
    assert "\u202e" not in page.value("document.body.innerText"), "nothing turns a line round"
    assert not page.happened("Page.javascriptDialogOpening")
    asked = [each["request"]["url"] for each in page.happened("Network.requestWillBeSent")]
    assert [url for url in asked if not url.endswith("/page.html")] == []
    assert not page.happened("Runtime.exceptionThrown")


def nodes(page: Page) -> list[tuple[str, str]]:
    """Return role and name of all that a screen reader is told of."""
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    return [
        (node["role"]["value"], str(node.get("name", {}).get("value", "")))
        for node in tree
        if not node.get("ignored")
    ]


def test_a_screen_reader_hears_headings_tables_and_the_drawing(show: Any) -> None:
    heard = nodes(show(FULL))
    roles = [role for role, _ in heard]
    headings = [name for role, name in heard if role == "heading"]
    assert headings[0] == "vpc-0a1b2c3d: Every name led privately"
    assert headings[1:4] == ["How it is connected", "Every question that was asked", "Warnings"]
    assert "Not checked by this" in headings
    assert ("columnheader", "asked of") in heard
    assert ("rowheader", "service-7.us-east-2.amazonaws.com") in heard
    assert {name for role, name in heard if role == "table"} >= {"Questions from inside the VPC"}
    (drawn,) = [name for role, name in heard if role in {"image", "img"}]
    assert drawn == "How on-premises reaches the VPC"
    assert "main" in roles


def test_whatever_can_be_scrolled_or_opened_is_reached_by_the_tab_key_and_seen(show: Any) -> None:
    page = show(FULL)
    reachable = page.value("document.querySelectorAll('[tabindex=\"0\"], summary').length")
    seen = []
    for _ in range(reachable):
        page.press("Tab")
        seen.append(
            page.value(
                "[document.activeElement.getAttribute('aria-label') "
                "|| document.activeElement.innerText, "
                "getComputedStyle(document.activeElement).outlineStyle]"
            )
        )
    assert len({name for name, _ in seen}) == reachable > 5
    assert {style for _, style in seen} == {"solid"}
    assert seen[0][0] == "The run", "in the order of reading"


COLOURS = """
[...document.querySelectorAll('h1, td, th, caption, li, .good, .bad')].map(e => [
  getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor])
"""


def light(colour: str) -> float:
    """Return the relative luminance of a colour as a browser writes it (WCAG 2.2)."""
    parts = [float(each) / 255 for each in colour.split("(")[1].rstrip(")").split(",")[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(
    ("media", "scheme"), [("screen", "light"), ("screen", "dark"), ("print", "dark")]
)
def test_all_text_can_be_read_by_day_by_night_and_on_paper(
    show: Any, media: str, scheme: str
) -> None:
    page = show(STRANGE)
    page.emulate(media, scheme)
    found = {tuple(each) for each in page.value(COLOURS)}
    assert len(found) >= 2, "right and wrong have colours of their own"
    assert not [each for each in found if contrast(*each) < CONTRAST]
    paper = light(next(iter(found))[1])
    assert paper < 0.1 if (media, scheme) == ("screen", "dark") else paper == 1


@pytest.mark.parametrize("evidence", [FULL, STRANGE], ids=["full", "strange"])
def test_a_narrow_screen_scrolls_tables_and_never_the_page(show: Any, evidence: Evidence) -> None:
    page = show(evidence, width=320)
    assert page.value("document.documentElement.scrollWidth") <= 320


INSIDE = """
(() => { const svg = document.querySelector('svg').getBoundingClientRect();
  return [...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect())
    .filter(b => b.left < svg.left || b.right > svg.right || b.bottom > svg.bottom).length })()
"""


@pytest.mark.parametrize("evidence", [EVIDENCE, FULL, STRANGE], ids=["plain", "full", "strange"])
def test_no_word_leaves_the_drawing(show: Any, evidence: Evidence) -> None:
    assert show(evidence).value(INSIDE) == 0


def test_it_is_printed_with_the_head_of_a_table_on_every_page(show: Any) -> None:
    page = show(FULL)
    answer: Mapping[str, Any] = page.call("Page.printToPDF", printBackground=False)
    pdf = base64.b64decode(answer["data"])
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") >= 3
    page.emulate("print")
    heads = page.value("getComputedStyle(document.querySelector('thead')).display")
    assert heads == "table-header-group", "browsers repeat it"
    assert page.value("getComputedStyle(document.querySelector('.wide')).overflowX") == "visible"
