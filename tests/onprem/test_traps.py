"""What lies in wait on the hosts and in the VPCs of others: it works, or it stops with a cure."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.outcome import Exit

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS
from tests.onprem.lab.places import INTERNET
from tests.onprem.test_apply import applied, apply, assert_private, assert_public
from tests.onprem.test_rolling_back import assert_former, publish_former

SSM = "ssm.us-east-2.amazonaws.com"

# --- the administrator's own configuration

MISTAKES = {
    "bind": ("named.conf.local", 'zone "corp.example" { type nonsense; };'),
    "unbound": ("unbound.conf.d/corp.conf", "server:\n  no-such-option: yes"),
    "dnsmasq": ("dnsmasq.d/corp.conf", "no-such-option"),
    "powerdns": ("recursor.d/corp.conf", "no-such-setting=1"),
    "knot": ("kresd.conf", "no such option"),
}
"""Where Debian's administrators write, and what that server's own checker refuses. systemd-resolved
has none, and passes over what it does not understand."""
SAID_AT_RELOAD = {
    "bind": "received control channel command 'reconfig'",
    "unbound": "Restart of unbound",
    "dnsmasq": "using nameserver",
    "powerdns": "Reloading zones",
    "knot": "[ecs-anywhere-dns] read:",
    "resolved": "Config file reloaded",
}


def make_mistake(server: DnsServer) -> Path:
    name, line = MISTAKES[server.kind]
    file = server.directory / name
    with file.open("a") as text:
        text.write(f"{line}\n")
    return file


def assert_refused_before_the_reload(
    server: DnsServer, report: dict[str, Any], files: dict[Path, bytes], log: str
) -> None:
    assert (report["exit"], report["changed"]) == (Exit.CHECK_FAILED, False), report
    assert report["cure"]
    assert server.files() == files
    assert not (server.ground.run / "state" / "journal.json").exists()
    assert server.running()
    assert reloads(server.log(), server.kind) == reloads(log, server.kind)


def reloads(log: str, kind: str) -> int:
    """How often it read its configuration, as its log has it; the start may count."""
    return log.count(SAID_AT_RELOAD[kind])


@pytest.mark.parametrize("kind", MISTAKES)
def test_with_the_administrators_mistake_nothing_is_forwarded_yet(lab: Lab, kind: str) -> None:
    server = lab.start(kind)
    file = make_mistake(server)
    files, log = server.files(), server.log()
    lab.publish()
    report = apply(lab)
    assert_refused_before_the_reload(server, report, files, log)
    assert str(file) in report["summary"] or "no-such-setting" in report["summary"]
    assert lab.public.saw_private(lab.zones) == []
    assert_public(lab)


@pytest.mark.parametrize("kind", MISTAKES)
def test_with_the_administrators_mistake_the_former_forwarding_stays(lab: Lab, kind: str) -> None:
    server = lab.start(kind)
    publish_former(lab)
    apply(lab)
    file = make_mistake(server)
    files, log = server.files(), server.log()
    lab.publish()
    assert_refused_before_the_reload(server, apply(lab), files, log)
    assert_former(lab)

    file.write_text(file.read_text().replace(MISTAKES[kind][1], ""))
    assert apply(lab)["exit"] == Exit.DONE
    assert reloads(server.log(), kind) > reloads(log, kind)
    lab.public.queries.clear()
    assert_private(lab)


def test_a_server_that_runs_with_a_mistake_is_not_said_to_be_down(lab: Lab) -> None:
    """unbound-control reads the configuration itself, and tells nothing of a server that runs: who
    then restarted it, as for a server that is down, would end it."""
    make_mistake(lab.start("unbound"))
    lab.publish()
    report = apply(lab)
    assert (
        "no-such-option" in report["summary"] and "correct the line that it names" in report["cure"]
    )


# --- rebinding protection, DNSSEC

REBINDING = {
    "bind": "deny-answer-addresses {{ {cidr}; }};",
    "unbound": "private-address: {cidr}",
    "dnsmasq": "stop-dns-rebind",
    "powerdns": "dont-query={cidr}",
    "knot": "-- the module rebinding lets nothing through: see test_knot",
    "resolved": "# it has none",
}


def test_rebinding_protection_lets_us_through_or_names_the_line(lab: Lab, server_kind: str) -> None:
    line = REBINDING[server_kind].format(cidr=lab.vpc_cidrs[0])
    server = lab.start(server_kind, line)
    files = server.files()
    lab.publish()
    report = apply(lab)
    if server_kind == "bind":
        assert report["exit"] == Exit.CHECK_FAILED, report
        assert server.files() == files
        cure = report["cure"].split("`")[1]
        options = server.directory / "named.conf.options"
        options.write_text(options.read_text().replace(line, cure))
        report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    assert_private(lab)


def test_rebinding_protection_that_dnsmasq_was_not_told_of_is_named_with_its_line(
    lab: Lab,
) -> None:
    """An administrator's own include, without the second line of `init`."""
    server = lab.start("dnsmasq", "stop-dns-rebind")
    static = server.directory / "dnsmasq.d" / "ecs-anywhere.conf"
    static.write_text(f"{static.read_text().splitlines()[0]}\n")
    server.restart()
    files = server.files()
    lab.publish()
    report = apply(lab)
    assert (report["exit"], server.files()) == (Exit.CHECK_FAILED, files)
    line = f"rebind-domain-ok=/{lab.region}.amazonaws.com/"
    assert f"add {line} to {static}" in report["cure"]
    with static.open("a") as text:
        text.write(f"{line}\n")
    server.restart()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


