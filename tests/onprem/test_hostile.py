"""Whoever may write the parameter: what he cannot make a company's DNS servers do.

The attacker's resolver answers right for every published name, so that all checks of answers pass,
and leads everything else to a host of his own.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from ecs_anywhere_dns.outcome import Exit

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS
from tests.onprem.lab.signing import SigningKey
from tests.onprem.test_apply import AGENT, apply, assert_private, assert_public
from tests.onprem.test_configuring import fingerprint

BANK = "www.bank.example"
ZONES = (
    "bank.example", "co.uk", "168.192.in-addr.arpa", "google.com", "amazonaws.com",
    "us-east-2.amazonaws.com", "s3.us-east-2.amazonaws.com", "com.example",
)  # fmt: skip
PUBLIC_RESOLVERS = ("203.0.113.66", "203.0.113.67")
WITHDRAWN: dict[str, Any] = {"state": "withdrawn", "zones": [], "names": {}, "vpcCidrs": []}
SIGNED, UNSIGNED = "signed", "unsigned"


def following(lab: Lab, kind: str, signed: str) -> DnsServer:
    """A host that has applied the app's first document; from here on the resolvers lie."""
    if signed == UNSIGNED:
        lab.key = None
    server = lab.start(kind)
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    for ip in PUBLIC_RESOLVERS:
        lab.serve_resolver(ip)
    for resolver in lab.resolvers.values():
        resolver.behaviour = "lying"
    return server


def attack(lab: Lab, **changes: Any) -> None:
    """The attacker copies the pinned key's id, and signs with a key of his own."""
    true, forger = lab.key, SigningKey()
    if true is not None:
        forger.id = true.id
        lab.key = forger
    lab.publish(**{"generation": 2} | changes)
    lab.key = true


def assert_untouched(lab: Lab, server: DnsServer, files: dict[Any, bytes]) -> None:
    report = apply(lab)
    assert report["exit"] == Exit.REFUSED, report
    assert report["cure"]
    assert server.files() == files
    assert lab.ask(BANK).addresses == (PUBLIC_ADDRESS,)
    assert_private(lab)


def attacks(lab: Lab) -> dict[str, dict[str, Any]]:
    """By what is taken over."""
    names = {name: list(ips) for name, ips in lab.names.items()}
    taken = {zone: {"zones": [*lab.zones, zone]} for zone in ZONES}
    with_name = {
        f"{zone} with a name": {
            "zones": [*lab.zones, zone],
            "names": names | {f"www.{zone}": ["10.0.0.5"], zone: ["10.0.0.5"]},
        }
        for zone in ("bank.example", "co.uk", "google.com", "amazonaws.com")
    }
    return {
        **taken,
        **with_name,
        "resolvers": {"vpcCidrs": ["0.0.0.0/0"], "resolverIps": list(PUBLIC_RESOLVERS)},
        "halves": {"vpcCidrs": ["0.0.0.0/1", "128.0.0.0/1"], "resolverIps": list(PUBLIC_RESOLVERS)},
        "networks": {"vpcCidrs": [*lab.vpc_cidrs, "203.0.0.0/16"]},
        "addresses": {"vpcCidrs": ["10.0.0.0/8"], "names": names | {AGENT: ["10.66.6.6"]}},
        "account": {"account": "666666666666"},
        "region mode": {"mode": "region"},
    }


@pytest.mark.parametrize("signed", [SIGNED, UNSIGNED])
def test_nobody_but_the_app_leads_a_name_of_the_company_anywhere(
    lab: Lab, server_kind: str, signed: str
) -> None:
    server = following(lab, server_kind, signed)
    files = server.files()
    for what, changes in attacks(lab).items():
        attack(lab, **changes)
        try:
            assert_untouched(lab, server, files)
        except AssertionError as problem:
            raise AssertionError(f"{what}: {problem}") from problem


