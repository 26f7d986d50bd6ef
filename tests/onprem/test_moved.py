"""Files of ours that the configuration of the tool names elsewhere than before: the former ones go,
but for those that somebody edited."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest
from ecs_anywhere_dns.following.rollback import rollback
from ecs_anywhere_dns.outcome import CheckFailed, Exit

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.test_apply import applied, apply, assert_private
from tests.onprem.test_commands import amiss
from tests.onprem.test_edited import edit
from tests.onprem.test_several_vpcs import assert_right, ireland, ohio, site

MOVED = {
    "bind": {"zones": "other.zones", "options": "other.options"},
    "unbound": {"fragment": "unbound.conf.d/other.conf"},
    "dnsmasq": {"servers_file": "other.servers"},
    "powerdns": {"zones_file": "other.zones"},
    "knot": {"fragment": "other.lua"},
}
"""The keys of each server that name a file of ours, and where it is to be. systemd-resolved reads
its two folders, and no others."""


def move(lab: Lab, server: DnsServer) -> dict[Path, Path]:
    """Have an administrator name other files, and write them into their own where they had included
    ours. Returns the former path of each, and the new one."""
    table = cast("dict[str, Any]", server.launch.table)
    paths = {}
    for key, name in MOVED[server.kind].items():
        former, now = Path(table[key]), server.directory / name
        paths[former] = now
        table[key] = str(now)
    lab.settings_file(server)
    for file, content in server.files().items():
        if file not in paths:
            for former, now in paths.items():
                content = content.replace(str(former).encode(), str(now).encode())
            if content != file.read_bytes():
                file.write_bytes(content)
    return paths


def moved(lab: Lab, kind: str, *, is_edited: bool = False) -> tuple[DnsServer, dict[Path, Path]]:
    """A server with the forwarding in place, whose files are to be elsewhere. Returns the former
    path of each, and the new one."""
    server = applied(lab, kind)
    paths = move(lab, server)
    for file in paths if is_edited else ():
        edit(file)
    assert lab.tool("init", "--include").code == Exit.DONE
    if kind == "powerdns":  # it reads no other file before
        server.restart()
    return server, paths


def said_of(report: dict[str, Any], file: Path) -> str:
    (said,) = (hint for hint in report["hints"] if str(file) in hint)
    return str(said)


def assert_settled(lab: Lab, server: DnsServer) -> None:
    """All is right now and after a restart, and nothing is left to do."""
    assert_private(lab)
    server.restart()
    assert_private(lab)
    assert amiss(lab) == {}
    report = apply(lab)
    assert (report["changed"], report["hints"]) == (False, [])


@pytest.mark.parametrize("kind", [kind for kind in MOVED if kind != "dnsmasq"])
def test_former_files_that_nobody_edited_go_with_the_switch(lab: Lab, kind: str) -> None:
    server, paths = moved(lab, kind)
    dry = apply(lab, "--dry-run")
    assert set(map(str, (*paths, *paths.values()))) <= set(dry["would_change"])
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    for former, now in paths.items():
        assert (former.exists(), now.exists()) == (False, True)
        assert said_of(report, former).startswith("removed")
    assert_settled(lab, server)


@pytest.mark.parametrize("kind", [kind for kind in MOVED if kind != "unbound"])
def test_a_former_file_that_somebody_edited_stays_and_is_named(lab: Lab, kind: str) -> None:
    server, paths = moved(lab, kind, is_edited=True)
    before = {file: file.read_bytes() for file in paths}
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    assert {file: file.read_bytes() for file in paths} == before
    for former in paths:
        assert "stays: it was edited" in said_of(report, former)
    assert_settled(lab, server)


def test_an_edited_file_that_is_still_read_is_named_and_nothing_is_changed(lab: Lab) -> None:
    """Unbound takes in all of its folder, and would ignore one of two zones of a name."""
    server, paths = moved(lab, "unbound", is_edited=True)
    (former,) = paths
    before = server.files()
    report = apply(lab)
    assert report["exit"] == Exit.CHECK_FAILED, report
    assert "stays: it was edited" in said_of(report, former)
    assert server.files() == before
    assert_private(lab)
    former.unlink()
    assert apply(lab)["exit"] == Exit.DONE
    assert_settled(lab, server)


def test_dnsmasq_keeps_the_former_file_until_it_is_restarted(lab: Lab) -> None:
    """It learns where the file is only when it starts: until then the former one serves."""
    server, paths = moved(lab, "dnsmasq")
    ((former, now),) = paths.items()
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    assert "until it is restarted" in said_of(report, former)
    assert former.exists()
    assert_private(lab)
    # It was written a while before the restart: that is known to a second.
    include = server.directory / "dnsmasq.d" / "ecs-anywhere.conf"
    earlier = include.stat().st_mtime - 10
    os.utime(include, (earlier, earlier))
    server.restart()
    assert_private(lab)
    lab.publish()
    now.write_text(f"{now.read_text()}# edited\n")
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    assert said_of(report, former).startswith("removed")
    assert not former.exists()
    assert_settled(lab, server)


@pytest.mark.parametrize("kind", ["bind", "knot"])
def test_a_former_file_that_an_administrator_s_file_names_stays(lab: Lab, kind: str) -> None:
    """Without it the server would not start again."""
    server, paths = moved(lab, kind)
    former = next(iter(paths))
    line = {"bind": f'// include "{former}";\n', "knot": f"-- dofile('{former}')\n"}[kind]
    server.main.write_text(f"{server.main.read_text()}{line}")
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    assert f"is named in {server.main}" in said_of(report, former)
    assert former.exists()
    assert_settled(lab, server)


def test_a_former_file_without_which_the_checker_refuses_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever includes it, in a form that is not found."""
    one = ohio()
    there = site(tmp_path, one)
    former, there.server.file = there.server.file, tmp_path / "new"

    def check() -> None:
        if not former.exists():
            raise CheckFailed(f"{former}: file not found")

    monkeypatch.setattr(there.server, "check_configuration", check)
    report = there.apply()
    assert (report.exit, former.exists()) == (Exit.DONE, True), report.lines()
    assert any("stays" in hint and "file not found" in hint for hint in report.hints)
    assert not there.apply().changed
    assert_right(there, one)


