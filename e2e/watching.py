"""A watch over what describe calls show, once a second: when it changes, and whether it ever shows
again what it had shown before, which is how late the call is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from e2e.amazon import UNANSWERED
from e2e.lab import Lab


@contextmanager
def watched(lab: Lab) -> Iterator[None]:
    """Watch the VPC's endpoints and inbound resolver meanwhile."""
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(lab, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


def _watch(lab: Lab, stop: threading.Event) -> None:
    begun, history = time.monotonic(), dict[tuple[str, str], list[Any]]()
    while not stop.wait(min(1.0, lab.pause)):
        try:
            shown = _look(lab)
        except UNANSWERED:
            continue  # it is in the record
        gone = {key for key in history if key not in shown}
        for (id_, what), value in [*shown.items(), *((key, "gone") for key in gone)]:
            before = history.setdefault((id_, what), [])
            if before and before[-1] == value:
                continue
            seconds = time.monotonic() - begun
            lab.record.change(id_, what, value, seconds, back=value in before)
            before.append(value)


def _look(lab: Lab) -> dict[tuple[str, str], Any]:
    found = lab.client("ec2").describe_vpc_endpoints(Filters=lab.in_vpc())["VpcEndpoints"]
    shown: dict[tuple[str, str], Any] = {}
    for each in found:
        id_ = f"{each['VpcEndpointId']} {each['ServiceName']}"
        shown[id_, "state"] = each["State"]
        shown[id_, "private DNS"] = each.get("PrivateDnsEnabled")
        shown[id_, "subnets"] = len(each.get("SubnetIds", []))
    for each in lab.resolvers():
        shown[each["Id"], "status"] = each["Status"]
    return shown
