"""PowerDNS Recursor, the real one, and what it does not say by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import Fragment, Include
from ecs_anywhere_dns.servers.mark import mark_of
from ecs_anywhere_dns.servers.powerdns import PowerDns
from ecs_anywhere_dns.servers.powerdns.configuration import read_configuration

from tests.onprem.inside import Inside
from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS

SSM = "ssm.us-east-2.amazonaws.com"
FORWARDING = Forwarding(("ecs.us-east-2.amazonaws.com", SSM), ("10.0.0.32", "10.0.1.32"), "vpc-1")
ZONES_FILE = (
    "# managed by ecs-anywhere-dns, do not edit\n"
    "# vpc-1\n"
    "+ecs.us-east-2.amazonaws.com=10.0.0.32;10.0.1.32\n"
    "+ssm.us-east-2.amazonaws.com=10.0.0.32;10.0.1.32\n"
    f"loaded.ecs-anywhere-dns.invalid={mark_of(FORWARDING)}:9\n"
)
LUA = (
    "-- managed by ecs-anywhere-dns, do not edit\n"
    "-- vpc-1\n"
    'addNTA("ecs.us-east-2.amazonaws.com", "ecs-anywhere-dns")\n'
    'addNTA("ssm.us-east-2.amazonaws.com", "ecs-anywhere-dns")\n'
)


def installed(lab: Lab, admin: str = "", *, validating: bool = False) -> DnsServer:
    """As after `init`."""
    server = lab.start("powerdns", admin, validating=validating)
    for fragment in ours(server).fragments(NOTHING):
        fragment.path.write_text(fragment.text)
    (server.directory / "recursor.d" / "ecs-anywhere.conf").write_text("")
    for include in ours(server).includes():
        include.file.write_text(f"{include.file.read_text()}{include.line}\n")
    return server


def ours(server: DnsServer) -> PowerDns:
    """For what needs no running server."""
    configuration, zones_file = (Path(server.table[key]) for key in ("configuration", "zones_file"))
    return PowerDns("us-east-2", server.address, server.port, configuration, zones_file)


def wanted(lab: Lab, *, resolver_ips: tuple[str, ...] = ()) -> Forwarding:
    return Forwarding(lab.zones, resolver_ips or lab.resolver_ips, "vpc-1", lab.resolver_port)


@pytest.fixture
def server(lab: Lab) -> DnsServer:
    return installed(lab)


@pytest.fixture
def inside(lab: Lab, server: DnsServer) -> Iterator[Inside]:
    with Inside(lab, server) as inside:
        yield inside


def assert_private(lab: Lab) -> None:
    for transport in ("udp", "tcp"):
        for name, addresses in lab.names.items():
            assert lab.ask(name, transport=transport).addresses == addresses


def test_its_fragments_are_rendered_to_the_byte() -> None:
    assert PowerDns("us-east-2", "127.0.0.1", 53).fragments(FORWARDING) == (
        Fragment(Path("/etc/powerdns/ecs-anywhere.zones"), ZONES_FILE),
        Fragment(Path("/etc/powerdns/ecs-anywhere.lua"), LUA),
    )


def test_nothing_to_forward_is_nothing_but_the_header() -> None:
    zones, lua = PowerDns("us-east-2", "127.0.0.1", 53).fragments(NOTHING)
    assert zones.text == "# managed by ecs-anywhere-dns, do not edit\n# nothing is forwarded\n"
    assert lua.text == "-- managed by ecs-anywhere-dns, do not edit\n-- nothing is forwarded\n"


def test_after_the_first_application_every_name_is_private_and_none_was_asked_for_in_public(
    lab: Lab, inside: Inside
) -> None:
    inside.apply(wanted(lab))
    assert_private(lab)
    assert lab.public.saw_private([*lab.zones, "invalid"]) == []


def test_other_names_stay_on_the_internet(lab: Lab, inside: Inside) -> None:
    inside.apply(wanted(lab))
    assert lab.ask("www.example.com").addresses == (PUBLIC_ADDRESS,)
    assert lab.ask("sqs.us-east-2.amazonaws.com").addresses == (PUBLIC_ADDRESS,)


def test_it_asks_the_new_addresses_and_no_longer_the_old_ones(lab: Lab, inside: Inside) -> None:
    first, second = lab.resolver_ips
    inside.apply(wanted(lab, resolver_ips=(first,)))
    assert_private(lab)
    inside.apply(wanted(lab, resolver_ips=(second,)))
    lab.resolvers[first].queries.clear()
    assert_private(lab)
    assert lab.resolvers[first].queries == []


def test_back_to_none_is_the_internet_again(lab: Lab, inside: Inside) -> None:
    inside.apply(wanted(lab))
    assert lab.ask(SSM).addresses == lab.names[SSM]
    inside.apply(NOTHING)
    # What was private is asked for in public again only once it is forgotten.
    inside.flush(lab.zones)
    assert lab.ask(SSM).addresses == (PUBLIC_ADDRESS,)


def test_a_name_that_did_not_exist_yet_is_asked_for_again_after_the_flush(
    lab: Lab, inside: Inside
) -> None:
    inside.apply(wanted(lab))
    for resolver in lab.resolvers.values():
        resolver.behaviour = "nxdomain"
    assert lab.ask(SSM).rcode == "NXDOMAIN"
    for resolver in lab.resolvers.values():
        resolver.behaviour = "right"
    assert lab.ask(SSM).rcode == "NXDOMAIN"
    inside.flush([SSM])
    assert lab.ask(SSM).addresses == lab.names[SSM]


def test_a_bad_zones_file_is_refused_before_and_noticed_at_the_reload(
    lab: Lab, server: DnsServer, inside: Inside
) -> None:
    """The trap: its check never opens the file, and rec_control ends with 0."""
    inside.apply(wanted(lab))
    file = Path(server.table["zones_file"])
    file.write_text(file.read_text() + "+x.us-east-2.amazonaws.com=10.0.0.300\n")
    with pytest.raises(CheckFailed, match=r"line 10: Octet 300"):
        inside.check_configuration()
    with pytest.raises(ReloadFailed, match="reloading failed, see log"):
        inside.reload()
    assert_private(lab)


def test_zones_that_were_never_loaded_are_found_out(lab: Lab, inside: Inside) -> None:
    inside.apply(wanted(lab))
    other = wanted(lab, resolver_ips=lab.resolver_ips[:1])
    with pytest.raises(ReloadFailed, match=f"did not try {mark_of(other)}"):
        inside.check_effective(other)


def test_the_wrong_instance_behind_rec_control_is_found_out(lab: Lab) -> None:
    """It would say `ok`, and be right: it is only not the one that answers the agents."""
    told, asked = installed(lab), installed(lab)
    with Inside(lab, told, rec_control=asked.table["rec_control"]) as inside:
        files = ("zones_file", "configuration")
        assert [told.table[file] != asked.table[file] for file in files] == [True, True]
        with pytest.raises(ReloadFailed, match="has forward-zones-file="):
            inside.apply(wanted(lab))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("no-such-setting=1", "would not start any more"),
        ("forward-zones=ssm.us-east-2.amazonaws.com=198.51.100.1", "forward-zones takes names"),
        ("forward-zones+=b.example=10.9.9.9,x.ssm.us-east-2.amazonaws.com=10.9.9.9", "takes names"),
        ("forward-zones-file=/dev/null", "forward-zones-file=/dev/null: only one counts"),
    ],
)
def test_an_administrators_setting_that_breaks_it_is_named_before_the_reload(
    lab: Lab, line: str, problem: str
) -> None:
    server = installed(lab, admin="forward-zones=a.example=10.9.9.9")
    with Inside(lab, server) as inside:
        inside.apply(wanted(lab))
        more = server.directory / "recursor.d" / "more.conf"
        more.write_text(f"# the administrator's\n{line}\n")
        with pytest.raises(CheckFailed, match=problem) as refused:
            inside.check_configuration()
    assert "no-such-setting" in refused.value.message or f"{more}:2" in refused.value.message
    assert refused.value.cure
    assert_private(lab)


def test_another_zones_file_of_the_administrators_is_not_pushed_aside(lab: Lab) -> None:
    server = lab.start("powerdns")
    (server.directory / "recursor.d" / "ecs-anywhere.conf").write_text(
        "forward-zones-file=/etc/own.zones\n"
    )
    with pytest.raises(CheckFailed, match=r"own\.zones: only one counts") as problem:
        ours(server).includes()
    assert "forward-zones-recurse" in problem.value.cure


def test_the_include_stands_in_the_administrators_lua_where_there_is_one(server: DnsServer) -> None:
    more, lua = server.directory / "recursor.d", server.directory / "recursor.lua"
    assert ours(server).includes() == ()
    (more / "ecs-anywhere.conf").unlink()
    lua.write_text("-- the administrator's own\n")
    assert ours(server).includes() == (
        Include(
            more / "ecs-anywhere.conf",
            f"forward-zones-file={server.directory}/ecs-anywhere.zones",
            ours=True,
        ),
        Include(lua, f'dofile("{server.directory}/ecs-anywhere.lua")'),
    )


def test_the_include_is_a_setting_where_there_is_no_lua(tmp_path: Path) -> None:
    (tmp_path / "recursor.conf").write_text("quiet=yes\n")
    server = PowerDns("us-east-2", "127.0.0.1", 53, configuration=tmp_path / "recursor.conf")
    assert [include.line for include in server.includes()] == [
        "forward-zones-file=/etc/powerdns/ecs-anywhere.zones",
        "lua-config-file=/etc/powerdns/ecs-anywhere.lua",
    ]
    assert {include.file for include in server.includes()} == {tmp_path / "recursor.conf"}


def test_a_validating_site_without_internet_gets_its_answers_also_after_a_restart(
    lab: Lab,
) -> None:
    server = installed(lab, validating=True)
    assert lab.ask("www.example.com").rcode == "SERVFAIL"
    with Inside(lab, server) as inside:
        inside.apply(wanted(lab))
        assert_private(lab)
        server.restart()
        inside.check_effective(wanted(lab))
    assert_private(lab)


def test_exemptions_that_are_not_needed_any_more_are_taken_back(lab: Lab) -> None:
    server = installed(lab, validating=True)
    own = Path(server.directory / "recursor.lua")
    own.write_text(own.read_text() + 'addNTA("a.example", "the administrator\'s")\n')
    server.restart()
    with Inside(lab, server) as inside:
        inside.apply(wanted(lab))
        fewer = replace(wanted(lab), zones=lab.zones[:1])
        with pytest.raises(ReloadFailed, match=f"too many .*{lab.zones[1]}"):
            inside.check_effective(fewer)
        inside.apply(fewer)
        inside.apply(NOTHING)
    assert lab.ask(SSM).rcode == "SERVFAIL"


def test_without_its_lua_included_a_validating_one_is_not_reloaded(lab: Lab) -> None:
    server = installed(lab, validating=True)
    (server.directory / "recursor.lua").write_text("-- the administrator's own\n")
    with (
        Inside(lab, server) as inside,
        pytest.raises(CheckFailed, match="after a restart our names would be validated"),
    ):
        inside.apply(wanted(lab))


def test_lua_that_is_included_but_missing_is_named(lab: Lab, server: DnsServer) -> None:
    """It would not start any more."""
    (server.directory / "ecs-anywhere.lua").unlink()
    with Inside(lab, server) as inside, pytest.raises(CheckFailed, match="included, but not there"):
        inside.check_configuration()


def test_one_that_does_not_run_is_no_surprise(lab: Lab, server: DnsServer, inside: Inside) -> None:
    assert inside.is_running()
    server.stop()
    assert not inside.is_running()
    with pytest.raises(ReloadFailed, match="exit code 1"):
        inside.reload()
    assert not inside.findings(None, NOTHING)[0].ok


def test_one_that_is_dead_is_started_again(lab: Lab, server: DnsServer, inside: Inside) -> None:
    server.stop()
    inside.revive()
    assert inside.is_running()
    inside.revive()
    inside.apply(wanted(lab))
    assert_private(lab)


def test_one_that_cannot_be_started_is_named(lab: Lab, server: DnsServer) -> None:
    server.stop()
    with Inside(lab, server, start=["false"]) as inside, pytest.raises(ReloadFailed, match="false"):
        inside.revive()


def test_all_is_well_after_an_application(lab: Lab, inside: Inside) -> None:
    inside.apply(wanted(lab))
    found = inside.findings(wanted(lab), wanted(lab))
    assert [finding for finding in found if not finding.ok] == []
    assert found[0].what.startswith("PowerDNS Recursor 4.")


def test_its_settings_are_read_as_it_reads_them(tmp_path: Path) -> None:
    main, more = tmp_path / "recursor.conf", tmp_path / "more"
    more.mkdir()
    main.write_text(
        f"include-dir={more}\nforward-zones=a.example=10.0.0.1, b.example=10.0.0.2;10.0.0.3\n"
        "forward-zones-recurse=+.=10.0.0.1\nauth-zones=c.example=/etc/c # why\n"
    )
    (more / "b.conf").write_text("forward-zones+=d.example=10.0.0.1\n#forward-zones=x=10.0.0.1\n")
    (more / "a.conf").write_text("forward-zones = B.example.=10.0.0.1\n")
    (more / "ignored").write_text("auth-zones=d.example=/etc/d\n")
    found = read_configuration(main)
    assert [setting.zones for setting in found.in_force("forward-zones")] == [
        ("b.example",), ("d.example",)
    ]  # fmt: skip
    assert [setting.key for setting in found.shadows(["example"])] == [
        "forward-zones", "forward-zones", "auth-zones"
    ]  # fmt: skip
    assert found.shadows(["a.example"]) == ()
    assert found.validates


def test_without_validation_no_lua_is_asked_for(tmp_path: Path) -> None:
    main = tmp_path / "recursor.conf"
    server = PowerDns("us-east-2", "127.0.0.1", 53, main, tmp_path / "ecs-anywhere.zones")
    main.write_text(f"dnssec=off\nforward-zones-file={server.zones_file}\n")
    assert list(server.problems(read_configuration(main), FORWARDING, swapped=True)) == []
    main.write_text(f"forward-zones-file={server.zones_file}\n")
    (problem,) = server.problems(read_configuration(main), FORWARDING, swapped=True)
    assert "is not included" in problem.what


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("zones", "+ecs.", "ecs."),
        ("zones", "+ecs.", "+ecs-a-*."),
        ("zones", "10.0.0.32;10.0.1.32\n+", "10.0.0.32\n+"),
        ("zones", "10.0.1.32", "10.0.1.32x"),
        ("zones", "10.0.1.32", "10.0.1.256"),
        ("zones", "10.0.1.32\nloaded", "10.0.1.32:0\nloaded"),
        ("zones", ":9\n", ":9"),
        ("zones", "=127.", "=126."),
        ("lua", 'addNTA("ssm', 'os.execute("ssm'),
        ("lua", "ssm", "ssn"),
        ("lua", 'addNTA("ssm.us-east-2.amazonaws.com", "ecs-anywhere-dns")\n', ""),
    ],
)
def test_a_fragment_that_is_not_ours_is_refused(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    server = PowerDns("us-east-2", "127.0.0.1", 53)
    texts = {"zones": ZONES_FILE, "lua": LUA}
    server.check_fragments(server.fragments(FORWARDING), tmp_path)
    texts[file] = texts[file].replace(old, new)
    with pytest.raises(CheckFailed):
        server.check_fragments(
            [
                Fragment(server.zones_file, texts["zones"]),
                Fragment(server.settings.file, texts["lua"]),
            ],
            tmp_path,
        )
