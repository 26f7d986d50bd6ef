"""One account and Region: every call with its limits, and what became of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.clock import Clock
from local.unkind.buckets import Buckets
from local.unkind.limits import limit_of

ACCOUNT = "123456789012"
REGION = "us-east-2"
CALL_SECONDS = 0.08
"""Seconds from a call to its answer: the figure of docs/performance.md."""

Parameters = Mapping[str, Any]
Operation = Callable[[Parameters], Any]


class Refused(Exception):
    """AWS's refusal of a call."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class NotModelled(Exception):
    """An error: the functions call something that this model of AWS has not; add it to
    `bench/amazon`."""


THROTTLED = {
    "ec2": "RequestLimitExceeded",
    "lambda": "TooManyRequestsException",
    "states": "ThrottlingException",
}
"""The code with which a service refuses a call too many; ThrottlingException elsewhere."""


@dataclass(frozen=True)
class Called:
    """A call, attempt by attempt."""

    at: float
    name: str
    """Service and action, as in `ec2:CreateVpcEndpoint`."""
    caller: str
    refused: str
    """AWS's error code; empty where the call succeeded."""
    throttled: bool


@dataclass
class Account:
    """An account, to which the modules beside this one add services; the seed decides only how long
    the SDK waits between two attempts."""

    clock: Clock
    seed: int = 0
    throttles: bool = True
    call_seconds: float = CALL_SECONDS
    reads_at_once: int = 1
    """The number of reads that a function makes side by side; more than one is a design, not the
    app."""
    operations: dict[str, Operation] = field(default_factory=dict)
    """Service and action, as in `ec2:DescribeVpcs` -> the function that answers."""
    calls: list[Called] = field(default_factory=list)
    _reads: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._buckets = Buckets(lambda: self.clock.now)
        self.random = random.Random(self.seed)

    def call(self, service: str, action: str, parameters: Parameters, caller: str) -> Any:
        """Return AWS's answer, after the time of a call. Raises Refused."""
        name = f"{service}:{action}"
        operation = self.operations.get(name)
        if operation is None:
            raise NotModelled(name)
        self.clock.sleep(self._seconds(action, caller))
        limit = limit_of(service, action, REGION, parameters) if self.throttles else None
        refusal: Refused | None = None
        throttled = limit is not None and not self._buckets.take(REGION, limit)
        try:
            if throttled:
                code = THROTTLED.get(service, "ThrottlingException")
                raise Refused(code, "Rate exceeded", 429 if service == "lambda" else 400)
            return operation(parameters)
        except Refused as refused:
            refusal = refused
            raise
        finally:
            code = refusal.code if refusal else ""
            self.calls.append(Called(self.clock.now, name, caller, code, throttled))

    def call_patiently(
        self, service: str, action: str, parameters: Parameters, caller: str, attempts: int = 3
    ) -> Any:
        """Call as the SDK does in its standard mode: a throttled call is tried again, after a
        random part of 1, 2, 4 … seconds (botocore.retries.standard)."""
        for attempt in range(attempts):
            try:
                return self.call(service, action, parameters, caller)
            except Refused as refused:
                if not self.calls[-1].throttled or attempt + 1 == attempts:
                    raise refused
                self.clock.sleep(self.random.random() * min(2**attempt, 20))
        raise AssertionError("there is a first attempt")

    def begin(self, caller: str) -> None:
        """Begin an invocation, whose first read is not beside another's."""
        self._reads[caller] = 0

    def _seconds(self, action: str, caller: str) -> float:
        """Return the seconds of a call. A design may read side by side; a write waits for all of
        these reads."""
        if self.reads_at_once == 1:
            return self.call_seconds
        if not action.startswith(("Describe", "Get", "List")):
            self._reads[caller] = 0
            return self.call_seconds
        self._reads[caller] += 1
        first = self._reads[caller] % self.reads_at_once == 1
        return self.call_seconds if first else 0.0


def pages(
    items: list[Any], key: str, parameters: Parameters, most: int, token: str = "NextToken"
) -> dict[str, Any]:
    """Return a page of `items`, and the token of the next."""
    asked = parameters.get("MaxResults") or parameters.get("Limit") or most
    size = min(int(asked), most)
    first = int(parameters.get(token) or 0)
    more = {token: str(first + size)} if first + size < len(items) else {}
    return {key: items[first : first + size], **more}
