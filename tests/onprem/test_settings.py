"""The configuration file: what is wrong in it is named, with the file and the key."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from ecs_anywhere_dns.configuration import load
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.servers import OTHERS, SERVERS, make_server
from ecs_anywhere_dns.settings import Settings
from ecs_anywhere_dns.settings_form import OPTIONS, read_settings
from hypothesis import given
from hypothesis import strategies as st

from tests.onprem.lab.signing import SigningKey

KEY = SigningKey()
LEAST: dict[str, Any] = {
    "vpc": "vpc-0a1b2c3d4e5f60718",
    "region": "us-east-2",
    "server": "bind",
    "account": "111122223333",
    "networks": ["10.0.0.0/16"],
    "public_keys": [KEY.entry],
}
TOML = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "vpc", "region", "server", "mode", "source", "resolver_ips", "endpoint_url", "host", "port",
        "acknowledge", "parameter_path", "address", "state", "resolver_port", "https_port", "bind",
        "account", "networks", "public_keys", "signature", "allowed_zones",
        "metrics_file",
    ]
)  # fmt: skip


def test_six_keys_are_enough() -> None:
    settings = read_settings(LEAST)
    lists = {key: tuple(value) for key, value in LEAST.items() if isinstance(value, list)}
    assert settings == Settings(**LEAST | lists)
    assert settings.signature == "required"
    assert [key.id for key in settings.keys] == [KEY.id]
    assert (settings.source, settings.mode, settings.acknowledge) == ("ssm", None, True)
    assert settings.host == socket.gethostname()
    assert (settings.address, settings.port, settings.resolver_port) == ("127.0.0.1", 53, 53)


def test_the_parameters_are_those_of_the_app() -> None:
    settings = read_settings(LEAST | {"host": "dns1.example.com"})
    folder = "/ecs-anywhere/private-connectivity/vpc-0a1b2c3d4e5f60718"
    assert settings.document_parameter == f"{folder}/forwarding"
    assert settings.acknowledgement_parameter == f"{folder}/acknowledgements/dns1.example.com"


@pytest.mark.parametrize("key", sorted(LEAST))
def test_a_key_that_is_missing_is_named(key: str) -> None:
    with pytest.raises(BadUsage, match=f"without {key} this host believes no") as caught:
        read_settings({k: v for k, v in LEAST.items() if k != key})
    assert f"`ecs-anywhere-dns init {OPTIONS[key]}` adds it" in caught.value.cure


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vcp": "vpc-0a1b2c3d4e5f60718"}, "unknown key 'vcp'"),
        ({"unbound": {"fragment": "/x"}}, "unknown key 'unbound'"),
        ({"vpc": "vpc-0A1B"}, 'vpc = "vpc-0A1B"'),
        ({"vpc": 7}, "vpc = 7 is no text"),
        ({"region": "us-east-2\n"}, "region = "),
        ({"host": "a/b"}, 'host = "a/b"'),
        ({"host": ""}, 'host = ""'),
        ({"port": 0}, "port = 0 is no port"),
        ({"port": 65536}, "port = 65536 is no port"),
        ({"port": "53"}, 'port = "53" is no whole number'),
        ({"port": True}, "port = true is no whole number"),
        ({"metrics_file": "dns.prom"}, 'metrics_file = "dns.prom" is no absolute path'),
        ({"metrics_file": "/srv/dns.txt"}, 'metrics_file = "/srv/dns.txt" does not end in .prom'),
        ({"acknowledge": "yes"}, 'acknowledge = "yes" is no true or false'),
        ({"mode": "zones"}, 'mode = "zones"'),
        ({"address": "localhost"}, "'localhost' is no IP address"),
        ({"resolver_ips": "10.0.0.32"}, 'resolver_ips = "10.0.0.32" is no list'),
        ({"resolver_ips": ["10.0.0.32", "10.0.0.320"]}, "'10.0.0.320' is no IP address"),
        ({"resolver_ips": [167772192]}, "167772192 is no text"),
        ({"source": "document.json"}, 'source = "document.json" is no absolute path'),
        ({"state": "state"}, 'state = "state" is no absolute path'),
        ({"parameter_path": "ecs-anywhere"}, 'parameter_path = "ecs-anywhere"'),
        ({"parameter_path": "/ecs-anywhere/"}, 'parameter_path = "/ecs-anywhere/"'),
        ({"bind": "rndc"}, 'bind = "rndc" is no table'),
        ({"server": ["bind"]}, 'server = ["bind"] is no text'),
        ({"account": "1234"}, 'account = "1234" has the wrong form'),
        ({"account": 111122223333}, "account = 111122223333 is no text"),
        ({"signature": "optional"}, 'signature = "optional"'),
        (
            {"signature": "None", "public_keys": []},
            'signature = "None" is neither required nor none',
        ),
        ({"state": "/var\0/x"}, 'state = "/var\\u0000/x" has a NUL character'),
        ({"source": "/srv\0x"}, 'source = "/srv\\u0000x" has a NUL character'),
        ({"resolver_ips": ["10.0.0.32\0"]}, "has a NUL character"),
        ({"networks": []}, "networks is empty"),
        ({"networks": "10.0.0.0/16"}, 'networks = "10.0.0.0/16" is no list'),
        ({"networks": ["10.0.0.1/16"]}, "has host bits set"),
        ({"networks": ["10.0.0.32"]}, "10.0.0.32 has no length"),
        ({"networks": ["fd00::/16"]}, "'fd00::/16' is no IPv4 network"),
        ({"networks": ["0.0.0.0/0"]}, "no VPC is in 0.0.0.0/0"),
        ({"networks": ["10.0.0.0/16", "0.0.0.0/1"]}, "no VPC is in 0.0.0.0/1"),
        ({"networks": ["32.0.0.0/3"]}, "32.0.0.0/3 is public and wider"),
        ({"networks": ["10.0.0.0/7"]}, "10.0.0.0/7 is public and wider"),
        ({"networks": ["127.0.0.0/8"]}, "no VPC is in 127.0.0.0/8"),
        ({"networks": ["169.254.0.0/16"]}, "no VPC is in 169.254.0.0/16"),
        ({"networks": ["224.0.0.0/16"]}, "no VPC is in 224.0.0.0/16"),
        ({"networks": ["255.255.255.255/32"]}, "no VPC is in 255.255.255.255/32"),
        ({"networks": [f"{n}.0.0.0/16" for n in range(20, 26)]}, "6 of them are public"),
        ({"resolver_ips": ["10.1.0.32"]}, "10.1.0.32 lies outside networks (10.0.0.0/16)"),
        ({"public_keys": ["MFkw"]}, "'MFkw' is no public key on the curve P-256"),
        ({"public_keys": [f"{KEY.entry}0"]}, "has the wrong form"),
        ({"public_keys": [SigningKey().entry for _ in range(3)]}, "public_keys has 3 keys"),
        ({"public_keys": [SigningKey(ec.SECP384R1()).entry]}, "no public key on the curve P-256"),
        ({"allowed_zones": ["com"]}, "'com' is no zone"),
        ({"allowed_zones": ["co.uk"]}, "co.uk is a public suffix"),
        ({"allowed_zones": ["amazonaws.com"]}, "amazonaws.com is a whole domain of AWS"),
        ({"allowed_zones": ["api.aws"]}, "api.aws is a whole domain of AWS"),
        ({"allowed_zones": ["us-east-2.amazonaws.com"]}, "the whole Region"),
        ({"allowed_zones": ["168.192.in-addr.arpa"]}, "is a reverse zone"),
        ({"allowed_zones": ["Vendor.example"]}, "is no zone"),
        ({"allowed_zones": ["vendor.example."]}, "is no zone"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadUsage) as caught:
        read_settings(LEAST | changes)
    assert said in caught.value.message
    assert caught.value.cure


@given(st.dictionaries(KEYS | st.text(max_size=9), TOML, max_size=4))
def test_whatever_stands_there_is_read_or_refused_with_a_cure(changes: dict[str, Any]) -> None:
    try:
        settings = read_settings(LEAST | changes)
        make_server(
            settings.server, settings.region, settings.address, settings.port, settings.server_table
        )
    except BadUsage as problem:
        assert problem.message and problem.cure


def test_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for text in ('vpc = "x"\n', "vpc = \n", "\x00", 'nonsense = "x"\n'):
        file.write_text(text)
        with pytest.raises(BadUsage) as caught:
            load(file)
        assert str(file) in caught.value.message
    file.write_bytes(b"\xff")
    with pytest.raises(BadUsage, match="cannot be read"):
        load(file)
    with pytest.raises(BadUsage, match="cannot be read"):
        load(tmp_path)


FIRST = "".join(
    f"{line}\n"
    for line in (
        'vpc = "vpc-0a1b2c3d4e5f60718"',
        'region = "us-east-2"',
        'account = "111122223333"',
        'networks = ["10.0.0.0/16"]',
        'signature = "none"',
    )
)
BIND = f'server = "bind"\n{FIRST}'


@pytest.mark.parametrize(
    ("content", "said", "cure"),
    [
        (b"\xef\xbb\xbf" + BIND.encode(), "byte order mark", "sed -i"),
        (BIND.encode("utf-16"), "UTF-16", "UTF-8"),
        (BIND.encode() + "# Büro\n".encode("latin-1"), "line 7 is no UTF-8", "iconv -f latin1"),
        (f'{BIND}region = "eu-west-1"\n'.encode(), "line 7 says region a second time", "correct"),
        (f"{BIND}host = dns1\n".encode(), "line 7, column 8): host = dns1", "correct"),
        (f"{BIND}after = {'[' * 5000}{']' * 5000}\n".encode(), "nested too deeply", "correct"),
        (f'server = "named"\n{FIRST}'.encode(), "server = 'named' cannot be", "one of bind"),
        (f'{BIND}[bind]\nzone = "/x"\n'.encode(), "[bind] has an unknown key 'zone'", "known"),
        (f'{BIND}[bind]\nrndc = ["a\\u0000"]\n'.encode(), "has a NUL character", "take it out"),
        (f'{BIND}[bind]\nzones = "/a\\u0000"\n'.encode(), "has a NUL character", "take it out"),
        (f'{BIND}state = "/a\\u0000"\n'.encode(), "has a NUL character", "take it out"),
    ],
)
def test_a_file_that_is_not_what_it_is_to_be_is_named_with_the_place(
    tmp_path: Path, content: bytes, said: str, cure: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(content)
    with pytest.raises(BadUsage) as caught:
        load(file)
    assert str(file) in caught.value.message and said in caught.value.message
    assert cure in caught.value.cure


def test_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(BIND.replace("\n", "\r\n").encode())
    assert load(file)[0].region == "us-east-2"


@pytest.mark.parametrize("command", ["doctor", "init"])
@pytest.mark.parametrize("kind", ["a folder", "a pipe"])
def test_what_is_no_file_is_named_and_waited_for_by_nobody(
    tmp_path: Path, command: str, kind: str
) -> None:
    file = tmp_path / "config.toml"
    if kind == "a pipe":
        os.mkfifo(file)
    else:
        file.mkdir()
    words = [sys.executable, "-m", "ecs_anywhere_dns", "--config", str(file), command]
    where = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "onprem")}
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env=where)
    assert ran.returncode == 2, ran
    assert f"cannot be read: it is {kind}, and no file" in " ".join(ran.stdout.split())


def test_a_file_that_is_missing_has_its_cure(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match="there is no") as caught:
        load(tmp_path / "config.toml")
    assert "ecs-anywhere-dns init" in caught.value.cure


PATHS = {"resolved": "delegates"}
"""Server -> a path in its table, where that is not the file `configuration`."""


BY_API = ("infoblox", "freeipa")
"""They are started by nobody from here."""


@pytest.mark.parametrize("server", [name for name in SERVERS if name not in BY_API])
def test_the_table_of_the_server_is_read_and_its_mistakes_are_named(server: str) -> None:
    key = PATHS.get(server, "configuration")
    settings = read_settings(
        LEAST | {"server": server, server: {key: "/opt/dns.conf", "start": ["true"]}}
    )
    made: Any = make_server(server, "us-east-2", "127.0.0.1", 53, settings.server_table)
    assert getattr(made, key) == Path("/opt/dns.conf")
    assert made.start == ("true",)
    for table, said in (
        ({"config": "/x"}, "unknown key 'config'"),
        ({key: 7}, f"{key} = 7 is not a string"),
        ({"start": "systemctl start"}, "is not a list of words"),
        ({"start": ["systemctl", 1]}, "is not a list of words"),
        ({"start": []}, "is not a list of words"),
    ):
        with pytest.raises(BadUsage) as caught:
            make_server(server, "us-east-2", "127.0.0.1", 53, table)
        assert said in caught.value.message
        assert f"[{server}]" in caught.value.message


@pytest.mark.parametrize("server", BY_API)
def test_the_table_of_a_server_with_an_api_is_read_and_its_mistakes_are_named(server: str) -> None:
    table = {"url": "https://dns.example.com/x", "zones_file": "/srv/x.zones"}
    made: Any = make_server(server, "us-east-2", "127.0.0.1", 53, table)
    assert (made.url, made.zones_file) == (table["url"], Path("/srv/x.zones"))
    assert made.made_file == Path("/srv/x.made")
    for wrong, said in (
        ({"password": "secret"}, "unknown key 'password'"),
        ({"url": 7}, "url = 7 is not a string"),
        ({"zones_file": "x.zones"}, "is no absolute path"),
    ):
        with pytest.raises(BadUsage, match=f"[{server}]") as caught:
            make_server(server, "us-east-2", "127.0.0.1", 53, wrong)
        assert said in caught.value.message


@pytest.mark.parametrize("server", ["windows", "tinydns", ""])
def test_a_server_that_cannot_be_configured_is_named(server: str) -> None:
    with pytest.raises(BadUsage) as caught:
        make_server(server, "us-east-2", "127.0.0.1", 53, {})
    assert repr(server) in caught.value.message
    assert ("render" in caught.value.message) == (server == "windows")


@pytest.mark.parametrize("name", SERVERS)
def test_every_key_of_a_server_s_table_is_in_the_readme_with_its_default(name: str) -> None:
    """The configuration file that `init` writes says so."""
    readme = (Path(__file__).parents[2] / "onprem" / "README.md").read_text()
    heading = "| table | key | what it is | Debian, Ubuntu | RHEL, Fedora | Alpine |"
    rows = readme.split(heading, 1)[1].split("\n\n", 1)[0]
    table = rows.split(f"`[{name}]`", 1)[1].split("| `[", 1)[0]
    server = make_server(name, "us-east-2", "127.0.0.1", 53, {})
    assert is_dataclass(server)
    for key in {each.name for each in fields(server)} - {"region", "address", "port", OTHERS}:
        assert f"`{key}`" in table, key
        default = getattr(server, key)
        said = " ".join(default) if isinstance(default, tuple) else str(default)
        assert said in table.replace("….", "/etc/bind/ecs-anywhere."), (key, said)
