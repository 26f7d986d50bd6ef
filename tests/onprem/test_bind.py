"""BIND, the real one: what it says, what it overlooks, and what a client then gets."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.apparmor import may_read
from ecs_anywhere_dns.servers.bind import Bind
from ecs_anywhere_dns.servers.contract import HEADER, Fragment

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS
from tests.onprem.lab.places import INTERNET

REGION = "us-east-2"
ECS, SSM = "ecs.us-east-2.amazonaws.com", "ssm.us-east-2.amazonaws.com"
TWO = Forwarding((ECS, SSM), ("10.0.0.32", "10.0.1.32"), "vpc-1 generation 7 (active)")

ZONES_MARK = "cf1b523d4027.loaded.ecs-anywhere-dns.invalid"
OPTIONS_MARK = "546e3a0cc202.loaded.ecs-anywhere-dns.invalid"
"""Those of /etc/bind/ecs-anywhere.zones and .options."""
ZONES = f"""\
// {HEADER}
// vpc-1 generation 7 (active)
zone "{ZONES_MARK}" IN {{ type forward; forwarders {{ }}; }};
zone "{ECS}" IN {{ type forward; forward only; forwarders {{ 10.0.0.32; 10.0.1.32; }}; }};
zone "{SSM}" IN {{ type forward; forward only; forwarders {{ 10.0.0.32; 10.0.1.32; }}; }};
"""
OPTIONS = f"""\
// {HEADER}
// vpc-1 generation 7 (active)
validate-except {{
\t"{OPTIONS_MARK}";
\t"{ECS}";
\t"{SSM}";
}};
"""


def bind_at(folder: Path) -> Bind:
    return Bind(
        REGION,
        "127.0.0.1",
        53,
        configuration=folder / "named.conf",
        zones=folder / "ecs-anywhere.zones",
        options=folder / "ecs-anywhere.options",
        options_file=folder / "named.conf.options",
    )


def ours(lab: Lab, server: DnsServer) -> Bind:
    """Its commands run inside the laboratory, its files are read from here."""
    return replace(
        bind_at(server.directory),
        address=server.address,
        port=server.port,
        rndc=(*lab.prefix, *server.table["rndc"]),
        start=tuple(server.table["start"]),
    )


def wanted(lab: Lab, *resolver_ips: str) -> Forwarding:
    ips = tuple(sorted(resolver_ips or lab.resolver_ips))
    return Forwarding(tuple(sorted(lab.zones)), ips, lab.vpc_id, lab.resolver_port)


def write(fragments: tuple[Fragment, ...]) -> None:
    for fragment in fragments:
        fragment.path.write_text(fragment.text)


def apply(bind: Bind, forwarding: Forwarding, scratch: Path) -> None:
    """All that a run does with a server, in its order."""
    fragments = bind.fragments(forwarding)
    bind.check_fragments(fragments, scratch)
    write(fragments)
    bind.check_configuration()
    bind.reload()
    bind.check_effective(forwarding)
    bind.flush(forwarding.zones)


def on_disk(folder: Path, configuration: str, forwarding: Forwarding = TWO) -> Bind:
    """A configuration that no server runs with."""
    bind = bind_at(folder)
    write(bind.fragments(forwarding))
    bind.configuration.write_text(configuration.replace("@", str(folder)))
    return bind


def refusal(bind: Bind) -> CheckFailed:
    with pytest.raises(CheckFailed) as refused:
        bind.check_configuration()
    return refused.value


# --- written


def test_the_files_are_these_to_the_byte() -> None:
    zones, options = bind_at(Path("/etc/bind")).fragments(TWO)
    assert (zones.text, options.text) == (ZONES, OPTIONS)
    assert (str(zones.path), str(options.path)) == (
        "/etc/bind/ecs-anywhere.zones",
        "/etc/bind/ecs-anywhere.options",
    )


def test_another_port_is_written_to_each_forwarder() -> None:
    zones, _ = bind_at(Path("/etc/bind")).fragments(replace(TWO, port=5453))
    assert "{ 10.0.0.32 port 5453; 10.0.1.32 port 5453; }" in zones.text


def test_no_forwarding_is_files_with_nothing_but_their_marks() -> None:
    zones, options = bind_at(Path("/etc/bind")).fragments(NOTHING)
    lines = [line for line in ZONES.splitlines() if ECS not in line and SSM not in line]
    assert zones.text.splitlines() == [lines[0], "// nothing is forwarded", lines[2]]
    assert options.text.splitlines()[2:] == ["validate-except {", f'\t"{OPTIONS_MARK}";', "};"]


@pytest.mark.parametrize(
    "odd",
    [
        replace(TWO, zones=('x"; }; include "/etc/shadow',)),
        replace(TWO, zones=("a.b\n};",)),
        replace(TWO, zones=("*.us-east-2.amazonaws.com",)),
        replace(TWO, forwarders=("10.0.0.32; 8.8.8.8",)),
        replace(TWO, forwarders=("fe80::1",)),
        replace(TWO, forwarders=()),
        replace(TWO, label="x\noptions { recursion no; };"),
        replace(TWO, port=0),
    ],
)
def test_nothing_odd_is_ever_written(odd: Forwarding) -> None:
    with pytest.raises(CheckFailed):
        bind_at(Path("/etc/bind")).fragments(odd)


# --- checked, without a server


def test_a_fragment_that_named_refuses_is_not_swapped_in(tmp_path: Path) -> None:
    bind = bind_at(Path("/etc/bind"))
    zones, options = bind.fragments(TWO)
    with pytest.raises(CheckFailed, match="would refuse our files"):
        bind.check_fragments((replace(zones, text=zones.text + "zone {\n"), options), tmp_path)


@pytest.mark.parametrize("wrong", ["forwarders { };", "forwarders { 10.0.0.33 port 54; };"])
def test_what_the_checker_overlooks_in_a_fragment_is_refused(tmp_path: Path, wrong: str) -> None:
    bind = bind_at(Path("/etc/bind"))
    zones, options = bind.fragments(TWO)
    text = zones.text.replace("forwarders { 10.0.0.32; 10.0.1.32; };", wrong, 1)
    with pytest.raises(CheckFailed, match=r"ecs-anywhere\.zones"):
        bind.check_fragments((replace(zones, text=text), options), tmp_path)


OLD = """#!/bin/sh
for word; do :; done
named-checkconf -p "$word" | grep -q validate-except &&
  echo "$word:1: unknown option 'validate-except'" && exit 1
