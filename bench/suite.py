"""The pieces of `make bench`, which do not need each other, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import designs, fleet, lone, rivals, starts, tables
from bench.jobs import Job
from bench.template import ROOT

FOLDER = ROOT / ".local" / "bench"
BATCH = 50
"""Lives that are measured in one piece."""
STORIES = ("enable", "knock", "disable")


@dataclass(frozen=True)
class Size:
    """The extent of a measurement."""

    lives: int
    """Draws of AWS's durations."""
    vpcs: tuple[int, ...]
    """Sizes of fleets."""
    designs: bool = False


def jobs(asked: Size) -> Iterator[Job]:
    """Yield the pieces of work, the longest first."""
    for size in sorted(asked.vpcs, reverse=True):
        yield Job(_fleet(size), fleet.laps, (size,))
    yield Job("starts", _starts)
    if asked.designs:
        for design in designs.DESIGNS:
            yield Job(design.name, _tried, (design.name, max(5, asked.lives // 20)))
    for first in range(0, asked.lives, BATCH):
        yield Job(_lives(first), _lone_laps, (first, min(first + BATCH, asked.lives)))
    for rival in rivals.RIVALS:
        yield Job(rival.name, _rival_laps, (rival, asked.lives))
    for size in asked.vpcs:
        yield Job(_crowd(size), rivals.crowd, (rivals.RIVALS[0], size))


def _fleet(size: int) -> str:
    return f"fleet of {size:,}"


def _crowd(size: int) -> str:
    return f"a script for each of {size:,}"


def _lives(first: int) -> str:
    return f"one VPC, lives from {first}"


def _starts() -> tuple[starts.Package, list[starts.Start], list[starts.Start]] | str:
    """Return the package and the starts; a sentence instead where nothing can be measured."""
    said = starts.left_out()
    if said:
        return said
    package = starts.prepare(FOLDER)
    ours = [starts.ours(FOLDER, handler) for handler in starts.HANDLERS]
    return package, ours, [starts.plain(FOLDER, handler) for handler in starts.COMPARED]


def _tried(name: str, lives: int) -> designs.Tried:
    """Return a design by its name, as functions do not go to another process."""
    [design] = [each for each in designs.DESIGNS if each.name == name]
    return designs.tried(design, lives)


def _lone_laps(first: int, end: int) -> list[lone.Lap]:
    return [lap for seed in range(first, end) for lap in lone.laps(seed)]


def _rival_laps(rival: rivals.Rival, lives: int) -> list[tuple[rivals.Lap, rivals.Lap]]:
    return [rivals.laps(rival, seed) for seed in range(lives)]


class Found:
    """The results of the jobs, sorted by their subjects."""

    def __init__(self, found: Mapping[str, Any], asked: Size) -> None:
        lives = [lap for first in range(0, asked.lives, BATCH) for lap in found[_lives(first)]]
        self.stories = {story: lone.summary(lives, story) for story in STORIES}
        self.rivals = {rival.name: found[rival.name] for rival in rivals.RIVALS}
        self.fleets: Sequence[fleet.Lap] = [
            lap for size in asked.vpcs for lap in found[_fleet(size)]
        ]
        self.crowds = [found[_crowd(size)] for size in asked.vpcs]
        self.starts = found["starts"]
        self.designs = [found[each.name] for each in designs.DESIGNS if asked.designs]

    def text(self) -> str:
        said = [
            tables.lone(self.stories),
            tables.rivals(self.rivals),
            tables.fleets(self.fleets),
            tables.crowds(self.crowds),
            self.starts if isinstance(self.starts, str) else tables.starts(*self.starts),
        ]
        return "\n\n".join([*said, *([tables.designs(self.designs)] if self.designs else [])])
