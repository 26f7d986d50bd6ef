"""The picture of growth says what came true, and where less than all did."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from bench import picture
from bench.fleet import Lap

CONNECTED = Lap(
    wish="connected", vpcs=1, reached=1, took=100, floor=90, executions=1, failed=0, mails=0,
    calls=90, own=40, refused={}, transitions=20, sweeps=0,
)  # fmt: skip
IDLE = replace(CONNECTED, wish="idle", floor=0, took=0, calls=40, sweeps=4)


def texts(*laps: Lap) -> list[str]:
    root = ElementTree.fromstring(picture.drawn(laps))
    return [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_fleet_that_came_true_needs_no_word() -> None:
    assert not [said for said in texts(CONNECTED, IDLE) if " of " in said]


def test_a_fleet_that_was_given_up_is_said_to_be() -> None:
    many = replace(CONNECTED, vpcs=1000, reached=769, took=9e4, given_up=True)
    assert "given up: 769 of 1,000" in texts(CONNECTED, IDLE, many)


def test_a_fleet_of_which_some_are_missing_says_how_many_there_are() -> None:
    assert "97 of 100" in texts(CONNECTED, replace(CONNECTED, vpcs=100, reached=97))
