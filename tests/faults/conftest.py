"""The app on an embedded AWS whose things take no time, so that one lap takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import pytest

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR
from local.settings import Lifecycles, Settings
from tests.faults.bystanders import Bystanders
from tests.faults.laps import Course
from tests.faults.table import summary
from tests.story.app import App

TIME_SCALE = 0.01
AT_ONCE = Lifecycles(**dict.fromkeys(asdict(Lifecycles()), 0.0))


@contextmanager
def deployed() -> Iterator[App]:
    settings = Settings(
        time_scale=TIME_SCALE, stack_name="faults", network="loopback", lifecycles=AT_ONCE
    )
    with EmbeddedAws(settings) as aws:
        aws.outputs = deploy(
            aws,
            {
                "DrainSeconds": "60",
                "ExpirySeconds": "60",
                "OnPremCidrs": ONPREM_CIDR,
                "NotificationEmail": "network-team@example.com",
                "SweepMinutes": "1440",
                # And no verification because its time has come.
                "VerifyHours": "0",
                "RemovalShare": "100",
            },
            with_sam_cli=False,
        )
        yield App(aws)


@pytest.fixture(scope="session")
def app() -> Iterator[App]:
    with deployed() as app:
        yield app


@pytest.fixture(scope="session")
def vpc_id(app: App) -> str:
    return app.vpc()


@pytest.fixture(scope="session")
def bystanders(app: App, vpc_id: str) -> Bystanders:
    """Resources of others, in that VPC and beside it."""
    return Bystanders(app, vpc_id)


@pytest.fixture(scope="session")
def course(app: App, vpc_id: str, bystanders: Bystanders) -> Course:
    """Knows how every phase ends without a fault, beside the bystanders."""
    course = Course(app, vpc_id)
    course.learn()
    return course


@pytest.fixture(autouse=True)
def begun_anew(request: pytest.FixtureRequest, course: Course) -> Iterator[None]:
    """One lap that fails must not fail the others."""
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        course.start_over()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, wherever the laps ran."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for title, lines in summary(reports):
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)