def test_validation_does_not_break_what_is_forwarded(lab: Lab, server_kind: str) -> None:
    """Nobody can prove the private answers; and at a site that is cut off from the internet, nor
    that they need no proof."""
    lab.start(server_kind, validating=True)
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)
    lab.network.block(INTERNET)
    fresh = f"{lab.account}.dkr.ecr.{lab.region}.amazonaws.com"
    assert lab.ask(fresh).addresses == lab.names[fresh.partition(".")[2]], "in no cache yet"


# --- Unbound, which ends at a reload that it does not like


def test_unbound_that_dies_at_the_reload_is_back_as_it_was(lab: Lab) -> None:
    """Somebody's file comes after the check, and is gone again before the next start."""
    server = lab.start("unbound")
    publish_former(lab)
    apply(lab)
    files, pid = server.files(), server.pid
    bad = server.directory / "unbound.conf.d" / "zz.conf"
    _around_the_reload(
        server,
        f"""printf 'forward-zone:\\n name: "x"\\n forward-addr: 10.0.0.999\\n' > {bad}""",
        f"sleep 0.2; rm {bad}",
    )
    lab.publish()
    report = apply(lab)
    assert report["exit"] == Exit.ROLLED_BACK, report
    assert "Unbound said ok and ended" in report["summary"]
    assert server.files() == files
    assert server.running() and server.pid != pid
    assert_former(lab)


def test_an_unbound_that_stays_dead_needs_a_person_and_the_next_run_goes_on(lab: Lab) -> None:
    """What its checker cannot know: a port that somebody else has."""
    server = lab.start("unbound")
    publish_former(lab)
    apply(lab)
    text = server.main.read_text()
    with lab.network.bind("udp", server.address, 0) as taken:
        port = taken.getsockname()[1]
        server.main.write_text(text.replace(f"port: {server.port}\n", f"port: {port}\n"))
        lab.publish()
        report = apply(lab)
        assert report["exit"] == Exit.ROLLBACK_FAILED, report
        assert "does not start" in report["summary"] and report["cure"]
        assert not server.running()
        assert (server.ground.run / "state" / "journal.json").exists()
    server.main.write_text(text)
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    assert any("had died" in hint for hint in report["hints"])
    lab.public.queries.clear()
    assert_private(lab)


def _around_the_reload(server: DnsServer, before: str, after: str) -> None:
    """Shell commands, at the first reload."""
    control = server.ground.run / "unbound-control"
    done = server.ground.run / "reloaded"
    control.write_text(f"""#!/bin/sh
for word; do :; done
[ "$word" = reload ] && [ ! -e {done} ] || exec unbound-control "$@"
touch {done}
{before}
unbound-control "$@"
{after}
""")
    control.chmod(0o755)
    config = server.ground.run / "config.toml"
    config.write_text(config.read_text().replace('["unbound-control"', f'["{control}"'))


# --- dnsmasq, which goes public without a word


def test_a_servers_file_that_somebody_broke_is_repaired(lab: Lab) -> None:
    server = applied(lab, "dnsmasq")
    files = server.files()
    ours = Path(server.table["servers_file"])
    ours.write_text(ours.read_text().replace(f"/{SSM}/", f"/{SSM}/300."))
    broken = ours.read_bytes()
    os.kill(server.pid, signal.SIGHUP)
    assert _comes_to_answer(lab, SSM, PUBLIC_ADDRESS), "the trap"
    lab.public.queries.clear()
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    [copy] = ours.parent.glob(f".{ours.name}.edited-*")
    assert server.files() == files | {copy: broken}
    assert_private(lab)


