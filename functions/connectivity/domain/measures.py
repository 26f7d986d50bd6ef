"""Measures: what the functions count for an operator, as metrics of Amazon CloudWatch.

AWS bills each name, with each value of its dimensions, for each hour with a value. So there are few
names and one dimension, the stack; VPC and execution stand beside a value in its line of the log
(docs/decisions/0068-few-metrics-and-one-dimension.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NAMESPACE = "EcsAnywhere/PrivateConnectivity"
DIMENSION = "Stack"
"""The dimension of every metric; its value is the stack's name."""

CONNECTED_VPCS = "ConnectedVpcs"
VPCS_IN_NEED = "VpcsInNeed"
OLDEST_VERIFICATION = "OldestVerification"
OVERDUE_VERIFICATIONS = "OverdueVerifications"
UNHEALTHY_RESOLVERS = "UnhealthyResolvers"
UNUSABLE_SIGNING_KEYS = "UnusableSigningKeys"
TIME_TO_READY = "TimeToReady"
REPAIRS = "Repairs"
FAILED_VERIFICATIONS = "FailedVerifications"
WAITS = "Waits"
THROTTLED_CALLS = "ThrottledCalls"
DENIED_CALLS = "DeniedCalls"

COUNT, SECONDS = "Count", "Seconds"
UNITS: Mapping[str, str] = {
    CONNECTED_VPCS: COUNT,
    VPCS_IN_NEED: COUNT,
    OLDEST_VERIFICATION: SECONDS,
    OVERDUE_VERIFICATIONS: COUNT,
    UNHEALTHY_RESOLVERS: COUNT,
    UNUSABLE_SIGNING_KEYS: COUNT,
    TIME_TO_READY: SECONDS,
    REPAIRS: COUNT,
    FAILED_VERIFICATIONS: COUNT,
    WAITS: COUNT,
    THROTTLED_CALLS: COUNT,
    DENIED_CALLS: COUNT,
}
"""Name of every metric -> its unit, by CloudWatch's word."""


@dataclass(frozen=True)
class Measure:
    """One value of one metric."""

    name: str
    value: float
