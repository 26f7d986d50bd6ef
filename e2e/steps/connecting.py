"""Connect with six services: how long it takes, how late describe calls are, what is published."""

from __future__ import annotations

from connectivity.domain import catalogue, tags

from e2e.lab import MINUTE, ONPREM, Lab, StepFailedError
from e2e.watching import watched

LONGEST = 10 * MINUTE
"""Seconds in which the VPC shall be connected."""


def run(lab: Lab) -> None:
    connect(lab)
    offered = {each["ServiceName"].rpartition(".")[2] for each in lab.endpoints()}
    for name in catalogue.REQUIRED:
        lab.record.expect(name in offered, f"there is an interface endpoint for {name}")
    document = lab.published()
    lab.record.expect(document.get("state") == "active", "the publication is active")
    lab.record.fact("the publication", document)
    lab.record.fact("the document's bytes", len(str(document)))


def connect(lab: Lab) -> None:
    """Connect the VPC, watched, without options, when nothing is at work any more that an earlier
    part of this run began. Raises StepFailedError with what the app says where it fails."""
    lab.until(lambda: not lab.at_work(), "the end of what is at work", 40 * MINUTE)
    if lab.tags().get(tags.STATUS) == "connected" and lab.published():
        _take_options_off(lab)
        return
    _let_it_be_known(lab)
    with watched(lab):
        ended = lab.run_of(lambda: _ask(lab, "enabled"), "connect")
    if ended.status != "SUCCEEDED":
        raise StepFailedError(f"{ended.arn}: {ended.status} {ended.error}")
    lab.until(lambda: lab.tags().get(tags.STATUS) == "connected", "the status connected")
    took = [each["seconds"] for each in lab.record.lags if each["what"] == "connect"]
    lab.record.expect(took[-1] < LONGEST, f"connected within {LONGEST / MINUTE:.0f} minutes")


def _take_options_off(lab: Lab) -> None:
    """Take off what a part of this run, which died meanwhile, has set: every step begins alike, and
    the same value once more would be no event."""
    there = lab.tags()
    if there.get(tags.SERVICES) or there.get(tags.ONPREM_CIDRS, ONPREM) != ONPREM:
        ended = lab.run_of(lambda: lab.tag(services="", onprem_cidrs=ONPREM), "options go")
        lab.record.expect(ended.status == "SUCCEEDED", f"options go {ended.error}")


def _let_it_be_known(lab: Lab) -> None:
    """Plan a VPC of which nothing was ever said, where the step `plan` was left out. The run has no
    VPN, so its VPC has no route, for which the app waits 90 seconds in a VPC that is new to it.
    How long connecting takes is measured without them."""
    if not lab.tags().get(tags.STATUS):
        ended = lab.run_of(lambda: _ask(lab, "plan"), "a plan first")
        lab.record.expect(ended.status == "SUCCEEDED", f"the plan succeeded {ended.error}")


def _ask(lab: Lab, wish: str) -> None:
    """Set the tag, in other letters where it is set already: the same value again is no event."""
    same = lab.tags().get(tags.WISH) == wish
    lab.tag(wish=wish.capitalize() if same else wish)
