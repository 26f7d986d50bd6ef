"""Files of ours that somebody edited: a switch replaces them, and a copy stays beside each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ecs_anywhere_dns.following.edited import MOST_COPIES, copies_of
from ecs_anywhere_dns.following.rollback import rollback
from ecs_anywhere_dns.outcome import CheckFailed, Exit
from ecs_anywhere_dns.servers.contract import HEADER

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.several import Site
from tests.onprem.test_apply import AGENT, applied, apply, assert_private
from tests.onprem.test_several_vpcs import assert_right, ireland, ohio, site


def ours(server: DnsServer) -> list[Path]:
    """Return the files below the server's folder that begin as ours do."""
    return [
        path
        for path, content in server.files().items()
        if HEADER.encode() in content.partition(b"\n")[0]
    ]


def edit(file: Path) -> bytes:
    """Add a comment as an administrator does, in the file's own language. Returns what is in it
    then."""
    text = file.read_text()
    file.write_text(f"{text}{text.split()[0]} asked for in ticket 4711\n")
    return file.read_bytes()


def edited(server: DnsServer) -> dict[Path, bytes]:
    """Edit each file of ours, and return what is in them then."""
    return {file: edit(file) for file in ours(server)}


def forget(server: DnsServer) -> None:
    shutil.rmtree(server.ground.run / "state")


def assert_kept(server: DnsServer, before: dict[Path, bytes], hints: list[str]) -> None:
    """Each edited file is kept beside the one in its place, and named."""
    assert before
    for file, content in before.items():
        assert content != file.read_bytes() or not file.exists()
        (copy,) = copies_of(file)
        assert copy.read_bytes() == content
        assert copy.name.startswith(".") and copy.stat().st_mode == file.stat().st_mode
        assert any(str(file) in hint and str(copy) in hint for hint in hints), hints


def test_what_was_edited_while_the_memory_was_lost_is_kept(lab: Lab, server_kind: str) -> None:
    server = applied(lab, server_kind)
    forget(server)
    before = edited(server)
    report = apply(lab, "--dry-run")
    assert report["exit"] == Exit.DONE
    assert all(any(str(file) in hint for hint in report["hints"]) for file in before), report
    assert {file: file.read_bytes() for file in before} == before
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    assert_kept(server, before, report["hints"])
    assert_private(lab)
    server.restart()
    assert_private(lab)
    report = apply(lab)
    assert (report["changed"], report["hints"]) == (False, [])


def test_what_was_edited_is_kept_where_all_is_remembered(lab: Lab, server_kind: str) -> None:
    server = applied(lab, server_kind)
    before = edited(server)
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    assert_kept(server, before, report["hints"])
    assert_private(lab)


def test_of_what_nobody_edited_no_copy_is_made(lab: Lab, server_kind: str) -> None:
    """Neither at the first switch, nor at the next, nor where the memory was lost between."""
    server = applied(lab, server_kind)
    forget(server)
    lab.serve_name(f"logs.{lab.region}.amazonaws.com", like=AGENT)
    lab.publish()
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    ran = lab.tool("rollback", "--to-none", "--json")
    assert ran.code == Exit.DONE, ran
    said = [*report["hints"], *json.loads(ran.stdout)["hints"]]
    assert not any("copy" in hint for hint in said), said
    assert all(copies_of(file) == [] for file in ours(server))


def test_a_rollback_keeps_what_was_edited(lab: Lab) -> None:
    server = applied(lab, "unbound")
    before = edited(server)
    ran = lab.tool("rollback", "--to-none", "--json")
    assert ran.code == Exit.DONE, ran
    assert_kept(server, before, json.loads(ran.stdout)["hints"])


def add_zone(there: Site) -> bytes:
    """Have an administrator add a zone to our file."""
    file = there.server.file
    file.write_text(f"{file.read_text()}corp.example=192.0.2.1\n")
    there.server.reload()
    return file.read_bytes()


def test_a_zone_that_was_added_while_the_memory_was_lost_is_kept_in_the_copy(
    tmp_path: Path,
) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    (tmp_path / "state" / "applied.json").unlink()
    text = add_zone(there)
    report = there.apply()
    assert report.exit == Exit.DONE, report.lines()
    assert_right(there, one, other)
    assert [copy.read_bytes() for copy in copies_of(there.server.file)] == [text]
    assert any("copy of it is kept" in hint for hint in report.hints)


def test_a_switch_that_fails_names_the_copy_all_the_same(tmp_path: Path) -> None:
    one = ohio()
    there = site(tmp_path, one)
    text = add_zone(there)
    there.poisoned = set(one.names)
    report = there.apply()
    assert report.exit == Exit.ROLLED_BACK, report.lines()
    (copy,) = copies_of(there.server.file)
    assert copy.read_bytes() == text
    assert any(str(copy) in hint for hint in report.hints)


def test_a_copy_that_cannot_be_made_leaves_everything_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ohio()
    there = site(tmp_path, one)
    text, loads = add_zone(there), len(there.server.history)

    def full(_: object) -> None:
        raise CheckFailed("No space left on device", "make room")

    monkeypatch.setattr("ecs_anywhere_dns.following.edited.put", full)
    report = there.apply()
    assert (report.exit, report.cure) == (Exit.CHECK_FAILED, "make room")
    assert (there.server.file.read_bytes(), len(there.server.history)) == (text, loads)
    assert not (tmp_path / "state" / "journal.json").exists()


def test_something_that_writes_the_file_each_time_does_not_fill_the_disk(tmp_path: Path) -> None:
    one = ohio()
    there = site(tmp_path, one)
    texts = []
    for number in range(MOST_COPIES + 3):
        there.server.file.write_text(f"{there.server.file.read_text()}# {number}\n")
        texts.append(there.server.file.read_bytes())
        assert there.apply().exit == Exit.DONE
    assert [copy.read_bytes() for copy in copies_of(there.server.file)] == texts[-MOST_COPIES:]


def test_what_an_older_version_wrote_is_replaced_without_a_copy_where_it_is_the_same(
    tmp_path: Path,
) -> None:
    one = ohio()
    there = site(tmp_path, one)
    (tmp_path / "state" / "written.json").unlink()
    one.publish(services=("ecs", "ecs-a"))
    assert there.apply().exit == Exit.DONE
    (tmp_path / "state" / "written.json").unlink()
    assert rollback(there.hosts()).exit == Exit.DONE
    assert copies_of(there.server.file) == []
