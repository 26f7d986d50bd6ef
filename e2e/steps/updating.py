"""The stack is updated while a VPC is connected: parameters come, go, and one update fails."""

from __future__ import annotations

import time

from connectivity.domain import tags

from e2e import stack
from e2e.lab import Lab, StepFailedError
from e2e.steps.connecting import connect

OTHER = "10.64.0.0/15"
BROKEN = """\
  Broken:
    Type: AWS::SSM::Parameter
    Properties: { Type: String, Name: /aws/ecs-anywhere-e2e, Value: refused }
"""


def run(lab: Lab) -> None:
    connect(lab)
    before = {each["VpcEndpointId"] for each in lab.endpoints()}
    with lab.record.measured("an update: other networks, no DNS hosts' tag"):
        stack.deploy(lab, OnPremCidrs=OTHER, DnsHostTag="")
    lab.record.expect(stack.status(lab) == "UPDATE_COMPLETE", "the update is complete")
    _fail(lab)
    with lab.record.measured("an update: back"):
        stack.deploy(lab)
    lab.record.expect(stack.status(lab) == "UPDATE_COMPLETE", "and back again")
    lab.record.expect(
        {each["VpcEndpointId"] for each in lab.endpoints()} == before, "nothing was made anew"
    )
    lab.record.expect(lab.tags().get(tags.STATUS) == "connected", "the VPC is connected all along")


def _fail(lab: Lab) -> None:
    """Update the stack with other networks, and with a parameter whose name AWS keeps for itself,
    so that the update fails."""
    built = lab.asked.template
    broken = built.with_name("broken.yaml")
    broken.write_text(built.read_text().replace("\nResources:\n", f"\nResources:\n{BROKEN}\n", 1))
    begun = time.monotonic()
    try:
        stack.deploy(lab, broken, OnPremCidrs=OTHER)
        lab.record.expect(False, "an update with a resource that AWS refuses fails")
    except StepFailedError:
        lab.record.lag("an update that fails, until it is rolled back", time.monotonic() - begun)
        lab.record.fact("the failing update", stack.failures(lab)[:10])
        now = stack.status(lab)
        lab.record.expect(now == "UPDATE_ROLLBACK_COMPLETE", f"it was rolled back ({now})")
    finally:
        broken.unlink()
