"""Print the table, write it into docs/performance.md, and all of it as JSON.

python -m bench [--lives 40] [--vpcs 1 10 100] [--designs] [--json .local/bench.json]
"""

from __future__ import annotations

import argparse
import json
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import designs, fleet, lone, rivals
from bench.template import ROOT

BEGIN, END = "<!-- make bench writes from here -->", "<!-- to here -->"
PAGE = ROOT / "docs" / "performance.md"


def main() -> None:
    asked = _asked()
    found = [lap for seed in range(asked.lives) for lap in lone.laps(seed)]
    stories = {story: lone.summary(found, story) for story in ("enable", "knock", "disable")}
    others = {rival.name: _rival(rival, asked.lives) for rival in rivals.RIVALS}
    fleets = [lap for size in asked.vpcs for lap in fleet.laps(size)]
    chosen = designs.DESIGNS if asked.designs else ()
    varied = [designs.tried(design, max(5, asked.lives // 2)) for design in chosen]
    text = "\n\n".join([_lone_table(stories), _rivals_table(others), _fleet_table(fleets)])
    text += f"\n\n{_designs_table(varied)}" if varied else ""
    print(text)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    said: dict[str, Any] = {
        "lone": stories,
        "rivals": others,
        "fleets": [asdict(lap) for lap in fleets],
        "designs": [asdict(each) for each in varied],
    }
    asked.json.write_text(json.dumps(said, indent=2))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--lives", type=int, default=40)
    parser.add_argument("--vpcs", type=int, nargs="*", default=[1, 10, 100])
    parser.add_argument("--designs", action="store_true")
    parser.add_argument("--json", type=Path, default=ROOT / ".local" / "bench.json")
    return parser.parse_args()


def _rival(rival: rivals.Rival, lives: int) -> dict[str, float]:
    ratios, calls = zip(*(rivals.ratio(rival, seed) for seed in range(lives)), strict=True)
    return {
        "p50": statistics.median(ratios),
        "p95": lone.percentile(ratios, 95),
        "calls": statistics.median(calls),
    }


def _table(head: str, rows: list[str]) -> str:
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *rows])


def _lone_table(stories: dict[str, dict[str, float]]) -> str:
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


def _ratios(told: dict[str, float] | Any, name: str) -> str:
    p50, p95 = told[f"{name}_p50"], told[f"{name}_p95"]
    return f"{p50:.2f} / {p95:.2f}" if p50 else "-"


def _rivals_table(others: dict[str, dict[str, float]]) -> str:
    rows = [
        f"| {name} | {told['p50']:.2f} / {told['p95']:.2f} | {told['calls']:.0f} |"
        for name, told in others.items()
    ]
    return _table("| rivals' shapes, enable | time / rivals' floor, p50 / p95 | calls |", rows)


def _fleet_table(fleets: list[fleet.Lap]) -> str:
    head = (
        "| VPCs | wish | reached | time / floor | failed executions | mails | calls a VPC | "
        "refused | transitions a VPC |"
    )
    rows = [
        f"| {lap.vpcs} | {lap.wish} | {lap.reached} | {_factor(lap)} | {lap.failed} | "
        f"{lap.mails} | {lap.calls / lap.vpcs:.0f} | {lap.refused_share:.1%} | "
        f"{lap.transitions / lap.vpcs:.0f} |"
        for lap in fleets
    ]
    return _table(head, rows)


def _factor(lap: fleet.Lap) -> str:
    return f"{lap.factor:.2f}" if lap.floor else "-"


def _designs_table(varied: list[designs.Tried]) -> str:
    head = "| design | enable, p50 / p95 | transitions | USD | disable, p50 / p95 | transitions |"
    rows = [
        f"| {each.name} | {_ratios(each.enable, 'whole')} | {each.enable['transitions']:.0f} | "
        f"{each.enable['usd']:.5f} | {_ratios(each.disable, 'whole')} | "
        f"{each.disable['transitions']:.0f} |"
        for each in varied
    ]
    return _table(head, rows)


if __name__ == "__main__":
    main()
