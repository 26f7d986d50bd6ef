"""Back again: by itself where the answers through the server are wrong, by hand at a person's word.

To the byte on the disk, and for a client as it was before.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.outcome import Exit

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS
from tests.onprem.test_apply import applied, apply, assert_private, assert_public

LATER = "ssmmessages"
"""The service that an earlier generation does not know."""


def publish_former(lab: Lab) -> None:
    names = {name: list(ips) for name, ips in lab.names.items() if not name.startswith(LATER)}
    lab.publish(names=names, zones=former_zones(lab))


def former_zones(lab: Lab) -> list[str]:
    return [zone for zone in lab.zones if not zone.startswith(LATER)]


def assert_former(lab: Lab) -> None:
    """What the earlier generation named is private, and the later name is the internet's."""
    for name, addresses in lab.names.items():
        expected = (PUBLIC_ADDRESS,) if name.startswith(LATER) else addresses
        assert lab.ask(name).addresses == expected, name
    assert lab.public.saw_private(former_zones(lab)) == []


def turn_after_preflight(lab: Lab, besides: int = 0) -> None:
    """Fit while they are asked directly, then of another VPC: only asking through the server can
    find that out. `besides`: what each is asked before the preflight."""
    for resolver in lab.resolvers.values():
        resolver.behaviour = "right"
        resolver.turn("wrong-vpc", after=besides + 3 * len(lab.names))


def turn_right(lab: Lab) -> None:
    for resolver in lab.resolvers.values():
        resolver.turn("right", after=0)


def state(server: DnsServer) -> Path:
    return server.ground.run / "state"


def rollback(lab: Lab, *words: str) -> dict[str, Any]:
    ran = lab.tool("rollback", "--json", *words)
    report: dict[str, Any] = json.loads(ran.stdout)
    assert ran.code == report["exit"], ran
    return report


def assert_rolled_back(server: DnsServer, report: dict[str, Any], files: dict[Path, bytes]) -> None:
    assert report["exit"] == Exit.ROLLED_BACK, report
    assert "wrong-vpc" in report["summary"] and "rolled back" in report["summary"]
    assert report["cure"] and not report["changed"]
    assert server.files() == files
    assert server.running()
    assert not (state(server) / "journal.json").exists()


# --- by itself


