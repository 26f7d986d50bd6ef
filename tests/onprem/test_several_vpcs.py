"""Several VPCs on one DNS host: what befalls one is nothing of the others'."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.commands.check import check
from ecs_anywhere_dns.commands.status import status
from ecs_anywhere_dns.commands.verify import verify
from ecs_anywhere_dns.following.rollback import rollback
from ecs_anywhere_dns.outcome import Exit, ReloadFailed
from ecs_anywhere_dns.printing import show_status

from tests.onprem.several import Died, Site, Vpc

OHIO, IRELAND = "us-east-2", "eu-west-1"


def ohio(**changes: Any) -> Vpc:
    return Vpc("vpc-0000000a", "10.1", OHIO, **changes)


def ireland(**changes: Any) -> Vpc:
    return Vpc("vpc-0000000b", "10.2", IRELAND, **changes)


def site(folder: Path, *vpcs: Vpc, **changes: Any) -> Site:
    """With the forwarding in place."""
    there = Site(folder, list(vpcs), **changes)
    report = there.apply()
    assert report.exit == Exit.DONE, report.lines()
    return there


def assert_right(there: Site, *vpcs: Vpc) -> None:
    for vpc in vpcs:
        assert there.private(vpc) == set(vpc.names), vpc.id


def test_each_vpc_s_names_are_its_own(tmp_path: Path) -> None:
    one, other = ohio(), ireland(account="444455556666")
    there = site(tmp_path, one, other)
    assert_right(there, one, other)
    assert [vpc.written[-1]["result"] for vpc in (one, other)] == ["applied", "applied"]
    assert [vpc.written[-1]["vpcId"] for vpc in (one, other)] == [one.id, other.id]


def test_a_publication_is_believed_of_its_own_vpc_only(tmp_path: Path) -> None:
    """The pins of one say nothing of the other."""
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    there.changes[other.id] = {"networks": tuple(other.networks)}
    other.publish(net="10.1")
    report = there.apply()
    assert there.of(report, other).exit == report.exit == Exit.REFUSED
    assert_right(there, one)


def fail_fetch(there: Site, vpc: Vpc) -> Exit:
    vpc.is_readable = False
    return Exit.FETCH_FAILED


def fail_trust(there: Site, vpc: Vpc) -> Exit:
    there.changes[vpc.id] = {"account": vpc.account}
    vpc.publish(account="999999999999")
    return Exit.REFUSED


def fail_preflight(there: Site, vpc: Vpc) -> Exit:
    vpc.publish()
    vpc.answers = False
    return Exit.PREFLIGHT_FAILED


def fail_verification(there: Site, vpc: Vpc) -> Exit:
    vpc.publish(services=(*vpc.services, "ecr"))
    there.poisoned = {f"ecr.{vpc.region}.amazonaws.com"}
    return Exit.ROLLED_BACK


FAULTS = (fail_fetch, fail_trust, fail_preflight, fail_verification)


@pytest.mark.parametrize("fail", FAULTS)
@pytest.mark.parametrize("place", [0, 1])
def test_what_fails_for_one_changes_nothing_for_the_other(
    tmp_path: Path, fail: Any, place: int
) -> None:
    vpcs = [ohio(), ireland()]
    failing, other = vpcs[place], vpcs[1 - place]
    there = site(tmp_path, *vpcs)
    before = {zone: to for zone, to in there.server.loaded.items() if failing.region in zone}
    other.publish(services=("ecs", "ssm", "ecs-a"))
    expected = fail(there, failing)
    report = there.apply()
    assert report.exit == expected, report.lines()
    assert there.of(report, failing).exit == expected
    assert there.of(report, other).exit == Exit.DONE
    assert_right(there, other)
    after = {zone: to for zone, to in there.server.loaded.items() if failing.region in zone}
    assert after == before, "the last good state of the failing one stays"
    assert other.written[-1]["result"] == "applied"
    assert all(set(before) <= set(loaded) for loaded in there.server.history[2:])


def test_only_the_one_that_was_rolled_back_rests(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    fail_verification(there, one)
    there.apply()
    other.publish(services=("ecs", "ssm", "ecs-t"))
    report = there.apply()
    assert "rests until" in there.of(report, one).summary
    assert there.of(report, other).exit == Exit.DONE
    assert_right(there, other)


def test_a_run_that_is_killed_while_it_undoes_its_switch_does_not_switch_again_for_ever(
    tmp_path: Path,
) -> None:
    """As by the time limit of systemd, where a server takes minutes to reload."""
    one = ohio()
    there = site(tmp_path, one)
    before = there.server.loaded
    fail_verification(there, one)

    def die(step: str) -> None:
        if step == "roll back":
            raise Died

    there.tell = die
    with pytest.raises(Died):
        there.apply()
    there.tell, loads = lambda _: None, len(there.server.history)
    there.now -= timedelta(minutes=5)
    for _ in range(3):
        report = there.apply()
        assert "rests until" in report.summary, report.lines()
    assert there.server.loaded == before
    assert len(there.server.history) == loads + 1, "only to undo it"


def test_a_failure_counts_once_also_where_it_cannot_be_written_before_it_is_undone(
    tmp_path: Path,
) -> None:
    one = ohio()
    there = site(tmp_path, one)
    fail_verification(there, one)
    file, written = tmp_path / "state" / "distrust.json", []
    file.unlink(missing_ok=True)
    there.tell = lambda step: written.append(file.exists()) if step == "roll back" else None
    assert there.apply().exit == Exit.ROLLED_BACK
    assert written == [True]
    assert json.loads(file.read_text())["failures"] == 1
    file.unlink()
    blocked = tmp_path / "state" / "distrust.json"

    def block(step: str) -> None:
        if step == "verify":
            blocked.mkdir()
        if step == "roll back":
            blocked.rmdir()

    there.tell = block
    assert there.apply().exit == Exit.ROLLED_BACK
    assert json.loads(file.read_text())["failures"] == 1


def test_a_withdrawal_takes_only_its_own_zones(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    one.publish(state="withdrawn")
    report = there.apply()
    assert report.exit == Exit.DONE, report.lines()
    assert_right(there, other)
    assert set(there.server.loaded) == set(other.names)
    assert one.written[-1]["state"] == "withdrawn"
    one.is_readable = False
    assert there.apply().exit == Exit.DONE, "nothing of it need be reachable any more"


def test_a_run_without_change_asks_the_server_once_for_all_vpcs(tmp_path: Path) -> None:
    """And no more questions for each than one alone."""
    (tmp_path / "alone").mkdir()
    alone = Site(tmp_path / "alone", [ohio()])
    alone.apply()
    alone.asked.clear()
    alone.apply()
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    there.asked.clear()
    there.server.calls.clear()
    report = there.apply()
    assert report.exit == Exit.DONE and not report.changed
    assert there.server.calls == ["is_running", "check_effective"]
    assert len(there.asked) == 2 * len(alone.asked)


def test_a_run_that_dies_anywhere_is_undone_for_its_vpc_only(tmp_path: Path) -> None:
    number = 0
    while _dies_at(tmp_path / str(number), number):
        number += 1
    assert number > 20, "it has to have died at each step of both turns"


def _dies_at(folder: Path, number: int) -> bool:
    """Whether a run has that many steps; killed at the last of them, the next one puts it right."""
    folder.mkdir()
    one, other = ohio(), ireland()
    there = site(folder, one, other)
    one.publish(services=("ecs", "ssm", "ecs-a"))
    other.publish(services=("ecs", "ssm", "ecs-t"))
    there.steps.clear()

    def die(_: str) -> None:
        if len(there.steps) > number:
            raise Died

    there.tell = die
    try:
        there.apply()
    except Died:
        died = True
    else:
        died = False
    held = {f"{s}.{vpc.region}.amazonaws.com" for s in ("ecs", "ssm") for vpc in (one, other)}
    assert held <= set(there.server.loaded)
    there.tell = lambda _: None
    report = there.apply()
    assert report.exit == Exit.DONE, report.lines()
    assert_right(there, one, other)
    assert there.hosts()[0].state.journal() is None
    return died


def test_a_switch_that_cannot_be_undone_holds_back_all_others(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    fail_verification(there, one)
    other.publish(services=("ecs", "ssm", "ecs-t"))
    reload = there.server.reload

    def only_once() -> None:
        if there.server.calls.count("reload") > reloads:
            raise_reload()
        reload()

    def raise_reload() -> None:
        raise ReloadFailed("it does not reload any more")

    reloads = there.server.calls.count("reload")
    there.server.reload = only_once  # type: ignore[method-assign]
    report = there.apply()
    assert report.exit == there.of(report, one).exit == Exit.ROLLBACK_FAILED
    assert there.of(report, other).exit != Exit.DONE
    assert "another VPC" in there.of(report, other).summary
    there.server.reload = reload  # type: ignore[method-assign]
    there.poisoned = set()
    assert there.of(there.apply(), other).exit == Exit.DONE
    assert_right(there, other)


# --- a zone that two claim


def rival(**changes: Any) -> Vpc:
    """A second VPC of the same Region: its names are the same."""
    return Vpc("vpc-0000000c", "10.3", OHIO, **changes)


def test_a_zone_that_two_claim_is_refused_by_name(tmp_path: Path) -> None:
    one, other = ohio(), rival()
    there = Site(tmp_path, [one, other])
    report = there.apply()
    assert report.exit == there.of(report, other).exit == Exit.REFUSED
    refusal = there.of(report, other)
    assert f"ecs.{OHIO}.amazonaws.com" in refusal.summary
    assert one.id in refusal.summary and other.id in refusal.summary
    assert "after" in refusal.cure and "standby_for" in refusal.cure
    assert_right(there, one)


def test_who_has_a_zone_keeps_it_against_one_that_comes_later(tmp_path: Path) -> None:
    """Whatever their order in the file: a new VPC takes nothing from another one."""
    one, other = ohio(), rival()
    there = Site(tmp_path, [other])
    assert there.apply().exit == Exit.DONE
    there.vpcs = [one, other]
    report = there.apply()
    assert there.of(report, one).exit == Exit.REFUSED
    assert there.of(report, other).exit == Exit.DONE
    assert_right(there, other)


def test_a_zone_below_another_one_s_is_a_claim_to_its_names(tmp_path: Path) -> None:
    """A DNS server follows the longest zone."""
    one = ohio(services=("ecs", "111122223333.dkr.ecr"))
    other = rival(services=("ssm", "111122223333.dkr.ecr"))
    there = Site(tmp_path, [one, other], changes={one.id: {"mode": "region"}})
    report = there.apply()
    assert there.of(report, other).exit == Exit.REFUSED, report.lines()
    assert_right(there, one)


def test_what_both_claim_goes_to_the_one_that_is_declared_first(tmp_path: Path) -> None:
    one, other = ohio(), rival(services=("ecs", "ecr"))
    there = site(tmp_path, one, other, changes={other.id: {"after": (one.id,)}})
    assert_right(there, one)
    assert there.private(other) == {f"ecr.{OHIO}.amazonaws.com"}


def test_the_order_in_the_file_is_not_the_order_that_is_declared(tmp_path: Path) -> None:
    one, other = ohio(), rival(services=("ecs", "ecr"))
    there = site(tmp_path, other, one, changes={other.id: {"after": (one.id,)}})
    assert_right(there, one)


def test_a_region_after_another_vpc_gets_what_that_does_not_claim(tmp_path: Path) -> None:
    one, other = ohio(services=("ecs",)), rival(services=("ecs", "ssm"))
    declared = {other.id: {"after": (one.id,), "mode": "region"}}
    there = site(tmp_path, one, other, changes=declared)
    assert_right(there, one)
    assert there.private(other) == {f"ssm.{OHIO}.amazonaws.com"}
    assert not there.apply().changed


def test_two_that_publish_the_same_resolvers_agree(tmp_path: Path) -> None:
    """As spokes of one hub."""
    one, other = ohio(), ohio()
    other.id = "vpc-0000000d"
    there = site(tmp_path, one, other)
    assert_right(there, one, other)
    report = there.of(there.apply(), other)
    assert (report.answers, report.answers_right) == (6, 6), "it is asked for its names, too"
    assert "same resolver IPs" in report.summary
    one.publish(state="withdrawn")
    assert there.apply().exit == Exit.DONE
    assert_right(there, other)
    assert all(there.server.history), "its names were the internet's at no time"


def test_names_of_one_that_withdraws_go_to_the_next_at_once(tmp_path: Path) -> None:
    one, other = ohio(), rival()
    there = site(tmp_path, one, other, changes={other.id: {"after": (one.id,)}})
    one.publish(state="withdrawn")
    assert there.apply().exit == Exit.DONE
    assert_right(there, other)
    assert all(set(loaded) == set(one.names) for loaded in there.server.history[1:])


def test_who_may_have_more_takes_it_only_if_it_works(tmp_path: Path) -> None:
    """The zone stays with the one that has it until then."""
    one, other = ohio(), rival()
    there = Site(tmp_path, [other])
    there.apply()
    there.vpcs, there.changes = [one, other], {other.id: {"after": (one.id,)}}
    one.answers = False
    report = there.apply()
    assert there.of(report, one).exit == Exit.PREFLIGHT_FAILED
    assert_right(there, other)
    one.answers = True
    assert there.apply().exit == Exit.DONE
    assert_right(there, one)


# --- one more, one less


def test_a_second_vpc_is_followed_without_a_gap_for_the_first(tmp_path: Path) -> None:
    """What a version remembers that knew of one VPC only is understood."""
    one, other = ohio(), ireland()
    there = Site(tmp_path, [one])
    there.apply()
    said = json.loads((tmp_path / "state" / "applied.json").read_text())
    assert "vpcs" not in said and said["document"] == one.text
    there.vpcs = [one, other]
    one.is_readable = False
    report = there.apply()
    assert there.of(report, other).exit == Exit.DONE
    assert any("restart the ECS agent" in hint for hint in there.of(report, other).hints)
    assert_right(there, one, other)
    assert all(set(one.names) <= set(loaded) for loaded in there.server.history)


def test_what_is_no_longer_followed_goes_once_the_rest_is_right(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    there.vpcs, one.is_readable = [one], False
    there.apply()
    assert set(there.server.loaded) == {*one.names, *other.names}
    one.is_readable = True
    assert there.apply().changed
    assert set(there.server.loaded) == set(one.names)
    assert not there.apply().changed


def test_a_rollback_takes_back_the_last_change_only(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    before = there.server.file.read_text()
    other.publish(services=("ecs", "ssm", "ecr"))
    there.apply()
    assert rollback(there.hosts()).exit == Exit.DONE
    assert there.server.file.read_text() == before
    report = there.apply()
    assert "rolled back by hand" in there.of(report, other).summary
    assert there.of(report, one).exit == Exit.DONE
    assert there.server.file.read_text() == before


def test_one_of_several_is_taken_out_by_hand(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    assert rollback(there.hosts()[1:], to_none=True).exit == Exit.DONE
    assert set(there.server.loaded) == set(one.names)
    assert there.of(there.apply(), other).exit == Exit.REFUSED
    assert set(there.server.loaded) == set(one.names)
    assert rollback(there.hosts(), to_none=True).exit == Exit.DONE
    assert there.server.loaded == {}


def test_force_is_a_word_for_the_vpc_that_is_named(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    rollback(there.hosts(), to_none=True)
    report = there.apply(force=[other.id])
    assert there.of(report, one).exit == Exit.REFUSED
    assert there.of(report, other).exit == Exit.DONE
    assert set(there.server.loaded) == set(other.names)


def test_the_status_shows_each_vpc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    show_status(status(there.hosts(), tmp_path), cure_of_unit="", as_json=False)
    said = capsys.readouterr().out
    assert said.index(one.id) < said.index(other.id)
    assert said.count("last run") == 1


def test_each_vpc_is_told_of_by_the_commands_that_look(tmp_path: Path) -> None:
    one, other = ohio(), ireland()
    there = site(tmp_path, one, other)
    said = status(there.hosts(), tmp_path)
    assert [each["vpc"] for each in said["publications"]] == [one.id, other.id]
    assert set(said["zones"]) == {*one.names, *other.names}
    other.answers = False
    report = check(there.hosts())
    assert report.exit == there.of(report, other).exit == Exit.PREFLIGHT_FAILED
    assert there.of(verify(there.hosts()), one).exit == Exit.DONE
    assert verify(there.hosts()).exit == Exit.NOT_RESOLVING
    assert any(other.id in line for line in report.lines())
