"""`init`: run once on a host that nobody prepared, and what it must not do to it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.cli import parser
from ecs_anywhere_dns.commands.init.configuring import configure
from ecs_anywhere_dns.commands.init.includes import (
    with_line,
)
from ecs_anywhere_dns.commands.init.text import as_toml
from ecs_anywhere_dns.commands.init.wish import Wish
from ecs_anywhere_dns.configuration import load
from ecs_anywhere_dns.outcome import BadUsage, CheckFailed, Exit
from ecs_anywhere_dns.servers.contract import Include
from hypothesis import given
from hypothesis import strategies as st

from tests.onprem.lab import tool
from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.forked import Ran
from tests.onprem.lab.lab import KINDS, REPOSITORY, Lab
from tests.onprem.lab.signing import SigningKey
from tests.onprem.test_apply import apply, assert_private

KEY = SigningKey()
GIVEN = {
    "vpc": "vpc-0a1b2c3d4e5f60718",
    "region": "us-east-2",
    "server": "bind",
    "account": "111122223333",
    "networks": ["10.0.0.0/16"],
    "public_keys": [KEY.entry],
}
WORDS = (
    "--vpc", "vpc-0a1b2c3d4e5f60718", "--region", "us-east-2", "--server", "bind",
    "--account", "111122223333", "--network", "10.0.0.0/16",
    "--public-key", KEY.public, "--key-id", KEY.id,
)  # fmt: skip
"""The same on the command line."""
NONSENSE = {
    "bind": ("nonsense;", "unknown option 'nonsense'"),
    "unbound": ("nonsense:", "unknown keyword 'nonsense'"),
    "dnsmasq": ("nonsense", "bad option at line"),
    "powerdns": ("nonsense=yes", "'nonsense'"),
    "knot": ("nonsense nonsense", "near 'nonsense'"),
}
"""A line of the administrator's that the server's checker refuses, and what that says.
systemd-resolved refuses none, and needs no line of ours."""


def init(lab: Lab, *words: str) -> Ran:
    return lab.tool("init", *words)


def did(ran: Ran) -> list[str]:
    assert ran.code == Exit.DONE, ran
    said: list[str] = json.loads(ran.stdout)["did"]
    return said


def unprepared(lab: Lab, kind: str) -> DnsServer:
    """With the tool's settings, paths edited by hand, and nothing else."""
    server = lab.start(kind, initialised=False)
    lab.settings_file(server)
    if kind == "unbound":
        # Debian's line, which is ours as well.
        lines = server.main.read_text().splitlines()
        others = [line for line in lines if not line.startswith("include-toplevel")]
        server.main.write_text("\n".join(others))
    return server


@pytest.mark.parametrize("kind", KINDS)
def test_an_initialised_server_is_fit_for_apply(lab: Lab, kind: str) -> None:
    server = unprepared(lab, kind)
    before = server.files()
    said = did(init(lab, "--include", "--json"))
    assert any(line.startswith("made ") for line in said), said
    # systemd-resolved reads whatever lies in its folders.
    assert any(line.startswith("added to ") for line in said) == (kind != "resolved"), said
    for path, text in before.items():
        lines = [line.strip() for line in text.decode().splitlines()]
        now = [line.strip() for line in path.read_text().splitlines()]
        assert [line for line in now if line in lines] == lines, "the administrator's lines stay"
    if kind == "dnsmasq":  # It alone reads its include lines only when it starts.
        server.restart()
    lab.publish()
    report = apply(lab)
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    assert_private(lab)


@pytest.mark.parametrize("kind", KINDS)
def test_done_twice_it_adds_nothing(lab: Lab, kind: str) -> None:
    server = unprepared(lab, kind)
    did(init(lab, "--include", "--json"))
    files = server.files()
    said = did(init(lab, "--include", "--json"))
    assert server.files() == files
    assert not [line for line in said if line.startswith(("made", "added"))]


@pytest.mark.parametrize("kind", NONSENSE)
def test_without_include_it_only_says_which_lines_are_missing(lab: Lab, kind: str) -> None:
    server = unprepared(lab, kind)
    before = server.files()
    said = did(init(lab, "--json"))
    assert {path: server.files()[path] for path in before} == before
    told = [line for line in said if line.startswith("add to ")]
    assert told
    added = did(init(lab, "--include", "--json"))
    assert [line.rpartition(": ")[2] for line in told] == [
        line.rpartition(": ")[2] for line in added if line.startswith("added to ")
    ]


