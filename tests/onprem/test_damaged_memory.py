"""A damaged file of what a host remembers harms what it is about, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ecs_anywhere_dns.commands.check import check
from ecs_anywhere_dns.commands.examination import examine
from ecs_anywhere_dns.commands.status import status
from ecs_anywhere_dns.commands.verify import verify
from ecs_anywhere_dns.following.rollback import rollback
from ecs_anywhere_dns.memory.records import Distrust
from ecs_anywhere_dns.memory.state import State
from ecs_anywhere_dns.outcome import BadUsage, Exit
from ecs_anywhere_dns.printing import show_status
from ecs_anywhere_dns.report import Report

from tests.onprem.several import Site, Vpc
from tests.onprem.test_several_vpcs import assert_right, ireland, ohio, rival, site

FIRST, STANDBY, OTHER = "vpc-0000000a", "vpc-0000000c", "vpc-0000000b"
OF_HOST = ("applied.json", "journal.json")
"""Files without which nobody knows what to put back: everything waits for a person."""
OF_ONE_VPC = (f"distrust-{FIRST}.json", f"distrust-{OTHER}.json")
WRITTEN_ANEW = (
    f"standby-{STANDBY}.json", f"acknowledged-{FIRST}.json", f"verified-{OTHER}.json",
    f"validated-{FIRST}.json", "written.json", "status.json",
)  # fmt: skip
NOBODY = 65534
ALL = (*OF_HOST, *OF_ONE_VPC, *WRITTEN_ANEW)


def text(content: str) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        file.write_text(content)

    return write


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def binary(file: Path) -> None:
    file.write_bytes(b"\x80\xff\x00")


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def writable(file: Path) -> None:
    file.chmod(0o666)


DAMAGES = {
    "truncated": truncated,
    "empty": text(""),
    "no JSON": text("{'at': 1}"),
    "no text": binary,
    "a list": text("[]"),
    "an empty object": text("{}"),
    "another shape": text('{"surprise": 1}'),
    "other kinds": text(
        '{"vpcs": [], "before": 7, "run": [], "zones": "x", "by_hand": "yes", "serving": 1, '
        '"went": "x", "text": 7, "at": 7, "texts": 7, "exit": "x"}'
    ),
    "without end": text("[" * 100_000),
    "a folder": folder,
    "a pipe": pipe,
    "writable for others": writable,
}


def served(tmp_path: Path) -> tuple[Site, dict[str, Vpc]]:
    """A host with three VPCs, one of them a standby, and every file that it may remember."""
    first, standby, other = ohio(), rival(), ireland()
    standby.id = STANDBY
    there = site(tmp_path, first, standby, other, changes={STANDBY: {"standby_for": FIRST}})
    there.changes |= {
        vpc: {**there.changes.get(vpc, {}), "metrics_file": str(tmp_path / "m.prom")}
        for vpc in (FIRST, STANDBY, OTHER)
    }
    first.answers = False
    there.apply()
    for host in there.hosts():
        host.state.write_distrust(Distrust())
    assert_right(there, standby, other)
    return there, {vpc.id: vpc for vpc in (first, standby, other)}


def remembered(there: Site, name: str) -> Path:
    file = there.folder / "state" / name
    if name == "journal.json":
        file.write_text('{"run": "x", "before": [], "zones": []}')
    assert file.exists(), sorted(file.parent.iterdir())
    return file


def said_of(report: Report) -> str:
    return " ".join(
        line for each in (report, *report.publications) for line in (*each.lines(), each.cure)
    )


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ALL)
def test_a_damaged_file_stops_what_it_is_about_and_nothing_that_is_served(
    tmp_path: Path, name: str, damage: str
) -> None:
    there, vpcs = served(tmp_path)
    before = dict(there.server.loaded)
    file = remembered(there, name)
    DAMAGES[damage](file)
    vpcs[OTHER].publish(services=("ecs", "ssm", "ecs-a"))
    report = there.apply()
    kept = {zone: to for zone, to in there.server.loaded.items() if zone in before}
    assert kept == before, "what is served stays"
    is_harmless = name in OF_ONE_VPC and damage == "an empty object"
    stopped = {*vpcs} if name in OF_HOST else {v for v in vpcs if name == f"distrust-{v}.json"}
    for vpc in vpcs.values():
        ended = there.of(report, vpc)
        assert (ended.exit == Exit.USAGE) == (vpc.id in stopped and not is_harmless), ended.lines()
    if name in OF_HOST:
        assert str(file) in said_of(report)
        assert "chmod go-w" in report.cure or "move it away: " in report.cure
    if OTHER not in stopped or is_harmless:
        assert_right(there, vpcs[OTHER])
    if damage != "a folder" and name in WRITTEN_ANEW:
        assert not [d for host in there.hosts() for d in host.state.damages()], "written anew"


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ALL)
def test_the_cure_of_a_damaged_file_is_one(tmp_path: Path, name: str, damage: str) -> None:
    there, vpcs = served(tmp_path)
    file = remembered(there, name)
    DAMAGES[damage](file)
    problems = {d.message: d.cure for host in there.hosts() for d in host.state.damages()}
    if not problems:
        return  # nothing is missing in what it says
    assert all(str(file) in message for message in problems), problems
    assert all("move it away" in cure or "chmod" in cure for cure in problems.values())
    file.rename(tmp_path / "away")
    vpcs[FIRST].answers = True
    for _ in range(10):
        report = there.apply()
    assert report.exit == Exit.DONE, report.lines()
    assert_right(there, vpcs[FIRST], vpcs[OTHER])


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ALL)
def test_who_looks_is_told_of_a_damaged_file_and_sees_the_rest(
    tmp_path: Path, name: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there, vpcs = served(tmp_path)
    file = remembered(there, name)
    DAMAGES[damage](file)
    before = dict(there.server.loaded)
    is_damaged = any(host.state.damages() for host in there.hosts())
    said = status(there.hosts())
    show_status(said, cure_of_unit="", as_json=False)
    shown = capsys.readouterr().out
    assert (str(file) in shown) == is_damaged, shown
    assert all(vpc in shown for vpc in vpcs)
    found = [f for f in examine(there.hosts()) if not f.ok]
    assert any(str(file) in f.what and f.cure for f in found) == is_damaged, found
    for report in (check(there.hosts()), verify(there.hosts())):
        assert report.publications, "each VPC is told of"
    assert there.server.loaded == before


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [name for name in ALL if name not in OF_HOST])
def test_a_person_takes_the_forwarding_back_whatever_is_damaged(
    tmp_path: Path, name: str, damage: str
) -> None:
    there, _ = served(tmp_path)
    DAMAGES[damage](remembered(there, name))
    report = rollback(there.hosts(), to_none=True)
    if damage == "a folder" and name in OF_ONE_VPC:
        assert report.exit == Exit.CHECK_FAILED, "nothing would keep the timer from undoing it"
        assert "move away" in report.cure
        return
    assert report.exit == Exit.DONE, report.lines()
    assert there.server.loaded == {}


def test_a_step_back_that_cannot_be_read_stops_only_the_step_back(tmp_path: Path) -> None:
    vpc = ohio()
    there = site(tmp_path, vpc)
    file = tmp_path / "state" / "applied.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"before_that": {"surprise": 1}}))
    assert there.apply().exit == Exit.DONE
    report = rollback(there.hosts())
    assert (report.exit, "--to-none" in report.cure) == (Exit.USAGE, True), report.lines()
    assert_right(there, vpc)
    assert rollback(there.hosts(), to_none=True).exit == Exit.DONE


def test_a_folder_that_is_a_file_is_one_problem_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    there = Site(tmp_path, [ohio()])
    report = there.apply()
    (damage,) = there.hosts()[0].state.damages()
    for message, cure in ((report.summary, report.cure), (damage.message, damage.cure)):
        assert message.startswith(str(tmp_path / "state"))
        assert cure.startswith("move away what stands there")
    (tmp_path / "state").unlink()
    assert there.apply().exit == Exit.DONE


def test_a_lock_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "state" / "lock").mkdir(parents=True)
    report = Site(tmp_path, [ohio()]).apply()
    assert (report.exit, report.summary.partition(":")[0]) == (
        Exit.USAGE,
        str(tmp_path / "state" / "lock"),
    )
    assert "move away" in report.cure


def test_who_may_not_read_a_file_is_told_to_be_root(tmp_path: Path) -> None:
    state, user = State(tmp_path), os.geteuid()
    state.write_report({"exit": 0})
    (tmp_path / "status.json").chmod(0)
    try:
        os.seteuid(user or NOBODY)
        problems = state.damages()
    finally:
        os.seteuid(user)
    said = {problem.message: problem.cure for problem in problems}
    cure = said[f"{tmp_path / 'status.json'} cannot be read: Permission denied"]
    assert cure.startswith("run this as root")


def test_a_folder_that_others_may_write_is_still_refused_as_a_whole(tmp_path: Path) -> None:
    there = site(tmp_path, ohio())
    (tmp_path / "state").chmod(0o777)
    assert there.apply().exit == Exit.USAGE
    with pytest.raises(BadUsage, match="others could change"):
        replace(there.hosts()[0].state).applied()
