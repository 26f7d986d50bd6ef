"""The whole app on an embedded AWS: deployed for each file, used by its stories."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR
from local.settings import Settings
from tests.story.app import App

DRAIN_SECONDS = 60
EMAIL = "network-team@example.com"
EXTRA_TAGS = "CostCenter=42,DataClass=for internal use"


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    """The deployed app. No file's stories hang on what those of another file left in the account.
    Stories use VPCs of their own and leave none behind that asks for something, because the
    account's quota is four resolver endpoints."""
    with EmbeddedAws(Settings(time_scale=0.02, stack_name="story")) as aws:
        aws.outputs = deploy(
            aws,
            {
                "DrainSeconds": str(DRAIN_SECONDS),
                "ExpirySeconds": "120",
                "OnPremCidrs": ONPREM_CIDR,
                "NotificationEmail": EMAIL,
                "ExtraTags": EXTRA_TAGS,
                # Sweeps come when a story asks for one, and not while another is told.
                "SweepMinutes": "1440",
                # And no verification because its time has come.
                "VerifyHours": "0",
                "RemovalShare": "100",
                # Container hosts are checked when a story asks for it.
                "ContainerHostTag": "ecs-anywhere:container-host=yes",
                "ContainerHostCheckMinutes": "1440",
            },
            with_sam_cli=False,
        )
        yield App(aws)
    # A stopped engine is some 100 MB in cycles, and the next file starts another one.
    gc.collect()


@pytest.fixture(autouse=True)
def told_apart(app: App) -> None:
    """Begin each story anew, without the executions before it."""
    app.seen |= app.executions()
    app.begin_another_hour()
