"""What holds for each of the four DNS servers, whatever its administrator has made of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.forwarding import Forwarding, forwarding_to, merged
from ecs_anywhere_dns.outcome import BadUsage, Exit
from ecs_anywhere_dns.servers import make_server

from tests.onprem.inside import Inside
from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import KINDS, Lab
from tests.onprem.test_apply import apply, assert_private
from tests.onprem.test_commands import amiss

COMMANDS: dict[str, dict[str, list[str]]] = {
    "bind": {"checkconf": ["named-checkconf"]},
    "unbound": {"checkconf": ["unbound-checkconf"]},
    "dnsmasq": {"program": ["dnsmasq"]},
    "powerdns": {"program": ["pdns_recursor"]},
    "knot": {},
    "resolved": {},
}
"""Those that the laboratory leaves to their defaults."""
REMARKED_ON = {
    "bind": 'zone "old.example" { type hint; file "x"; }; zone "a" { type delegation-only; };',
    "unbound": 'server:\n  dlv-anchor-file: "x"',
    "dnsmasq": "# no setting makes its checker remark on anything",
    "powerdns": "# nor here",
    "knot": "-- it has no checker",
    "resolved": "# nor has it",
}
"""What the server's own checker accepts with a remark, at the top level."""


OTHER_FORMS: dict[str, list[tuple[str, str]]] = {
    "bind": [
        ("named.conf.local", 'include   "@/ecs-anywhere.zones" ; // ours'),
        ("named.conf.options", 'dnssec-validation auto; include\n"@/ecs-anywhere.options";'),
    ],
    "unbound": [("unbound.conf", "include: @/*/ecs-*.conf")],
    "dnsmasq": [
        ("dnsmasq.conf", "servers-file = @/ecs-anywhere.servers # ours"),
        ("dnsmasq.conf", "rebind-domain-ok=/example/amazonaws.com/"),
    ],
    "powerdns": [
        ("recursor.conf", "forward-zones-file = @/ecs-anywhere.zones"),
        ("recursor.lua", "dofile '@/ecs-anywhere.lua'"),
    ],
    "knot": [("kresd.conf", 'dofile "@/ecs-anywhere.lua" -- ours')],
    "resolved": [],
}
"""What an administrator wrote beforehand, and `init` never would: file and line."""


def included_otherwise(lab: Lab, kind: str) -> DnsServer:
    """A server whose administrator has included our files before `init`."""
    server = lab.start(kind, initialised=False, validating=kind == "bind")
    if kind == "unbound":
        lines = server.main.read_text().splitlines(keepends=True)
        server.main.write_text("".join(x for x in lines if not x.startswith("include-toplevel")))
    for name, line in OTHER_FORMS[kind]:
        file, said = server.directory / name, line.replace("@", str(server.directory))
        text, first = file.read_text(), said.partition(" include")[0]
        is_within = name == "named.conf.options"
        file.write_text(text.replace(first, said) if is_within else f"{text}\n{said}\n")
    return server


def configured(server: DnsServer, **table: Any) -> DnsServer:
    """The server with other values in the table of the tool's configuration."""
    server.launch = replace(server.launch, table={**server.launch.table, **table})
    return server


def test_every_command_may_stand_behind_another_program(lab: Lab, server_kind: str) -> None:
    """As sudo, nice, nsenter, or a script of the administrator's."""
    server = lab.start(server_kind)
    commands = {k: v for k, v in server.table.items() if isinstance(v, list)}
    behind = {
        k: ["env", "-u", "NOTHING", *v] for k, v in (COMMANDS[server_kind] | commands).items()
    }
    configured(server, **behind)
    lab.publish()
    assert amiss(lab) == {}
    # dnsmasq asks others even where it is asked for what it knows by itself.
    lab.public.queries.clear()
    assert apply(lab)["exit"] == Exit.DONE
    assert amiss(lab) == {}
    assert_private(lab)