exec named-checkconf "$@"
"""
"""A named-checkconf of 9.11, as RHEL 8 has it."""


@pytest.mark.parametrize("validation", ["no", "auto"])
def test_a_bind_that_knows_no_exemptions_works_where_nothing_is_validated(
    tmp_path: Path, validation: str
) -> None:
    old = tmp_path / "old-checkconf"
    old.write_text(OLD)
    old.chmod(0o755)
    options = f"options {{ dnssec-validation {validation}; }};\n"
    bind = replace(on_disk(tmp_path, options + WITH_ZONES), checkconf=(str(old),))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    if validation == "auto":
        with pytest.raises(CheckFailed) as refused:
            bind.check_fragments(bind.fragments(TWO), scratch)
        assert "older than 9.13.3" in refused.value.cure
        return
    bind.check_fragments(bind.fragments(TWO), scratch)
    bind.check_configuration()
    assert bind.includes() == ()


WITH_OPTIONS = 'options { directory "/tmp"; include "@/ecs-anywhere.options"; };\n'
WITH_ZONES = 'include "@/ecs-anywhere.zones";\n'


def test_both_includes_are_all_that_is_asked_for(tmp_path: Path) -> None:
    bind = on_disk(tmp_path, 'options { directory "/tmp"; };\n')
    assert {(i.file.name, i.inside) for i in bind.includes()} == {
        ("named.conf", ""),
        ("named.conf.options", "options"),
    }


def test_a_missing_include_of_the_zones_is_named_with_its_line(tmp_path: Path) -> None:
    problem = refusal(on_disk(tmp_path, WITH_OPTIONS))
    assert f"does not forward {ECS}" in problem.message
    assert f'include "{tmp_path}/ecs-anywhere.zones";' in problem.cure


def test_a_missing_include_of_the_options_is_named_with_its_line(tmp_path: Path) -> None:
    problem = refusal(on_disk(tmp_path, 'options { directory "/tmp"; };\n' + WITH_ZONES))
    assert "validates DNSSEC" in problem.message
    assert f'include "{tmp_path}/ecs-anywhere.options";' in problem.cure
    assert "named.conf.options" in problem.cure


@pytest.mark.parametrize(
    "deprecated",
    [
        'zone "corp.example" { type master; file "x"; auto-dnssec maintain; inline-signing yes; };',
        'zone "other.example" { type hint; file "x"; }; zone "." { type delegation-only; };',
    ],
)
def test_a_warning_of_the_checker_hides_no_option(tmp_path: Path, deprecated: str) -> None:
    bind = on_disk(tmp_path, f"options {{ dnssec-validation no; }};\n{deprecated}\n{WITH_ZONES}")
    bind.check_configuration()


def test_a_list_of_exemptions_that_is_there_is_added_to_and_not_doubled(tmp_path: Path) -> None:
    """named takes only one validate-except."""
    own = 'options { validate-except { "corp.example"; }; };\n' + WITH_ZONES
    bind = on_disk(tmp_path, own)
    assert bind.includes() == ()
    cure = refusal(bind).cure
    assert cure.startswith('add "us-east-2.amazonaws.com"; to validate-except of named: ')
    bind.configuration.write_text(
        bind.configuration.read_text().replace('"corp', '"us-east-2.amazonaws.com"; "corp')
    )
    bind.check_configuration()
    assert bind.includes() == ()


def test_two_vpcs_share_a_named_that_has_one_list_of_exemptions(tmp_path: Path) -> None:
    """Of two Regions, each with files of its own; the list is the administrator's."""
    other = Forwarding(("ecs.eu-west-1.amazonaws.com",), ("10.64.0.32",), "vpc-2")
    listed = "validate-except { us-east-2.amazonaws.com; eu-west-1.amazonaws.com; };"
    second = 'include "@/second.zones";\n'
    first = on_disk(tmp_path, f"options {{ {listed} }};\n{WITH_ZONES}{second}")
    both = (
        first,
        replace(first, region="eu-west-1", zones=tmp_path / "second.zones"),
    )
    write(both[1].fragments(other)[:1])
    for bind in both:
        bind.check_configuration()
        assert bind.includes() == ()


