"""The commands that look: what they say, to people and to machines, and that they touch nothing."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.cli import READER_LEFT, main, parser
from ecs_anywhere_dns.commands import NAME
from ecs_anywhere_dns.commands.examination import PROGRAMS, installed
from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.outcome import MEANINGS, Exit
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.servers import RENDERED, SERVERS
from ecs_anywhere_dns.settings import Settings

from tests.onprem.example import published
from tests.onprem.example import settings as settings_of
from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.forked import REPOSITORY
from tests.onprem.lab.lab import Lab
from tests.onprem.test_apply import applied, apply

README = (REPOSITORY / "onprem" / "README.md").read_text()
SCREEN = (24, 200)
"""Lines and columns."""
REPORT = {field.name for field in fields(Report)} | {"meaning"}
STATUS = {
    "vpc", "server", "generation", "state", "zones", "forwarders", "appliedAt", "switching",
    "lastRun", "account", "networks", "signature", "keys", "unit",
    "warnings", "standby", "publications", "damaged",
}  # fmt: skip
LABORATORY_ONLY = {"resolver_port", "https_port"}
RIGHT = {
    "render": ["==>", "<=="],
    "status": ["applied at", "last run"],
}


def everything(server: DnsServer) -> dict[Path, bytes]:
    """The server's configuration tree, and what the tool remembers."""
    state = server.ground.run / "state"
    kept = [path for path in sorted(state.rglob("*")) if path.is_file()]
    return server.files() | {path: path.read_bytes() for path in kept}


def findings(lab: Lab) -> list[dict[str, Any]]:
    ran = lab.tool("doctor", "--json")
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    assert ran.code == (Exit.DONE if all(x["ok"] for x in found) else Exit.CHECK_FAILED)
    assert all(set(each) == {"ok", "what", "cure"} for each in found)
    return found


def amiss(lab: Lab) -> dict[str, str]:
    """What doctor found, and its cure."""
    return {each["what"]: each["cure"] for each in findings(lab) if not each["ok"]}


