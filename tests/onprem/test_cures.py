"""The cures that were found untrue when a person followed them: each does now what it says."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.cli import main
from ecs_anywhere_dns.commands.init.configuring import configure
from ecs_anywhere_dns.commands.init.text import as_toml
from ecs_anywhere_dns.commands.init.wish import Wish
from ecs_anywhere_dns.configuration import load, read_all
from ecs_anywhere_dns.following.rollback import rollback
from ecs_anywhere_dns.forwarding import NOTHING
from ecs_anywhere_dns.outcome import BadUsage, Exit, Refused
from ecs_anywhere_dns.pinned.belief import check_believed
from ecs_anywhere_dns.publication.source import judging
from ecs_anywhere_dns.servers import SERVERS, make_server
from ecs_anywhere_dns.settings import LABORATORY
from ecs_anywhere_dns.settings_form import KEYS

from tests.onprem.example import fit, published, settings
from tests.onprem.lab.forked import REPOSITORY
from tests.onprem.several import Site
from tests.onprem.test_following_several import FIRST, SECOND, TABLE
from tests.onprem.test_following_several import content as content_of_two
from tests.onprem.test_settings import LEAST
from tests.onprem.test_several_vpcs import ohio
from tests.template.sam_template import TEMPLATE

PACKAGE = REPOSITORY / "onprem" / "ecs_anywhere_dns"
README = (REPOSITORY / "onprem" / "README.md").read_text()
BROKEN = ["", "{", "[]", "null", "[" * 5000, "{}", published()[:-5], '{"a": 1.5}', "x" * 9000]
PINNED = ("account", "networks", "public_keys")
OS_ERRORS = {"OSError", "FileNotFoundError", "PermissionError", "NotADirectoryError"}


def refusal_by(file: Path, text: str) -> Refused:
    """Return the refusal of a text that a file held."""
    from ecs_anywhere_dns.document import read_document

    with pytest.raises(Refused) as caught, judging(settings(source=str(file), profile="ohio")):
        check_believed(read_document(text), settings(source=str(file)))
    return caught.value


# --- a file as the source


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_the_cure_of_a_broken_file_is_to_fetch_it_again(tmp_path: Path, text: str) -> None:
    file = tmp_path / "the document.json"
    cure = refusal_by(file, text).cure
    command = shlex.split(re.findall("`(.*?)`", cure)[0])
    assert command[:3] == ["aws", "ssm", "get-parameter"]
    assert command[-2:] == [">", str(file)]
    assert command[command.index("--name") + 1] == settings().document_parameter
    assert ("--profile", "ohio") in pairwise(command)
    assert "next sweep" not in cure and "the parameter;" not in cure


def test_no_sweep_mends_a_file_that_is_not_believed(tmp_path: Path) -> None:
    names = {"console.example.com": ["10.0.0.40"]}
    text = published(names=names, zones=["console.example.com"])
    cure = refusal_by(tmp_path / "document.json", text).cure
    assert "find out who wrote it" in cure and "--allow-zone" in cure
    assert "get-parameter" in cure and "next sweep" not in cure


def test_what_the_app_mends_in_the_parameter_is_still_said_of_the_parameter() -> None:
    with pytest.raises(Refused) as caught, judging(settings()):
        check_believed(fit(zones=["us-east-2.amazonaws.com"]), settings())
    assert "the app's next sweep writes it anew" in caught.value.cure


@pytest.mark.parametrize("text", BROKEN[:5], ids=range(5))
def test_rendering_a_broken_file_without_a_host_says_how_to_fetch_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "d.json"
    file.write_text(text)
    words = ["--config", str(tmp_path / "none"), "render", "--server", "bind", "--source"]
    assert main([*words, str(file)]) == Exit.REFUSED
    said = " ".join(" ".join(capsys.readouterr()).split())
    assert "aws ssm get-parameter" in said and "/VPC/forwarding" in said
    assert "next sweep" not in said


# --- the pins of one of several VPCs


def lacking(first: bool, second: bool) -> dict[str, Any]:
    """Return a configuration of two VPCs; True: it lacks the pins."""
    said = content_of_two()
    (table,) = said.pop("follow")
    top = {key: value for key, value in said.items() if not first or key not in PINNED}
    further = {key: value for key, value in table.items() if not second or key not in PINNED}
    return {**top, "follow": [further]}


def wished(cure: str, pins: dict[str, Any]) -> Wish:
    """Return the wish of the command that a cure prints, with the values of this VPC."""
    words = re.findall("`ecs-anywhere-dns init (.*?)`", cure)[0].split()
    assert {"--account", "--network", "--public-key", "--key-id"} <= {*words}
    return Wish({"vpc": words[words.index("--vpc") + 1], **pins})


@pytest.mark.parametrize(("first", "second"), [(False, True), (True, False), (True, True)])
def test_the_command_for_one_of_several_vpcs_works_as_printed(
    tmp_path: Path, first: bool, second: bool
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(as_toml(lacking(first, second)))
    values = {vpc: {key: of[key] for key in PINNED} for vpc, of in pins_of_two().items()}
    for vpc in [FIRST] * first + [SECOND] * second:
        with pytest.raises(BadUsage) as caught:
            load(file)
        assert f"--vpc {vpc} " in caught.value.cure
        wish = wished(caught.value.cure, values[vpc])
        if vpc == FIRST and second:
            with pytest.raises(BadUsage, match=f"set .* in .*; but .*{SECOND}: without") as left:
                configure(file, wish)
            assert f"--vpc {SECOND} " in left.value.cure
        else:
            configure(file, wish)
    assert [each.vpc for each in load(file)] == [FIRST, SECOND]


def pins_of_two() -> dict[str, dict[str, Any]]:
    return {FIRST: content_of_two(), SECOND: TABLE}


def test_a_part_of_what_a_table_lacks_is_answered_with_all_that_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(as_toml(lacking(False, True)))
    before = file.read_bytes()
    with pytest.raises(BadUsage) as caught:
        configure(file, Wish({"vpc": SECOND, "account": TABLE["account"]}))
    wished(caught.value.cure, {})
    assert file.read_bytes() == before


@pytest.mark.parametrize("pins", [PINNED, ()])
def test_a_vpc_that_is_there_twice_is_named_before_its_missing_pins(pins: tuple[str, ...]) -> None:
    table = {"vpc": FIRST, "region": "us-east-2", **{key: TABLE[key] for key in pins}}
    with pytest.raises(BadUsage, match=f"{FIRST} is followed twice") as caught:
        read_all({**content_of_two(), "follow": [table]})
    assert "one place" in caught.value.cure


# --- a rollback of nothing


def test_a_rollback_where_nothing_was_applied_says_so(tmp_path: Path) -> None:
    there = Site(tmp_path, [ohio()])
    report = rollback(there.hosts())
    assert (report.exit, report.summary) == (Exit.USAGE, "nothing was applied here")
    assert "ecs-anywhere-dns apply" in report.cure
    assert there.server.history == []


def _bare_errors(tree: ast.AST) -> Iterator[int]:
    """Yield the lines in which the text of an OSError is shown as it is."""
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)):
        caught = {n.id for n in ast.walk(handler.type or handler) if isinstance(n, ast.Name)}
        shown = (n for n in ast.walk(handler) if isinstance(n, ast.FormattedValue))
        names = (n.value for n in shown if isinstance(n.value, ast.Name))
        yield from (n.lineno for n in names if caught & OS_ERRORS and n.id == handler.name)


def test_no_message_shows_an_errno_with_a_path_that_it_names_already() -> None:
    found = [
        f"{file.relative_to(PACKAGE)}:{line}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for line in _bare_errors(ast.parse(file.read_text()))
    ]
    assert found == [], "reason_of(error) in its place"


# --- a misspelt key


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("acknowlege", "acknowledge"), ("vcp", "vpc"), ("Region", "region"), ("folow", "follow"),
        ("public_key", "public_keys"), ("bnid", "bind"), ("metric_file", "metrics_file"),
    ],
)  # fmt: skip
def test_a_misspelt_key_has_the_nearest_one_beside_it(key: str, meant: str) -> None:
    with pytest.raises(BadUsage, match=f"unknown key '{key}'") as caught:
        read_all({**LEAST, key: True})
    assert caught.value.cure.startswith(f"did you mean {meant}? known are ")
    told = re.split(r", | ", caught.value.cure.partition("known are ")[2])
    assert {*KEYS - LABORATORY, "follow", "bind"} <= {*told}
    assert not LABORATORY & {*told}


def test_in_a_table_only_the_keys_of_one_vpc_are_told() -> None:
    with pytest.raises(BadUsage, match="unknown key 'regoin'") as caught:
        read_all(content_of_two(regoin="us-east-2"))
    assert "did you mean region?" in caught.value.cure
    assert "acknowledge" not in caught.value.cure and "follow" not in caught.value.cure


def test_a_misspelt_server_is_named_and_not_its_table() -> None:
    said = {key: value for key, value in LEAST.items() if key != "server"}
    with pytest.raises(BadUsage, match="unknown key 'servre'") as caught:
        read_all({**said, "servre": "bind", "bind": {}})
    assert "did you mean server?" in caught.value.cure


def test_a_misspelt_key_of_a_server_has_the_nearest_one_beside_it() -> None:
    with pytest.raises(BadUsage, match=r"\[bind\] has an unknown key 'rdnc'") as caught:
        make_server("bind", "us-east-2", "127.0.0.1", 53, {"rdnc": ["rndc"]})
    assert "did you mean rndc?" in caught.value.cure


# --- the manual


def _section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _removed() -> dict[str, list[str]]:
    """Return the patterns that the manual removes for each server."""
    rows = re.findall(r"^\| (`.*?`) \| (.*) \|$", _section("Remove it"), re.MULTILINE)
    return {
        server: [word for said in re.findall("`rm (.*?)`", cell) for word in said.split()]
        for servers, cell in rows
        for server in re.findall("`(.*?)`", servers)
    }


@pytest.mark.parametrize("server", SERVERS)
def test_the_manual_removes_the_files_of_each_server_and_no_other_s(server: str) -> None:
    table = {"url": "https://x.example/", "user": "x"} if server in ("infoblox", "freeipa") else {}
    made = make_server(server, "us-east-2", "127.0.0.1", 53, table)
    paths = [str(fragment.path) for fragment in made.fragments(NOTHING)]
    removed = _removed()
    assert removed.keys() == {*SERVERS}
    for path in paths:
        own = [*removed[server], "/etc/ecs-anywhere-dns/*"]
        assert any(fnmatch(path, pattern) for pattern in own), path
        others = [p for other, patterns in removed.items() if other != server for p in patterns]
        assert not any(fnmatch(path, pattern) for pattern in others), path


def test_no_block_of_the_manual_removes_the_files_of_several_servers() -> None:
    assert not re.search(r"^    rm .*ecs-anywhere[.*]", _section("Remove it"), re.MULTILINE)


def _of_the_stack(value: Any) -> Any:
    if isinstance(value, list):
        return [_of_the_stack(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Sub" not in value:
        return {key: _of_the_stack(each) for key, each in value.items()}
    said = value["Fn::Sub"].replace(
        "${DnsHostVpc}", TEMPLATE["Parameters"]["DnsHostVpc"]["Default"]
    )
    for name, given in (
        ("Partition", "aws"),
        ("Region", "us-east-2"),
        ("AccountId", "111122223333"),
    ):
        said = said.replace(f"${{AWS::{name}}}", given)
    return said


def test_the_manual_prints_the_whole_policy_of_the_stack() -> None:
    block = re.findall(r"(?:^    .*\n)+", _section("AWS permissions"), re.MULTILINE)[0]
    policy = TEMPLATE["Resources"]["OnPremDnsHostPolicy"]["Properties"]["PolicyDocument"]
    assert json.loads(block) == _of_the_stack(policy)
