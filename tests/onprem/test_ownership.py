"""An administrator's own file that the configuration names as this tool's: it is never replaced."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, cast

import pytest
from ecs_anywhere_dns.outcome import Exit
from ecs_anywhere_dns.servers.contract import HEADER

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.test_apply import applied, apply, assert_private, assert_public
from tests.onprem.test_commands import amiss

THEIRS = {
    ("bind", "zones"): ("named.conf.local", None),
    ("bind", "options"): ("named.conf.options", None),
    ("unbound", "fragment"): (
        "unbound.conf.d/local.conf",
        'forward-zone:\n  name: "corp.example"\n  forward-addr: 192.0.2.1\n',
    ),
    ("dnsmasq", "servers_file"): ("corp.servers", "server=/corp.example/192.0.2.1\n"),
    ("powerdns", "zones_file"): ("corp.zones", "corp.example=192.0.2.1\n"),
    ("knot", "fragment"): ("corp.lua", "-- of the administrator\n"),
}
"""For each key that names a file of ours: a file of an administrator below the server's folder, and
what stands in it; None for one that the laboratory has written."""


def named_as_ours(lab: Lab, server: DnsServer, key: str) -> Path:
    """Return the administrator's file, which the configuration names as this tool's."""
    name, content = THEIRS[server.kind, key]
    file = server.directory / name
    if content is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    elif not file.read_text().strip():
        file.write_text("// of the administrator\n")
    cast("dict[str, Any]", server.launch.table)[key] = str(file)
    lab.settings_file(server)
    return file


@pytest.mark.parametrize(("kind", "key"), THEIRS)
def test_a_file_of_the_administrator_is_refused_by_each_command_and_stays(
    lab: Lab, kind: str, key: str
) -> None:
    server = lab.start(kind)
    lab.publish()
    file = named_as_ours(lab, server, key)
    before = server.files()
    said = f"{file} is not ours: its first line lacks `{HEADER}`"
    cures = [cure for what, cure in amiss(lab).items() if said in what]
    assert cures and f"name another file under [{kind}]" in cures[0] and f"{key} is" in cures[0]
    for words in (["apply", "--dry-run"], ["apply"], ["rollback", "--to-none"], ["init"]):
        ran = lab.tool(*words)
        told = " ".join(f"{ran.stdout} {ran.stderr}".split())
        assert (ran.code, said in told) == (Exit.CHECK_FAILED, True), (words, ran)
        assert "writes it anew" not in told, words
        assert server.files() == before, words


def test_the_options_of_bind_are_told_from_the_file_with_its_options(lab: Lab) -> None:
    server = lab.start("bind")
    named_as_ours(lab, server, "options")
    lab.publish()
    assert "options_file" in apply(lab)["cure"]


@pytest.mark.parametrize("kind", ["bind", "unbound"])
def test_a_file_of_the_administrator_is_named_also_where_the_server_is_stopped(
    lab: Lab, kind: str
) -> None:
    server = lab.start(kind)
    lab.publish()
    named_as_ours(lab, server, "zones" if kind == "bind" else "fragment")
    server.stop()
    report = apply(lab)
    assert report["exit"] == Exit.CHECK_FAILED and "is not ours" in report["summary"], report
    assert "writes it anew" not in report["cure"]


def test_a_path_that_is_changed_to_a_file_of_the_administrator_is_refused(lab: Lab) -> None:
    server = applied(lab, "unbound")
    named_as_ours(lab, server, "fragment")
    before = server.files()
    report = apply(lab)
    assert report["exit"] == Exit.CHECK_FAILED and "is not ours" in report["summary"], report
    assert server.files() == before
    assert_private(lab)


def test_a_file_of_ours_stays_ours_where_somebody_took_its_header_out(lab: Lab) -> None:
    server = applied(lab, "unbound")
    ours = Path(server.table["fragment"])
    ours.write_text("# edited\n")
    assert not any("is not ours" in what for what in amiss(lab))
    assert apply(lab)["exit"] == Exit.DONE
    assert HEADER in ours.read_text()
    assert_private(lab)


def test_an_empty_file_of_nobody_is_taken(lab: Lab) -> None:
    server = lab.start("unbound")
    Path(server.table["fragment"]).write_text("\n")
    lab.publish()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


@pytest.mark.parametrize(("kind", "key"), [("bind", "zones"), ("unbound", "fragment")])
def test_what_an_older_version_replaced_is_put_back_by_a_rollback(
    lab: Lab, kind: str, key: str
) -> None:
    """The file was the administrator's, and forwards a zone of theirs."""
    server = applied(lab, kind)
    theirs = {
        "bind": b'zone "corp.example" { type forward; forwarders { 192.0.2.1; }; };\n',
        "unbound": b'forward-zone:\n  name: "corp.example"\n  forward-addr: 192.0.2.1\n',
    }[kind]
    memory = server.ground.run / "state" / "applied.json"
    said = json.loads(memory.read_text())
    file = Path(server.table[key])
    (before,) = [each for each in said["before"] if each["path"] == str(file)]
    before["content"] = base64.b64encode(theirs).decode()
    memory.write_text(json.dumps(said))
    ran = lab.tool("rollback")
    assert ran.code == Exit.DONE, ran
    assert file.read_bytes() == theirs
    assert_public(lab)
    report = apply(lab, "--force")
    assert report["exit"] == Exit.CHECK_FAILED and "is not ours" in report["summary"], report
    assert file.read_bytes() == theirs