SHUNNING = [
    ("blackhole { 10.0.0.0/8; };", "", "blackhole lists the resolver IP 10.0.0.32"),
    ("blackhole { bogus; };", "acl bogus { 10.1.0.0/16; 10.0.0.0/16; };", "blackhole lists"),
    ("", "server 10.0.0.0/8 { bogus yes; };", "server 10.0.0.0/8 is `bogus yes`"),
]


@pytest.mark.parametrize(("option", "beside", "said"), SHUNNING)
def test_a_resolver_that_named_is_told_to_shun_is_named_before_the_reload(
    tmp_path: Path, option: str, beside: str, said: str
) -> None:
    options = WITH_OPTIONS.replace("options {", f"options {{ {option}")
    assert said in refusal(on_disk(tmp_path, beside + options + WITH_ZONES)).message


@pytest.mark.parametrize(
    ("option", "beside"),
    [
        ("blackhole { !10.0.0.0/16; 10.0.0.0/8; };", ""),
        ("blackhole { !vpc; bogus; };", "acl vpc { 10.0.0.0/16; }; acl bogus { 10.0.0.0/8; };"),
        ("blackhole { 192.0.2.0/24; };", ""),
        ("", "server 10.0.0.0/8 { bogus yes; }; server 10.0.0.0/16 { bogus no; };"),
    ],
)
def test_what_is_excepted_from_the_shunned_hinders_nothing(
    tmp_path: Path, option: str, beside: str
) -> None:
    options = WITH_OPTIONS.replace("options {", f"options {{ {option}")
    on_disk(tmp_path, beside + options + WITH_ZONES).check_configuration()


def named_that_says(bind: Bind, files: str) -> Bind:
    """A running named, as rndc tells of it."""
    rndc = bind.configuration.parent / "rndc"
    rndc.write_text(f"#!/bin/sh\necho 'version: BIND'\necho 'configuration file: {files}'\n")
    rndc.chmod(0o755)
    return replace(bind, rndc=(str(rndc),))


def test_a_named_that_runs_with_another_file_is_named_before_anything_is_swapped(
    tmp_path: Path,
) -> None:
    bind = named_that_says(on_disk(tmp_path, WITH_OPTIONS + WITH_ZONES), "/etc/named.d/named.conf")
    said = "named runs with /etc/named.d/named.conf, not with"
    assert [f.cure for f in bind.hindrances(TWO) if said in f.what]
    assert [f.cure for f in bind.findings(None, NOTHING) if said in f.what]