def test_a_move_that_fails_puts_the_former_file_back(tmp_path: Path) -> None:
    one = ohio()
    there = site(tmp_path, one)
    former, there.server.file = there.server.file, tmp_path / "new"
    there.server.file.write_text("")
    text = former.read_bytes()
    there.poisoned = set(one.names)
    assert there.apply().exit == Exit.ROLLED_BACK
    assert (former.read_bytes(), there.server.file.read_bytes()) == (text, b"")


def test_after_a_move_a_rollback_goes_back_at_the_new_path(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    before = there.server.loaded
    one.publish(services=("ecs", "ecs-a"))
    there.apply()
    former, there.server.file = there.server.file, tmp_path / "new"
    assert there.apply().exit == Exit.DONE
    assert not former.exists()
    report = rollback(there.hosts())
    assert report.exit == Exit.DONE, report.lines()
    assert (there.server.loaded, former.exists()) == (before, False)
    moved_on, there.server.file = there.server.file, tmp_path / "newer"
    assert rollback(there.hosts(), to_none=True).exit == Exit.DONE
    assert (there.server.loaded, moved_on.exists()) == ({}, False)


def test_the_files_of_another_server_are_left_alone(tmp_path: Path) -> None:
    """A host that had BIND and has Unbound now: who knows who reads the files of BIND."""
    one = ohio()
    there = site(tmp_path, one)
    assert rollback(there.hosts(), to_none=True).exit == Exit.DONE
    former, there.server.file = there.server.file, tmp_path / "new"
    there.server.name = "other"
    assert there.apply(force=[one.id]).exit == Exit.DONE
    assert former.exists()
