"""Infoblox and FreeIPA: DNS servers whose forward zones are made by an API, here models of these
APIs with a real BIND behind. What clients see is asked of that."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from ecs_anywhere_dns.forwarding import NOTHING, forwarding_to
from ecs_anywhere_dns.outcome import CheckFailed, Exit
from ecs_anywhere_dns.servers.zones_by_api.wish import read_made, read_wish, text_for

from tests.onprem.lab import forked
from tests.onprem.lab.appliances import KINDS, MEMBER, PASSWORD, Appliance, Wapi
from tests.onprem.lab.forked import Start
from tests.onprem.lab.lab import Lab
from tests.onprem.test_apply import assert_private, assert_public
from tests.onprem.test_death import KILLED

THEIRS = "corp.example.com"
SSM = "ssm.us-east-2.amazonaws.com"


@pytest.fixture(params=KINDS)
def appliance(
    lab: Lab, authority: trustme.CA, request: pytest.FixtureRequest
) -> Iterator[Appliance]:
    made = Appliance(lab, request.param, authority)
    made.model.others.append(THEIRS)
    yield made
    made.close()


@pytest.fixture
def run(lab: Lab, appliance: Appliance) -> Callable[..., dict[str, Any]]:
    """Run a command; return its report, in which the password never is."""

    def command(*words: str) -> dict[str, Any]:
        ran = lab.tool(*words, "--json")
        assert PASSWORD not in ran.stdout + ran.stderr
        assert ran.stdout, ran.stderr
        report: dict[str, Any] = json.loads(ran.stdout)
        return report

    return command


Run = Callable[..., dict[str, Any]]


def test_the_zones_are_made_kept_repaired_and_taken_away(
    lab: Lab, appliance: Appliance, run: Run
) -> None:
    model = appliance.model
    assert_public(lab)
    lab.publish()
    assert run("apply", "--dry-run")["would_change"] == [str(appliance.zones_file)]
    assert model.writes == []

    report = run("apply")
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    assert set(model.forward) == set(lab.zones)
    lab.public.queries.clear()
    assert_private(lab)

    writes = list(model.writes)
    assert run("apply")["changed"] is False
    assert model.writes == writes, "a second run changes nothing"

    model.forward.pop(SSM)
    model.bind.take(model.zones)
    assert run("apply")["exit"] == Exit.DONE
    assert set(model.forward) == set(lab.zones), "what somebody removed is made again"
    model.bind.rndc("flush")
    lab.public.queries.clear()
    assert_private(lab)

    lab.publish(state="withdrawn", resolverIps=[], zones=[], names={})
    assert run("apply")["exit"] == Exit.DONE
    assert (model.forward, model.others) == ({}, [THEIRS])
    assert read_made(appliance.zones_file.with_suffix(".made")) == frozenset()


def test_new_resolver_ips_are_written_into_the_zones_that_there_are(
    lab: Lab, appliance: Appliance, run: Run
) -> None:
    first, second = lab.resolver_ips
    lab.resolvers[second].behaviour = "public"
    lab.publish()
    assert run("apply")["forwarders"] == [first]
    # Before the first change was in force the names were the internet's.
    lab.public.queries.clear()
    lab.resolvers[first].behaviour, lab.resolvers[second].behaviour = "public", "right"
    report = run("apply")
    assert (report["exit"], report["forwarders"]) == (Exit.DEGRADED, [second]), report
    assert set(map(tuple, appliance.model.zones().values())) == {(second,)}
    assert_private(lab)


def test_a_zone_that_was_there_before_is_refused_and_stays(
    lab: Lab, appliance: Appliance, run: Run
) -> None:
    model = appliance.model
    model.make_by_hand(SSM, "10.9.9.9")
    before = model.zones()
    lab.publish()
    report = run("apply")
    assert report["exit"] == Exit.CHECK_FAILED
    assert SSM in report["summary"] and "did not make" in report["summary"]
    assert (model.zones(), model.writes) == (before, [])
    findings: Any = run("doctor")
    assert [each for each in findings if not each["ok"] and SSM in each["what"]]
    assert run("rollback", "--to-none")["exit"] == Exit.DONE
    assert model.zones() == before


def test_a_zone_with_records_that_took_the_name_of_ours_is_refused_and_never_deleted(
    lab: Lab, appliance: Appliance, run: Run
) -> None:
    model = appliance.model
    lab.publish()
    assert run("apply")["exit"] == Exit.DONE
    model.forward.pop(SSM)
    model.others.append(SSM)
    findings: Any = run("doctor")
    assert [each for each in findings if not each["ok"] and SSM in each["what"]]
    writes = list(model.writes)
    report = run("apply")
    assert report["exit"] == Exit.CHECK_FAILED and SSM in report["summary"], report
    assert model.writes == writes, "refused before anything is changed"

    assert run("rollback", "--to-none")["exit"] == Exit.DONE
    assert (model.forward, model.others) == ({}, [THEIRS, SSM])


@pytest.mark.parametrize("appliance", ["infoblox"], indirect=True)
def test_a_forward_zone_of_the_grid_without_our_comment_is_not_deleted(
    lab: Lab, appliance: Appliance, run: Run
) -> None:
    lab.publish()
    assert run("apply")["exit"] == Exit.DONE
    appliance.model.forward[SSM]["comment"] = "made anew by hand"
    assert run("rollback", "--to-none")["exit"] == Exit.DONE
    assert set(appliance.model.forward) == {SSM}


def test_a_change_that_the_dns_server_never_hears_of_is_taken_back(
    lab: Lab, appliance: Appliance, run: Run
) -> None:
    appliance.model.bind.is_deaf = True
    lab.publish()
    report = run("apply")
    assert report["exit"] == Exit.ROLLED_BACK, report
    assert appliance.model.forward == {}
    assert_public(lab)


@pytest.mark.parametrize("appliance", ["infoblox"], indirect=True)
def test_only_the_dns_service_of_our_members_is_restarted(
    lab: Lab, appliance: Appliance, run: Run
) -> None:
    lab.publish()
    assert run("apply")["exit"] == Exit.DONE
    assert isinstance(appliance.model, Wapi) and appliance.model.restarts
    for asked in appliance.model.restarts:
        assert (asked["members"], asked["services"]) == ([MEMBER], ["DNS"])


def test_an_answer_that_is_no_http_takes_the_half_made_change_back(
    lab: Lab, appliance: Appliance, run: Run
) -> None:
    appliance.model.breaks_off_after = 1
    lab.publish()
    report = run("apply")
    assert report["exit"] == Exit.ROLLED_BACK and "cannot be asked" in report["summary"], report
    assert (appliance.model.forward, len(appliance.model.writes)) == ({}, 4)


def test_an_answer_of_an_unknown_form_is_told_and_changes_nothing(
    lab: Lab, appliance: Appliance, run: Run
) -> None:
    appliance.model.answers_oddly = True
    lab.publish()
    report = run("apply")
    assert report["exit"] in (Exit.CHECK_FAILED, Exit.NOT_RESOLVING), report
    assert "in a form that this tool does not know" in report["summary"]
    assert appliance.model.writes == []


@pytest.mark.parametrize("step", ["reload", "check effective"])
def test_a_run_that_dies_is_undone_by_the_next(
    lab: Lab, appliance: Appliance, run: Run, step: str
) -> None:
    lab.publish()
    config = str(appliance.server.ground.run / "config.toml")
    ran = forked.run(Start(lab.prefix, (config,), dict(os.environ), 60, fatal=step))
    assert ran.code == KILLED, ran
    report = run("apply")
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    assert any("died" in hint for hint in report["hints"])
    assert set(appliance.model.forward) == set(lab.zones)
    lab.public.queries.clear()
    assert_private(lab)


def test_nothing_is_sent_to_a_stranger_and_no_password_is_taken_that_others_may_read(
    lab: Lab, appliance: Appliance, run: Run
) -> None:
    lab.publish()
    table = {
        "url": ("http://127.0.0.1:8443/ipa", "is no https"),
        "ca_file": ("", "certificate verify failed"),
        "user": ("", f"[{appliance.kind}] has no user"),
        "password_file": ("/nowhere/password", "which is to hold the password"),
    }
    for key, (value, said) in table.items():
        appliance.configure(**{key: value})
        report = run("apply")
        assert report["exit"] == Exit.NOT_RESOLVING and said in report["summary"], report
    appliance.configure()
    appliance.password_file.chmod(0o644)
    assert "its mode 0644 lets others read it" in run("apply")["summary"]
    appliance.password_file.chmod(0o600)
    appliance.password_file.write_text("wrong\n")
    assert "refuses the user 'ecs-dns' (401)" in run("apply")["summary"]
    assert appliance.model.writes == []


# --- the wish, and the memory


def test_the_wish_of_two_vpcs_is_read_back_as_it_was_written() -> None:
    both = {"ecs.us-east-2.amazonaws.com": ["10.0.0.32", "10.0.1.32"], SSM: ["10.64.0.32"]}
    for port in (53, 5453):
        wish = forwarding_to(both, "two", port)
        read = read_wish(text_for(wish), "two")
        assert (read.targets, read.port) == (wish.targets, port)
    assert read_wish(text_for(NOTHING), "none").is_none


@pytest.mark.parametrize(
    "line", [f"{SSM}", f"{SSM} 10.0.0.256", f"{SSM} 10.0.0.1#x", "no-zone 10.0.0.1", f"{SSM}  x"]
)
def test_a_wish_that_was_edited_is_refused(line: str) -> None:
    with pytest.raises(CheckFailed):
        read_wish(f"{line}\n", "file")


@pytest.mark.parametrize("text", ["", "{", "7", '["a b"]', "[7]"])
def test_a_damaged_memory_is_refused_and_nothing_is_taken_for_ours(
    text: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.made"
    file.write_text(text)
    with pytest.raises(CheckFailed, match="damaged"):
        read_made(file)