def test_a_chroot_that_holds_the_file_as_it_was_asks_for_a_restart(tmp_path: Path) -> None:
    """RHEL's named-chroot mounts the file itself; who writes it anew leaves the former mounted."""
    bind = on_disk(tmp_path, WITH_OPTIONS + WITH_ZONES)
    mounted = tmp_path / "mounted.conf"
    mounted.write_text("options { };\n")
    running = named_that_says(bind, f"{bind.configuration} ({mounted})")
    assert ["restart named once" in found.cure for found in running.hindrances(TWO)] == [True]
    mounted.write_bytes(bind.configuration.read_bytes())
    assert list(running.hindrances(TWO)) == []


def test_before_the_first_apply_what_would_hinder_it_is_found(tmp_path: Path) -> None:
    options = (
        'deny-answer-addresses { 10.0.0.0/8; } except-from { "corp.example"; };'
        'validate-except { "corp.example"; };'
    )
    bind = on_disk(tmp_path, f"options {{ {options} }};\n{WITH_ZONES}", NOTHING)
    found = [finding.what for finding in bind.findings(None, TWO) if not finding.ok]
    for word in ("deny-answer-addresses", f"{ECS} is not exempt"):
        assert any(word in what for what in found), found
    assert not any("does not read our zones" in what for what in found)


def test_addresses_that_dns64_makes_are_announced(tmp_path: Path) -> None:
    options = WITH_OPTIONS.replace("options {", "options { dns64 64:ff9b::/96 { };")
    bind = on_disk(tmp_path, options + WITH_ZONES)
    assert any("dns64" in finding.what for finding in bind.findings(TWO, TWO) if not finding.ok)


def test_who_does_not_validate_needs_no_exemption(tmp_path: Path) -> None:
    on_disk(tmp_path, "options { dnssec-validation no; };\n" + WITH_ZONES).check_configuration()


def test_each_view_that_does_recursion_has_to_include_the_zones(tmp_path: Path) -> None:
    problem = refusal(
        on_disk(
            tmp_path,
            WITH_OPTIONS
            + f'view "in" {{ match-clients {{ 10.0.0.0/8; }}; {WITH_ZONES} }};\n'
            + 'view "all" { };\n'
            + 'view "public" { recursion no; };\n',
        )
    )
    assert 'view "all" does not forward' in problem.message
    assert 'inside view "all"' in problem.cure


def test_views_that_do_no_recursion_are_left_alone(tmp_path: Path) -> None:
    bind = on_disk(
        tmp_path,
        WITH_OPTIONS + f'view "in" {{ {WITH_ZONES} }}; view "public" IN {{ recursion no; }};\n',
    )
    bind.check_configuration()
    assert bind.includes() == ()
    bind.configuration.write_text('view "in" { }; view "public" IN { recursion no; };\n')
    assert [i.inside for i in bind.includes()] == ['view "in"', "options"]


def test_a_view_with_exemptions_of_its_own_has_lost_ours(tmp_path: Path) -> None:
    own = 'validate-except { "corp.example"; };'
    problem = refusal(on_disk(tmp_path, WITH_OPTIONS + f'view "in" {{ {own} {WITH_ZONES} }};\n'))
    assert 'view "in" validates DNSSEC' in problem.message
    assert 'add "us-east-2.amazonaws.com"; to validate-except of view "in"' in problem.cure


def test_no_recursion_at_all_is_named(tmp_path: Path) -> None:
    configuration = 'options { recursion no; include "@/ecs-anywhere.options"; };\n' + WITH_ZONES
    assert "no recursion" in refusal(on_disk(tmp_path, configuration)).message


def test_a_zone_of_the_administrators_instead_of_ours_is_named(tmp_path: Path) -> None:
    own = "".join(
        f'zone "{zone}" {{ type forward; forwarders {{ 10.0.0.32; 10.0.1.32; }}; }};\n'
        for zone in TWO.zones
    )
    problem = refusal(on_disk(tmp_path, WITH_OPTIONS + own))
    assert "of its own" in problem.message and "forward only" in problem.message


def test_a_zone_that_is_there_twice_is_refused_by_the_checker(tmp_path: Path) -> None:
    own = f'zone "{SSM}" {{ type forward; forward only; forwarders {{ 10.9.9.9; }}; }};\n'
    problem = refusal(on_disk(tmp_path, WITH_OPTIONS + WITH_ZONES + own))
    assert "already exists" in problem.message