def test_a_first_forwarding_that_answers_wrongly_is_undone(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    files = server.files()
    lab.publish()
    turn_after_preflight(lab)
    assert_rolled_back(server, apply(lab), files)
    assert lab.public.saw_private(lab.zones) == []
    # Nor is anything of what the verification was told left in a cache.
    assert_public(lab)


def test_a_change_that_answers_wrongly_is_undone(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    publish_former(lab)
    assert apply(lab)["exit"] == Exit.DONE
    files = server.files()
    lab.publish()
    turn_after_preflight(lab)
    assert_rolled_back(server, apply(lab), files)
    turn_right(lab)
    assert_former(lab)
    assert lab.tool("verify").code == Exit.DONE


def test_what_was_undone_rests_and_touches_nothing(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    lab.publish()
    turn_after_preflight(lab)
    apply(lab)
    turn_right(lab)
    log, times = server.log(), _times(server)
    asked = [len(resolver.queries) for resolver in lab.resolvers.values()]
    report = apply(lab)
    assert report["exit"] == Exit.ROLLED_BACK
    assert "rests until" in report["summary"] and "--force" in report["cure"]
    assert (server.log(), _times(server)) == (log, times), "it was not reloaded"
    assert [len(resolver.queries) for resolver in lab.resolvers.values()] == asked
    assert apply(lab, "--force")["exit"] == Exit.DONE
    assert_private(lab)


def test_each_failure_makes_the_rest_longer_and_a_success_ends_it(lab: Lab) -> None:
    server = lab.start("unbound")
    lab.publish()
    assert tries_and_fails(lab)
    assert "failed here once and rests until" in apply(lab)["summary"]
    _let_pass(server, minutes=14)
    assert not tries_and_fails(lab)
    _let_pass(server, minutes=2)
    assert tries_and_fails(lab)
    assert "failed here 2 times" in apply(lab)["summary"]
    assert tries_and_fails(lab, "--force")
    _let_pass(server, minutes=59)
    assert not tries_and_fails(lab)
    _let_pass(server, minutes=2)
    turn_right(lab)
    assert (apply(lab)["exit"], _distrust(server)["checksum"]) == (Exit.DONE, "")
    assert_private(lab)


def test_the_next_generation_need_not_rest(lab: Lab) -> None:
    lab.start("unbound")
    lab.publish()
    turn_after_preflight(lab)
    apply(lab)
    turn_right(lab)
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


# --- by hand


def test_a_rollback_by_hand_is_to_the_byte_and_for_its_clients(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    first = server.files()
    publish_former(lab)
    apply(lab)
    files = server.files()
    lab.publish()
    apply(lab)
    assert_private(lab)
    report = rollback(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    assert server.files() == files != first
    assert_former(lab)

    report = rollback(lab)
    assert report["exit"] == Exit.USAGE, "one step is kept"
    assert "nothing to roll back to" in report["summary"] and "--to-none" in report["cure"]
    assert server.files() == files


def test_what_was_rolled_back_by_hand_is_not_taken_again_but_the_next_is(lab: Lab) -> None:
    server = lab.start("unbound")
    publish_former(lab)
    apply(lab)
    files = server.files()
    lab.publish()
    apply(lab)
    rollback(lab)
    report = apply(lab)
    assert report["exit"] == Exit.REFUSED
    assert "rolled back by hand" in report["summary"] and "--force" in report["cure"]
    assert server.files() == files
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    lab.public.queries.clear()
    assert_private(lab)


def test_a_person_may_take_again_what_was_rolled_back_by_hand(lab: Lab) -> None:
    server = applied(lab, "unbound")
    files = server.files()
    rollback(lab)
    assert apply(lab)["exit"] == Exit.REFUSED
    assert apply(lab, "--force")["exit"] == Exit.DONE
    assert apply(lab)["exit"] == Exit.DONE, "and from there on as ever"
    assert server.files() == files
    assert_private(lab)


def test_the_first_forwarding_is_rolled_back_to_the_files_of_the_beginning(
    lab: Lab, server_kind: str
) -> None:
    server = lab.start(server_kind)
    files = server.files()
    lab.publish()
    apply(lab)
    assert rollback(lab)["exit"] == Exit.DONE
    assert server.files() == files
    assert server.running()
    assert_public(lab)


def test_back_to_none_forwards_nothing_and_stays_so(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    before = server.files()
    lab.publish()
    apply(lab)
    assert_private(lab)
    # None of it depends on the resolvers, which may be gone.
    lab.cut()
    report = rollback(lab, "--to-none")
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    assert "forwards nothing" in report["summary"]
    changed = {path.name: text for path, text in server.files().items() if text != before[path]}
    assert all(name.startswith("ecs-anywhere.") for name in changed)
    assert not any(lab.region.encode() in text for text in changed.values())
    assert_public(lab)
    assert apply(lab)["exit"] == Exit.REFUSED
    lab.restore()
    assert apply(lab, "--force")["exit"] == Exit.DONE
    lab.public.queries.clear()
    assert_private(lab)


def test_a_rollback_with_nothing_before_changes_nothing(lab: Lab) -> None:
    server = lab.start("unbound")
    files = server.files()
    report = rollback(lab)
    assert (report["exit"], report["changed"]) == (Exit.USAGE, False)
    assert report["summary"] == "nothing was applied here"
    assert server.files() == files


def test_a_rollback_leaves_a_server_alone_that_is_not_running(lab: Lab, server_kind: str) -> None:
    """Its reload would fail, and the way back from that would start what somebody stopped."""
    server = applied(lab, server_kind)
    files = server.files()
    server.stop()
    report = rollback(lab)
    assert (report["exit"], report["changed"]) == (Exit.NOT_RESOLVING, False)
    assert "not running" in report["summary"] and report["cure"]
    assert server.files() == files
    assert not server.running()
    server.start()
    assert rollback(lab)["exit"] == Exit.DONE
    assert_public(lab)


def tries_and_fails(lab: Lab, *words: str) -> bool:
    """Not where it rests."""
    turn_after_preflight(lab)
    report = apply(lab, *words)
    assert report["exit"] == Exit.ROLLED_BACK, report
    return "rests until" not in report["summary"]


def _times(server: DnsServer) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in server.files()}


def _distrust(server: DnsServer) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((state(server) / "distrust.json").read_text())
    return read


def _let_pass(server: DnsServer, *, minutes: int) -> None:
    """As if that time had gone by since the failure."""
    distrust = _distrust(server)
    at = datetime.fromisoformat(distrust["at"]) - timedelta(minutes=minutes)
    changed = json.dumps(distrust | {"at": at.isoformat()})
    (state(server) / "distrust.json").write_text(changed)
