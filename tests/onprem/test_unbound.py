"""Unbound, the real one: what it says, what it does instead, and what a client then gets."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import HEADER
from ecs_anywhere_dns.servers.unbound import Unbound

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS
from tests.onprem.lab.places import INTERNET

REGION = "us-east-2"
PARENT = "us-east-2.amazonaws.com"
ECS, SSM = f"ecs.{PARENT}", f"ssm.{PARENT}"
TWO = Forwarding((ECS, SSM), ("10.0.0.32", "10.0.1.32"), "vpc-1 generation 7 (active)")

MARK = """\
server:
  domain-insecure: "c3f8f5874dd7.loaded.ecs-anywhere-dns.invalid"
"""
"""That of /etc/unbound/unbound.conf.d/ecs-anywhere.conf."""
TEXT = f"""\
# {HEADER}
# vpc-1 generation 7 (active)
{MARK}\
  domain-insecure: "{ECS}"
  private-domain: "{ECS}"
  domain-insecure: "{SSM}"
  private-domain: "{SSM}"
forward-zone:
  name: "{ECS}"
  forward-addr: 10.0.0.32
  forward-addr: 10.0.1.32
  forward-first: no
forward-zone:
  name: "{SSM}"
  forward-addr: 10.0.0.32
  forward-addr: 10.0.1.32
  forward-first: no
