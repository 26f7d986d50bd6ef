"""The whole app on one embedded AWS whose time flies: five hundred AWS seconds in each real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR
from local.settings import Settings
from tests.storm.sky import Sky


@pytest.fixture(scope="session")
def sky() -> Iterator[Sky]:
    settings = Settings(time_scale=0.002, stack_name="storm", network="loopback")
    with EmbeddedAws(settings) as aws:
        aws.outputs = deploy(
            aws,
            {
                "DrainSeconds": "5",
                "ExpirySeconds": "60",
                "OnPremCidrs": ONPREM_CIDR,
                "RemovalShare": "100",
                "VerifyHours": "0",
            },
            with_sam_cli=False,
        )
        events = aws.client("events")
        for rule in events.list_rules()["Rules"]:
            # Sweeps come when a script says so.
            if "ScheduleExpression" in rule:
                events.disable_rule(Name=rule["Name"])
        sky = Sky(aws)
        warm_up(sky)
        yield sky


def warm_up(sky: Sky) -> None:
    """Every function has been started once: from now on a script's seconds mean something."""
    vpc_id = sky.vpc()
    sky.tag(vpc_id, wish="enabled")
    sky.until_all_is_done()
    sky.clear([vpc_id])