def test_dnsmasq_that_was_not_restarted_is_named_before_anything_is_touched(lab: Lab) -> None:
    """To try would be counted against the document, and it would rest."""
    server = unprepared(lab, "dnsmasq")
    did(init(lab, "--include", "--json"))
    own = server.directory / "dnsmasq.d" / "ecs-anywhere.conf"
    # When a process began is known to a second.
    time.sleep(2.1)
    os.utime(own)
    files = server.files()
    lab.publish()
    for report in (apply(lab, "--dry-run"), apply(lab)):
        assert report["exit"] == Exit.CHECK_FAILED
        assert "was started before" in report["summary"]
        assert "restart dnsmasq" in report["cure"]
    assert server.files() == files
    doctor = lab.tool("doctor")
    assert doctor.code == Exit.CHECK_FAILED
    assert "restart dnsmasq" in doctor.stdout
    # dnsmasq asks others even where it is asked for what it knows by itself.
    lab.public.queries.clear()
    os.utime(own, (0, 0))
    server.restart()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


def test_a_missing_block_is_named_and_every_file_stays(lab: Lab) -> None:
    server = unprepared(lab, "bind")
    options = server.directory / "named.conf.options"
    text = options.read_text().replace("dnssec-validation no", "dnssec-validation auto")
    options.write_text(text.replace("options {", "/* here */ options {"))
    before = server.files()
    ran = init(lab, "--include")
    assert ran.code == Exit.CHECK_FAILED
    assert f"{options} has no `options {{`" in ran.stdout
    assert "by hand" in ran.stdout
    assert {path: server.files()[path] for path in before} == before
    assert stat.S_IMODE(options.stat().st_mode) == 0o644


@pytest.mark.parametrize("kind", NONSENSE)
def test_what_the_checker_refuses_is_taken_back_to_the_byte(lab: Lab, kind: str) -> None:
    line, said = NONSENSE[kind]
    server = unprepared(lab, kind)
    server.main.write_text(f"{server.main.read_text()}\n{line}\n")
    before = server.files()
    ran = init(lab, "--include", "--json")
    assert ran.code == Exit.CHECK_FAILED, ran
    report = json.loads(ran.stdout)
    assert said in report["summary"] and report["cure"]
    made = {path for path in server.files() if path not in before}
    assert {path: server.files()[path] for path in before} == before
    assert all(path.read_text().count("managed by ecs-anywhere-dns") for path in made), made


@pytest.mark.parametrize("kind", ["bind", "unbound", "powerdns"])
def test_a_configuration_that_is_elsewhere_is_not_made_up(lab: Lab, kind: str) -> None:
    server = unprepared(lab, kind)
    elsewhere = server.main.with_name("elsewhere")
    server.main.rename(elsewhere)
    before = server.files()
    ran = init(lab, "--include")
    assert ran.code == Exit.CHECK_FAILED
    assert str(server.main) in ran.stdout
    assert f"under [{kind}]" in ran.stdout
    assert server.files() == before


def test_both_views_of_bind_get_the_line(lab: Lab) -> None:
    server = unprepared(lab, "bind")
    server.main.write_text(f"{server.main.read_text()}\n{_views()}")
    local = server.directory / "named.conf.local"
    local.write_text("")
    said = did(init(lab, "--include", "--json"))
    assert sum(".zones" in line for line in said if line.startswith("added")) == 2
    assert server.main.read_text().count("ecs-anywhere.zones") == 2