def test_doctor_finds_nothing_on_a_healthy_host(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    lab.publish()
    assert amiss(lab) == {}, "before the first apply"
    assert not (server.ground.run / "state").exists()
    assert apply(lab)["exit"] == Exit.DONE
    before = everything(server)
    assert amiss(lab) == {}, "after it"
    ran = lab.tool("doctor")
    assert (ran.code, ran.stderr) == (Exit.DONE, "")
    assert all(line.startswith("ok    ") for line in ran.stdout.splitlines())
    assert everything(server) == before


def test_doctor_names_everything_that_is_amiss_at_once(lab: Lab, server_kind: str) -> None:
    server = applied(lab, server_kind)
    first, second = lab.resolver_ips
    lab.resolvers[first].behaviour = "silent-tcp"
    lab.resolvers[second].behaviour = "wrong-vpc"
    server.stop()
    state = server.ground.run / "state"
    journal = {"run": "x", "before": [], "zones": []}
    (state / "journal.json").write_text(json.dumps(journal))
    before = everything(server)
    found = amiss(lab)
    assert everything(server) == before
    assert not server.running()
    for word in ("not undone yet", first, second):
        assert any(word in what for what in found), (word, found)
    assert any("run" in what or "answer" in what for what in list(found)[:2]), found
    assert all(found.values()), "each has its cure"


@pytest.mark.parametrize("kind", ["bind", "unbound", "dnsmasq", "powerdns", "knot"])
def test_doctor_says_which_lines_are_missing(lab: Lab, kind: str) -> None:
    server = lab.start(kind, initialised=False)
    if kind == "unbound":
        lines = server.main.read_text().replace("include-toplevel", "# include-toplevel")
        server.main.write_text(lines)
    lab.publish()
    found = amiss(lab)
    missing = [what for what in found if "lacks the line" in what]
    assert missing, found
    assert all("init --include" in found[what] for what in missing)


def test_doctor_tells_of_a_publication_for_somebody_else(lab: Lab) -> None:
    applied(lab, "unbound")
    lab.publish(vpcId="vpc-0000000000000000a")
    (what,) = amiss(lab)
    assert "vpc-0000000000000000a" in what
    assert lab.vpc_id in what


def test_doctor_goes_on_where_its_memory_cannot_be_read(lab: Lab) -> None:
    server = applied(lab, "unbound")
    state = server.ground.run / "state" / "applied.json"
    state.write_text("{")
    lab.resolvers[lab.resolver_ips[0]].behaviour = "servfail"
    found = amiss(lab)
    assert len([what for what in found if str(state) in what]) == 1


def test_doctor_tells_what_is_installed_where_there_is_no_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--config", str(tmp_path / "none.toml"), "doctor"])
    said = capsys.readouterr().out.splitlines()
    assert code == Exit.DONE
    assert len(said) == len(installed()) == len(PROGRAMS)
    for server in PROGRAMS.values():
        assert any(f"init --server {server}" in line for line in said), said


def test_check_changes_nothing_and_names_each_resolver_ip(lab: Lab) -> None:
    server = lab.start("unbound")
    lab.publish()
    before = everything(server)
    report = json.loads(lab.tool("check", "--json").stdout)
    assert (report["exit"], report["forwarders"]) == (Exit.DONE, list(lab.resolver_ips))
    lab.resolvers[lab.resolver_ips[0]].behaviour = "nxdomain"
    report = json.loads(lab.tool("check", "--json").stdout)
    assert report["exit"] == Exit.DEGRADED
    assert any(lab.resolver_ips[0] in finding for finding in report["findings"])
    lab.resolvers[lab.resolver_ips[1]].behaviour = "silent"
    ran = lab.tool("check")
    assert ran.code == Exit.PREFLIGHT_FAILED
    assert all(ip in ran.stdout for ip in lab.resolver_ips)
    assert "cure: " in ran.stdout
    assert everything(server) == before
    assert lab.public.saw_private(lab.zones) == []


def test_check_refuses_what_apply_would_refuse(lab: Lab) -> None:
    applied(lab, "unbound")
    lab.publish(vpcId="vpc-0000000000000000a")
    assert lab.tool("check").code == Exit.REFUSED
    lab.publish(generation=0)
    ran = lab.tool("check")
    assert ran.code == Exit.REFUSED


def test_check_of_what_was_rolled_back_by_hand_asks_and_says_so(lab: Lab) -> None:
    applied(lab, "unbound")
    lab.tool("rollback", "--to-none")
    ran = lab.tool("check")
    assert ran.code == Exit.DONE
    assert "answer every name as published" in ran.stdout
    assert "rolled back by hand" in ran.stdout
    assert "apply --force" in ran.stdout


def test_check_needs_no_dns_server(lab: Lab) -> None:
    server = lab.start("bind")
    server.stop()
    lab.publish()
    assert lab.tool("check").code == Exit.DONE
    assert not server.running()


def test_verify_asks_the_server_and_repairs_nothing(lab: Lab, server_kind: str) -> None:
    server = applied(lab, server_kind)
    before = everything(server)
    report = json.loads(lab.tool("verify", "--json").stdout)
    assert (report["exit"], report["answers_right"]) == (Exit.DONE, 3 * len(lab.names))
    server.stop()
    ran = lab.tool("verify")
    assert ran.code == Exit.NOT_RESOLVING
    assert "does not answer as published" in ran.stdout
    assert "cure: " in ran.stdout
    assert everything(server) == before
    assert not server.running()


def test_verify_before_anything_was_applied_says_what_to_do(lab: Lab) -> None:
    lab.start("unbound")
    lab.publish()
    ran = lab.tool("verify")
    assert ran.code == Exit.USAGE
    assert "nothing was applied" in ran.stdout
    assert "apply" in ran.stdout


def test_verify_after_a_withdrawal_has_nothing_to_ask(lab: Lab) -> None:
    applied(lab, "unbound")
    lab.publish(state="withdrawn", zones=[], names={}, vpcCidrs=[])
    apply(lab)
    ran = lab.tool("verify")
    assert (ran.code, "nothing is forwarded" in ran.stdout) == (Exit.DONE, True)


def test_status_reads_files_and_asks_nobody(lab: Lab) -> None:
    server = applied(lab, "unbound")
    said = json.loads(lab.tool("status", "--json").stdout)
    assert set(said) == STATUS
    assert set(said["lastRun"]) == REPORT
    assert (said["vpc"], said["generation"], said["state"]) == (lab.vpc_id, 1, "active")
    assert (said["zones"], said["switching"]) == (list(lab.zones), False)
    asked = [len(resolver.queries) for resolver in lab.resolvers.values()]
    server.stop()
    lab.published.unlink()
    before = everything(server)
    ran = lab.tool("status")
    assert (ran.code, ran.stderr) == (Exit.DONE, "")
    assert all(word in ran.stdout for word in RIGHT["status"])
    assert [len(resolver.queries) for resolver in lab.resolvers.values()] == asked
    assert everything(server) == before


def test_status_before_anything_was_applied(lab: Lab) -> None:
    server = lab.start("unbound")
    said = json.loads(lab.tool("status", "--json").stdout)
    assert (said["state"], said["lastRun"], said["zones"]) == ("nothing applied", {}, [])
    assert "nothing applied" in lab.tool("status").stdout
    assert not (server.ground.run / "state").exists()


def test_a_dry_run_is_not_the_last_run_and_undoes_nothing(lab: Lab) -> None:
    server = applied(lab, "unbound")
    state = server.ground.run / "state"
    (state / "journal.json").write_text(json.dumps({"run": "x", "before": [], "zones": []}))
    before = everything(server)
    report = apply(lab, "--dry-run")
    assert report["exit"] == Exit.DONE
    assert any("undoes that first" in hint for hint in report["hints"])
    assert everything(server) == before


def test_why_a_publication_rests_is_still_said_by_the_runs_that_let_it_rest(lab: Lab) -> None:
    server = applied(lab, "unbound")
    lab.publish()
    (server.ground.run / "state" / "distrust.json").write_text(
        json.dumps(
            {
                "checksum": read_document(lab.published.read_text()).checksum,
                "failures": 1,
                "by_hand": False,
                "at": datetime.now(UTC).isoformat(),
                "why": "named went to lunch",
            }
        )
    )
    report = apply(lab)
    assert report["exit"] == Exit.ROLLED_BACK
    assert "failed here once and rests until" in report["summary"]
    assert "named went to lunch" in report["summary"]
    assert "named went to lunch" in lab.tool("status").stdout


@pytest.mark.parametrize("server", [*SERVERS, *RENDERED])
def test_render_needs_no_configuration_where_server_and_source_are_given(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = rendering(tmp_path, server)
    assert main(words) == Exit.DONE
    shown, hint = capsys.readouterr()
    assert main([*words, "--json"]) == Exit.DONE
    fragments = json.loads(capsys.readouterr().out)
    if len(fragments) == 1:
        assert (shown, hint) == (fragments[0]["text"], "")
    else:
        assert shown == "\n".join(f"==> {x['path']} <==\n{x['text']}" for x in fragments)
        assert "--output FOLDER" in hint
    text = "".join(fragment["text"] for fragment in fragments)
    for needed in ("10.0.0.32", "10.0.1.32", "ssm.us-east-2.amazonaws.com", "generation 1"):
        assert needed in text
    assert main([*words, "--mode", "region"]) == Exit.DONE
    said = capsys.readouterr().out
    # The script for Windows has the published names as well, to ask for them.
    forwarded = said.partition("$answers")[0]
    assert "us-east-2.amazonaws.com" in forwarded and "ssm.us-east-2" not in forwarded
    assert [path.name for path in tmp_path.iterdir()] == ["document.json"]


@pytest.mark.parametrize("server", [*SERVERS, *RENDERED])
def test_render_writes_each_file_into_the_folder_that_is_named(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = rendering(tmp_path, server)
    assert main([*words, "--json"]) == Exit.DONE
    fragments = json.loads(capsys.readouterr().out)
    folder = tmp_path / "new" / "folder"
    for _ in range(2):
        assert main([*words, "--output", str(folder)]) == Exit.DONE
        written = [folder / Path(each["path"]).name for each in fragments]
        assert capsys.readouterr().out.splitlines() == [f"wrote {path}" for path in written]
        assert {path: path.read_text() for path in folder.iterdir()} == {
            path: each["text"] for path, each in zip(written, fragments, strict=True)
        }


def test_render_replaces_no_file_of_somebody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = tmp_path / "ecs-anywhere.options"
    theirs.write_text("theirs\n")
    before = sorted(tmp_path.iterdir())
    words = rendering(tmp_path, "bind")
    assert main([*words, "--output", str(tmp_path)]) == Exit.USAGE
    assert f"{theirs} is there and was not written by this tool" in capsys.readouterr().out
    assert theirs.read_text() == "theirs\n"
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "document.json"])


def test_a_terminal_is_shown_the_name_of_each_rendered_file(tmp_path: Path) -> None:
    """It runs on a terminal of its own."""
    words = rendering(tmp_path, "windows")
    leader, terminal = os.openpty()
    path = {"PYTHONPATH": str(REPOSITORY / "onprem"), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        [sys.executable, "-m", "ecs_anywhere_dns", *words], env=path, stdout=terminal
    ) as process:
        os.close(terminal)
        first = os.read(leader, 200)
        with contextlib.suppress(OSError):
            while os.read(leader, 4096):
                pass
    os.close(leader)
    assert process.returncode == Exit.DONE
    assert first.startswith(b"==> ecs-anywhere-dns.ps1 <==\r\n")


def rendering(folder: Path, server: str) -> list[str]:
    """The words of `render` for one document, without a configuration."""
    source = folder / "document.json"
    source.write_text(published())
    return [
        *("--config", str(folder / "none.toml"), "render", "--server", server),
        *("--source", str(source)),
    ]


def test_render_with_a_configuration_prints_what_apply_would_write(
    lab: Lab, server_kind: str
) -> None:
    server = lab.start(server_kind)
    lab.publish()
    before = everything(server)
    rendered = json.loads(lab.tool("render", "--json").stdout)
    given = lab.tool("render", "--json", "--server", server_kind, "--source", str(lab.published))
    assert json.loads(given.stdout) == rendered, "the same paths"
    assert everything(server) == before
    apply(lab)
    assert {x["path"]: x["text"] for x in rendered} == {
        x["path"]: Path(x["path"]).read_text() for x in rendered
    }


@pytest.mark.parametrize("words", [("render",), ("render", "--server", "bind"), ("apply",)])
def test_without_a_configuration_the_cure_is_init(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "none.toml"
    assert main(["--config", str(file), *words]) == Exit.USAGE
    said = capsys.readouterr().out
    assert f"there is no {file}" in said
    assert "ecs-anywhere-dns init" in said


def test_render_of_a_file_that_is_not_there_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["render", "--server", "bind", "--source", str(tmp_path / "none.json")]
    assert main(["--config", str(tmp_path / "none.toml"), *words]) == Exit.USAGE
    assert "none.json cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "required: COMMAND"),
        (("explode",), "invalid choice: 'explode'"),
        (("apply", "--faster"), "unrecognized arguments: --faster"),
        (("render", "--server", "tinydns"), "invalid choice: 'tinydns'"),
        (("init", "--server", "windows"), "invalid choice: 'windows'"),
    ],
)
def test_an_unknown_command_or_option_is_2_and_named(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == Exit.USAGE
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", ["apply", "check", "verify", "rollback"])
def test_the_report_of_each_command_has_the_same_keys(lab: Lab, command: str) -> None:
    applied(lab, "unbound")
    ran = lab.tool(command, "--json")
    report = json.loads(ran.stdout)
    assert set(report) == REPORT
    assert report["command"] == command
    assert report["meaning"] == MEANINGS[Exit(report["exit"])]
    assert report["exit"] == ran.code
    assert ran.stderr == ""


def _assert_one_screen(text: str) -> None:
    lines = text.splitlines()
    assert 0 < len(lines) <= SCREEN[0], text
    assert max(len(line) for line in lines) <= SCREEN[1], max(lines, key=len)


@pytest.mark.parametrize("first", ["right", "silent", "wrong-vpc", "cname-escape", "silent-tcp"])
@pytest.mark.parametrize("second", ["right", "servfail", "public", "nxdomain"])
def test_what_apply_says_fits_one_screen(lab: Lab, first: Any, second: Any) -> None:
    lab.start("unbound")
    lab.publish()
    for ip, behaviour in zip(lab.resolver_ips, (first, second), strict=True):
        lab.resolvers[ip].behaviour = behaviour
    ran = lab.tool("apply")
    _assert_one_screen(ran.stdout)
    assert ran.stderr == ""
    assert ("cure: " in ran.stdout) == (ran.code != Exit.DONE)


def _table(heading: str) -> Iterator[list[str]]:
    """The rows of the first table under a heading of the README."""
    section = README.split(f"# {heading}\n", 1)[1]
    rows = re.findall(r"^\|.*\|$", section.split("\n#")[0], re.MULTILINE)
    for row in rows[2:]:
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def test_the_exit_codes_are_told_alike_everywhere() -> None:
    told = {int(code): meaning for code, meaning in _table("Exit codes")}
    assert told == {int(code): meaning for code, meaning in MEANINGS.items()}
    assert set(MEANINGS) == set(Exit)
    text = parser().format_help()
    for code, meaning in told.items():
        assert f"{code:>2}  {meaning}\n" in text


def test_the_table_of_commands_is_that_of_the_parser() -> None:
    told: dict[str, set[str]] = {}
    rows = list(_table("Synopsis"))
    for command, does, _ in rows:
        words = re.findall(r"`([^`]+)`", command)[0].split()
        said = re.findall(r"--[a-z-]+", f"{command} {does if words[0] == 'init' else ''}")
        told.setdefault(words[0], set()).update(said)
    commands = _commands()
    assert set(told) == set(commands)
    for name, options in told.items():
        there = set(commands[name]._option_string_actions) - {"-h", "--help", "--json"}
        assert options <= there, name
        if name != "init":
            assert options == there, name


def test_every_option_of_init_is_in_the_readme() -> None:
    there = set(_commands()["init"]._option_string_actions) - {"-h", "--help", "--json"}
    missing = {option for option in there if option not in README}
    explained = {"--mode", "--source", "--endpoint-url", "--host", "--account", "--signature"}
    assert missing <= explained, "those are keys of the configuration"
    assert {option.removeprefix("--").replace("-", "_") for option in explained} <= _keys()


def _commands() -> dict[str, argparse.ArgumentParser]:
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("there are no commands")


def _keys() -> set[str]:
    return {key for row in _table("Configuration") for key in re.findall(r"`(\w+)`", row[0])}


def test_the_table_of_the_configuration_is_that_of_the_settings() -> None:
    there = {field.name for field in fields(Settings)} - {"server_table"} - LABORATORY_ONLY
    assert _keys() == there
    defaults = {row[0]: row[1] for row in _table("Configuration")}
    settings = settings_of()
    for key in ("source", "parameter_path", "state"):
        assert defaults[f"`{key}`"] == f"`{getattr(settings, key)}`"
    assert defaults["`acknowledge`"] == f"`{str(settings.acknowledge).lower()}`"
    assert defaults["`address`, `port`"] == f"`{settings.address}`, `{settings.port}`"


def test_the_name_of_the_command_is_that_of_the_readme() -> None:
    assert README.startswith(f"# {NAME}\n")
    assert parser().prog == NAME


def test_a_reader_that_has_enough_is_no_error(lab: Lab) -> None:
    """As in `… | head`."""
    lab.start("unbound")
    lab.publish()
    assert lab.tool("apply").code == Exit.DONE
    command = [sys.executable, "-m", "ecs_anywhere_dns", "render", "--server", "windows"]
    path = {"PYTHONPATH": str(REPOSITORY / "onprem"), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        [*command, "--source", str(lab.published)],
        env=path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == READER_LEFT


@pytest.mark.parametrize("command", [("apply",), ("rollback",), ("rollback", "--to-none")])
def test_a_changed_server_leaves_no_forwarding_behind(lab: Lab, command: tuple[str, ...]) -> None:
    first = lab.start("unbound")
    lab.publish()
    assert lab.tool("apply").code == Exit.DONE
    second = lab.start("dnsmasq")
    lab.settings_file(second, state=str(first.ground.run / "state"))
    before = first.files(), second.files()
    ran = lab.tool(*command, server=second)
    assert ran.code == Exit.USAGE
    assert "unbound still forwards for us" in ran.stdout
    assert "rollback --to-none" in ran.stdout
    assert (first.files(), second.files()) == before
