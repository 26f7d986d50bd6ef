"""The record of a run: every error code and lag, as JSON that can be attached to an issue.

The account's id and the e-mail address are taken out of every text.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

LONGEST_MESSAGE = 300
NOBODY = "000000000000"


@dataclass
class Record:
    """The record, step by step. It is written after everything that is worth keeping."""

    path: Path
    about: dict[str, Any]
    secrets: dict[str, str] = field(default_factory=dict)
    """Text -> what stands for it in the file."""
    step: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    expectations: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    lags: list[dict[str, Any]] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    _took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def expect(self, is_so: bool, what: str) -> bool:
        """Keep whether an expectation was met, and return that. The run goes on."""
        with self._lock:
            self.expectations.append({"step": self.step, "what": what, "ok": is_so})
        print(f"    {'ok ' if is_so else 'NOT'} {what}", flush=True)
        return is_so

    def fact(self, what: str, value: Any) -> None:
        with self._lock:
            self.facts.append({"step": self.step, "what": what, "value": value})

    def lag(self, what: str, seconds: float) -> None:
        """Keep how long AWS took for something, in seconds."""
        with self._lock:
            self.lags.append({"step": self.step, "what": what, "seconds": round(seconds, 2)})
        print(f"    {seconds:7.1f} s  {what}", flush=True)

    def called(self, call: str, seconds: float, error: str = "", message: str = "") -> None:
        """Keep an answer of AWS's API to us: each error, and of the rest how long they took."""
        with self._lock:
            self._took[call].append(seconds)
            if error:
                short = message[:LONGEST_MESSAGE]
                said = {"code": error, "message": short, "seconds": round(seconds, 3)}
                self.errors.append({"step": self.step, "by": "this run", "call": call, **said})

    def of_the_app(self, call: str, error: str, at: str) -> None:
        """Keep an error that AWS answered to a function of the app."""
        with self._lock:
            self.errors.append(
                {"step": self.step, "by": "the app", "call": call, "code": error, "at": at}
            )

    def change(self, id_: str, what: str, value: Any, seconds: float, *, back: bool) -> None:
        """Keep what a describe call has shown otherwise than the one before, `seconds` after the
        watch began; `back` where it had shown that value before the last one."""
        with self._lock:
            self.seen.append(
                {
                    "step": self.step,
                    "id": id_,
                    "what": what,
                    "value": value,
                    "seconds": round(seconds, 1),
                    "shown before": back,
                }
            )

    @contextmanager
    def measured(self, what: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.lag(what, time.monotonic() - begun)

    def end_step(self, result: str, why: str, seconds: float) -> None:
        entry = {"step": self.step, "result": result, "why": why, "seconds": round(seconds, 1)}
        with self._lock:
            self.steps = [each for each in self.steps if each["step"] != self.step] + [entry]
        self.write()

    @property
    def is_good(self) -> bool:
        """Tell whether no step failed and everything was as it shall be."""
        ended = all(each["result"] != "failed" for each in self.steps)
        return ended and all(each["ok"] for each in self.expectations)

    def write(self) -> None:
        with self._lock:
            calls = {
                call: {"times": len(s), "median": round(median(s), 3), "longest": round(max(s), 3)}
                for call, s in sorted(self._took.items())
            }
            said = {
                **self.about,
                "steps": self.steps,
                "expectations": self.expectations,
                "errors": self.errors,
                "lags": self.lags,
                "seen": self.seen,
                "facts": self.facts,
                "calls": calls,
            }
            text = json.dumps(said, indent=1, default=str)
            for secret, instead in self.secrets.items():
                text = text.replace(secret, instead)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self.path.with_suffix(".part")
            part.write_text(text)
            part.replace(self.path)
