"""The app on an embedded AWS that throttles as AWS does, and a fleet of VPCs to connect with it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR
from local.settings import Settings, Unkindness
from tests.fleet.fleet import Fleet
from tests.story.app import App

SIZE = int(os.environ.get("FLEET_VPCS", "3"))
"""The number of VPCs; `make fleet` says a hundred."""
TIME_SCALE = float(os.environ.get("FLEET_TIME_SCALE", "0.1"))
"""Real seconds per AWS second, such that this machine keeps up: what it takes to compute is nothing
that AWS would take. The table says how much of it was spent."""
DRAIN_SECONDS = 30
EXPIRY_SECONDS = 60
ENVIRONMENTS = 32
"""Fewer would be ended and started again all the time; more would all be started in the first
second, and this machine be busy with that while the first turns come."""


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    settings = Settings(
        time_scale=TIME_SCALE,
        stack_name="fleet",
        network="loopback",
        resolver_endpoints_per_region=2 * SIZE,
        function_environments=ENVIRONMENTS,
        unkindness=Unkindness(throttles=True),
    )
    with EmbeddedAws(settings) as aws:
        with aws.weather.calm():
            aws.outputs = deploy(
                aws,
                {
                    "DrainSeconds": str(DRAIN_SECONDS),
                    "ExpirySeconds": str(EXPIRY_SECONDS),
                    "OnPremCidrs": ONPREM_CIDR,
                    "ResolverEndpointQuota": str(2 * SIZE),
                    "SweepMinutes": "1440",
                    # And no verification because its time has come.
                    "VerifyHours": "0",
                    "RemovalShare": "100",
                },
                with_sam_cli=False,
            )
            app = App(aws)
            vpc_ids = tuple(app.vpc(cidr=f"10.{100 + number}.0.0/16") for number in range(SIZE))
        yield Fleet(app, vpc_ids)
