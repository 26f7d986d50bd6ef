"""`init` and the configuration file: what is added, what is never taken away, how a key changes."""

from __future__ import annotations

import json
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.commands.init.configuring import configure
from ecs_anywhere_dns.commands.init.wish import Wish
from ecs_anywhere_dns.configuration import load
from ecs_anywhere_dns.outcome import BadUsage, Exit
from ecs_anywhere_dns.pinned.keys import key_of
from hypothesis import given
from hypothesis import strategies as st

from tests.onprem.lab import tool
from tests.onprem.lab.lab import Lab
from tests.onprem.lab.signing import SigningKey
from tests.onprem.test_apply import apply, assert_private

OLD, NEW, THIRD = SigningKey(), SigningKey(), SigningKey()
WITHOUT_PINS: dict[str, Any] = {
    "vpc": "vpc-0a1b2c3d4e5f60718",
    "region": "us-east-2",
    "server": "bind",
}
PINS: dict[str, Any] = {
    "account": "111122223333",
    "networks": ["10.0.0.0/16"],
    "public_keys": [OLD.entry],
}
BY_HAND = """\
# ecs-anywhere-dns: which VPC this host's DNS server follows.

vpc = "vpc-0a1b2c3d4e5f60718"   # production
region = "us-east-2"
server = "bind"
resolver_ips = [
    "10.0.0.32",  # the first
    "10.0.1.32",
]
[bind]
zones = "/etc/named/ecs.zones"
# the end
"""


def configured(tmp_path: Path, **changes: Any) -> Path:
    file = tmp_path / "config.toml"
    given = {**WITHOUT_PINS, **PINS, **changes}
    configure(file, Wish({key: value for key, value in given.items() if value is not None}))
    return file


def fingerprint(key: SigningKey) -> str:
    return key_of(key.entry).fingerprint


def keys_in(file: Path) -> list[str]:
    return [key.id for key in load(file)[0].keys]


def test_a_configuration_from_before_names_the_command_that_mends_it(lab: Lab) -> None:
    """The forwarding stays as it is until then, and the rest of the file for ever."""
    server = lab.start("bind")
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    file = lab.settings_file(server, account=None, networks=None, public_keys=None)
    before, lines = server.files(), file.read_text().splitlines()
    report = apply(lab)
    assert report["exit"] == Exit.USAGE
    assert "this host believes no publication" in report["summary"]
    for option in ("--account", "--network", "--public-key", "--key-id"):
        assert option in report["cure"]
    assert server.files() == before
    assert_private(lab)
    key = lab.key
    assert key
    networks = [word for cidr in lab.vpc_cidrs for word in ("--network", cidr)]
    words = ("--account", lab.account, *networks, "--public-key", key.public, "--key-id", key.id)
    ran = lab.tool("init", *words)
    assert ran.code == Exit.DONE, ran
    assert f"{key.id}, fingerprint {fingerprint(key)}" in ran.stdout
    assert set(lines) <= set(file.read_text().splitlines())
    assert apply(lab)["exit"] == Exit.DONE


def test_what_people_wrote_stays_to_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(BY_HAND)
    (settings,), said = configure(file, Wish(PINS))
    assert said == (f"set account, networks, public_keys in {file}",)
    added = [line for line in file.read_text().splitlines() if line not in BY_HAND.splitlines()]
    assert [line.split(" = ")[0] for line in added] == ["account", "networks", "public_keys"]
    assert (
        "".join(
            line for line in file.read_text().splitlines(keepends=True) if line.strip() not in added
        )
        == BY_HAND
    )
    assert (settings,) == load(file)
    assert settings.server_table == {"zones": "/etc/named/ecs.zones"}
    assert configure(file, Wish(PINS))[1] == (f"kept {file} as it is",)


@pytest.mark.parametrize("key", PINS)
def test_a_part_of_what_an_old_file_lacks_is_answered_with_all_that_it_lacks(
    tmp_path: Path, key: str
) -> None:
    """The command that the answer names has to work: nothing of the part was written."""
    file = tmp_path / "config.toml"
    file.write_text(BY_HAND)
    with pytest.raises(BadUsage) as caught:
        configure(file, Wish({key: PINS[key]}))
    assert "was left as it is" in caught.value.message
    assert file.read_text() == BY_HAND
    for option in ("--account", "--network", "--public-key", "--key-id", "--signature none"):
        assert option in caught.value.cure
    configure(file, Wish(PINS))
    assert load(file)[0].account == PINS["account"]