@pytest.mark.parametrize("signed", [SIGNED, UNSIGNED])
def test_after_a_hostile_document_the_apps_next_word_wins_without_a_person(
    lab: Lab, server_kind: str, signed: str
) -> None:
    """Its repair, and its withdrawal, however high a generation the attacker wrote."""
    server = following(lab, server_kind, signed)
    files = server.files()
    for generation in (10**15, 10**9, 1002):
        attack(lab, generation=generation, zones=[*lab.zones, "bank.example"])
        assert_untouched(lab, server, files)
        attack(lab, generation=generation)
        assert_untouched(lab, server, files)
    lab.publish(generation=2)
    assert apply(lab)["exit"] == Exit.DONE
    lab.publish(generation=3, **WITHDRAWN)
    assert apply(lab)["exit"] == Exit.DONE
    assert_public(lab)


@pytest.mark.parametrize("generation", [2, 1001])
def test_what_was_taken_unsigned_within_the_pins_ends_with_the_apps_answer(
    lab: Lab, server_kind: str, generation: int
) -> None:
    """Without a key nothing tells the attacker's withdrawal from the app's; it does not stay. The
    app answers what it did not write with a higher generation."""
    following(lab, server_kind, UNSIGNED)
    attack(lab, generation=generation, **WITHDRAWN)
    report = apply(lab)
    assert report["exit"] == Exit.DONE
    assert any("WARNING" in hint for hint in report["hints"])
    lab.publish(generation=generation)
    assert apply(lab)["exit"] == Exit.REFUSED, "the same generation, and another content"
    lab.publish(generation=generation + 1)
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


def test_what_the_app_signed_for_this_vpc_cannot_be_put_together_anew(lab: Lab) -> None:
    """A true signature, beside another content."""
    server = following(lab, "bind", SIGNED)
    files = server.files()
    true = json.loads(lab.published.read_text())
    attack(lab, zones=[*lab.zones, "bank.example"])
    forged = json.loads(lab.published.read_text())
    lab.published.write_text(json.dumps(forged | {"signature": true["signature"]}))
    assert_untouched(lab, server, files)
    lab.published.write_text(json.dumps({k: v for k, v in forged.items() if k != "signature"}))
    assert_untouched(lab, server, files)


def test_a_person_cannot_force_what_the_host_does_not_believe(lab: Lab) -> None:
    server = following(lab, "unbound", SIGNED)
    files = server.files()
    for changes in attacks(lab).values():
        attack(lab, **changes)
        report = apply(lab, "--force")
        assert report["exit"] == Exit.REFUSED, report
    assert server.files() == files


def test_every_command_says_whom_the_host_believes(lab: Lab) -> None:
    key = lab.key
    following(lab, "bind", SIGNED)
    assert key
    for command in ("status", "doctor"):
        ran = lab.tool(command)
        assert key.id in ran.stdout and fingerprint(key) in ran.stdout, ran
        assert "WARNING" not in ran.stdout


def test_a_host_that_takes_what_nobody_signed_says_so_at_every_command(lab: Lab) -> None:
    server = following(lab, "bind", UNSIGNED)
    lab.publish(generation=2)
    for command in ("apply", "check", "verify", "status", "doctor"):
        ran = lab.tool(command)
        assert 'WARNING: signature = "none"' in ran.stdout, ran
        assert "init --public-key" in ran.stdout
        assert ran.code == Exit.DONE, "an alarm that never ends hides the others"
    lab.settings_file(server, signature=None)
    assert lab.tool("apply").code == Exit.USAGE, "the default is to require one"


def test_render_prints_nothing_that_the_host_does_not_believe(lab: Lab) -> None:
    """What people carry to another DNS server."""
    following(lab, "bind", SIGNED)
    ran = lab.tool("render", "--server", "windows")
    assert ran.code == Exit.DONE
    for changes in attacks(lab).values():
        attack(lab, **changes)
        ran = lab.tool("render", "--server", "windows")
        assert ran.code == Exit.REFUSED
        assert "Add-DnsServer" not in ran.stdout


def test_a_name_of_aws_without_a_region_is_forwarded(lab: Lab, server_kind: str) -> None:
    lab.serve_name("iam.amazonaws.com", like=AGENT)
    lab.start(server_kind)
    lab.publish()
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    assert lab.ask("iam.amazonaws.com").addresses == lab.names[AGENT]
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, False)
    lab.publish(**WITHDRAWN)
    assert apply(lab)["exit"] == Exit.DONE
    assert lab.ask("iam.amazonaws.com").addresses == (PUBLIC_ADDRESS,)
