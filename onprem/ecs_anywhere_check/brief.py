"""One line for AWS Systems Manager, which keeps 2,500 characters of what a command printed.

Source: API reference of AWS Systems Manager, CommandPlugin (`Output`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ecs_anywhere_check.findings import NOTE, Expected, Finding
from ecs_anywhere_check.host import Host
from ecs_anywhere_check.showing import WRONG, overall

SCHEMA = 1
MOST = 2400
"""Characters of the line; the rest of the 2,500 is for what a shell may say besides."""
LONGEST = 160
"""Characters of one thing that was said."""
FIRST = 4
"""Things that are wrong which are told before the names; the rest comes after them."""


def brief(found: Sequence[Finding], expected: Expected, host: Host) -> str:
    """Return the findings as one line of JSON in ASCII, `MOST` characters at most: what is wrong,
    and what the C library answered for each name. `all` tells whether these are all names that a
    VPC publishes, `left` counts what had no room."""
    names = expected.names
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "verdict": overall(found),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(host.now())),
        "all": expected.are_all,
        "names": {},
        "wrong": [],
        "left": 0,
    }
    wrong = [("", _wrong(each)) for each in found if each.verdict in WRONG]
    answers = [
        (each.subject, _cut([each.verdict, each.said]))
        for each in found
        if each.vantage == "libc" and each.verdict != NOTE and each.subject in names
    ]
    for name, said in [*wrong[:FIRST], *answers, *wrong[FIRST:]]:
        fuller = _with(told, name, said)
        told = fuller if len(_line(fuller)) <= MOST - 6 else {**told, "left": told["left"] + 1}
    return _line(told)


def _wrong(each: Finding) -> list[str]:
    return _cut([each.verdict, each.subject, each.vantage, each.said, each.cure])


def _cut(words: Sequence[str]) -> list[str]:
    return [word[:LONGEST] for word in words]


def _with(told: Mapping[str, Any], name: str, said: Sequence[str]) -> dict[str, Any]:
    if name:
        return {**told, "names": {**told["names"], name: said}}
    return {**told, "wrong": [*told["wrong"], said]}


def _line(told: Mapping[str, Any]) -> str:
    return json.dumps(told, separators=(",", ":"))
