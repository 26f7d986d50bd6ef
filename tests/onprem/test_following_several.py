"""The configuration of a host that follows several VPCs, and `init`, which adds one."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.commands.init.configuring import configure
from ecs_anywhere_dns.commands.init.text import as_toml
from ecs_anywhere_dns.commands.init.wish import Wish
from ecs_anywhere_dns.configuration import in_order, load, read_all, server_of
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.servers.dnsmasq import Dnsmasq
from ecs_anywhere_dns.settings import OF_HOST

from tests.onprem.lab.signing import SigningKey
from tests.onprem.test_configuring import BY_HAND, OLD, PINS

FIRST, SECOND, THIRD = "vpc-0a1b2c3d4e5f60718", "vpc-0000000000000000b", "vpc-0000000000000000c"
OTHER = SigningKey()
TABLE: dict[str, Any] = {
    "vpc": SECOND,
    "region": "eu-west-1",
    "account": "444455556666",
    "networks": ["10.64.0.0/16"],
    "public_keys": [OTHER.entry],
}


def one(folder: Path) -> Path:
    """What a person wrote, with one VPC."""
    file = folder / "config.toml"
    file.write_text(BY_HAND)
    configure(file, Wish(PINS))
    return file


def both(folder: Path, **changes: Any) -> Path:
    file = one(folder)
    configure(file, Wish({**TABLE, **changes}, add=True))
    return file


def content(**changes: Any) -> dict[str, Any]:
    """As read from a file, with two VPCs."""
    first = {"vpc": FIRST, "region": "us-east-2", "server": "bind", **PINS}
    return {**first, "follow": [{**TABLE, **changes}]}


def test_one_more_is_added_and_not_a_byte_of_the_rest_is_touched(tmp_path: Path) -> None:
    file = one(tmp_path)
    before = file.read_text()
    settings, said = configure(file, Wish(TABLE, add=True))
    assert said == (f"added {SECOND} to {file}",)
    assert file.read_text().startswith(before.rstrip())
    assert [each.vpc for each in settings] == [FIRST, SECOND]
    assert settings == load(file)
    assert configure(file, Wish(TABLE, add=True))[1] == (f"kept {file} as it is",)


def test_nothing_of_one_vpc_is_believed_of_the_other(tmp_path: Path) -> None:
    first, second = load(both(tmp_path))
    assert (first.account, second.account) == ("111122223333", "444455556666")
    assert (first.networks, second.networks) == (("10.0.0.0/16",), ("10.64.0.0/16",))
    assert [key.id for key in first.keys] == [OLD.id]
    assert [key.id for key in second.keys] == [OTHER.id]
    assert (first.resolver_ips, second.resolver_ips) == (("10.0.0.32", "10.0.1.32"), ())
    assert first.server_table == second.server_table == {"zones": "/etc/named/ecs.zones"}


@pytest.mark.parametrize("missing", ["region", "account", "networks", "public_keys"])
def test_a_vpc_is_not_followed_without_all_of_its_own_pins(tmp_path: Path, missing: str) -> None:
    file = one(tmp_path)
    before = file.read_bytes()
    given = {key: value for key, value in TABLE.items() if key != missing}
    with pytest.raises(BadUsage) as caught:
        configure(file, Wish(given, add=True))
    assert f"--{missing.replace('_', '-').removesuffix('s')}" in caught.value.message
    assert file.read_bytes() == before
    with pytest.raises(BadUsage, match=rf"\[\[follow\]\] of {SECOND}: without {missing}"):
        read_all({**content(), "follow": [given]})


def test_another_vpc_is_added_only_if_that_is_said(tmp_path: Path) -> None:
    file = one(tmp_path)
    with pytest.raises(BadUsage, match=f'with vpc = "{FIRST}"') as caught:
        configure(file, Wish(TABLE))
    assert "--add" in caught.value.cure


def test_a_vpc_that_stands_in_no_table_is_added_only_if_that_is_said(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(as_toml({"server": "bind", "follow": [TABLE]}))
    given = {**TABLE, "vpc": THIRD}
    with pytest.raises(BadUsage, match=f"does not follow {THIRD}"):
        configure(file, Wish(given))
    settings, _ = configure(file, Wish(given, add=True))
    assert [each.vpc for each in settings] == [SECOND, THIRD]


def test_init_changes_the_vpc_that_it_names(tmp_path: Path) -> None:
    file = both(tmp_path)
    configure(file, Wish({"vpc": SECOND, "networks": ["10.65.0.0/16"], "after": [FIRST]}))
    first, second = load(file)
    assert second.networks == ("10.64.0.0/16", "10.65.0.0/16")
    assert (first.networks, second.after) == (("10.0.0.0/16",), (FIRST,))
    configure(file, Wish({"vpc": FIRST, "networks": ["10.1.0.0/16"]}))
    first, second = load(file)
    assert first.networks == ("10.0.0.0/16", "10.1.0.0/16")
    assert second.networks == ("10.64.0.0/16", "10.65.0.0/16")


def test_a_key_is_exchanged_for_the_vpc_that_is_named(tmp_path: Path) -> None:
    file, new = both(tmp_path), SigningKey()
    given = {"vpc": SECOND, "public_keys": [new.entry]}
    with pytest.raises(BadUsage, match="pinned another key"):
        configure(file, Wish(given))
    configure(file, Wish(given, key_step="add"))
    assert [[key.id for key in each.keys] for each in load(file)] == [[OLD.id], [OTHER.id, new.id]]
    configure(file, Wish(given, key_step="replace"))
    assert [[key.id for key in each.keys] for each in load(file)] == [[OLD.id], [new.id]]


def test_a_pin_without_a_vpc_is_refused_where_several_are_followed(tmp_path: Path) -> None:
    file = both(tmp_path)
    before = file.read_bytes()
    with pytest.raises(BadUsage, match="several VPCs") as caught:
        configure(file, Wish({"networks": ["10.1.0.0/16"]}))
    assert "--vpc" in caught.value.cure
    assert file.read_bytes() == before
    configure(file, Wish({"port": 5353}))
    assert [each.port for each in load(file)] == [5353, 5353], "that is the host's"


def test_a_file_that_is_written_anew_keeps_the_other_vpcs(tmp_path: Path) -> None:
    file = both(tmp_path)
    given = {"vpc": FIRST, "region": "us-east-2", "server": "unbound", **PINS}
    _, said = configure(file, Wish(given, replace_file=True))
    assert "kept its [[follow]] tables" in said
    assert [each.vpc for each in load(file)] == [FIRST, SECOND]
    assert tomllib.loads(file.read_text())["follow"] == [TABLE]


@pytest.mark.parametrize("key", OF_HOST)
def test_what_is_the_host_s_stands_at_the_top_only(key: str) -> None:
    with pytest.raises(BadUsage, match=f"has {key}, which is this host's"):
        read_all(content(**{key: "x"}))


@pytest.mark.parametrize("follow", [1, "x", {"vpc": SECOND}, [1], ["x"]])
def test_what_is_no_list_of_tables_is_refused(follow: Any) -> None:
    with pytest.raises(BadUsage, match="no table"):
        read_all({**content(), "follow": follow})


def test_the_table_of_the_server_stands_at_the_top_only() -> None:
    with pytest.raises(BadUsage, match=r"of vpc-0000000000000000b has \[follow.bind\]") as caught:
        read_all(content(bind={"rndc": ["/usr/sbin/rndc"]}))
    assert "as [bind]" in caught.value.cure


def test_all_vpcs_may_stand_in_tables() -> None:
    first = {"vpc": FIRST, "region": "us-east-2", **PINS}
    settings = read_all({"server": "bind", "port": 53, "follow": [first, TABLE]})
    assert [each.vpc for each in settings] == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vpc": FIRST}, "followed twice"),
        ({"after": [THIRD]}, f"after names {THIRD}"),
        ({"after": [SECOND]}, f"after names {SECOND}"),
        ({"standby_for": THIRD}, f"standby_for names {THIRD}"),
        ({"after": "x"}, "is no list"),
        ({"unheard": 1}, "unknown key 'unheard'"),
    ],
)
def test_an_order_that_cannot_be_meant_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadUsage, match=said):
        read_all(content(**changes))


def test_two_vpcs_cannot_each_come_after_the_other() -> None:
    with pytest.raises(BadUsage, match="each is to come after the other"):
        read_all({**content(after=[FIRST]), "after": [SECOND]})


def test_a_vpc_has_one_standby() -> None:
    third = {**TABLE, "region": "us-east-2", "vpc": THIRD, "standby_for": FIRST}
    said = content(region="us-east-2", standby_for=FIRST)
    with pytest.raises(BadUsage, match="more than one standby"):
        read_all({**said, "follow": [*said["follow"], third]})


def test_a_standby_is_in_the_region_of_its_first_vpc() -> None:
    with pytest.raises(BadUsage, match=f"{SECOND}: standby_for names {FIRST}, which is in us-east"):
        read_all(content(standby_for=FIRST))
    assert read_all(content(standby_for=FIRST, region="us-east-2"))[1].standby_for == FIRST


def test_who_comes_first_has_the_first_turn_wherever_it_stands() -> None:
    said = content()
    settings = read_all({**said, "after": [SECOND]})
    assert [each.vpc for each in in_order(settings)] == [SECOND, FIRST]


def test_dnsmasq_lets_the_private_addresses_of_each_region_pass() -> None:
    server = server_of(read_all({**content(), "server": "dnsmasq"}))
    assert isinstance(server, Dnsmasq)
    assert (server.region, server.other_regions) == ("us-east-2", ("eu-west-1",))
