"""Measure, print the tables, write them into docs/performance.md, and all of it as JSON.

python -m bench [--lives 400] [--vpcs 1 10 100 1000] [--designs] [--json .local/bench.json]

What is in virtual time repeats exactly; the starts of functions do so with the same Python.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, is_dataclass
from pathlib import Path

from bench import picture, suite
from bench.jobs import done
from bench.template import ROOT

BEGIN, END = "<!-- make bench writes from here -->", "<!-- to here -->"
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "growth.svg"
JSON = ROOT / ".local" / "bench.json"


def main() -> None:
    asked = _asked()
    size = suite.Size(asked.lives, tuple(asked.vpcs), asked.designs)
    found = suite.Found(done([*suite.jobs(size)], tell=_tell), size)
    text = found.text()
    print(f"\n{text}")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}")
    PICTURE.write_text(picture.drawn(found.fleets))
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(vars(found), indent=2, default=_plain))
    print(f"\nwritten: {PAGE}, {PICTURE}, {asked.json}")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--lives", type=int, default=400)
    parser.add_argument("--vpcs", type=int, nargs="*", default=[1, 10, 100, 1000])
    parser.add_argument("--designs", action="store_true", help="the app, varied")
    parser.add_argument("--json", type=Path, default=JSON)
    return parser.parse_args()


def _tell(said: str) -> None:
    print(said, flush=True)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(type(value))


if __name__ == "__main__":
    main()
