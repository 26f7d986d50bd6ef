"""A host that lost what it remembers, wholly or in part, or cannot write it: nobody's names are the
internet's, and no switch repeats itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ecs_anywhere_dns.commands.examination import examine
from ecs_anywhere_dns.commands.status import status
from ecs_anywhere_dns.following.rollback import rollback
from ecs_anywhere_dns.following.standby import GOOD_LOOKS, gone_over, looks_needed
from ecs_anywhere_dns.memory.files import FileState
from ecs_anywhere_dns.memory.records import Duty, Journal
from ecs_anywhere_dns.outcome import CheckFailed, Exit
from ecs_anywhere_dns.servers.contract import Include

from tests.onprem.several import Site
from tests.onprem.test_several_vpcs import assert_right, ireland, ohio, site


def moved_away(there: Site) -> Path:
    file = there.folder / "state" / "applied.json"
    return file.rename(there.folder / "away.json")


def found(there: Site) -> str:
    return " ".join(f"{f.what} {f.cure}" for f in examine(there.hosts()) if not f.ok)


def fail_fetch(there: Site) -> None:
    there.vpcs[1].is_readable = False


def fail_preflight(there: Site) -> None:
    there.vpcs[1].answers = False


@pytest.mark.parametrize("fail", [fail_fetch, fail_preflight])
def test_zones_of_a_vpc_that_cannot_be_followed_stay_where_the_memory_is_lost(
    tmp_path: Path, fail: object
) -> None:
    assert callable(fail)
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    moved_away(there)
    fail(there)
    one.publish(services=("ecs", "ecs-a"))
    before = there.server.loaded
    dry = there.apply(dry=True)
    assert any("stays until every VPC" in hint for hint in there.of(dry, one).hints)
    assert "what is forwarded stays until" in found(there)
    for _ in range(3):
        assert there.apply().exit in {Exit.FETCH_FAILED, Exit.PREFLIGHT_FAILED}
        kept = {zone for zone in before if zone not in one.names}
        assert {z: before[z] for z in kept}.items() <= there.server.loaded.items()
        other_zones = set(other.names)
        assert all(other_zones <= set(loaded) for loaded in there.server.history[2:])
    other.is_readable = other.answers = True
    assert_right(there, one, other)
    report = there.apply()
    assert report.exit == Exit.DONE, report.lines()
    assert set(there.server.loaded) == {*one.names, *other.names}, "what nobody asks for is gone"
    assert not there.apply().changed
    kept = json.loads((tmp_path / "state" / "applied.json").read_text())
    assert set(kept["vpcs"]) == {one.id, other.id}


def test_what_was_lost_is_known_again_and_can_be_rolled_back(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    moved_away(there)
    other.is_readable = False
    one.publish(services=("ecs", "ecs-a"))
    before = there.server.loaded
    there.apply()
    assert there.server.loaded != before
    report = rollback(there.hosts())
    assert report.exit == Exit.DONE, report.lines()
    assert there.server.loaded == before
    assert rollback(there.hosts(), to_none=True).exit == Exit.DONE
    assert there.server.loaded == {}


def test_where_a_fragment_cannot_be_read_back_nothing_is_changed(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    moved_away(there)
    there.server.file.write_text(f"{there.server.file.read_text()}by hand\n")
    other.is_readable = False
    text, loads = there.server.file.read_text(), len(there.server.history)
    for dry in (True, False):
        report = there.apply(dry=dry)
        assert report.exit == Exit.CHECK_FAILED, report.lines()
        assert "applied.json" in report.cure
    assert (there.server.file.read_text(), len(there.server.history)) == (text, loads)
    other.is_readable = True
    assert there.apply().exit == Exit.DONE
    assert_right(there, one, other)


@pytest.mark.parametrize("name", ["applied.json", "journal.json", "distrust-vpc-0000000a.json"])
def test_a_link_to_a_disk_that_is_not_there_is_damage(tmp_path: Path, name: str) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    file = tmp_path / "state" / name
    file.unlink(missing_ok=True)
    file.symlink_to(tmp_path / "disk" / name)
    one.publish(services=("ecs", "ecs-a"))
    before, loads = there.server.loaded, len(there.server.history)
    for dry in (True, False):
        report = there.apply(dry=dry)
        assert there.of(report, one).exit == Exit.USAGE, report.lines()
        assert "mount or restore" in there.of(report, one).cure
    assert (there.server.loaded, len(there.server.history)) == (before, loads)
    assert str(file) in found(there)
    assert [str(file) in each["what"] for each in status(there.hosts())["damaged"]] == [True]


def test_a_standby_serves_also_where_that_cannot_be_written(tmp_path: Path) -> None:
    one, other = ohio(), ohio()
    other.id, other.net = "vpc-0000000c", "10.3"
    there = site(tmp_path, one, other, changes={other.id: {"standby_for": one.id}})
    duty = tmp_path / "state" / f"standby-{other.id}.json"
    duty.unlink(missing_ok=True)
    duty.symlink_to(tmp_path / "disk" / duty.name)
    one.answers = False
    report = there.apply()
    assert there.of(report, other).exit == Exit.DONE, report.lines()
    assert any("not written down" in hint for hint in there.of(report, other).hints)
    assert_right(there, other)
    loads = len(there.server.history)
    for _ in range(2):
        assert there.of(there.apply(), other).exit == Exit.DONE
    assert len(there.server.history) == loads
    assert_right(there, other)


def test_a_switch_that_cannot_be_committed_is_undone_in_the_same_run(tmp_path: Path) -> None:
    """And is no loop."""
    one = ohio()
    there = site(tmp_path, one)
    before, state = there.server.loaded, tmp_path / "state"
    kept = state / "applied.json"
    text = kept.read_text()

    def lose(step: str) -> None:
        if step == "commit":
            kept.unlink()
            kept.mkdir()
        if step == "roll back":
            kept.rmdir()
            kept.write_text(text)

    there.tell = lose
    one.publish(services=("ecs", "ecs-a"))
    report = there.apply()
    assert report.exit == Exit.ROLLED_BACK, report.lines()
    assert there.server.loaded == before
    assert not (state / "journal.json").exists()
    there.tell = lambda _: None
    for _ in range(2):
        report = there.apply(force=[one.id])
    assert report.exit == Exit.DONE
    assert_right(there, one)


def test_a_wrong_path_is_named_before_anything_is_begun_and_its_correction_is_all(
    tmp_path: Path,
) -> None:
    one = ohio()
    there = site(tmp_path, one)
    right, there.server.file = there.server.file, tmp_path / "nothere" / "zones"
    for dry in (True, False):
        report = there.apply(dry=dry)
        assert report.exit == Exit.CHECK_FAILED, report.lines()
        assert f"there is no folder {tmp_path / 'nothere'}" in report.summary
    assert f"there is no folder {tmp_path / 'nothere'}" in found(there)
    assert not (tmp_path / "state" / "journal.json").exists()
    there.server.file = right
    assert there.apply().exit == Exit.DONE
    assert_right(there, one)


def test_the_journal_of_a_wrong_path_is_got_over(tmp_path: Path) -> None:
    """As an older version left it."""
    one = ohio()
    there = site(tmp_path, one)
    wrong = FileState(tmp_path / "nothere" / "zones", there.server.file.read_bytes())
    there.hosts()[0].state.write_journal(Journal("x", (wrong,), (), reloading=False))
    report = there.apply()
    assert report.exit == Exit.DONE, report.lines()
    assert not (tmp_path / "state" / "journal.json").exists()
    assert_right(there, one)


def test_a_path_that_was_never_written_is_put_back_to_nothing(tmp_path: Path) -> None:
    one = ohio()
    there = site(tmp_path, one)
    there.server.file = tmp_path / "other"
    one.publish(services=("ecs", "ecr"))
    there.poisoned = {f"ecr.{one.region}.amazonaws.com"}
    assert not (tmp_path / "other").exists()

    def refuse() -> None:
        raise CheckFailed("refused")

    there.server.check_configuration = refuse  # type: ignore[method-assign]
    assert there.apply().exit == Exit.CHECK_FAILED
    assert not (tmp_path / "other").exists()


def test_files_that_were_moved_have_to_be_read_from_their_new_place(tmp_path: Path) -> None:
    one = ohio()
    there = site(tmp_path, one)
    former, there.server.file = there.server.file, tmp_path / "new"
    missing = Include(tmp_path / "main.conf", 'include "new"')
    there.server.includes = lambda: (missing,)  # type: ignore[method-assign]
    for dry in (True, False):
        report = there.apply(dry=dry)
        assert report.exit == Exit.CHECK_FAILED, report.lines()
        assert f"take out the include of {former}" in report.cure
    assert str(former) in found(there)
    assert not (tmp_path / "new").exists()
    there.server.includes = lambda: ()  # type: ignore[method-assign]
    assert there.apply().exit == Exit.DONE
    there.server.includes = lambda: (missing,)  # type: ignore[method-assign]
    assert there.apply().exit == Exit.DONE, "it is not moved any more"


def test_a_dry_run_says_that_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ohio()
    there = site(tmp_path, one)
    one.publish(services=("ecs", "ecs-a"))

    def full(folder: Path, room: int) -> None:
        raise CheckFailed(f"{folder}: No space left on device", "make room")

    for place in ("files", "state"):
        with monkeypatch.context() as patch:
            patch.setattr(f"ecs_anywhere_dns.memory.{place}.check_writable", full)
            report = there.apply(dry=True)
            assert (report.exit, report.cure) == (Exit.CHECK_FAILED, "make room")
    assert there.apply(dry=True).exit == Exit.DONE


def test_a_clock_that_was_in_the_future_keeps_no_standby_slow() -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    ahead = tuple((now + timedelta(days=400 + day)).isoformat() for day in range(6))
    duty = Duty(serving=True, went=ahead, first="vpc-0000000a")
    assert looks_needed(duty, now) == GOOD_LOOKS
    assert gone_over(duty, now, "vpc-0000000a").went == (now.isoformat(),)
    assert looks_needed(replace(duty, went=(now.isoformat(),) * 2), now) == 2 * GOOD_LOOKS