def test_exemptions_that_are_there_twice_are_refused_by_the_checker(tmp_path: Path) -> None:
    twice = WITH_OPTIONS.replace("directory", 'validate-except { "a.example"; }; directory')
    problem = refusal(on_disk(tmp_path, twice + WITH_ZONES))
    assert "redefined" in problem.message
    assert "name our zones in the other list" in problem.cure
    listed = WITH_ZONES + f'options {{ validate-except {{ "{ECS}"; "{SSM}"; }}; }};'
    on_disk(tmp_path, listed).check_configuration()


def test_the_line_against_rebinding_protection_is_ready_to_be_pasted(tmp_path: Path) -> None:
    denying = 'deny-answer-addresses { 10.0.0.0/8; } except-from { "corp.example"; };'
    configuration = WITH_OPTIONS.replace("directory", f"{denying} directory") + WITH_ZONES
    line = (
        'deny-answer-addresses { 10.0.0.0/8; } except-from { "corp.example"; '
        '"us-east-2.amazonaws.com"; };'
    )
    assert f"`{line}`" in refusal(on_disk(tmp_path, configuration)).cure
    on_disk(tmp_path, configuration.replace(denying, line)).check_configuration()


def test_a_list_of_denied_addresses_that_has_a_name_may_hold_ours(tmp_path: Path) -> None:
    named = 'acl "inside" { 10.0.0.0/8; };\n'
    options = WITH_OPTIONS.replace("directory", 'deny-answer-addresses { "inside"; }; directory')
    assert (
        "deny-answer-addresses" in refusal(on_disk(tmp_path, named + options + WITH_ZONES)).message
    )


def test_denied_addresses_that_are_not_the_vpcs_are_no_problem(tmp_path: Path) -> None:
    options = WITH_OPTIONS.replace("directory", "deny-answer-addresses { 127.0.0.0/8; }; directory")
    on_disk(tmp_path, options + WITH_ZONES).check_configuration()


def test_a_forwarding_of_all_the_rest_is_no_problem(tmp_path: Path) -> None:
    rest = 'zone "amazonaws.com" { type forward; forwarders { 10.9.9.9; }; };\n'
    on_disk(tmp_path, WITH_OPTIONS + WITH_ZONES + rest).check_configuration()


def test_a_more_specific_zone_is_a_finding_not_a_refusal(tmp_path: Path) -> None:
    own = f'zone "x.{SSM}" {{ type forward; forwarders {{ 10.9.9.9; }}; }};\n'
    bind = on_disk(tmp_path, WITH_OPTIONS + WITH_ZONES + own)
    bind.check_configuration()
    bad = [f for f in bind.findings(None, NOTHING) if not f.ok and f"x.{SSM}" in f.what]
    assert bad and bad[0].cure


def test_a_chroot_is_taken_off_the_paths_that_named_sees() -> None:
    root = Path("/var/named/chroot")
    bind = replace(bind_at(root / "etc"), checkconf=("named-checkconf", "-t", str(root)))
    assert [i.line for i in bind.includes()] == [
        'include "/etc/ecs-anywhere.zones";',
        'include "/etc/ecs-anywhere.options";',
    ]


def test_without_named_every_finding_that_is_bad_has_a_cure(tmp_path: Path) -> None:
    bind = replace(bind_at(tmp_path), rndc=("/nowhere/rndc",), checkconf=("/nowhere/checkconf",))
    findings = bind.findings(None, NOTHING)
    assert any(not f.ok for f in findings)
    assert all(f.cure for f in findings if not f.ok)
    assert not bind.is_running()


# --- with the real server


def assert_private(lab: Lab) -> None:
    for name, addresses in lab.names.items():
        for transport in ("udp", "tcp"):
            reply = lab.ask(name, transport=transport)
            assert (reply.rcode, reply.addresses) == ("NOERROR", addresses), (name, transport)
    assert lab.public.saw_private(lab.zones) == []


def test_the_first_forwarding_makes_every_name_private(lab: Lab, tmp_path: Path) -> None:
    bind = ours(lab, lab.start("bind"))
    apply(bind, wanted(lab), tmp_path)
    assert_private(lab)
    assert [f for f in bind.findings(wanted(lab), wanted(lab)) if not f.ok] == []