def test_an_old_file_of_a_stack_without_a_key_is_completed_too(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(BY_HAND)
    with pytest.raises(BadUsage) as caught:
        load(file)
    assert "--signature none" in caught.value.cure
    given = {key: value for key, value in PINS.items() if key != "public_keys"}
    configure(file, Wish({**given, "signature": "none"}))
    (settings,) = load(file)
    assert (settings.signature, settings.networks) == ("none", tuple(PINS["networks"]))


def test_what_a_file_says_otherwise_is_not_contradicted(tmp_path: Path) -> None:
    file = configured(tmp_path)
    before = file.read_bytes()
    for key, value in (("account", "666666666666"), ("vpc", "vpc-0000000000000000a")):
        with pytest.raises(BadUsage, match=f"with {key} = ") as caught:
            configure(file, Wish({key: value}))
        assert "--replace" in caught.value.cure
    with pytest.raises(BadUsage, match="with signature = "):
        configure(configured(tmp_path / "x", signature="required"), Wish({"signature": "none"}))
    assert file.read_bytes() == before


@pytest.mark.parametrize("given", [{"account": "1"}, {"networks": ["0.0.0.0/0"]}, {"mode": "all"}])
def test_what_cannot_be_meant_is_not_written(tmp_path: Path, given: dict[str, Any]) -> None:
    file = configured(tmp_path, account="111122223333")
    without = file.read_text().replace('account = "111122223333"\n', "")
    file.write_text(without)
    with pytest.raises(BadUsage):
        configure(file, Wish(given))
    assert file.read_text() == without


def test_a_network_or_a_zone_is_added_to_those_that_are_there(tmp_path: Path) -> None:
    file = configured(tmp_path)
    configure(file, Wish({"networks": ["10.1.0.0/16", "10.0.0.0/16"]}))
    configure(file, Wish({"allowed_zones": ["sink.partner.example"]}))
    (settings,), _ = configure(file, Wish({"allowed_zones": ["api.partner.example"]}))
    assert settings.networks == ("10.0.0.0/16", "10.1.0.0/16")
    assert settings.allowed_zones == ("sink.partner.example", "api.partner.example")
    assert load(file) == (settings,)


def test_another_key_is_refused_with_both_fingerprints(tmp_path: Path) -> None:
    file = configured(tmp_path)
    before = file.read_bytes()
    for replace_file in (False, True):
        wish = Wish({**WITHOUT_PINS, **PINS, "public_keys": [NEW.entry]}, replace_file=replace_file)
        with pytest.raises(BadUsage) as caught:
            configure(file, wish)
        for key in (OLD, NEW):
            assert fingerprint(key) in caught.value.message
        assert "--replace-key" in caught.value.cure and "--add-key" in caught.value.cure
    assert file.read_bytes() == before


def test_a_key_is_exchanged_in_two_steps_without_a_gap(lab: Lab) -> None:
    lab.start("unbound")
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    old = lab.key
    assert old
    new = ("--public-key", NEW.public, "--key-id", NEW.id)
    ran = lab.tool("init", *new)
    assert ran.code == Exit.USAGE
    assert fingerprint(old) in ran.stdout and fingerprint(NEW) in ran.stdout
    assert lab.tool("init", *new, "--add-key").code == Exit.DONE
    for key in (old, NEW):
        lab.key = key
        lab.publish()
        assert apply(lab)["exit"] == Exit.DONE
    ran = lab.tool("init", *new, "--replace-key")
    assert ran.code == Exit.DONE
    assert "no longer believes the key" in ran.stdout and fingerprint(old) in ran.stdout
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    lab.key = old
    lab.publish()
    assert apply(lab)["exit"] == Exit.REFUSED
    said = json.loads(lab.tool("status", "--json").stdout)
    assert said["keys"] == [{"id": NEW.id, "fingerprint": fingerprint(NEW)}]


def test_two_keys_are_enough(tmp_path: Path) -> None:
    file = configured(tmp_path)
    configure(file, Wish({"public_keys": [NEW.entry]}, key_step="add"))
    assert keys_in(file) == [OLD.id, NEW.id]
    assert configure(file, Wish({"public_keys": [NEW.entry]}))[1] == (f"kept {file} as it is",)
    with pytest.raises(BadUsage, match="2 keys are pinned already"):
        configure(file, Wish({"public_keys": [THIRD.entry]}, key_step="add"))
    _, said = configure(file, Wish({"public_keys": [THIRD.entry]}, key_step="replace"))
    assert keys_in(file) == [THIRD.id]
    assert fingerprint(OLD) in said[-1] and fingerprint(NEW) in said[-1]


def test_to_take_what_nobody_signed_is_an_explicit_choice(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    given = {**WITHOUT_PINS, **PINS}
    del given["public_keys"]
    with pytest.raises(BadUsage, match="needs --public-key") as caught:
        configure(file, Wish(given))
    assert "--signature none" in caught.value.cure
    assert not file.exists()
    configure(file, Wish({**given, "signature": "none"}))
    assert load(file)[0].signature == "none"


def test_a_key_ends_what_was_taken_unsigned(tmp_path: Path) -> None:
    file = configured(tmp_path, signature="none", public_keys=None)
    (settings,), said = configure(file, Wish({"public_keys": [OLD.entry]}))
    assert (settings.signature, load(file)[0].signature) == ("required", "required")
    assert "signatures are required from now on" in said


def test_replacing_the_file_does_not_drop_a_key_without_a_word(tmp_path: Path) -> None:
    file = configured(tmp_path)
    given = {**WITHOUT_PINS, **PINS}
    del given["public_keys"]
    with pytest.raises(BadUsage, match="needs --public-key"):
        configure(file, Wish(given, replace_file=True))
    _, said = configure(file, Wish({**given, "signature": "none"}, replace_file=True))
    assert "no longer believes the key" in said[-1] and fingerprint(OLD) in said[-1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--key-id", OLD.id), "need --public-key"),
        (("--replace-key",), "need --public-key"),
        (("--public-key", OLD.public, "--signature", "none"), "contradict each other"),
        (("--public-key", "no-such-file"), "is neither base64 nor a file"),
        (("--public-key", OLD.public, "--key-id", "alias/x"), "has the wrong form"),
        (("--network", "10.0.0.0"), "10.0.0.0 has no length"),
        (("--allow-zone", "co.uk"), "co.uk is a public suffix"),
    ],
)
def test_what_is_wrong_in_the_command_is_said_with_its_cure(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    least = ("--vpc", "vpc-0a1b2c3d4e5f60718", "--region", "us-east-2", "--server", "bind")
    pins = ("--account", "111122223333", "--network", "10.0.0.0/16", "--signature", "none")
    given = pins[:-2] if "--public-key" in words else pins
    ran = tool.run((), tmp_path / "config.toml", ("init", *least, *given, *words), 20)
    assert ran.code == Exit.USAGE
    assert said in ran.stdout and "cure: " in ran.stdout
    assert not (tmp_path / "config.toml").exists()


def test_a_file_that_cannot_be_added_to_is_left_to_its_author(tmp_path: Path) -> None:
    file = configured(tmp_path)
    text = file.read_text().replace('networks = ["10.0.0.0/16"]', 'networks = [\n"10.0.0.0/16"]')
    file.write_text(text)
    with pytest.raises(BadUsage) as caught:
        configure(file, Wish({"networks": ["10.1.0.0/16"]}))
    assert 'networks = ["10.0.0.0/16", "10.1.0.0/16"]' in caught.value.cure
    assert file.read_text() == text


LINES = st.lists(
    st.sampled_from(
        ["", "# a comment", "port = 5300", 'host = "ns1"', "acknowledge = false", 'mode = "names"',
         'address = """127.0.0.1"""', "[bind]", 'zones = "/x"', 'rndc = ["a",', '"b"]', "[[bind]]"]
    ),
    max_size=8,
)  # fmt: skip


@given(LINES)
def test_whatever_people_wrote_is_added_to_or_refused(lines: list[str]) -> None:
    text = "\n".join([*(f'{key} = "{value}"' for key, value in WITHOUT_PINS.items()), *lines])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        file.write_text(text)
        try:
            (settings,), _ = configure(file, Wish(PINS))
        except BadUsage as problem:
            assert problem.cure
            assert file.read_text() == text
        else:
            assert (settings,) == load(file)
            assert tomllib.loads(file.read_text()) == {**tomllib.loads(text), **PINS}
