"""Many VPCs at once: what they take, in AWS's time and calls, and who waits for whom."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from local.unkind.faults import Fault
from tests.story.app import STATUS, WISH, App

LOOK_SECONDS = 0.5
"""Real ones."""
PATIENCE = 4
"""Multiple of the time that a lap should take, after which it is given up."""
LAST_CALLS = 20
"""Calls at the end of the table, by how often they were throttled."""


@dataclass(frozen=True)
class Lap:
    """One lap of the whole fleet: from a wish to its fulfilment."""

    wish: str
    vpcs: int
    took: float
    """AWS seconds until the last one had ended."""
    floor: float
    """AWS seconds that AWS's token bucket and one VPC's own life take at least."""
    ends: Mapping[str, str]
    """VPC -> how its execution ended; several, if several were started."""
    finished: Sequence[str]
    """VPCs, the first to end first."""
    in_turn: Sequence[str]
    """VPCs in the order of their first turns. All executions begin in the same second, so that they
    began says nothing."""
    turns: Sequence[float]
    """The times of the turns to change private DNS, in seconds since the epoch, the first first."""
    calls: Mapping[str, int]
    throttled: Mapping[str, int]
    refused_at: Sequence[float]
    """AWS seconds from the beginning: when AWS throttled a call."""
    busy: float
    """Share of this machine's processors that was used."""

    @property
    def factor(self) -> float:
        return self.took / self.floor

    @property
    def calls_per_vpc(self) -> float:
        return sum(self.calls.values()) / self.vpcs

    def refused_share(self) -> float:
        return sum(self.throttled.values()) / max(1, sum(self.calls.values()))

    @cached_property
    def longest_overtaking(self) -> int:
        """Return by how many places a VPC ended before those that had their turn earlier."""
        place = {vpc_id: number for number, vpc_id in enumerate(self.in_turn)}
        return max(place[vpc_id] - number for number, vpc_id in enumerate(self.finished))

    @property
    def refused_by_minute(self) -> Sequence[int]:
        minutes = Counter(int(at // 60) for at in self.refused_at)
        return [minutes[minute] for minute in range(int(self.took // 60) + 1)]

    def table(self) -> str:
        lines = [
            f"{self.vpcs} VPCs {self.wish}: {self.took / 60:.1f} AWS minutes, "
            f"floor {self.floor / 60:.1f}, factor {self.factor:.2f}; "
            f"{self.calls_per_vpc:.1f} calls a VPC, "
            f"{self.refused_share():.1%} throttled; overtaken by {self.longest_overtaking} places; "
            f"{self.busy:.0%} of the processors",
            f"  throttled, by the minute: {' '.join(map(str, self.refused_by_minute))}",
            f"  {'call':46} {'a VPC':>7} {'throttled':>10}",
        ]
        often = sorted(self.calls, key=lambda name: (-self.throttled.get(name, 0), name))
        for name in often[:LAST_CALLS]:
            share = self.throttled.get(name, 0) / self.calls[name]
            lines.append(f"  {name:46} {self.calls[name] / self.vpcs:7.1f} {share:10.1%}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Fleet:
    app: App
    vpc_ids: tuple[str, ...]

    def tag(self) -> None:
        """All of them in one call."""
        wish = [{"Key": WISH, "Value": "enabled"}]
        self.app.client("ec2").create_tags(Resources=[*self.vpc_ids], Tags=wish)

    def untag(self) -> None:
        wish = [{"Key": WISH}]
        self.app.client("ec2").delete_tags(Resources=[*self.vpc_ids], Tags=wish)

    def lap(self, wish: str, begin: Callable[[], None], floor: float) -> Lap:
        """`begin`, and everything that comes of it."""
        aws = self.app.aws
        calls, weather = aws.journal.mark(), aws.weather.mark()
        known, started, spent = self.app.executions(), aws.clock.now(), _spent()
        began = time.monotonic()
        begin()
        ends = self._ends(known, PATIENCE * floor * aws.clock.time_scale)
        took = aws.clock.now() - started
        roles = self.app.roles()
        refusals = [
            each
            for each in aws.weather.happenings(weather)
            if each.fault is Fault.THROTTLED and each.caller != "stranger"
        ]
        return Lap(
            wish=wish,
            vpcs=len(self.vpc_ids),
            took=took,
            floor=floor,
            ends={
                vpc: " ".join(e["status"] for e in ends if _vpc(e) == vpc) for vpc in self.vpc_ids
            },
            finished=_distinct(_vpc(e) for e in sorted(ends, key=lambda e: e["stopDate"])),
            in_turn=_distinct(_vpc(e) for e in sorted(ends, key=self._waited_until)),
            turns=sorted(map(self._turn, self.vpc_ids)),
            calls=Counter(c.name for c in aws.journal.calls(calls) if c.role_arn in roles),
            throttled=Counter(each.action for each in refusals),
            refused_at=[each.at - started for each in refusals],
            busy=(_spent() - spent) / (time.monotonic() - began) / (os.cpu_count() or 1),
        )

    def _ends(self, known: set[str], seconds: float) -> list[dict[str, Any]]:
        """Return the new executions, once each VPC has had one and none is running."""
        machine = self.app.client("stepfunctions")
        deadline = time.monotonic() + seconds
        while True:
            pages = machine.get_paginator("list_executions").paginate(
                stateMachineArn=self.app.machine
            )
            executions = [e for page in pages for e in page["executions"]]
            new = [e for e in executions if e["executionArn"] not in known]
            if {_vpc(e) for e in new} >= {*self.vpc_ids} and all("stopDate" in e for e in new):
                return new
            assert time.monotonic() < deadline, Counter(e["status"] for e in new)
            time.sleep(LOOK_SECONDS)

    def statuses(self) -> Counter[str]:
        """Return status -> number of VPCs with it in their tags."""
        vpcs = self.app.client("ec2").describe_vpcs(VpcIds=[*self.vpc_ids])["Vpcs"]
        tags = ({tag["Key"]: tag["Value"] for tag in vpc.get("Tags", [])} for vpc in vpcs)
        return Counter(each.get(STATUS, "") for each in tags)

    def published(self) -> list[str]:
        """Names of the documents that on-premises reads."""
        path = self.app.aws.outputs["ParameterPath"]
        pages = self.app.client("ssm").get_paginator("get_parameters_by_path")
        found = (
            p["Name"]
            for page in pages.paginate(Path=path, Recursive=True)
            for p in page["Parameters"]
        )
        return [name for name in found if name.endswith("/forwarding")]

    def remnants(self) -> dict[str, list[str]]:
        """Return the remnants of all VPCs, by kind."""
        kinds: dict[str, list[str]] = {}
        with self.app.aws.weather.calm():
            for vpc_id in self.vpc_ids:
                for kind, names in self.app.remnants(vpc_id).items():
                    kinds.setdefault(kind, []).extend(names)
        return kinds

    def _waited_until(self, execution: Mapping[str, Any]) -> Any:
        """Return when an execution went on after its first turn had come; when it began, if it did
        not wait."""
        machine = self.app.client("stepfunctions").get_paginator("get_execution_history")
        pages = machine.paginate(executionArn=execution["executionArn"])
        waits = (
            event["timestamp"]
            for page in pages
            for event in page["events"]
            if event.get("stateExitedEventDetails", {}).get("name", "").startswith("Await its turn")
        )
        return next(waits, execution["startDate"])

    def _turn(self, vpc_id: str) -> float:
        """The last one that the VPC had."""
        turns = self.app.ledger(vpc_id)["turns"]["M"]
        return max(float(turn["M"]["at"]["N"]) for turn in turns.values())


def _vpc(execution: Mapping[str, Any]) -> str:
    """An execution's name begins with its VPC's id, which has one hyphen."""
    return "-".join(str(execution["name"]).split("-")[:2])


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _spent() -> float:
    """Processor seconds of everybody on this machine."""
    first, *_ = Path("/proc/stat").read_text().splitlines()
    user, nice, system, *_ = map(int, first.split()[1:])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")