def test_what_a_checker_remarks_is_not_taken_for_an_answer(lab: Lab, server_kind: str) -> None:
    lab.start(server_kind, top=REMARKED_ON[server_kind])
    lab.publish()
    assert amiss(lab) == {}
    # dnsmasq asks others even where it is asked for what it knows by itself.
    lab.public.queries.clear()
    assert apply(lab)["exit"] == Exit.DONE
    assert amiss(lab) == {}


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[list[Path]]:
    """Folders that a test has mounted something on."""
    folders: list[Path] = []
    yield folders
    for folder in reversed(folders):
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("is_full", [True, False])
def test_a_disk_that_is_full_or_read_only_is_named_before_it_is_in_the_way(
    lab: Lab, server_kind: str, is_full: bool, mounted: list[Path]
) -> None:
    """Of what this tool remembers, where it is full; of the server's configuration, where nothing
    may be written."""
    server = lab.start(server_kind)
    lab.publish()
    folder = server.ground.run / "state" if is_full else server.directory
    if is_full:
        folder.mkdir()
    if os.geteuid():  # only root mounts, and everybody else sees what is there
        assert amiss(lab) == {}
        return
    mount(folder, is_full=is_full)
    mounted.append(folder)
    before = server.files()
    found = amiss(lab)
    said = "No space left on device" if is_full else "Read-only file system"
    assert any(str(folder) in what and said in what for what in found), found
    report = apply(lab)
    assert (report["exit"], said in report["summary"]) == (Exit.CHECK_FAILED, True), report
    assert ("make room" if is_full else "for writing") in report["cure"]
    assert server.files() == before


def mount(folder: Path, *, is_full: bool) -> None:
    """Mount a file system without room on a folder, or itself, for reading only."""
    if is_full:
        options = "size=16k,mode=0750"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)
        return
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)


COMMENTS = {"bind": "//", "knot": "--"}
"""Where it is not `#`."""


@pytest.mark.parametrize("is_included", [True, False])
def test_a_comment_in_another_encoding_is_nobody_s_concern(
    lab: Lab, server_kind: str, is_included: bool
) -> None:
    """As in files of many years, edited on many systems; also with line ends of Windows."""
    server = lab.start(server_kind, initialised=is_included)
    ours = ("ecs-anywhere", "root.hints")
    for file in (path for path in server.files() if not path.name.startswith(ours)):
        mark = "--" if file.suffix == ".lua" else COMMENTS.get(server_kind, "#")
        if file.suffix in (".conf", ".lua"):
            comment = f"{mark} f\xfcr Gr\xf6\xdfe\x85 x\r\n".encode("latin-1")
            file.write_bytes(comment + file.read_bytes().replace(b"\n", b"\r\n"))
    server.restart()
    lab.publish()
    if not is_included:
        ran = lab.tool("init", "--include")
        assert ran.code == Exit.DONE, ran
        server.restart()
    assert amiss(lab) == {}
    # dnsmasq asks others even where it is asked for what it knows by itself.
    lab.public.queries.clear()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


@pytest.mark.parametrize("path", ["", ".", "etc/named.conf"])
def test_a_path_that_is_none_is_refused_by_its_key(server_kind: str, path: str) -> None:
    """For Python an empty path is the current folder, wherever that is."""
    key = {"unbound": "fragment", "resolved": "delegates"}.get(server_kind, "configuration")
    with pytest.raises(BadUsage, match=rf"\[{server_kind}\] {key} = '{path}' is no absolute path"):
        make_server(server_kind, "us-east-2", "127.0.0.1", 53, {key: path})


def test_what_the_server_reads_already_is_not_included_again(lab: Lab, server_kind: str) -> None:
    server = included_otherwise(lab, server_kind)
    lab.publish()
    before = server.files()
    said = json.loads(lab.tool("init", "--include", "--json").stdout)["did"]
    assert not [line for line in said if line.startswith("added")], said
    assert {path: server.files()[path] for path in before} == before
    server.restart()
    assert amiss(lab) == {}
    # dnsmasq asks others even where it is asked for what it knows by itself.
    lab.public.queries.clear()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)


TWO_VPCS = merged(
    [
        Forwarding(("ecs.us-east-2.amazonaws.com",), ("10.0.0.32", "10.0.1.32"), "vpc-1"),
        Forwarding(("ecs.eu-west-1.amazonaws.com",), ("10.64.0.32",), "vpc-2"),
    ]
)


