"""The tag is taken off: on-premises is told first, private DNS goes off, all of it is removed."""

from __future__ import annotations

import time

from connectivity.domain import tags

from e2e.lab import MINUTE, Lab, StepFailedError
from e2e.steps.connecting import connect
from e2e.watching import watched


def run(lab: Lab) -> None:
    connect(lab)
    disconnect(lab)
    there = lab.client("ec2").describe_network_interfaces(Filters=lab.in_vpc())
    left = [f"{i['NetworkInterfaceId']} {i.get('Description')}" for i in there["NetworkInterfaces"]]
    lab.record.fact("network interfaces that linger", left)
    groups = lab.client("ec2").describe_security_groups(Filters=lab.in_vpc())["SecurityGroups"]
    names = [group["GroupName"] for group in groups if group["GroupName"] != "default"]
    others = [name for name in names if "-probe" not in name]
    lab.record.expect(not others, f"no security group but the probe's is left ({others})")
    lab.record.expect(not lab.published(), "nothing is published")


def disconnect(lab: Lab) -> None:
    """Take the tag off, watched, and wait until everything is gone."""
    begun = time.monotonic()
    with watched(lab):
        lab.tag(wish="")
        lab.until(lambda: lab.published().get("state") != "active", "the withdrawal", 10 * MINUTE)
        lab.record.lag("from the tag to the withdrawal", time.monotonic() - begun)
        lab.until(
            lambda: lab.tags().get(tags.STATUS) in {"removed", "failed"}, "removed", 30 * MINUTE
        )
    if lab.tags()[tags.STATUS] == "failed":
        raise StepFailedError(f"the removal: {lab.tags().get(tags.STATUS_DETAIL)}")
    lab.record.lag("from the tag to removed", time.monotonic() - begun)
    lab.record.expect(
        not lab.endpoints() and not lab.resolvers(), "no endpoint or resolver is left"
    )
