"""PowerDNS Recursor with settings in YAML, as Debian 13 has it.

The Recursor of the machine that runs these tests knows no YAML. So its commands are played by
scripts that say what 5.2.13 said; the whole way, from `init` to a rollback, was run with that.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.powerdns import PowerDns

ECS, SSM = "ecs.us-east-2.amazonaws.com", "ssm.us-east-2.amazonaws.com"
TWO = Forwarding((ECS, SSM), ("10.0.0.32", "10.0.1.32"), "vpc-1 generation 7 (active)")
DEBIAN = """\
dnssec:
  # validation: process # default
  trustanchorfile: /usr/share/dns/root.key
recursor:
  hint_file: /usr/share/dns/root.hints
  include_dir: @/recursor.d
  security_poll_suffix: ''
"""
"""recursor.conf of Debian 13's package, without comments at its end."""
READ = 'msg="Processing YAML settings" subsystem="config" prio="Notice" path="{file}"\n'
MIXED = (
    'msg="YAML settings include values originally in Lua but also sets `recursor.lua_config_file`. '
    'This is unsupported" subsystem="config" level="0" prio="Error" tid="0"\n'
)
"""What `--config=check` says on standard error, and ends with 0."""


def recursor(folder: Path, main: str = DEBIAN, said: str = READ, **parameters: str) -> PowerDns:
    """A host with such settings. `parameters`: what the running Recursor has set."""
    (folder / "recursor.d").mkdir()
    (folder / "recursor.conf").write_text(main.replace("@", str(folder)))
    set_there = "".join(
        f"{key.replace('_', '-')}) echo '{key.replace('_', '-')}=\"{value}\"';;\n"
        for key, value in parameters.items()
    )
    answer = 'case "$2" in\n' + set_there + '*) echo "$2=\\"\\"";;\nesac'
    told = said.format(file=folder / "recursor.d" / "ecs-anywhere.yml")
    return PowerDns(
        "us-east-2",
        "127.0.0.1",
        53,
        configuration=folder / "recursor.conf",
        zones_file=folder / "ecs-anywhere.zones",
        rec_control=(script(folder / "rec_control", answer),),
        program=(script(folder / "pdns_recursor", f"cat >&2 <<'.'\n{told}.\n"),),
    )


def script(file: Path, text: str) -> str:
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(file)


def write(server: PowerDns, forwarding: Forwarding) -> None:
    for fragment in server.fragments(forwarding):
        fragment.path.write_text(fragment.text)


def test_one_file_of_the_include_dir_holds_all_that_is_ours(tmp_path: Path) -> None:
    zones, ours = recursor(tmp_path).fragments(TWO)
    assert (zones.path, ours.path) == (
        tmp_path / "ecs-anywhere.zones",
        tmp_path / "recursor.d" / "ecs-anywhere.yml",
    )
    assert ours.text.splitlines()[2:] == [
        "recursor:",
        f"  forward_zones_file: '{zones.path}'",
        "dnssec:",
        "  negative_trustanchors:",
        f"  - name: '{ECS}'",
        "    reason: 'ecs-anywhere-dns'",
        f"  - name: '{SSM}'",
        "    reason: 'ecs-anywhere-dns'",
    ]


@pytest.mark.parametrize("forwarding", [NOTHING, TWO], ids=["empty", "applied"])
def test_what_is_written_is_read_back_and_asks_for_no_line_of_the_administrators(
    tmp_path: Path, forwarding: Forwarding
) -> None:
    server = recursor(tmp_path)
    write(server, forwarding)
    assert server.includes() == ()
    server.check_configuration()
    assert list(server.hindrances(TWO)) == []


def test_a_file_that_its_check_does_not_read_is_named(tmp_path: Path) -> None:
    server = recursor(tmp_path, said='msg="YAML config found and processed" prio="Notice"\n')
    write(server, TWO)
    with pytest.raises(CheckFailed, match=r"does not read .*ecs-anywhere\.yml"):
        server.check_configuration()


def test_an_error_that_its_check_ends_well_with_is_believed(tmp_path: Path) -> None:
    server = recursor(tmp_path, said=READ + MIXED)
    write(server, TWO)
    with pytest.raises(CheckFailed, match="values originally in Lua"):
        server.check_configuration()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"forward_zones_file": "/etc/own.zones"}, "/etc/own.zones: only one counts"),
        ({"forward_zones_recurse": f"{SSM}=10.9.9.9, .=10.9.9.9"}, "takes names that are to be"),
        ({"auth_zones": f"x.{ECS}=/etc/x"}, "auth-zones takes names"),
    ],
)
def test_what_is_set_in_the_running_one_hinders_as_in_the_old_style(
    tmp_path: Path, parameters: dict[str, str], said: str
) -> None:
    found = list(recursor(tmp_path, **parameters).hindrances(TWO))
    assert [said in finding.what for finding in found] == [True]


@pytest.mark.parametrize(
    ("main", "said"),
    [
        (DEBIAN.replace("  include_dir: @/recursor.d\n", ""), "names no include_dir"),
        (DEBIAN + "  lua_config_file: /etc/powerdns/recursor.lua\n", "names a lua_config_file"),
    ],
)
def test_settings_that_have_no_place_for_ours_are_named_before_anything_is_made(
    tmp_path: Path, main: str, said: str
) -> None:
    with pytest.raises(CheckFailed, match=said) as refused:
        recursor(tmp_path, main).includes()
    assert refused.value.cure


@pytest.mark.parametrize(
    "text", ["recursor:\n  forward_zones_recurse:\n", "# from 5.1\n---\nincoming:\n  listen: []\n"]
)
def test_yaml_is_known_by_its_first_line(tmp_path: Path, text: str) -> None:
    server = recursor(tmp_path, text)
    with pytest.raises(CheckFailed, match="settings in YAML"):
        server.fragments(TWO)
    server.configuration.write_text("# none: yet\nquiet=yes\n")
    assert server.fragments(TWO)[1].path == tmp_path / "ecs-anywhere.lua"


def test_a_recursor_yml_goes_before_recursor_conf(tmp_path: Path) -> None:
    server = recursor(tmp_path, "quiet=yes\n")
    (tmp_path / "recursor.yml").write_text(DEBIAN.replace("@", str(tmp_path)))
    assert server.fragments(TWO)[1].path == tmp_path / "recursor.d" / "ecs-anywhere.yml"


@pytest.mark.parametrize("edited", ["# more\nlogging:\n  loglevel: 9\n", "  - name: 'x y'\n"])
def test_a_file_of_ours_that_was_edited_is_refused(tmp_path: Path, edited: str) -> None:
    server = recursor(tmp_path)
    zones, ours = server.fragments(TWO)
    with pytest.raises(CheckFailed, match="it was edited"):
        server.check_fragments((zones, replace(ours, text=ours.text + edited)), tmp_path)
