"""Options at work: services come and go, and twenty networks become twenty others."""

from __future__ import annotations

from e2e.lab import ONPREM, Lab
from e2e.steps.connecting import connect

NETWORKS = [f"10.{number}.0.0/16" for number in range(1, 21)]
OTHERS = [f"10.{number}.0.0/17" for number in range(1, 21)]
"""Networks, as many as a tag's 256 characters hold. Together more than a group's sixty rules: each
is admitted over UDP and TCP at the resolver."""


def run(lab: Lab) -> None:
    connect(lab)
    _change(lab, "ecr and logs come", services="ecr+logs")
    there = {each["ServiceName"].rpartition(".")[2] for each in lab.endpoints()}
    lab.record.expect({"s3", "logs", "dkr", "api"} <= there, f"there are endpoints for {there}")
    _change(lab, "they go", services="")
    there = {each["ServiceName"].rpartition(".")[2] for each in lab.endpoints()}
    lab.record.expect(not {"s3", "logs", "dkr", "api"} & there, f"left are {there}")
    _change(lab, "twenty networks", onprem_cidrs=" ".join(NETWORKS))
    _change(lab, "twenty others", onprem_cidrs=" ".join(OTHERS))
    _change(lab, "one again", onprem_cidrs=ONPREM)


def _change(lab: Lab, what: str, **tags: str) -> None:
    ended = lab.run_of(lambda: lab.tag(**tags), what)
    lab.record.expect(ended.status == "SUCCEEDED", f"{what} {ended.error}")
