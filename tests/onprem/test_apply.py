"""`apply` with the real DNS servers: what a client on-premises sees, what the internet saw."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ecs_anywhere_dns.outcome import Exit

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS

AGENT = "ecs-a.us-east-2.amazonaws.com"


def apply(lab: Lab, *words: str) -> dict[str, Any]:
    """The report."""
    ran = lab.tool("apply", "--json", *words)
    assert ran.stdout, ran.stderr
    report: dict[str, Any] = json.loads(ran.stdout)
    assert ran.code == report["exit"], ran
    return report


def applied(lab: Lab, kind: str, **server: Any) -> DnsServer:
    """A server with the forwarding in place."""
    started = lab.start(kind, **server)
    lab.publish()
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    return started


def assert_private(lab: Lab) -> None:
    """Every name, over UDP and TCP, has its published addresses, and nobody else was asked."""
    for name, addresses in lab.names.items():
        for transport in ("udp", "tcp"):
            reply = lab.ask(name, transport=transport)
            assert (reply.rcode, reply.addresses) == ("NOERROR", addresses), (name, transport)
    assert lab.public.saw_private(lab.zones) == []


def assert_public(lab: Lab) -> None:
    for name in lab.names:
        assert lab.ask(name).addresses == (PUBLIC_ADDRESS,), name


def test_the_first_apply_makes_every_name_private(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    lab.publish()
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    assert report["changed"] is True
    assert report["answers_right"] == report["answers"] == 3 * len(lab.names)
    assert any("restart the ECS agent" in hint for hint in report["hints"])
    assert server.running()
    assert_private(lab)
    assert lab.ask("www.example.com").addresses == (PUBLIC_ADDRESS,)


def test_a_second_apply_changes_nothing(lab: Lab, server_kind: str) -> None:
    server = applied(lab, server_kind)
    files, pid = server.files(), server.pid
    report = apply(lab)
    assert (report["exit"], report["changed"], report["hints"]) == (Exit.DONE, False, [])
    assert (server.files(), server.pid, server.running()) == (files, pid, True)


def test_a_dry_run_says_what_would_change_and_changes_nothing(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    before = server.files()
    lab.publish()
    report = apply(lab, "--dry-run")
    assert (report["exit"], report["changed"]) == (Exit.DONE, False)
    assert "would change" in report["summary"] and "ecs-anywhere" in report["summary"]
    assert report["would_change"]
    assert server.files() == before


def test_region_mode_forwards_the_whole_region(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    lab.settings_file(server, mode="region")
    lab.publish()
    assert apply(lab)["zones"] == ["us-east-2.amazonaws.com"]
    assert_private(lab)
    lab.ask("s3.us-east-2.amazonaws.com")
    assert lab.public.saw_private(["us-east-2.amazonaws.com"]) == []


def test_new_resolver_ips_replace_the_old_ones(lab: Lab, server_kind: str) -> None:
    first, second = lab.resolver_ips
    server = lab.start(server_kind)
    lab.resolvers[second].behaviour = "public"
    lab.publish()
    assert apply(lab)["forwarders"] == [first]
    lab.resolvers[first].behaviour = "public"
    lab.resolvers[second].behaviour = "right"
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DEGRADED, True)
    assert report["forwarders"] == [second]
    assert server.running()
    assert_private(lab)


def test_a_cached_public_answer_is_forgotten(lab: Lab, server_kind: str) -> None:
    lab.start(server_kind)
    assert_public(lab)
    lab.public.queries.clear()
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


def test_a_cached_denial_is_forgotten(lab: Lab, server_kind: str) -> None:
    """A name whose endpoint is made later than the others, where the whole Region is forwarded."""
    lab.settings_file(lab.start(server_kind), mode="region")
    late = {name: ips for name, ips in lab.names.items() if not name.startswith("ecs-t.")}
    for resolver in lab.resolvers.values():
        resolver.behaviour = "missing"
    zones = [zone for zone in lab.zones if not zone.startswith("ecs-t.")]
    lab.publish(names={name: list(ips) for name, ips in late.items()}, zones=zones)
    assert apply(lab)["exit"] == Exit.DONE
    assert lab.ask(f"ecs-t.{lab.region}.amazonaws.com").rcode == "NXDOMAIN"
    for resolver in lab.resolvers.values():
        resolver.behaviour = "right"
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


def test_one_dead_resolver_degrades_and_is_named(lab: Lab, server_kind: str) -> None:
    first, second = lab.resolver_ips
    lab.resolvers[first].behaviour = "silent"
    lab.start(server_kind)
    lab.publish()
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DEGRADED, True), report
    assert any(first in finding for finding in report["findings"])
    expected = [second] if server_kind in {"dnsmasq", "knot", "resolved"} else [first, second]
    assert report["forwarders"] == expected
    assert_private(lab)


@pytest.mark.parametrize("behaviour", ["wrong-vpc", "public", "nxdomain", "cname-escape"])
def test_a_resolver_that_answers_wrongly_is_left_out(
    lab: Lab, server_kind: str, behaviour: Any
) -> None:
    first, second = lab.resolver_ips
    lab.resolvers[first].behaviour = behaviour
    lab.start(server_kind)
    lab.publish()
    report = apply(lab)
    assert (report["exit"], report["forwarders"]) == (Exit.DEGRADED, [second]), report
    assert_private(lab)


@pytest.mark.parametrize("behaviour", ["silent", "silent-tcp", "wrong-vpc", "cname-escape"])
def test_where_no_resolver_is_fit_nothing_is_changed(
    lab: Lab, server_kind: str, behaviour: Any
) -> None:
    server = lab.start(server_kind)
    before = server.files()
    for resolver in lab.resolvers.values():
        resolver.behaviour = behaviour
    lab.publish()
    report = apply(lab)
    assert report["exit"] == Exit.PREFLIGHT_FAILED, report
    assert report["cure"]
    assert server.files() == before
    assert_public(lab)


def test_a_dead_link_leaves_the_forwarding_as_it_is(lab: Lab, server_kind: str) -> None:
    """To remove it would send the questions to the internet."""
    server = applied(lab, server_kind)
    files = server.files()
    lab.cut()
    assert apply(lab)["exit"] == Exit.PREFLIGHT_FAILED
    reply = lab.ask(AGENT, patience=2)
    assert reply.addresses in ((), lab.names[AGENT]), "a cached answer may still be there"
    lab.restore()
    assert server.files() == files
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


def test_a_withdrawn_publication_removes_the_forwarding(lab: Lab, server_kind: str) -> None:
    server = applied(lab, server_kind)
    assert_private(lab)
    for resolver in lab.resolvers.values():
        resolver.behaviour = "silent"
    lab.publish(state="withdrawn", zones=[], names={}, vpcCidrs=[])
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    assert server.running()
    assert_public(lab)
    assert apply(lab)["changed"] is False


def test_after_a_withdrawal_a_missing_publication_is_no_failure(lab: Lab, server_kind: str) -> None:
    applied(lab, server_kind)
    lab.publish(state="withdrawn", zones=[], names={}, vpcCidrs=[])
    apply(lab)
    lab.published.unlink()
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, False)
    assert "nothing is forwarded" in report["summary"]


def test_a_failed_fetch_leaves_the_forwarding_as_it_is(lab: Lab, server_kind: str) -> None:
    server = applied(lab, server_kind)
    files = server.files()
    lab.published.unlink()
    assert apply(lab)["exit"] == Exit.FETCH_FAILED
    assert server.files() == files
    assert_private(lab)


def test_draining_keeps_forwarding_and_says_so(lab: Lab) -> None:
    applied(lab, "unbound")
    lab.publish(state="draining")
    report = apply(lab)
    assert report["exit"] == Exit.DONE
    assert any("withdrawn soon" in hint for hint in report["hints"])
    assert_private(lab)


def test_a_fragment_that_somebody_edited_is_repaired(lab: Lab, server_kind: str) -> None:
    server = applied(lab, server_kind)
    files = server.files()
    ours = next(path for path in files if b"ssm.us-east-2" in files[path])
    edited = files[ours].replace(b"ssm.us-east-2", b"sss.us-east-2")
    ours.write_bytes(edited)
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    [copy] = ours.parent.glob(f".{ours.name}.edited-*")
    assert server.files() == files | {copy: edited}
    assert_private(lab)


def test_a_server_that_is_not_running_is_left_alone(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    before = server.files()
    server.stop()
    lab.publish()
    report = apply(lab)
    assert report["exit"] == Exit.NOT_RESOLVING
    assert "not running" in report["summary"] and report["cure"]
    assert server.files() == before
    assert not server.running()
