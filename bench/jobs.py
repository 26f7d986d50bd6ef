"""Run independent pieces of work on all processors, and say what is done as it is done."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """One piece: a function of a module, and its arguments, which go to another process."""

    name: str
    work: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


def done(jobs: Sequence[Job], tell: Callable[[str], None]) -> Mapping[str, Any]:
    """Return what each job returned, by its name. Raises what the first that fails raises.

    `tell` hears of each that is done. Put the longest first. A process is begun anew, not forked:
    threads do not survive a fork.
    """
    began = time.monotonic()
    found: dict[str, Any] = {}
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        names = {pool.submit(job.work, *job.arguments): job.name for job in jobs}
        for number, ended in enumerate(as_completed(names), start=1):
            found[names[ended]] = ended.result()
            seconds = time.monotonic() - began
            tell(f"{number:3} of {len(jobs)}  {seconds:4.0f} s  {names[ended]}")
    return found
