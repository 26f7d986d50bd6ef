"""What happens on hosts that nobody prepared for us: memory lost, disks full, clocks set back."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from ecs_anywhere_dns.answers.proof import prove
from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.following.acceptance import History, Resting, accept
from ecs_anywhere_dns.following.switchover import Target, switch
from ecs_anywhere_dns.forwarding import NOTHING, forwarding_of
from ecs_anywhere_dns.host import Host, Progress
from ecs_anywhere_dns.memory.files import FileState, put, remove_half_written
from ecs_anywhere_dns.memory.records import Applied, Distrust, Journal, Last
from ecs_anywhere_dns.memory.state import ROOM, State
from ecs_anywhere_dns.outcome import CheckFailed, Exit

from tests.onprem.example import asks_nobody, fit, settings
from tests.onprem.lab.lab import Lab
from tests.onprem.test_apply import applied, apply, assert_private
from tests.onprem.test_rolling_back import (
    assert_former,
    assert_rolled_back,
    publish_former,
    rollback,
    state,
    turn_after_preflight,
    turn_right,
)

if TYPE_CHECKING:
    from ecs_anywhere_dns.host import Publication
    from ecs_anywhere_dns.servers.contract import Server

READ_ONLY = Path("/proc/version")
"""In a file system that takes no files, whoever asks."""
SETTINGS = settings()
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

# --- memory


def test_without_its_memory_a_failed_change_is_undone_and_the_next_run_goes_on(
    lab: Lab, server_kind: str
) -> None:
    server = lab.start(server_kind)
    publish_former(lab)
    assert apply(lab)["exit"] == Exit.DONE
    (state(server) / "applied.json").unlink()
    files = server.files()
    lab.publish()
    turn_after_preflight(lab)
    assert_rolled_back(server, apply(lab), files)
    turn_right(lab)
    assert_former(lab)
    lab.public.queries.clear()
    assert apply(lab, "--force")["exit"] == Exit.DONE
    assert_private(lab)


def test_back_means_as_it_was_applied_where_somebody_edited_it_since(
    lab: Lab, server_kind: str
) -> None:
    server = lab.start(server_kind)
    publish_former(lab)
    assert apply(lab)["exit"] == Exit.DONE
    files = server.files()
    edited = {}
    for path, text in files.items():
        if path.name.startswith("ecs-anywhere.") and b"10.0.1.32" in text:
            edited[path] = text.replace(b"10.0.1.32", b"10.0.1.99")
            path.write_bytes(edited[path])
    lab.publish()
    turn_after_preflight(lab)
    report = apply(lab)
    copies = {next(p.parent.glob(f".{p.name}.edited-*")): text for p, text in edited.items()}
    assert len(copies) == len(edited) > 0
    assert_rolled_back(server, report, files | copies)
    turn_right(lab)
    assert_former(lab)


def test_a_fragment_that_the_server_may_not_read_is_made_readable_by_the_next_change(
    lab: Lab, server_kind: str
) -> None:
    server = lab.start(server_kind)
    publish_former(lab)
    assert apply(lab)["exit"] == Exit.DONE
    before = server.files()
    for path in before:
        path.chmod(0o600)
    lab.publish()
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    changed = [path for path, text in server.files().items() if text != before[path]]
    assert {path.stat().st_mode & 0o777 for path in changed} == {0o644}


def fragments(lab: Lab) -> list[Path]:
    return [Path(item["path"]) for item in json.loads(lab.tool("render", "--json").stdout)]


def change_and_go_back(lab: Lab, *, by_hand: bool) -> None:
    lab.publish()
    if by_hand:
        report = apply(lab)
        assert report["exit"] == Exit.DONE, report
        assert {path.stat().st_mode & 0o777 for path in fragments(lab)} == {0o644}
        assert rollback(lab)["exit"] == Exit.DONE
        return
    turn_after_preflight(lab)
    assert apply(lab)["exit"] == Exit.ROLLED_BACK


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_rollback_puts_back_mode_and_owner_exactly(
    lab: Lab, server_kind: str, by_hand: bool
) -> None:
    lab.start(server_kind)
    lab.publish()
    group = 12345 if lab.tier == "root-namespaces" else -1
    for path in fragments(lab):
        os.chown(path, -1, group)
        path.chmod(0o640)
    before = [path.stat() for path in fragments(lab)]
    change_and_go_back(lab, by_hand=by_hand)
    now = [path.stat() for path in fragments(lab)]
    assert [(s.st_mode, s.st_uid, s.st_gid) for s in now] == [
        (s.st_mode, s.st_uid, s.st_gid) for s in before
    ]


@pytest.mark.parametrize("by_hand", [True, False])
def test_where_the_server_could_not_read_it_so_a_rollback_leaves_it_readable(by_hand: bool) -> None:
    """Unbound reads it as root when it starts, and as its own user at a reload: it would end."""
    with contextlib.closing(Lab(("root-namespaces", "loopback"))) as lab:
        lab.directory.chmod(0o755)
        is_root = os.geteuid() == 0
        server = lab.start("unbound", 'username: "nobody"' if is_root else "")
        lab.publish()
        (fragment,) = fragments(lab)
        fragment.chmod(0o600)
        change_and_go_back(lab, by_hand=by_hand)
        assert server.running()
        assert fragment.stat().st_mode & 0o777 == (0o644 if is_root else 0o600)


@pytest.mark.parametrize("place", ["beside", "elsewhere"])
def test_an_administrators_own_link_to_a_configuration_elsewhere_keeps_working(
    lab: Lab, server_kind: str, place: str
) -> None:
    server = lab.start(server_kind)
    folder = server.directory if place == "beside" else lab.directory / "elsewhere"
    folder.mkdir(exist_ok=True)
    lab.publish()
    for path in fragments(lab):
        real = folder / f"{path.name}.real"
        path.rename(real)
        path.symlink_to(real)
    assert apply(lab)["exit"] == Exit.DONE
    assert all(path.is_symlink() for path in fragments(lab))
    assert_private(lab)


def test_a_link_that_the_dns_servers_user_laid_stops_the_change_and_leads_nowhere(
    lab: Lab, server_kind: str
) -> None:
    """As in /var/named of RHEL, which named owns."""
    server = lab.start(server_kind)
    lab.publish()
    secret = lab.directory / "secret"
    secret.write_text("root:secret\n")
    secret.chmod(0o600)
    link = fragments(lab)[0]
    link.unlink()
    link.symlink_to(secret)
    link.parent.chmod(0o777)
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.CHECK_FAILED, False), report
    assert f"{link} is a link" in report["summary"]
    assert report["cure"]
    assert "secret:" not in json.dumps(report), "nor is it read"
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("root:secret\n", 0o600)
    doctor = lab.tool("doctor")
    assert f"{link} is a link" in doctor.stdout
    assert "root:secret" not in doctor.stdout
    assert server.running()


def test_unbounds_control_tool_fails_with_our_broken_fragment_and_the_cure_mends_it(
    lab: Lab,
) -> None:
    server = applied(lab, "unbound")
    fragment = next(path for path in server.files() if path.name == "ecs-anywhere.conf")
    fragment.write_text("garbage {\n")
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.CHECK_FAILED, False), report
    assert f"`rm {fragment}`" in report["cure"]
    fragment.unlink()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


def test_without_memory_a_persons_word_is_not_undone_by_the_timer(lab: Lab) -> None:
    server = applied(lab, "unbound")
    (state(server) / "applied.json").unlink()
    assert lab.tool("rollback", "--to-none").code == Exit.DONE
    assert lab.tool("rollback", "--to-none").code == Exit.DONE
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.REFUSED, False), report
    assert "--force" in report["cure"]
    assert apply(lab, "--force")["exit"] == Exit.DONE
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


# --- disks


def test_without_room_for_the_commit_no_switch_begins(tmp_path: Path) -> None:
    folder = State(tmp_path)
    (tmp_path / "room").mkdir()  # what cannot be replaced by a file
    with pytest.raises(CheckFailed, match="room"):
        folder.open_journal(Journal("run", (), ()))
    assert folder.journal() is None


def test_the_room_is_kept_while_the_journal_is_open_and_given_to_the_commit(tmp_path: Path) -> None:
    folder = State(tmp_path)
    folder.open_journal(Journal("run", (), ()))
    assert (tmp_path / "room").stat().st_size == ROOM
    folder.commit(Applied("run"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["applied.json"]


def test_a_report_that_cannot_be_written_does_not_change_how_the_run_ended(lab: Lab) -> None:
    server = applied(lab, "unbound")
    (state(server) / "status.json").unlink()
    (state(server) / "status.json").mkdir()
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    assert "status.json" in " ".join(report["hints"])


def test_where_no_file_can_be_written_none_has_to_be_put_back(tmp_path: Path) -> None:
    """The swap fails, and so would writing what is there already: that is no failed rollback."""
    server = SimpleNamespace(name="paper", fragments=lambda _: ())
    host = Host(
        SETTINGS, cast("Server", server), State(tmp_path), cast("Publication", None), asks_nobody,
        Progress(lambda _: None),
    )  # fmt: skip
    target = Target(NOTHING, (FileState(READ_ONLY, b"something else"),), lambda: None)
    with pytest.raises(CheckFailed, match="version"):
        switch(host, "run", target)
    assert host.state.journal() is None


def test_half_a_file_does_not_stay_on_a_full_disk(tmp_path: Path) -> None:
    taken = tmp_path / "fragment"
    taken.mkdir()
    with pytest.raises(CheckFailed):
        put(FileState(taken, b"content"))
    assert list(tmp_path.iterdir()) == [taken]


def test_what_cannot_be_there_need_not_be_removed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    remove_half_written(tmp_path / "file" / "fragment")


# --- clocks


@pytest.mark.parametrize("failed", [timedelta(days=900), timedelta(seconds=1)])
def test_a_clock_that_was_set_back_lets_nothing_rest_for_years(failed: timedelta) -> None:
    document = fit()
    distrust = Distrust(document.checksum, failures=1, at=(NOW + failed).isoformat())
    accept(document, SETTINGS, History(Last(), distrust), NOW, force=False)
    with pytest.raises(Resting):
        accept(document, SETTINGS, History(Last(), distrust), NOW + failed, force=False)


# --- time


@pytest.mark.parametrize(("longest", "rounds"), [(0.0, 1), (60.0, 5)])
def test_no_round_of_questions_begins_after_the_deadline(longest: float, rounds: int) -> None:
    document, asked = fit(), []

    def asks_in_vain(questions: Sequence[Question]) -> dict[Question, Answer]:
        asked.append(len(questions))
        return {question: Answer("timeout") for question in questions}

    forwarding = forwarding_of(document, document.resolver_ips, None)
    assert not prove(document, forwarding, SETTINGS, asks_in_vain, longest).all_right
    assert len(asked) == rounds


def test_each_round_asks_only_for_the_names_that_were_lost_in_the_one_before() -> None:
    """A server that takes few questions at once answers all of them in the end."""
    document, asked = fit(), []

    def asks_few(questions: Sequence[Question]) -> dict[Question, Answer]:
        asked.append({question.name for question in questions})
        heard = sorted(asked[-1])[:1]
        return {q: _right(q, document) if q.name in heard else Answer("timeout") for q in questions}

    forwarding = forwarding_of(document, document.resolver_ips, None)
    assert len(document.names) > 1
    proof = prove(document, forwarding, SETTINGS, asks_few)
    assert [len(names) for names in asked] == list(range(len(document.names), 0, -1))[:5]
    assert proof.right == 3 * min(5, len(document.names))
    assert len(proof.verdicts) == 3 * len(document.names)


def _right(question: Question, document: Document) -> Answer:
    published = document.names[question.name] if question.type == "A" else ()
    return Answer(rcode="NOERROR", addresses=tuple((question.name, ip) for ip in published))


# --- what doctor says


def test_doctor_names_an_address_where_nobody_answers(lab: Lab) -> None:
    server = lab.start("unbound")
    lab.publish()
    assert "asked for localhost" not in lab.tool("doctor").stdout
    lab.settings_file(server, port=54)
    said = lab.tool("doctor").stdout
    for transport in ("udp", "tcp"):
        assert re.search(rf"LOOK .* port 54 over {transport}, asked for localhost", said), said