def test_changed_forwarders_are_in_force_after_a_reload(lab: Lab, tmp_path: Path) -> None:
    bind = ours(lab, lab.start("bind"))
    first, second = lab.resolver_ips
    apply(bind, wanted(lab, first), tmp_path)
    assert lab.ask(SSM).addresses == lab.names[SSM]
    assert lab.resolvers[second].queries == []
    lab.resolvers[first].queries.clear()
    apply(bind, wanted(lab, second), tmp_path)
    assert_private(lab)
    assert lab.resolvers[first].queries == []


def test_back_to_none_is_public_again(lab: Lab, tmp_path: Path) -> None:
    bind = ours(lab, lab.start("bind"))
    apply(bind, wanted(lab), tmp_path)
    assert_private(lab)
    apply(bind, NOTHING, tmp_path)
    bind.flush(lab.zones)
    assert lab.ask(SSM).addresses == (PUBLIC_ADDRESS,)


def test_an_absent_name_is_forgotten_by_a_flush(lab: Lab, tmp_path: Path) -> None:
    bind = ours(lab, lab.start("bind"))
    for resolver in lab.resolvers.values():
        resolver.behaviour = "missing"
    # BIND keeps a "no such name" only where its SOA lies within the forwarded zone.
    apply(bind, replace(wanted(lab), zones=("us-east-2.amazonaws.com",)), tmp_path)
    absent = next(iter(lab.resolvers.values())).missing_name
    assert lab.ask(absent).rcode == "NXDOMAIN"
    for resolver in lab.resolvers.values():
        resolver.behaviour = "right"
    assert lab.ask(absent).rcode == "NXDOMAIN"
    bind.flush(["us-east-2.amazonaws.com"])
    assert lab.ask(absent).addresses == lab.names[absent]


def test_a_public_answer_from_before_is_forgotten_by_a_flush(lab: Lab, tmp_path: Path) -> None:
    bind = ours(lab, lab.start("bind"))
    assert lab.ask(SSM).addresses == (PUBLIC_ADDRESS,)
    apply(bind, wanted(lab), tmp_path)
    assert lab.ask(SSM).addresses == lab.names[SSM]


def test_validation_without_internet_does_not_break_the_forwarding(
    lab: Lab, tmp_path: Path
) -> None:
    bind = ours(lab, lab.start("bind", validating=True))
    lab.network.block(INTERNET)
    apply(bind, wanted(lab), tmp_path)
    assert_private(lab)
    assert any("exempt from it" in f.what for f in bind.findings(wanted(lab), wanted(lab)))


def test_exemptions_that_the_running_server_does_not_have_are_seen(
    lab: Lab, tmp_path: Path
) -> None:
    bind = ours(lab, lab.start("bind", validating=True))
    apply(bind, wanted(lab, lab.resolver_ips[0]), tmp_path)
    _, options = bind.fragments(wanted(lab))
    options.path.write_text(options.text.replace(f'\t"{SSM}";\n', ""))
    bind.reload()
    with pytest.raises(ReloadFailed, match=SSM):
        bind.check_effective(wanted(lab, lab.resolver_ips[0]))


def test_an_authority_above_is_refused_before_the_reload(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "db").write_text("$TTL 60\n@ SOA a. b. 1 2 3 4 5\n NS a.\n")
    zone = f'zone "us-east-2.amazonaws.com" {{ type primary; file "{tmp_path}/db"; }};'
    server = lab.start("bind", top=zone)
    bind = ours(lab, server)
    write(bind.fragments(wanted(lab)))
    assert "is itself the authority" in refusal(bind).message
    bind.reload()
    # What the refusal is good for: named does accept it, and then denies the name.
    assert lab.ask(SSM).rcode == "NXDOMAIN"


def test_rebinding_protection_is_refused_before_the_reload(lab: Lab, tmp_path: Path) -> None:
    denying = f"deny-answer-addresses {{ {lab.vpc_cidrs[0]}; }}"
    server = lab.start("bind", f"{denying};")
    bind = ours(lab, server)
    write(bind.fragments(wanted(lab)))
    line = refusal(bind).cure.split("`")[1]
    file = server.directory / "named.conf.options"
    file.write_text(file.read_text().replace(f"{denying};", line))
    apply(bind, wanted(lab), tmp_path)
    assert_private(lab)


