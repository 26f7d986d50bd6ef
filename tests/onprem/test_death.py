"""`kill -9` at every step: the client never loses its answers, and the next run puts all right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ecs_anywhere_dns.outcome import Exit

from tests.onprem.lab import forked
from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.forked import Start
from tests.onprem.lab.lab import Lab
from tests.onprem.test_apply import applied, apply, assert_private

KILLED = -9
FORMER = ("ecs", "ecs-a", "ecs-t", "ssm", "api.ecr", "dkr.ecr")
STEPS = (
    "fetch", "validate", "preflight", "render", "check fragment", "look for hindrances", "journal",
    "swap", "swap 2", "check configuration", "reload", "check effective", "flush", "verify",
    "commit",
)  # fmt: skip
UNDONE = STEPS[STEPS.index("swap") :]
"""Dying there leaves a journal that the next run has to undo."""
ROLLING_BACK = ("roll back",)


def killed_at(lab: Lab, server: DnsServer, step: str) -> tuple[int, list[str]]:
    """The exit code, and the steps that it came to."""
    words = (str(lab.settings_file(server)),)
    ran = forked.run(Start(lab.prefix, words, dict(os.environ), 60, fatal=step))
    assert ran.stderr == "", ran.stderr
    return ran.code, ran.stdout.splitlines()


def with_former_forwarding(lab: Lab, kind: str) -> DnsServer:
    """A server that forwards what an earlier generation said, and a later one is published."""
    names = {f"{name}.{lab.region}.amazonaws.com" for name in FORMER}
    server = lab.start(kind)
    lab.publish(
        names={name: list(ips) for name, ips in lab.names.items() if name in names},
        zones=[zone for zone in lab.zones if "ssmmessages" not in zone],
    )
    assert apply(lab)["exit"] == Exit.DONE
    lab.publish()
    return server


def assert_former_names_are_private(lab: Lab) -> None:
    for name in FORMER:
        full = f"{name}.{lab.region}.amazonaws.com"
        assert lab.ask(full).addresses == lab.names[full], name
    assert lab.public.saw_private([zone for zone in lab.zones if "ssmmessages" not in zone]) == []


def steps_of(lab: Lab, kind: str) -> list[str]:
    """Every step that a change comes to."""
    code, steps = killed_at(lab, with_former_forwarding(lab, kind), "never")
    assert code == 0, steps
    return steps


def test_the_steps_come_in_the_order_of_the_story(lab: Lab, server_kind: str) -> None:
    told = steps_of(lab, server_kind)
    swaps = [step for step in told if step.startswith("swap ")]
    assert 1 <= len(swaps) <= 5
    expected = [step for step in STEPS if not step.startswith("swap")]
    assert [step for step in told if step not in swaps] == expected
    assert told.index("journal") < told.index(swaps[0]) < told.index("check configuration")


@pytest.mark.parametrize("step", STEPS)
def test_killed_there_it_is_put_right_by_the_next_run(
    lab: Lab, server_kind: str, step: str
) -> None:
    server = with_former_forwarding(lab, server_kind)
    before = server.files()
    fatal = _step_of(lab, server, step)
    code, steps = killed_at(lab, server, fatal)
    assert (code, steps[-1]) == (KILLED, fatal)
    assert server.running()
    assert_former_names_are_private(lab)

    # First without anything new to apply: what was begun is undone, to the byte.
    document = lab.published.read_text()
    lab.published.unlink()
    report = apply(lab)
    assert report["exit"] == Exit.FETCH_FAILED
    assert server.files() == before
    assert any("had died" in hint for hint in report["hints"]) == (step in UNDONE)
    assert_former_names_are_private(lab)
    assert not _journal(lab, server).exists()

    lab.published.write_text(document)
    assert apply(lab)["exit"] == Exit.DONE
    lab.public.queries.clear()
    assert_private(lab)


def test_killed_between_commit_and_the_end_of_its_journal_nothing_is_undone(lab: Lab) -> None:
    server = applied(lab, "unbound")
    run = json.loads(_journal(lab, server).with_name("applied.json").read_text())["run"]
    _journal(lab, server).write_text(json.dumps({"run": run, "before": [], "zones": []}))
    report = apply(lab)
    assert (report["exit"], report["changed"], report["hints"]) == (Exit.DONE, False, [])
    assert not _journal(lab, server).exists()


def test_two_runs_at_once_are_one(lab: Lab) -> None:
    server = applied(lab, "unbound")
    script = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); input()"
    lock = _journal(lab, server).with_name("lock")
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"{script.replace('input()', 'print(1, flush=True); input()')}",
            lock,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    holder.stdout.readline()
    report = apply(lab)
    holder.communicate(b"\n")
    assert report["exit"] == Exit.BUSY
    assert "another run" in report["summary"]
    assert apply(lab)["exit"] == Exit.DONE


def _step_of(lab: Lab, server: DnsServer, step: str) -> str:
    """A swap is told with its file; the second is the last where there is only one."""
    if not step.startswith("swap"):
        return step
    fragments = json.loads(lab.tool("render", "--json", server=server).stdout)
    names = [Path(fragment["path"]).name for fragment in fragments]
    return f"swap {names[0] if step == 'swap' else names[-1]}"


def _journal(lab: Lab, server: DnsServer) -> Path:
    return server.ground.run / "state" / "journal.json"