def _views() -> str:
    return """
view "office" {
    match-clients { 127.0.0.1; };
};
view "others" {
    match-clients { any; };
};
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--vpc", "vpc-nonsense"), 'vpc = "vpc-nonsense" has the wrong form'),
        (("--region", "Ohio"), 'region = "Ohio" has the wrong form'),
        (("--resolver-ip", "10.0.0"), "'10.0.0' is no IP address"),
        (("--host", "two words"), 'host = "two words" has the wrong form'),
    ],
)
def test_what_is_wrong_in_the_command_is_said_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "etc" / "config.toml"
    ran = tool.run((), file, ("init", *WORDS, *words), 20)
    assert ran.code == Exit.USAGE
    assert said in ran.stdout
    assert "cure: " in ran.stdout
    assert not file.parent.exists()


def test_what_is_missing_in_the_command_is_named(tmp_path: Path) -> None:
    ran = tool.run((), tmp_path / "config.toml", ("init", "--server", "bind"), 20)
    assert ran.code == Exit.USAGE
    said = " ".join(ran.stdout.split())  # a long path is wrapped elsewhere
    assert "needs --vpc, --region, --account, --network, --public-key" in said
    assert "--signature none" in ran.stdout


def test_a_file_that_is_there_is_only_written_anew_if_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    configure(file, Wish(GIVEN))
    before = file.read_bytes()
    with pytest.raises(BadUsage, match='with region = "us-east-2"') as caught:
        configure(file, Wish(GIVEN | {"region": "eu-west-1"}))
    assert "--replace" in caught.value.cure
    assert file.read_bytes() == before
    (settings,), said = configure(file, Wish(GIVEN | {"region": "eu-west-1"}, replace_file=True))
    assert (settings.region, load(file)[0].region) == ("eu-west-1", "eu-west-1")
    assert said == (f"wrote {file}",)


def test_the_same_command_again_keeps_what_was_edited_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    wish = Wish(GIVEN | {"resolver_ips": ["10.0.0.32"]})
    configure(file, wish)
    with file.open("a") as edited:
        edited.write('mode = "region"\n[bind]\nconfiguration = "/etc/named.conf"\n')
    before = file.read_bytes()
    (settings,), said = configure(file, wish)
    assert (settings.mode, settings.server_table) == (
        "region",
        {"configuration": "/etc/named.conf"},
    )
    assert file.read_bytes() == before
    assert said == (f"kept {file} as it is",)


@pytest.mark.parametrize("umask", ["000", "022", "077"])
def test_the_folders_that_it_makes_can_be_entered_whatever_the_umask(lab: Lab, umask: str) -> None:
    """dnsmasq reads its servers-file there as a user of its own."""
    server = unprepared(lab, "dnsmasq")
    folder = server.directory / "ecs-anywhere-dns" / "deep"
    file = lab.settings_file(server)
    lines = file.read_text().splitlines()
    moved = f'servers_file = "{folder}/dnsmasq.servers"'
    file.write_text("\n".join(moved if x.startswith("servers_file") else x for x in lines))
    command = [sys.executable, "-m", "ecs_anywhere_dns", "--config", str(file), "init"]
    shell = f'umask {umask}; exec "$@"'
    subprocess.run(
        [*lab.prefix, "sh", "-c", shell, "sh", *command, "--include"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "onprem")},
        check=True,
        capture_output=True,
        timeout=20,
    )
    assert [_mode(path) for path in (folder, folder.parent)] == [0o755, 0o755]
    assert _mode(folder / "dnsmasq.servers") == 0o644


def test_the_configuration_folder_can_be_entered_whatever_the_umask(tmp_path: Path) -> None:
    former = os.umask(0o077)
    try:
        configure(tmp_path / "made" / "config.toml", Wish(GIVEN))
    finally:
        os.umask(former)
    assert _mode(tmp_path / "made") == 0o755
    assert _mode(tmp_path / "made" / "config.toml") == 0o644


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(TEXT, st.lists(st.ip_addresses(v=4).map(str), max_size=3), TEXT)
def test_whatever_is_written_is_read_back(url: str, ips: list[str], path: str) -> None:
    content: dict[str, Any] = {
        **GIVEN, "endpoint_url": url, "resolver_ips": ips, "acknowledge": False, "port": 5300,
        "bind": {"configuration": path, "rndc": ["rndc", url]},
    }  # fmt: skip
    assert tomllib.loads(as_toml(content)) == content


@given(st.text(max_size=200), st.sampled_from(["", "options", 'view "a"']))
def test_a_line_is_added_and_nothing_else_is_changed(text: str, block: str) -> None:
    line = 'include "ours";'
    try:
        now = with_line(text, Include(Path("named.conf"), line, block))
    except CheckFailed:
        assert block
        return
    assert "".join(now.replace(line, "", 1).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "text", ["options {", "// a\noptions {\n};", "\toptions\n{ x; };", "a;\noptions{\n}\n"]
)
def test_it_stands_inside_its_block(text: str) -> None:
    now = with_line(text, Include(Path("named.conf"), "ours;", "options"))
    before, _, after = now.partition("ours;")
    assert before.rstrip().endswith("{")
    assert before.rstrip() + after == text


def test_a_relative_source_is_written_as_the_timer_finds_it(tmp_path: Path) -> None:
    words = ["init", "--source", "document.json"]
    assert parser().parse_args(words).source == str(Path.cwd() / "document.json")
    assert parser().parse_args(["init", "--source", "ssm"]).source == "ssm"