def test_the_administrators_mistake_is_refused_before_the_reload(lab: Lab, tmp_path: Path) -> None:
    server = lab.start("bind")
    bind = ours(lab, server)
    apply(bind, wanted(lab), tmp_path)
    with (server.directory / "named.conf.local").open("a") as file:
        file.write('zone "corp.example" { type nonsense; };\n')
    assert "named.conf.local" in refusal(bind).message
    assert lab.ask(SSM).addresses == lab.names[SSM]


def test_a_reload_that_named_refuses_keeps_the_former_forwarding(lab: Lab, tmp_path: Path) -> None:
    bind = ours(lab, lab.start("bind"))
    apply(bind, wanted(lab), tmp_path)
    bind.zones.write_text("zone {\n")
    with pytest.raises(ReloadFailed, match="keeps the former"):
        bind.reload()
    with pytest.raises(ReloadFailed, match="reload/reconfig failed"):
        bind.check_effective(wanted(lab))
    assert bind.is_running()
    assert lab.ask(SSM).addresses == lab.names[SSM]


def test_files_that_named_has_not_read_yet_are_seen(lab: Lab, tmp_path: Path) -> None:
    bind = ours(lab, lab.start("bind"))
    apply(bind, wanted(lab), tmp_path)
    later = time.time() + 5
    os.utime(bind.zones, (later, later))
    with pytest.raises(ReloadFailed, match="before"):
        bind.check_effective(wanted(lab))


def test_another_forwarding_than_the_applied_one_is_seen(lab: Lab, tmp_path: Path) -> None:
    bind = ours(lab, lab.start("bind"))
    apply(bind, wanted(lab), tmp_path)
    with pytest.raises(ReloadFailed):
        bind.check_effective(wanted(lab, lab.resolver_ips[0]))
    with pytest.raises(ReloadFailed):
        bind.check_effective(NOTHING)


def test_a_named_with_another_configuration_is_seen(lab: Lab, tmp_path: Path) -> None:
    bind = ours(lab, lab.start("bind"))
    apply(bind, wanted(lab), tmp_path)
    copy = tmp_path / "other.conf"
    copy.write_text(bind.configuration.read_text())
    with pytest.raises(ReloadFailed, match="runs with"):
        replace(bind, configuration=copy).check_effective(wanted(lab))


def test_views_of_the_real_server_forward_for_their_clients(lab: Lab, tmp_path: Path) -> None:
    server = lab.start("bind", validating=True)
    bind = ours(lab, server)
    local, line = server.directory / "named.conf.local", bind.disk.places.zones_line
    local.write_text(f'view "inside" {{ match-clients {{ any; }}; {local.read_text()} }};\n')
    write(bind.fragments(wanted(lab)))
    assert refusal(bind).cure == f"move `{line}` from the top level into each view"
    server.main.write_text(server.main.read_text().replace(line, ""))
    local.write_text(local.read_text().replace("{ any; };", f"{{ any; }}; {line}"))
    apply(bind, wanted(lab), tmp_path)
    assert_private(lab)


def test_a_dead_named_is_told_from_a_live_one_and_revived(lab: Lab, tmp_path: Path) -> None:
    server = lab.start("bind")
    bind = ours(lab, server)
    bind.revive()
    server.stop()
    assert not bind.is_running()
    with pytest.raises(ReloadFailed, match="does not answer"):
        bind.check_effective(NOTHING)
    with pytest.raises(ReloadFailed):
        bind.reload()
    with pytest.raises(ReloadFailed):
        bind.flush([SSM])
    with pytest.raises(ReloadFailed, match="does not start"):
        replace(bind, start=("false",)).revive()
    bind.revive()
    assert bind.is_running()


# --- AppArmor, by profiles as Debian's


def test_a_confined_server_reads_what_its_profile_and_the_administrator_allow(
    tmp_path: Path,
) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "usr.sbin.named").write_text(
        "profile named /usr/sbin/named {\n  /etc/bind/** r,\n  /{,var/}run/named/*.pid w,\n}\n"
    )
    (tmp_path / "local" / "usr.sbin.named").write_text("/srv/dns/*.zones r,\n")

    def readable(path: str) -> bool:
        return may_read("usr.sbin.named", Path(path), tmp_path)

    assert readable("/etc/bind/deep/ecs-anywhere.zones")
    assert readable("/srv/dns/ecs-anywhere.zones")
    assert not readable("/srv/dns/deep/ecs-anywhere.zones")
    assert not readable("/run/named/named.pid")
    assert not readable("/etc/ecs-anywhere.zones")
