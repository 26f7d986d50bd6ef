"""Knot Resolver: what no other server has. Everything else is in the tests of every server."""

from __future__ import annotations

from pathlib import Path

import pytest
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding, forwarding_to
from ecs_anywhere_dns.outcome import CheckFailed, Exit
from ecs_anywhere_dns.servers.knot.configuration import reads
from ecs_anywhere_dns.servers.knot.control import KnotControl, quoted
from ecs_anywhere_dns.servers.knot.lines import read_fragment, text_for

from tests.onprem.lab.lab import Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS
from tests.onprem.test_apply import applied, apply, assert_private
from tests.onprem.test_commands import amiss

SSM = "ssm.us-east-2.amazonaws.com"
TWO_VPCS = forwarding_to(
    {"ecs.us-east-2.amazonaws.com": ["10.0.0.32"], "ecs.eu-west-1.amazonaws.com": ["10.9.0.32"]},
    "two VPCs",
    5453,
)


@pytest.mark.parametrize(
    "forwarding", [NOTHING, Forwarding((SSM,), ("10.0.0.32", "10.0.1.32"), "x (active)"), TWO_VPCS]
)
def test_what_is_written_is_read_back(forwarding: Forwarding) -> None:
    read = read_fragment(text_for(forwarding), "here")
    assert (read.targets, read.is_none) == (forwarding.targets, forwarding.is_none)
    assert read.port == (53 if forwarding.is_none else forwarding.port)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("'10.9.0.32@5453'", "'10.9.0.33@5453'"),
        ("'10.9.0.32@5453'", "os.exit()"),
        ("forward('ecs.eu-west-1.amazonaws.com'", "forward('ecs'"),
        ("policy.STUB", "policy.FORWARD"),
        ("ecs_anywhere_dns.mark", "-- ecs_anywhere_dns.mark"),
    ],
)
def test_a_file_that_somebody_edited_is_refused(was: str, becomes: str) -> None:
    text = text_for(TWO_VPCS)
    assert was in text
    with pytest.raises(CheckFailed):
        read_fragment(text.replace(was, becomes), "here")


def test_a_change_loses_no_question_and_ends_no_process(lab: Lab) -> None:
    server = applied(lab, "knot")
    pid = server.pid
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    assert server.running() and server.pid == pid
    assert_private(lab)


def test_what_was_applied_is_there_after_a_restart(lab: Lab) -> None:
    server = applied(lab, "knot")
    server.restart()
    assert_private(lab)
    assert amiss(lab) == {}


def test_our_policies_come_before_the_administrator_s(lab: Lab) -> None:
    """The first that fits counts, and the file may be taken in at the end."""
    lab.start("knot", "policy.add(policy.all(policy.STUB('203.0.113.1')))")
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)
    assert lab.ask("www.example.com").addresses == (PUBLIC_ADDRESS,)


def test_a_policy_that_was_put_before_ours_is_named_and_put_behind(lab: Lab) -> None:
    server = applied(lab, "knot")
    running = KnotControl(Path(server.table["control"]))
    running.values_of("policy.add(policy.all(policy.DROP)) and true")
    running.values_of("table.insert(policy.rules, 1, table.remove(policy.rules)) or true")
    assert any("a policy was put before ours" in what for what in amiss(lab))
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


def test_rebinding_protection_without_an_exemption_is_named_before_anything_is_touched(
    lab: Lab,
) -> None:
    server = lab.start("knot", "modules.load('rebinding < iterate')")
    files = server.files()
    lab.publish()
    assert any("the module rebinding" in what for what in amiss(lab))
    report = apply(lab)
    assert (report["exit"], server.files()) == (Exit.CHECK_FAILED, files), report


def test_dns64_makes_no_addresses_of_our_names(lab: Lab) -> None:
    lab.start("knot", "modules.load('dns64') dns64.config('64:ff9b::')")
    lab.publish()
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    assert lab.ask(SSM, "AAAA").addresses == ()
    assert lab.ask("www.example.com", "AAAA").addresses != ()


def test_the_sockets_that_dead_processes_leave_are_passed_over(lab: Lab) -> None:
    server = lab.start("knot")
    server.kill()
    server.start()
    left = list(Path(server.table["control"]).iterdir())
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE, left
    assert_private(lab)


def test_any_text_reaches_kresd_as_it_is(lab: Lab) -> None:
    server = lab.start("knot")
    running = KnotControl(Path(server.table["control"]))
    for text in ("a 'b' \"c\" \\d \n\t]] --[[ x", "é €", "0" * 100_000):
        assert running.values_of(f"#{quoted(text)}") == (len(text.encode()),)
    assert running.values_of("'it\\'s \\\\ \"so\"'") == ('it\'s \\ "so"',)


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("dofile('{}')", True),
        ('  dofile "{}" -- ours', True),
        ("if true then dofile( '{}' ) end", True),
        ("-- dofile('{}')", False),
        ("--[[\ndofile('{}')\n]]", False),
        ("dofile('/etc/other.lua')", False),
        ("", False),
    ],
)
def test_a_file_counts_as_read_where_the_configuration_runs_it(
    text: str, is_read: bool, tmp_path: Path
) -> None:
    main, ours = tmp_path / "kresd.conf", tmp_path / "ours.lua"
    main.write_text(text.format(ours))
    assert reads(main, ours) == is_read
    (tmp_path / "outer.conf").write_text(f"dofile('{main}')")
    assert reads(tmp_path / "outer.conf", ours) == is_read
