"""The app, varied: what other environments for its functions would give, by figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench import lone
from bench.app import AS_DEPLOYED, Design

ONE_FUNCTION = replace(AS_DEPLOYED, name="one function for all steps", one_function=True)
QUICK_STARTS = replace(AS_DEPLOYED, name="cold starts of 0.35 s", cold_seconds=0.35)
READS_TOGETHER = replace(AS_DEPLOYED, name="reads 6 at a time (modelled)", reads_at_once=6)
ALL_OF_THEM = replace(
    AS_DEPLOYED,
    name="all three together",
    one_function=True,
    cold_seconds=0.35,
    reads_at_once=6,
)
DESIGNS: Sequence[Design] = (AS_DEPLOYED, ONE_FUNCTION, QUICK_STARTS, READS_TOGETHER, ALL_OF_THEM)


@dataclass(frozen=True)
class Tried:
    """A design's enable and disable."""

    name: str
    enable: Mapping[str, float]
    disable: Mapping[str, float]


def tried(design: Design, lives: int) -> Tried:
    found = [lap for seed in range(lives) for lap in lone.laps(seed, design)]
    return Tried(design.name, lone.summary(found, "enable"), lone.summary(found, "disable"))
