"""Tables of the measured values, for docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.designs import Tried
from bench.fleet import Lap
from bench.lone import percentile
from bench.rivals import Crowd
from bench.rivals import Lap as RivalLap
from bench.starts import Package, Start

Summary = Mapping[str, float]


def lone(stories: Mapping[str, Summary]) -> str:
    head = (
        "| one VPC | time / floor, p50 / p95 | the same over the rivals' floor | transitions | "
        "reads + changes | own state | refused | cold starts | USD |"
    )
    rows = [
        f"| {name} | {_ratios(s, 'whole')} | {_ratios(s, 'simple')} | {s['transitions']:.0f} | "
        f"{s['reads']:.0f} + {s['changes']:.0f} | {s['own']:.0f} | {s['refused']:.0f} | "
        f"{s['cold']:.0f} | {s['usd']:.5f} |"
        for name, s in stories.items()
    ]
    return _table(head, rows)


def rivals(found: Mapping[str, Sequence[tuple[RivalLap, RivalLap]]]) -> str:
    head = (
        "| rivals' shapes | enable: time / rivals' floor, p50 / p95 | calls | "
        "disable: time / rivals' floor, p50 / p95 | calls |"
    )
    rows = []
    for name, laps in found.items():
        enables, disables = zip(*laps, strict=True)
        rows.append(f"| {name} | {_rival(enables)} | {_rival(disables)} |")
    return _table(head, rows)


def _rival(laps: Sequence[RivalLap]) -> str:
    factors = [lap.factor for lap in laps]
    calls = statistics.median(lap.calls for lap in laps)
    return f"{statistics.median(factors):.2f} / {percentile(factors, 95):.2f} | {calls:.0f}"


def fleets(laps: Iterable[Lap]) -> str:
    head = (
        "| VPCs | wish | reached | time / floor | failed executions | mails | calls a VPC | "
        "own state a VPC | refused | transitions a VPC |"
    )
    rows = [
        f"| {lap.vpcs:,} | {lap.wish} | {lap.reached:,}{_given_up(lap)} | {_factor(lap)} | "
        f"{lap.failed} | {lap.mails} | {lap.calls / lap.vpcs:.0f} | {lap.own / lap.vpcs:.0f} | "
        f"{lap.refused_share:.1%} | {lap.transitions / lap.vpcs:.0f} |"
        for lap in laps
    ]
    return _table(head, rows)


def _given_up(lap: Lap) -> str:
    return f", given up after {lap.took / 3600:.1f} h" if lap.given_up else ""


def _factor(lap: Lap) -> str:
    return f"{lap.factor:.2f}" if lap.floor and not lap.given_up else "-"


def crowds(found: Iterable[Crowd]) -> str:
    head = "| one script for each VPC, all begun at once | reached | calls a VPC | refused |"
    rows = [
        f"| {each.vpcs:,} | {each.reached:,} | {each.calls / each.vpcs:.0f} | "
        f"{each.refused / each.calls:.1%} |"
        for each in found
    ]
    return _table(head, rows)


def starts(package: Package, ours: Sequence[Start], plain: Sequence[Start]) -> str:
    head = "| a start | ours | a plain build | ours / plain |"
    compared = {each.handler: each for each in plain}
    rows = [
        f"| {mine.handler} | {_start(mine)} | {_compared(mine, compared.get(mine.handler))} |"
        for mine in ours
    ]
    rows.append(f"| of it Python itself | {_millions(package.python_millions)} | | |")
    rows.append(f"| a package | {package.zipped:.2f} MB zipped, {package.unpacked:.1f} MB | | |")
    return _table(head, rows)


def _start(start: Start) -> str:
    return f"{_millions(start.millions)}, {start.megabytes:.0f} MB"


def _millions(millions: float) -> str:
    return f"{millions:,.0f} million instructions" if millions else "not counted"


def _compared(mine: Start, theirs: Start | None) -> str:
    if theirs is None:
        return "- | -"
    share = f"{mine.millions / theirs.millions:.2f}" if theirs.millions else "-"
    return f"{_start(theirs)} | {share}"


def designs(varied: Iterable[Tried]) -> str:
    head = "| design | enable, p50 / p95 | transitions | USD | disable, p50 / p95 | transitions |"
    rows = [
        f"| {each.name} | {_ratios(each.enable, 'whole')} | {each.enable['transitions']:.0f} | "
        f"{each.enable['usd']:.5f} | {_ratios(each.disable, 'whole')} | "
        f"{each.disable['transitions']:.0f} |"
        for each in varied
    ]
    return _table(head, rows)


def _ratios(told: Mapping[str, Any], name: str) -> str:
    p50, p95 = told[f"{name}_p50"], told[f"{name}_p95"]
    return f"{p50:.2f} / {p95:.2f}" if p50 else "-"


def _table(head: str, rows: Iterable[str]) -> str:
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *rows])