def test_zones_of_two_vpcs_are_written_each_with_its_own_resolvers(
    server_kind: str, tmp_path: Path
) -> None:
    """And what is written is read back as the same by the tool, and taken by the checker."""
    server = make_server(server_kind, "us-east-2", "127.0.0.1", 53, {})
    fragments = server.fragments(TWO_VPCS)
    text = "".join(fragment.text for fragment in fragments)
    for zone, forwarders in TWO_VPCS.targets.items():
        assert text.count(zone) >= 1
        assert all(text.count(address) >= 1 for address in forwarders)
    server.check_fragments(fragments, tmp_path)
    exchanged = forwarding_to(dict.fromkeys(TWO_VPCS.zones, TWO_VPCS.forwarders[:1]), "both")
    assert "".join(each.text for each in server.fragments(exchanged)) != text


def test_zones_of_two_vpcs_are_asked_of_their_own_resolvers(lab: Lab, server_kind: str) -> None:
    server = lab.start(server_kind)
    zones = (f"ecs.{lab.region}.amazonaws.com", f"ssm.{lab.region}.amazonaws.com")
    targets = {zone: [ip] for zone, ip in zip(zones, lab.resolver_ips, strict=True)}
    with Inside(lab, server) as inside:
        inside.apply(forwarding_to(targets, "two VPCs", lab.resolver_port))
    for zone in zones:
        assert lab.ask(zone).addresses == lab.names[zone]
    for zone, ip in zip(zones, lab.resolver_ips, strict=True):
        assert {name for name, _, _ in lab.resolvers[ip].queries} & {*zones} == {zone}
    assert lab.public.saw_private(zones) == []


def beside(server: DnsServer) -> dict[str, str]:
    """Paths of a configuration that lies on the host, and that the server does not run with."""
    other = server.directory / "beside"
    other.mkdir()
    if server.kind == "dnsmasq":
        (server.directory / "dnsmasq.d" / "ecs-anywhere.conf").rename(other / "ecs-anywhere.conf")
        server.restart()
        return {"directory": str(other)}
    main = other / server.main.name
    main.write_text(f"{server.main.read_text()}\n\n")
    return {"configuration": str(main)}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "resolved"])
def test_a_server_that_runs_with_another_file_is_named_before_anything_is_touched(
    lab: Lab, kind: str
) -> None:
    """The folders of systemd-resolved are always the same."""
    server = lab.start(kind)
    configured(server, **beside(server))
    lab.publish()
    before = server.files()
    assert [cure for what, cure in amiss(lab).items() if "runs with" in what or "not read" in what]
    for _ in range(2):
        report = apply(lab)
        assert report["exit"] == Exit.CHECK_FAILED, report
        assert f"[{kind}]" in report["cure"]
    assert server.files() == before


CONTROLS = {"bind": ("rndc", "reconfig"), "unbound": ("control", "reload"),
            "powerdns": ("rec_control", "reload-zones")}  # fmt: skip
"""Key of the command that reloads, and its word. dnsmasq is sent a signal, and refuses none."""


@pytest.mark.parametrize("kind", CONTROLS)
def test_a_reload_that_is_refused_again_and_again_leaves_no_server_changed(
    lab: Lab, kind: str
) -> None:
    """So nobody is called at once, and the next run goes on with it."""
    key, word = CONTROLS[kind]
    server = lab.start(kind)
    broken = server.ground.run / "broken"
    script = (
        f'[ -e {broken} ] && case " $* " in *" {word} "*) echo refused; exit 1;; esac\nexec "$@"'
    )
    wrapper = server.ground.run / "wrapper"
    wrapper.write_text(f"#!/bin/sh\n{script}\n")
    wrapper.chmod(0o755)
    configured(server, **{key: [str(wrapper), *server.table[key]]})
    lab.publish()
    broken.touch()
    for _ in range(2):
        report = apply(lab)
        assert report["exit"] == Exit.CHECK_FAILED, report
        assert "has what it had" in report["summary"], report
    assert server.running()
    broken.unlink()
    assert apply(lab)["exit"] == Exit.DONE
    assert_private(lab)
