"""From a container host, on a real network of its own: what is private, what is public, and why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.hostcheck.site import NAMES, NUMBERED, PRIVATE, PUBLIC, SERVERS, Scenario

ROOT = Path(__file__).parents[2]
Check = Callable[..., "Answer"]
BEGIN = """
mkdir $1/up $1/work
mount -t overlay none -o lowerdir=/etc,upperdir=$1/up,workdir=$1/work /etc
mkdir -p /etc/ecs
mount -t tmpfs none /var/log
mkdir /var/log/ecs
touch /var/log/ecs/ecs-agent.log
exec $PYTHON -m tests.hostcheck.site $1
"""
"""Gives the host folders of its own above this machine's, where an ECS agent has its files."""


class Answer:
    def __init__(self, code: int, said: dict[str, Any]) -> None:
        self.code, self.matrix, self.findings = code, said["matrix"], said["findings"]

    def verdicts(self, vantage: str) -> set[str]:
        return {each["verdict"] for each in self.findings if each["vantage"] == vantage}

    def wrong(self) -> list[dict[str, str]]:
        return [each for each in self.findings if each["verdict"] in {"PUBLIC", "FAILED"}]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Run a scenario."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.issue_cert(*NAMES, *NUMBERED).private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "server.pem"
    )

    def run(**how: Any) -> Answer:
        ran = subprocess.run(
            ["unshare", "--mount", "--net", "sh", "-euc", BEGIN, "sh", str(tmp_path)],
            input=json.dumps(asdict(Scenario(**how))),
            cwd=ROOT,
            env=os.environ | {"PYTHON": sys.executable, "PYTHONPATH": f"{ROOT}:{ROOT / 'onprem'}"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.stdout.startswith("{"), ran.stdout + ran.stderr
        return Answer(ran.returncode, json.loads(ran.stdout))

    return run


pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="needs root, for a network of its own",
)


def test_a_host_whose_whole_way_is_private_is_told_so(check: Check) -> None:
    answer = check()
    assert answer.code == 0, answer.wrong()
    assert answer.matrix.keys() == set(NAMES)
    vantages = {"libc", *(f"dns {server}" for server in SERVERS), "tls"}
    for row in answer.matrix.values():
        assert row.keys() >= vantages
        assert set(row.values()) == {"PRIVATE"}
    assert answer.verdicts("agent log") == {"PRIVATE"}
    assert answer.verdicts("call") == {"PRIVATE"}
    peers = [each["said"] for each in answer.findings if each["vantage"] == "connection"]
    assert peers == [PRIVATE, PRIVATE]


def test_one_wrong_dns_server_of_two_is_found_though_the_host_asks_the_other(check: Check) -> None:
    answer = check(answers=(PRIVATE, PUBLIC))
    assert answer.code == 1
    for row in answer.matrix.values():
        assert row["libc"] == "PRIVATE"
        assert row[f"dns {SERVERS[1]}"] == "PUBLIC"


def test_an_agent_that_was_started_before_the_names_were_private_is_told_to_restart(
    check: Check,
) -> None:
    """It keeps what DiscoverPollEndpoint answered for twelve hours."""
    answer = check(answers_of_then=(PUBLIC, PUBLIC))
    assert answer.code == 1
    assert all("PUBLIC" not in row.values() for row in answer.matrix.values()), "names are right"
    assert answer.verdicts("call") == {"PRIVATE"}, "asked now, it is sent to the un-numbered host"
    wrong = answer.wrong()
    assert {each["vantage"] for each in wrong} == {"agent log", "connection"}
    assert {each["said"] for each in wrong if each["vantage"] == "connection"} == {PUBLIC}
    assert all("restart the ECS agent" in each["cure"] for each in wrong)


def test_a_host_whose_names_are_public_is_sent_to_numbered_hosts(check: Check) -> None:
    answer = check(answers=(PUBLIC, PUBLIC))
    assert answer.code == 1
    assert {row["libc"] for row in answer.matrix.values()} == {"PUBLIC"}
    assert answer.verdicts("call") == answer.verdicts("agent log") == {"PUBLIC"}


@pytest.mark.parametrize(
    ("no_proxy", "verdict"), [("", "PUBLIC"), ("localhost,.us-east-2.amazonaws.com", "PRIVATE")]
)
def test_a_proxy_that_would_resolve_the_names_itself_is_found(
    check: Check, no_proxy: str, verdict: str
) -> None:
    config = f"HTTPS_PROXY=http://user:secret@proxy:3128\nNO_PROXY={no_proxy}\n"
    answer = check(files={"/etc/ecs/ecs.config": config}, agent=False)
    [found] = [each for each in answer.findings if each["subject"] == "proxy"]
    assert found["verdict"] == verdict
    assert "secret" not in json.dumps(answer.findings)


def test_an_address_of_ipv6_beside_the_private_one_is_a_way_out(check: Check) -> None:
    answer = check(v6=(SERVERS[0],), agent=False)
    assert answer.code == 1
    assert {row[f"dns {SERVERS[0]}"] for row in answer.matrix.values()} == {"PUBLIC"}
    assert {row[f"dns {SERVERS[1]}"] for row in answer.matrix.values()} == {"PRIVATE"}


def test_a_line_in_the_hosts_file_that_hides_the_answer_is_found(check: Check) -> None:
    answer = check(files={"/etc/hosts": f"{PUBLIC} {NAMES[0]}\n"}, agent=False)
    [found] = [each for each in answer.findings if each["vantage"] == "hosts file"]
    assert found["verdict"] == "PUBLIC"
    assert answer.matrix[NAMES[0]]["libc"] == "PUBLIC", "the C library reads it first"
    assert answer.matrix[NAMES[0]][f"dns {SERVERS[0]}"] == "PRIVATE"
