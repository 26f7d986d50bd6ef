"""systemd-resolved: what no other server has. Everything else is in the tests of every server."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding, forwarding_to
from ecs_anywhere_dns.outcome import CheckFailed, Exit
from ecs_anywhere_dns.servers.resolved.lines import (
    ANCHORS,
    BUILT_IN,
    DELEGATES,
    SUFFIX,
    fragments_for,
    read_delegates,
)
from ecs_anywhere_dns.servers.resolved.status import FIRST_VERSION, Resolvectl

from tests.onprem.lab.lab import Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS
from tests.onprem.test_apply import applied, apply, assert_private
from tests.onprem.test_commands import amiss

SSM = "ssm.us-east-2.amazonaws.com"
FIRST, SECOND = "ecs.us-east-2.amazonaws.com", "ecs.eu-west-1.amazonaws.com"
TWO_VPCS = forwarding_to({FIRST: ["10.0.0.32"], SECOND: ["10.9.0.32"]}, "two VPCs", 5453)


def texts(forwarding: Forwarding) -> list[str]:
    """Of the delegates."""
    return [each.text for each in fragments_for(forwarding, Path("/d"), Path("/a"))][:-1]


@pytest.mark.parametrize(
    "forwarding", [NOTHING, Forwarding((SSM,), ("10.0.0.32", "10.0.1.32"), "x (active)"), TWO_VPCS]
)
def test_what_is_written_is_read_back(forwarding: Forwarding) -> None:
    read = read_delegates(texts(forwarding), "here")
    assert (read.targets, read.is_none) == (forwarding.targets, forwarding.is_none)


def test_each_vpc_has_a_delegate_of_its_own_and_no_more_than_there_are_files() -> None:
    first, second, *rest = texts(TWO_VPCS)
    assert (FIRST in first) != (FIRST in second)
    assert all("[Delegate]" not in text for text in rest)
    many = {f"z{n}.amazonaws.com": [f"10.0.0.{n}"] for n in range(1, len(DELEGATES) + 2)}
    with pytest.raises(CheckFailed, match="4 delegates"):
        texts(forwarding_to(many, "x"))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("DNS=10.0.0.32:5453", "DNS=10.0.0.320:5453"),
        ("DNS=10.0.0.32:5453\n", ""),
        (f"Domains=~{FIRST}", f"Domains={FIRST}"),
        (f"Domains=~{FIRST}", "Domains=~."),
        (f"Domains=~{FIRST}", "DefaultRoute=yes"),
    ],
)
def test_a_file_that_somebody_edited_is_refused(was: str, becomes: str) -> None:
    written = texts(TWO_VPCS)
    edited = [text.replace(was, becomes) for text in written]
    assert edited != written
    with pytest.raises(CheckFailed):
        read_delegates(edited, "here")


def test_the_built_in_list_of_exempt_names_is_the_one_that_we_repeat(lab: Lab) -> None:
    server = lab.start("resolved", initialised=False)
    ran = subprocess.run(
        [*lab.prefix, *server.table["resolvectl"], "--json=short", "status"],
        capture_output=True,
        text=True,
        check=True,
    )
    for name in BUILT_IN:
        assert f'"{name}"' in ran.stdout
    assert ran.stdout.partition("negativeTrustAnchors")[2].partition("]")[0].count('",') + 1 == len(
        BUILT_IN
    )


def test_with_both_resolvers_dead_no_question_goes_to_anybody_else(lab: Lab) -> None:
    applied(lab, "resolved")
    for behaviour in ("servfail", "silent"):
        for resolver in lab.resolvers.values():
            resolver.behaviour = behaviour
        assert lab.ask(f"new-{behaviour}.{SSM}").addresses == ()
    assert lab.public.saw_private(lab.zones) == []
    assert lab.ask("www.example.com").addresses == (PUBLIC_ADDRESS,)


def test_what_was_applied_is_there_after_a_restart(lab: Lab) -> None:
    server = applied(lab, "resolved")
    server.restart()
    assert_private(lab)
    assert amiss(lab) == {}


def test_another_delegate_for_our_names_is_named_before_anything_is_touched(lab: Lab) -> None:
    """Of two with the same name, both would be asked, and the first answer counts."""
    server = lab.start("resolved", top=f"[Delegate]\nDNS=203.0.113.1\nDomains=~{SSM}")
    files = server.files()
    lab.publish()
    report = apply(lab)
    assert (report["exit"], server.files()) == (Exit.CHECK_FAILED, files), report
    assert f"the link or delegate site has the domain {SSM}" in report["summary"]


def test_a_delegate_that_somebody_edited_is_written_anew(lab: Lab) -> None:
    server = applied(lab, "resolved")
    file = Path(server.table["delegates"]) / f"{DELEGATES[0]}{SUFFIX}"
    text = file.read_text()
    file.write_text(text.replace(f"Domains=~{SSM}\n", ""))
    assert apply(lab)["exit"] == Exit.DONE
    assert file.read_text() == text
    assert_private(lab)


def test_a_withdrawal_leaves_the_built_in_list_in_force(lab: Lab) -> None:
    server = applied(lab, "resolved")
    lab.publish(state="withdrawn", names={}, zones=[], resolverIps=[], vpcCidrs=[])
    assert apply(lab)["exit"] == Exit.DONE
    anchors = (Path(server.table["anchors"]) / ANCHORS).read_text().splitlines()
    assert all(line.startswith("#") for line in anchors)
    assert lab.ask(SSM).addresses == (PUBLIC_ADDRESS,)


def test_a_systemd_that_is_too_old_is_named_and_another_way_is_told(lab: Lab) -> None:
    """One that knows no delegates would pass over the files without a word."""
    server = lab.start("resolved")
    old = server.ground.run / "resolvectl"
    old.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && { echo "systemd 257 (257.9-1)"; exit; }\n'
        f'exec {shlex.join(server.table["resolvectl"])} "$@"\n'
    )
    old.chmod(0o755)
    assert Resolvectl((str(old),)).version() < FIRST_VERSION
    server.launch.table["resolvectl"][:] = [str(old)]
    files = server.files()
    lab.publish()
    report = apply(lab)
    assert (report["exit"], server.files()) == (Exit.CHECK_FAILED, files), report
    assert "systemd 257 cannot send some names" in report["summary"]
    assert "Unbound on this host" in report["cure"]
