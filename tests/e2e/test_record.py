"""What a run keeps: every error and every lag, with nobody's account in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from e2e.record import NOBODY, Record
from e2e.state import State, read
from e2e.steps.outside import judged, script

ACCOUNT = "123456789012"
DOCUMENT = {
    "names": {"ssm.us-east-2.amazonaws.com": ["10.0.0.8", "10.0.1.8"]},
    "resolverIps": ["10.0.0.9"],
}


def record(folder: Path) -> Record:
    return Record(folder / "r.json", {"run": "r"}, {ACCOUNT: NOBODY})


def test_errors_and_lags_are_kept_with_their_step_and_without_the_account(tmp_path: Path) -> None:
    kept = record(tmp_path)
    kept.step = "connect"
    kept.called("ec2:CreateVpc", 0.1234, "UnauthorizedOperation", f"arn:aws:iam::{ACCOUNT}:user/x")
    kept.called("ec2:CreateVpc", 0.5)
    kept.of_the_app("ec2:ModifyVpcEndpoint", "OperationInProgress", "2026-11-29T12:00:00Z")
    kept.lag("a tag until it is shown", 1.239)
    kept.end_step("failed", "for good", 3)
    text = kept.path.read_text()
    assert ACCOUNT not in text
    said = json.loads(text)
    assert [e["code"] for e in said["errors"]] == ["UnauthorizedOperation", "OperationInProgress"]
    assert said["lags"] == [{"step": "connect", "what": "a tag until it is shown", "seconds": 1.24}]
    assert said["calls"]["ec2:CreateVpc"]["times"] == 2
    assert not kept.is_good


def test_what_was_not_as_it_shall_be_makes_a_run_bad_and_does_not_end_it(tmp_path: Path) -> None:
    kept = record(tmp_path)
    assert kept.expect(True, "one thing")
    assert kept.is_good
    assert not kept.expect(False, "another thing")
    assert not kept.is_good


def test_the_state_is_read_again_as_it_was_kept(tmp_path: Path) -> None:
    state = State(tmp_path / "state.json", "r", ACCOUNT, "us-east-2", "s")
    state.keep(vpc="vpc-1", done=["facts"])
    assert read(state.path) == state
    state.forget()
    assert read(state.path) is None


def answers(name: str, ips: str) -> str:
    lines = [f"answer {name} 10.0.0.9 {over} {ips}" for over in ("notcp", "tcp")]
    return "\n".join([*lines, f"tls {name} 10.0.0.8 404 "])


@pytest.mark.parametrize(
    ("printed", "right"),
    [
        (answers("ssm.us-east-2.amazonaws.com", "10.0.0.8 10.0.1.8"), [True, True, True]),
        (answers("ssm.us-east-2.amazonaws.com", "10.0.0.8 10.0.1.8 alias."), [True, True, True]),
        (answers("ssm.us-east-2.amazonaws.com", "10.0.0.8"), [False, False, True]),
        (answers("ssm.us-east-2.amazonaws.com", "52.1.2.3"), [False, False, True]),
        ("", [False, False, False]),
        ("tls ssm.us-east-2.amazonaws.com 10.0.0.8 000 timed out", [False, False, False]),
    ],
)
def test_an_answer_from_outside_is_right_when_it_is_all_that_was_published(
    printed: str, right: list[bool]
) -> None:
    assert [is_right for _, is_right in judged(DOCUMENT, printed)] == right


def test_each_resolver_address_is_asked_over_udp_and_tcp() -> None:
    text = script(DOCUMENT)
    assert text.count("@10.0.0.9 ssm.us-east-2.amazonaws.com") == 2
    assert "+notcp" in text
    assert "+tcp" in text
