"""The layouts of distributions: which one it is, what `init` writes for it, what is told of it."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.commands.init.configuring import configure
from ecs_anywhere_dns.commands.init.wish import Wish
from ecs_anywhere_dns.configuration import load
from ecs_anywhere_dns.servers import OTHERS, RENDERED, SERVERS, contract, make_server
from ecs_anywhere_dns.servers.layouts import LAYOUTS, assumed, family_of, layout_of

from tests.onprem.test_commands import README
from tests.onprem.test_init import GIVEN

RELEASES = {
    "debian": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n',
    "ubuntu": 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME=noble\n',
    "rhel": 'NAME="Red Hat Enterprise Linux"\nID="rhel"\nID_LIKE="fedora"\n',
    "rocky": 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n',
    "alma": 'NAME="AlmaLinux"\nID="almalinux"\nID_LIKE="rhel centos fedora"\n',
    "oracle": 'NAME="Oracle Linux Server"\nID="ol"\nID_LIKE="fedora"\nVARIANT_ID="server"\n',
    "stream": 'NAME="CentOS Stream"\nID="centos"\nID_LIKE="rhel fedora"\n',
    "amazon": 'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nID_LIKE="fedora"\n',
    "mint": 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
    "unheard-of": "NAME=Unheard\nID=unheard-of\nID_LIKE='centos rhel'\n",
    "alpine": "# of Alpine\n\nID=alpine\nVERSION_ID=3.22.1\n",
    "suse": 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n',
    "broken": "ID=\"rhel\nthis is no assignment\nID_LIKE='",
}
EXPECTED = {
    "debian": "debian",
    "ubuntu": "debian",
    "rhel": "rhel",
    "rocky": "rhel",
    "alma": "rhel",
    "oracle": "rhel",
    "stream": "rhel",
    "amazon": "rhel",
    "mint": "debian",
    "unheard-of": "rhel",
    "alpine": "alpine",
    "suse": "",
    "broken": "",
}
COLUMNS = ("debian", "rhel", "alpine")
"""Of the README's table, behind the meaning."""


@pytest.mark.parametrize("name", RELEASES)
def test_a_distribution_is_known_by_its_own_id_or_one_that_it_is_like(
    tmp_path: Path, name: str
) -> None:
    release = tmp_path / "os-release"
    release.write_text(RELEASES[name])
    assert family_of(release) == EXPECTED[name]
    assert family_of(tmp_path / "none") == ""


def test_init_writes_what_the_distribution_has_otherwise(tmp_path: Path) -> None:
    release, file = tmp_path / "os-release", tmp_path / "config.toml"
    release.write_text(RELEASES["rhel"])
    (settings,), _ = configure(file, Wish(GIVEN, layout=layout_of("bind", release)))
    assert load(file) == (settings,)
    assert settings.server_table["configuration"] == "/etc/named.conf"
    before = file.read_bytes()
    configure(file, Wish(GIVEN, layout=LAYOUTS["alpine"]["bind"]))
    assert file.read_bytes() == before, "what is there is a person's"


@pytest.mark.parametrize(
    ("release", "server", "told"),
    [
        ("debian", "bind", ""),
        ("mint", "dnsmasq", ""),
        ("rocky", "bind", "wrote the paths of RHEL under [bind], for 'rocky' in "),
        ("alpine", "unbound", "wrote the paths of Alpine under [unbound], for 'alpine' in "),
        ("suse", "bind", "assumed the paths of Debian, because the distribution 'opensuse-leap' "),
        ("none", "dnsmasq", "assumed the paths of Debian, because a distribution without a name "),
        ("suse", "knot", ""),
        ("suse", "infoblox", ""),
    ],
)
def test_a_person_is_told_whose_paths_were_taken(
    tmp_path: Path, release: str, server: str, told: str
) -> None:
    file = tmp_path / "os-release"
    if release in RELEASES:
        file.write_text(RELEASES[release])
    said = assumed(server, file)
    assert said.startswith(told) and bool(said) == bool(told)


@pytest.mark.parametrize("family", LAYOUTS)
def test_every_layout_is_one_that_its_server_takes(family: str) -> None:
    for name, table in LAYOUTS[family].items():
        make_server(name, "us-east-2", "127.0.0.1", 53, table)
        defaults = {key: shown(value) for key, value in keys_of(name).items()}
        assert all(shown(value) != defaults[key] for key, value in table.items())


@pytest.mark.parametrize("name", SERVERS)
def test_every_key_of_a_server_is_told_with_its_value_in_each_distribution(name: str) -> None:
    for key, default in keys_of(name).items():
        (row,) = [
            cells for table, cells in rows() if (table, cells[0]) == (f"`[{name}]`", f"`{key}`")
        ]
        there = dict(zip(COLUMNS, row[2:], strict=True))
        for family in COLUMNS:
            own = LAYOUTS[family].get(name, {}).get(key)
            said = "-" if own is None and family != "debian" else shown(own or default)
            assert there[family] == said, (key, family)
        assert row[1]


def keys_of(name: str) -> dict[str, Any]:
    """The keys of a server's table, with their defaults."""
    found: Any = SERVERS[name]
    own = [item for item in fields(found) if item.name != OTHERS]
    return {item.name: item.default for item in own if item.default is not MISSING}


def shown(value: Any) -> str:
    if not value:
        return "none"
    return f"`{value}`" if isinstance(value, str | Path) else f"`{' '.join(value)}`"


def rows() -> list[tuple[str, list[str]]]:
    """The lines of the README's table of keys: the server, and the other cells."""
    table, found = "", []
    for line in README.partition("| table | key |")[2].partition("\n\n")[0].splitlines()[2:]:
        first, *cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        table = first.strip() or table
        found.append((table, cells))
    return found


@pytest.mark.parametrize("name", [*SERVERS, *RENDERED])
def test_a_server_is_listed_by_the_name_that_it_has(name: str) -> None:
    made: Any = SERVERS[name] if name in SERVERS else RENDERED[name]
    assert made.name == name


def test_the_story_of_the_contract_names_all_that_a_server_has_to_have() -> None:
    asked = [name for name in vars(contract.Server) if not name.startswith("_")]
    assert len(asked) > 10
    for name in [*asked, *contract.Server.__annotations__, OTHERS, "hosts_files"]:
        assert re.search(rf"\b{name}\b", contract.__doc__ or ""), name
