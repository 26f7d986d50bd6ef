"""When a host acknowledges: what is new, once a day, and without ever harming the forwarding."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain.acknowledgement import read_acknowledgements
from connectivity.domain.publication import State as DocumentState
from connectivity.domain.publication import folder
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.following.confirmation import HEARTBEAT, confirm
from ecs_anywhere_dns.host import Host, Progress
from ecs_anywhere_dns.memory.state import State
from ecs_anywhere_dns.outcome import Exit
from ecs_anywhere_dns.publication.acknowledgement import AcknowledgementFailed
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.servers import make_server
from ecs_anywhere_dns.settings import PARAMETER_PATH

from tests.onprem.example import asks_nobody, fit
from tests.onprem.example import settings as settings_of
from tests.onprem.lab.document import REGION, VPC_ID

BEGUN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REPORT = Report("apply", summary="BIND 9 forwards 6 zones")
DOCUMENT = fit(generation=3)


@dataclass
class Published:
    """Takes acknowledgements, unless it is told to fail."""

    written: list[str] = field(default_factory=list)
    refusal: AcknowledgementFailed | None = None

    def fetch(self, known: Document | None) -> str:
        raise AssertionError("nobody fetches here")

    def acknowledge(self, text: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.written.append(text)


@dataclass
class Site:
    host: Host
    publication: Published
    now: datetime = BEGUN

    def confirm(
        self, report: Report = REPORT, document: Document = DOCUMENT, after: timedelta = timedelta()
    ) -> tuple[str, ...]:
        self.now += after
        return confirm(self.host, document, report)

    def last(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.publication.written[-1])
        return said


def site(folder: Path, **settings: Any) -> Site:
    publication = Published()
    made = settings_of(host="dns1", **settings)
    host = Host(
        settings=made,
        server=make_server("bind", REGION, "127.0.0.1", 53, {}),
        state=State(folder),
        publication=publication,
        asks=asks_nobody,
        progress=Progress(lambda _: None),
        now=lambda: there.now,
    )
    there = Site(host, publication)
    return there


def test_the_first_run_says_what_it_did(tmp_path: Path) -> None:
    there = site(tmp_path)
    assert there.confirm() == ()
    said = there.last()
    assert (said["host"], said["generation"], said["result"]) == ("dns1", 3, "applied")
    assert said["detail"] == "BIND 9 forwards 6 zones"
    assert said["at"] == "2026-11-23T12:00:00Z"


def test_what_was_said_is_not_said_again_within_a_day(tmp_path: Path) -> None:
    there = site(tmp_path)
    for _ in range(5):
        there.confirm(after=timedelta(minutes=5))
    assert len(there.publication.written) == 1


def test_a_day_later_it_is_said_again_so_that_silence_is_seen(tmp_path: Path) -> None:
    there = site(tmp_path)
    there.confirm()
    there.confirm(after=HEARTBEAT)
    assert len(there.publication.written) == 1
    there.confirm(after=timedelta(seconds=1))
    assert len(there.publication.written) == 2
    assert there.last()["at"] == "2026-11-24T12:00:01Z"
    there.confirm(after=timedelta(minutes=5))
    assert len(there.publication.written) == 2, "the day begins anew"


@pytest.mark.parametrize(
    ("ended", "result"),
    [
        (Exit.DONE, "applied"),
        (Exit.DEGRADED, "degraded"),
        *((code, "failed") for code in Exit if code not in (Exit.DONE, Exit.DEGRADED)),
    ],
)
def test_only_what_was_done_counts_as_done(tmp_path: Path, ended: Exit, result: str) -> None:
    there = site(tmp_path)
    there.confirm(replace(REPORT, exit=ended))
    assert there.last()["result"] == result


def test_another_generation_result_or_finding_is_said_at_once(tmp_path: Path) -> None:
    there = site(tmp_path)
    there.confirm()
    there.confirm(document=fit(generation=4))
    there.confirm(replace(REPORT, exit=Exit.DEGRADED), fit(generation=4))
    there.confirm(
        replace(REPORT, exit=Exit.DEGRADED, findings=("10.0.0.32: timeout",)), fit(generation=4)
    )
    assert len(there.publication.written) == 4
    assert there.last()["detail"] == "BIND 9 forwards 6 zones - 10.0.0.32: timeout"


def test_not_being_able_to_say_it_is_a_hint_and_tried_again(tmp_path: Path) -> None:
    there = site(tmp_path)
    there.publication.refusal = AcknowledgementFailed("AccessDenied", "allow ssm:PutParameter")
    assert there.confirm() == ("not acknowledged: AccessDenied", "allow ssm:PutParameter")
    assert there.host.state.acknowledged() == ""
    there.publication.refusal = None
    assert there.confirm(after=timedelta(minutes=5)) == ()
    assert len(there.publication.written) == 1


def test_a_host_that_shall_be_silent_is_silent(tmp_path: Path) -> None:
    there = site(tmp_path, acknowledge=False)
    assert there.confirm() == ()
    assert there.publication.written == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("state", ["active", "draining", "withdrawn"])
@pytest.mark.parametrize("ended", [Exit.DONE, Exit.DEGRADED, Exit.ROLLED_BACK])
def test_the_app_understands_what_the_tool_says(
    tmp_path: Path, state: DocumentState, ended: Exit
) -> None:
    """Both halves of the contract: the very code that writes it and the very code that reads it."""
    gone: dict[str, Any] = (
        {"zones": [], "names": {}, "vpcCidrs": []} if state == "withdrawn" else {}
    )
    there = site(tmp_path)
    there.confirm(replace(REPORT, exit=ended, cure="mend {{it}}; now"), fit(state=state, **gone))
    name = there.host.settings.acknowledgement_parameter
    assert name.startswith(folder(PARAMETER_PATH, VPC_ID))
    read = read_acknowledgements({name: there.publication.written[0]}, PARAMETER_PATH, VPC_ID)
    assert read.unreadable == ()
    (said,) = read.readable
    assert (said.host, said.generation, said.state, said.server) == ("dns1", 1, state, "bind")
    assert said.confirms(1, state) == (ended in (Exit.DONE, Exit.DEGRADED))
    assert not said.confirms(2, state)
    assert "BIND 9 forwards 6 zones" in said.detail