"""


def unbound_at(folder: Path) -> Unbound:
    main = folder / "unbound.conf"
    return Unbound(
        REGION,
        "127.0.0.1",
        53,
        configuration=main,
        fragment=folder / "unbound.conf.d" / "ecs-anywhere.conf",
        control=("unbound-control", "-c", str(main)),
    )


def ours(lab: Lab, server: DnsServer) -> Unbound:
    """Its commands run inside the laboratory, its files are read from here."""
    unbound = unbound_at(server.directory)
    start = tuple(server.table["start"])
    return replace(unbound, control=(*lab.prefix, *unbound.control), start=start)


def wanted(lab: Lab, *resolver_ips: str) -> Forwarding:
    ips = tuple(sorted(resolver_ips or lab.resolver_ips))
    return Forwarding(tuple(sorted(lab.zones)), ips, lab.vpc_id, lab.resolver_port)


def write(unbound: Unbound, forwarding: Forwarding) -> None:
    (fragment,) = unbound.fragments(forwarding)
    fragment.path.parent.mkdir(exist_ok=True)
    fragment.path.write_text(fragment.text)


def apply(unbound: Unbound, forwarding: Forwarding, scratch: Path) -> None:
    """All that a run does with a server, in its order."""
    unbound.check_fragments(unbound.fragments(forwarding), scratch)
    write(unbound, forwarding)
    unbound.check_configuration()
    unbound.reload()
    unbound.check_effective(forwarding)
    unbound.flush(forwarding.zones)


def on_disk(folder: Path, configuration: str) -> Unbound:
    """A configuration that no server runs with."""
    unbound = unbound_at(folder)
    write(unbound, TWO)
    server = f'server:\n  username: ""\n  chroot: ""\n  directory: "{folder}"\n'
    unbound.configuration.write_text(server + configuration.replace("@", str(folder)))
    return unbound


def refusal(unbound: Unbound) -> CheckFailed:
    with pytest.raises(CheckFailed) as refused:
        unbound.check_configuration()
    return refused.value


def bad(unbound: Unbound, forwarding: Forwarding | None) -> list[str]:
    """The findings that are not ok. Each has a cure."""
    found = [f for f in unbound.findings(forwarding, forwarding or NOTHING) if not f.ok]
    assert all(finding.cure for finding in found)
    return [finding.what for finding in found]


# --- written


def test_the_file_is_this_to_the_byte() -> None:
    (fragment,) = unbound_at(Path("/etc/unbound")).fragments(TWO)
    assert fragment.text == TEXT
    assert str(fragment.path) == "/etc/unbound/unbound.conf.d/ecs-anywhere.conf"


def test_another_port_is_written_to_each_forwarder() -> None:
    (fragment,) = unbound_at(Path("/etc/unbound")).fragments(replace(TWO, port=5453))
    assert fragment.text.count("forward-addr: 10.0.0.32@5453\n") == 2


def test_no_forwarding_is_a_file_with_nothing_but_its_mark() -> None:
    (fragment,) = unbound_at(Path("/etc/unbound")).fragments(NOTHING)
    assert fragment.text == f"# {HEADER}\n# nothing is forwarded\n{MARK}"


@pytest.mark.parametrize(
    "odd",
    [
        replace(TWO, zones=('x"\ninclude: "/etc/shadow',)),
        replace(TWO, zones=("a b.c",)),
        replace(TWO, zones=("*.us-east-2.amazonaws.com",)),
        replace(TWO, forwarders=("10.0.0.32\n  forward-first: yes",)),
        replace(TWO, forwarders=("10.0.0.32@53",)),
        replace(TWO, forwarders=()),
        replace(TWO, label="x\nserver:"),
        replace(TWO, port=70000),
    ],
)
def test_nothing_odd_is_ever_written(odd: Forwarding) -> None:
    with pytest.raises(CheckFailed):
        unbound_at(Path("/etc/unbound")).fragments(odd)


# --- checked, without a server


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("  forward-addr: 10.0.0.32\n  forward-addr: 10.0.1.32\n", ""),
        ("forward-first: no", "forward-first: yes"),
        ("forward-addr: 10.0.0.32", "forward-addr: 10.0.0.32@54"),
        ("forward-addr: 10.0.0.32", "forward-addr: 10.0.0.999"),
        ("server:", "serve:"),
    ],
)
def test_a_fragment_that_would_do_harm_is_refused(tmp_path: Path, right: str, wrong: str) -> None:
    unbound = unbound_at(Path("/etc/unbound"))
    (fragment,) = unbound.fragments(TWO)
    with pytest.raises(CheckFailed):
        unbound.check_fragments(
            (replace(fragment, text=fragment.text.replace(right, wrong, 1)),), tmp_path
        )


INCLUDE = 'include-toplevel: "@/unbound.conf.d/*.conf"\n'


def test_the_include_is_debians_own(tmp_path: Path) -> None:
    unbound = on_disk(tmp_path, INCLUDE)
    unbound.check_configuration()
    unbound.configuration.write_text("")
    (include,) = unbound.includes()
    assert include.line == f'include-toplevel: "{tmp_path}/unbound.conf.d/*.conf"'
    assert (include.file, include.inside) == (unbound.configuration, "")


FORMS = [
    'include-toplevel: "@/unbound.conf.d/*.conf"',
    'include: "@/unbound.conf.d/*.conf"',
    "include: @/unbound.conf.d/*.conf",
    "  include:   @/unbound.conf.d/ecs-anywhere.conf  # ours",
    'include: "unbound.conf.d/*.conf"',
    'include: "@/more.conf"',
    'include: "@/*/ecs*.conf"',
    'remote-control: include: "@/unbound.conf.d/*.conf"',
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("forwarding", [NOTHING, TWO], ids=["empty", "applied"])
def test_a_folder_that_is_included_in_whatever_form_is_not_included_again(
    tmp_path: Path, form: str, forwarding: Forwarding
) -> None:
    (tmp_path / "more.conf").write_text(f'include: "{tmp_path}/unbound.conf.d/*.conf"\n')
    unbound = on_disk(tmp_path, f"{form}\n")
    write(unbound, forwarding)
    assert unbound.includes() == ()


def test_a_configuration_that_includes_itself_is_read_to_its_end(tmp_path: Path) -> None:
    unbound = on_disk(tmp_path, 'include: "@/*.conf"\n')
    assert len(unbound.includes()) == 1


def test_a_folder_that_is_included_twice_is_named_as_the_cause(tmp_path: Path) -> None:
    problem = refusal(on_disk(tmp_path, INCLUDE + INCLUDE.replace("-toplevel", "")))
    assert "ecs-anywhere.conf 2 times" in problem.message
    assert "leave only one" in problem.cure


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("tls-upstream: yes", "tls-upstream: yes"),
        ("do-not-query-address: 10.0.0.0/8", "never ask the resolver IP 10.0.0.32"),
    ],
)
def test_what_keeps_it_from_asking_the_resolvers_is_named_before_the_reload(
    tmp_path: Path, option: str, said: str
) -> None:
    problem = refusal(on_disk(tmp_path, f"  {option}\n{INCLUDE}"))
    assert said in problem.message
    assert problem.cure


CHECKER = """\
#!/bin/sh
case "$*" in
  *"-o module-config"*) echo "$MODULES" ;;
  *) exec unbound-checkconf "$@" ;;
