"""The tag says plan: a status, nothing made, and our own tags start nothing."""

from __future__ import annotations

import time

from connectivity.domain import tags

from e2e.lab import Lab

QUIET = 60
"""Seconds in which the status tags would have started something."""


def run(lab: Lab) -> None:
    if lab.tags().get(tags.WISH):
        lab.run_of(lambda: lab.tag(wish=""), "the tag taken off")
    ended = lab.run_of(lambda: lab.tag(wish="plan"), "plan")
    lab.record.fact("the plan", dict(ended.output))
    lab.record.expect(ended.status == "SUCCEEDED", f"the plan succeeded {ended.error}")
    lab.until(lambda: lab.tags().get(tags.STATUS) == "planned", "the status planned")
    lab.record.expect(not lab.endpoints() and not lab.resolvers(), "nothing was made")
    before = lab.executions()
    time.sleep(QUIET * lab.asked.patience if not lab.amazon.endpoint else 2)
    lab.record.expect(lab.executions() == before, "the status tags started no execution")