def test_without_the_include_of_the_servers_file_its_line_is_named(lab: Lab) -> None:
    server = lab.start("dnsmasq")
    static = server.directory / "dnsmasq.d" / "ecs-anywhere.conf"
    static.unlink()
    files = server.files()
    lab.publish()
    report = apply(lab)
    assert (report["exit"], server.files()) == (Exit.CHECK_FAILED, files), report
    assert f"servers-file={server.table['servers_file']}" in report["summary"]
    assert f"init` writes it to {static}" in report["cure"] and "restart" in report["cure"]
    assert_public(lab)


@pytest.mark.parametrize(("later", "ending"), [(2.5, Exit.CHECK_FAILED), (-60, Exit.ROLLED_BACK)])
def test_a_dnsmasq_that_was_started_before_the_include_has_to_be_restarted(
    lab: Lab, later: float, ending: Exit
) -> None:
    """Whether the clock tells so, or only what it has loaded."""
    server = lab.start("dnsmasq")
    static = server.directory / "dnsmasq.d" / "ecs-anywhere.conf"
    text = static.read_text()
    static.unlink()
    server.restart()
    static.write_text(text)
    files = server.files()
    written = time.time() + later
    os.utime(static, (written, written))
    time.sleep(max(0.0, later))  # Times of the future say nothing.
    lab.publish()
    report = apply(lab)
    assert report["exit"] == ending, report
    assert "restart dnsmasq once" in report["cure"]
    assert server.files() == files
    assert lab.public.saw_private(lab.zones) == [], "it never came to the verification"
    assert_public(lab)
    lab.public.queries.clear()
    os.utime(static, (0, 0))
    server.restart()
    assert apply(lab, *([] if later > 0 else ["--force"]))["exit"] == Exit.DONE
    assert_private(lab)


# --- the VPC's resolver


def test_an_empty_answer_from_above_is_a_trap_for_bind_alone(lab: Lab, server_kind: str) -> None:
    """A forwarded name without a private hosted zone of its own."""
    server = lab.start(server_kind)
    files = server.files()
    for resolver in lab.resolvers.values():
        resolver.behaviour = "soa-above"
    lab.publish()
    report = apply(lab)
    if server_kind == "bind":
        assert report["exit"] == Exit.ROLLED_BACK, report
        assert "only AAAA" in report["summary"] and 'mode = "region"' in report["cure"]
        assert server.files() == files
        assert lab.public.saw_private(lab.zones) == []
        lab.settings_file(server, mode="region")
        report = apply(lab, "--force")
    assert report["exit"] == Exit.DONE, report
    assert_private(lab)


def test_a_document_that_forgot_an_aliass_target_is_refused_before_anything_is_asked(
    lab: Lab,
) -> None:
    """BIND, Unbound and PowerDNS would ask the internet for it, and believe what it says."""
    server = lab.start("unbound")
    files = server.files()
    ecr = f"ecr.{lab.region}.amazonaws.com"
    zones = sorted({*lab.zones, f"api.{ecr}", f"dkr.{ecr}"} - {ecr})
    lab.publish(zones=zones)
    report = apply(lab)
    assert report["exit"] == Exit.PREFLIGHT_FAILED, report
    assert "cname-escapes" in report["summary"] and f"{ecr} is not forwarded" in report["summary"]
    assert 'mode = "region"' in report["cure"]
    assert server.files() == files
    assert lab.public.saw_private([*lab.zones, ecr]) == []
    lab.settings_file(server, mode="region")
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


@pytest.mark.parametrize("how_many", [1, 2])
def test_a_slow_resolver_is_no_failure(lab: Lab, server_kind: str, how_many: int) -> None:
    for ip in lab.resolver_ips[:how_many]:
        lab.resolvers[ip].behaviour = "slow"
    lab.start(server_kind)
    lab.publish()
    report = apply(lab)
    assert (report["exit"], report["findings"]) == (Exit.DONE, []), report
    assert_private(lab)


def test_a_resolver_that_fails_is_named_and_its_failures_reach_nobody(
    lab: Lab, server_kind: str
) -> None:
    first, second = lab.resolver_ips
    lab.resolvers[first].behaviour = "servfail"
    lab.start(server_kind)
    lab.publish()
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DEGRADED, True), report
    assert any(first in finding and "servfail" in finding for finding in report["findings"])
    # These hand on what the failing one says.
    expected = [second] if server_kind in {"dnsmasq", "knot", "resolved"} else [first, second]
    assert report["forwarders"] == expected
    assert_private(lab)
    lab.resolvers[first].behaviour = "right"
    report = apply(lab)
    assert (report["exit"], report["forwarders"]) == (Exit.DONE, [first, second])
    assert_private(lab)


def _comes_to_answer(lab: Lab, name: str, address: str) -> bool:
    """SIGHUP is heard some time later."""
    return any(lab.ask(name).addresses == (address,) for _ in range(50))