esac
"""
"""The checker of an Unbound that was built with cachedb, as those of Debian 13 and Ubuntu 24.04."""


@pytest.mark.parametrize(
    ("modules", "is_said"), [("validator cachedb iterator", True), ("validator iterator", False)]
)
def test_a_database_behind_the_cache_is_mentioned_with_what_becomes_of_our_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modules: str, is_said: bool
) -> None:
    checker = tmp_path / "checker"
    checker.write_text(CHECKER)
    checker.chmod(0o755)
    monkeypatch.setenv("MODULES", modules)
    unbound = replace(on_disk(tmp_path, INCLUDE), checkconf=(str(checker),))
    found = [finding for finding in unbound.findings(None, TWO) if "cachedb" in finding.what]
    assert [finding.ok for finding in found] == [True] * is_said
    assert all("removed at a switch" in finding.what for finding in found)


def test_views_that_are_not_asked_are_mentioned(tmp_path: Path) -> None:
    view = 'view:\n  name: "lan"\n'
    server = "  access-control-view: 10.0.0.0/8 lan\n"
    found = on_disk(tmp_path, server + INCLUDE + view).findings(None, NOTHING)
    assert any("10.0.0.0/8 lan" in finding.what for finding in found)


def test_addresses_that_dns64_makes_are_announced(tmp_path: Path) -> None:
    unbound = on_disk(tmp_path, f'  module-config: "dns64 iterator"\n{INCLUDE}')
    assert any("dns64" in what for what in bad(unbound, TWO))


def test_a_missing_include_is_named_with_its_line(tmp_path: Path) -> None:
    problem = refusal(on_disk(tmp_path, ""))
    assert "does not include" in problem.message
    assert f'include-toplevel: "{tmp_path}/unbound.conf.d/*.conf"' in problem.cure


def test_a_zone_that_is_there_twice_is_named_though_the_checker_accepts_it(tmp_path: Path) -> None:
    own = f'forward-zone:\n  name: "{SSM}."\n  forward-addr: 9.9.9.9\n'
    assert SSM in refusal(on_disk(tmp_path, INCLUDE + own)).message


def test_a_file_outside_of_the_chroot_is_refused(tmp_path: Path) -> None:
    (tmp_path / "jail").mkdir()
    jail = f'server:\n  chroot: "{tmp_path}/jail"\n  directory: ""\n  pidfile: ""\n'
    problem = refusal(on_disk(tmp_path, INCLUDE + jail))
    assert "lies outside of the chroot" in problem.message


def test_without_unbound_every_finding_that_is_bad_has_a_cure(tmp_path: Path) -> None:
    unbound = replace(
        unbound_at(tmp_path), control=("/nowhere/control",), checkconf=("/nowhere/checkconf",)
    )
    assert len(bad(unbound, None)) == 3
    assert not unbound.is_running()


# --- with the real server


def assert_private(lab: Lab) -> None:
    for name, addresses in lab.names.items():
        for transport in ("udp", "tcp"):
            reply = lab.ask(name, transport=transport)
            assert (reply.rcode, reply.addresses) == ("NOERROR", addresses), (name, transport)
    assert lab.public.saw_private(lab.zones) == []


def test_the_first_forwarding_makes_every_name_private(lab: Lab, tmp_path: Path) -> None:
    unbound = ours(lab, lab.start("unbound"))
    apply(unbound, wanted(lab), tmp_path)
    assert_private(lab)
    assert bad(unbound, wanted(lab)) == []


def test_one_that_does_not_validate_at_all_is_forwarded_for(lab: Lab, tmp_path: Path) -> None:
    """Without the validator module it knows no exemptions, and needs none."""
    unbound = ours(lab, lab.start("unbound", 'server:\n  module-config: "iterator"\n'))
    apply(unbound, wanted(lab), tmp_path)
    unbound.check_effective(wanted(lab))
    assert_private(lab)


def test_changed_forwarders_are_in_force_after_a_reload(lab: Lab, tmp_path: Path) -> None:
    unbound = ours(lab, lab.start("unbound"))
    first, second = lab.resolver_ips
    apply(unbound, wanted(lab, first), tmp_path)
    assert lab.ask(SSM).addresses == lab.names[SSM]
    assert lab.resolvers[second].queries == []
    lab.resolvers[first].queries.clear()
    apply(unbound, wanted(lab, second), tmp_path)
    assert_private(lab)
    assert lab.resolvers[first].queries == []


def test_back_to_none_is_public_again(lab: Lab, tmp_path: Path) -> None:
    unbound = ours(lab, lab.start("unbound"))
    apply(unbound, wanted(lab), tmp_path)
    assert_private(lab)
    apply(unbound, NOTHING, tmp_path)
    unbound.flush(lab.zones)
    assert lab.ask(SSM).addresses == (PUBLIC_ADDRESS,)


def test_an_absent_name_is_forgotten_by_a_flush(lab: Lab, tmp_path: Path) -> None:
    unbound = ours(lab, lab.start("unbound"))
    for resolver in lab.resolvers.values():
        resolver.behaviour = "missing"
    apply(unbound, wanted(lab), tmp_path)
    absent = next(iter(lab.resolvers.values())).missing_name
    assert lab.ask(absent).rcode == "NXDOMAIN"
    for resolver in lab.resolvers.values():
        resolver.behaviour = "right"
    assert lab.ask(absent).rcode == "NXDOMAIN"
    unbound.flush([absent])
    assert lab.ask(absent).addresses == lab.names[absent]


def test_validation_without_internet_does_not_break_the_forwarding(
    lab: Lab, tmp_path: Path
) -> None:
    unbound = ours(lab, lab.start("unbound", validating=True))
    lab.network.block(INTERNET)
    apply(unbound, wanted(lab), tmp_path)
    assert_private(lab)
    said = [finding.what for finding in unbound.findings(wanted(lab), wanted(lab))]
    assert "DNSSEC validation is on; our file exempts our zones from it" in said


def test_rebinding_protection_lets_our_zones_pass(lab: Lab, tmp_path: Path) -> None:
    unbound = ours(lab, lab.start("unbound", f"private-address: {lab.vpc_cidrs[0]}"))
    apply(unbound, wanted(lab), tmp_path)
    assert_private(lab)
    assert any(
        "rebinding protection is on" in f.what for f in unbound.findings(wanted(lab), wanted(lab))
    )


def test_the_administrators_mistake_is_refused_before_the_reload(lab: Lab, tmp_path: Path) -> None:
    server = lab.start("unbound")
    unbound = ours(lab, server)
    apply(unbound, wanted(lab), tmp_path)
    own = server.directory / "unbound.conf.d" / "corp.conf"
    own.write_text('forward-zone:\n  name: "corp.example"\n  forward-addr: 10.0.0.999\n')
    assert "10.0.0.999" in refusal(unbound).message
    assert server.running()
    assert lab.ask(SSM).addresses == lab.names[SSM]


def test_a_death_at_the_reload_is_told_and_revived(lab: Lab, tmp_path: Path) -> None:
    server = lab.start("unbound")
    unbound = ours(lab, server)
    apply(unbound, wanted(lab), tmp_path)
    unbound.fragment.write_text(
        unbound.fragment.read_text() + 'forward-zone:\n  name: "x"\n  forward-addr: 10.0.0.999\n'
    )
    with pytest.raises(ReloadFailed, match="said ok and ended"):
        unbound.reload()
    assert not unbound.is_running()
    with pytest.raises(ReloadFailed):
        unbound.check_effective(wanted(lab))
    with pytest.raises(ReloadFailed, match="does not start"):
        unbound.revive()
    write(unbound, wanted(lab))
    unbound.revive()
    unbound.check_effective(wanted(lab))
    assert_private(lab)


def test_a_file_that_unbounds_user_may_not_read_is_refused(tmp_path: Path) -> None:
    # Not in a user namespace: there is nobody in there whom Unbound could become.
    with contextlib.closing(Lab(("root-namespaces", "loopback"))) as lab:
        lab.directory.chmod(0o755)
        server = lab.start("unbound", 'username: "nobody"' if os.getuid() == 0 else "")
        unbound = ours(lab, server)
        apply(unbound, wanted(lab), tmp_path)
        unbound.fragment.chmod(0)
        assert str(unbound.fragment) in refusal(unbound).message
        # What the refusal is good for.
        with pytest.raises(ReloadFailed):
            unbound.reload()


def test_a_local_zone_that_answers_our_names_is_named(lab: Lab, tmp_path: Path) -> None:
    server = lab.start("unbound", f'local-zone: "{PARENT}" static')
    unbound = ours(lab, server)
    with pytest.raises(ReloadFailed, match=rf"local-zone {PARENT} \(static\) answers"):
        apply(unbound, wanted(lab), tmp_path)
    assert lab.ask(SSM).rcode == "NXDOMAIN"
    assert any(f"local-zone {PARENT} (static) answers {SSM}" in f for f in bad(unbound, None))
    passing = "".join(f'\n    local-zone: "{zone}" transparent' for zone in lab.zones)
    static = f'local-zone: "{PARENT}" static'
    server.main.write_text(server.main.read_text().replace(static, static + passing))
    apply(unbound, wanted(lab), tmp_path)
    assert_private(lab)


def test_local_data_within_our_zones_is_a_finding(lab: Lab, tmp_path: Path) -> None:
    server = lab.start("unbound", f'local-data: "x.{SSM} A 10.9.9.9"')
    unbound = ours(lab, server)
    apply(unbound, wanted(lab), tmp_path)
    assert any(f"local data for x.{SSM}" in found for found in bad(unbound, None))


def test_an_auth_zone_above_our_names_is_a_finding(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "zone"
    file.write_text("@ 60 IN SOA a. b. 1 2 3 4 5\n@ 60 IN NS a.\n")
    auth = f'auth-zone:\n  name: "{PARENT}"\n  zonefile: "{file}"\n'
    unbound = ours(lab, lab.start("unbound", top=auth))
    apply(unbound, wanted(lab), tmp_path)
    assert lab.ask(SSM).rcode == "NXDOMAIN"
    assert any(f"auth-zone {PARENT} may answer {SSM}" in found for found in bad(unbound, None))


def test_zones_of_the_administrator_above_ours_do_no_harm(lab: Lab, tmp_path: Path) -> None:
    stub = f'stub-zone:\n  name: "{PARENT}"\n  stub-addr: 203.0.113.9\n'
    forward = 'forward-zone:\n  name: "amazonaws.com"\n  forward-addr: 203.0.113.9\n'
    unbound = ours(lab, lab.start("unbound", top=stub + forward))
    apply(unbound, wanted(lab), tmp_path)
    assert_private(lab)
    assert bad(unbound, wanted(lab)) == []


def test_a_stub_zone_within_ours_is_a_finding(lab: Lab, tmp_path: Path) -> None:
    own = f'stub-zone:\n  name: "x.{SSM}"\n  stub-addr: 203.0.113.9\n'
    unbound = ours(lab, lab.start("unbound", top=own))
    apply(unbound, wanted(lab), tmp_path)
    assert any(f"stub-zone x.{SSM}" in found for found in bad(unbound, None))


def test_a_more_specific_forwarding_of_the_administrator_is_a_finding(
    lab: Lab, tmp_path: Path
) -> None:
    own = f'forward-zone:\n  name: "x.{SSM}"\n  forward-addr: 203.0.113.9\n'
    unbound = ours(lab, lab.start("unbound", top=own))
    apply(unbound, wanted(lab), tmp_path)
    assert any(f"forward-zone x.{SSM}" in found for found in bad(unbound, None))


def test_what_was_written_but_not_loaded_is_seen(lab: Lab, tmp_path: Path) -> None:
    unbound = ours(lab, lab.start("unbound"))
    apply(unbound, wanted(lab), tmp_path)
    write(unbound, wanted(lab, lab.resolver_ips[0]))
    with pytest.raises(ReloadFailed, match="and not to"):
        unbound.check_effective(wanted(lab, lab.resolver_ips[0]))


def test_what_was_withdrawn_but_is_still_forwarded_is_seen(lab: Lab, tmp_path: Path) -> None:
    unbound = ours(lab, lab.start("unbound"))
    apply(unbound, wanted(lab), tmp_path)
    write(unbound, NOTHING)
    with pytest.raises(ReloadFailed, match="differs between the disk and what runs"):
        unbound.check_effective(NOTHING)
    unbound.reload()
    unbound.check_effective(NOTHING)
