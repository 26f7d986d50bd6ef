"""The Ansible collection: its role on a host with a real DNS server, played by Ansible itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from ecs_anywhere_dns.servers import SERVERS
from ecs_anywhere_dns.servers.layouts import LAYOUTS

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.forked import PATH
from tests.onprem.lab.lab import REPOSITORY, Lab
from tests.onprem.test_apply import assert_private, assert_public

COLLECTION = REPOSITORY / "ansible"
ROLE = COLLECTION / "roles" / "dns_host"
NAME = "ecs_anywhere.private_connectivity"
PLAYER = REPOSITORY / ".venv-tools" / "bin" / "ansible-playbook"
PLAY = [
    {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "roles": [f"{NAME}.dns_host"],
    }
]


class Controller:
    """Where Ansible runs: in the laboratory, for the host that it is."""

    def __init__(self, lab: Lab, server: DnsServer) -> None:
        self._lab, self._server = lab, server
        self._folder = lab.directory / "controller"
        collections = self._folder / "ansible_collections" / "ecs_anywhere"
        collections.mkdir(parents=True)
        (collections / "private_connectivity").symlink_to(COLLECTION)
        (self._folder / "play.yml").write_text(json.dumps(PLAY))
        file = lab.settings_file(server)
        self.config = tomllib.loads(file.read_text())
        file.unlink()
        self.memory = server.ground.run / "memory" / "ecs-anywhere-dns"
        self.config["state"] = str(self.memory)
        self.config_file = server.ground.run / "ecs-anywhere-dns" / "config.toml"
        self._command = self._folder / "ecs-anywhere-dns"
        program = f'exec {sys.executable} -m ecs_anywhere_dns "$@"'
        self._command.write_text(f"#!/bin/sh\nexport PYTHONPATH={PATH}\n{program}\n")
        self._command.chmod(0o755)

    def play(self, *words: str, **variables: Any) -> int:
        """Play the role; return how many of its tasks changed something, or would have."""
        code, said = self.try_to_play(*words, **variables)
        assert code == 0, said
        recap = re.search(r"changed=(\d+) ", said)
        assert recap, said
        return int(recap[1])

    def try_to_play(self, *words: str, **variables: Any) -> tuple[int, str]:
        known = {
            "dns_host_command": str(self._command),
            "dns_host_config": self.config,
            "dns_host_config_file": str(self.config_file),
            "dns_host_timer": False,
            "ansible_python_interpreter": sys.executable,
        }
        file = self._folder / "variables.json"
        file.write_text(json.dumps(known | variables))
        ran = subprocess.run(
            [*self._lab.prefix, PLAYER, "-i", "localhost,", self._folder / "play.yml",
             "-e", f"@{file}", *words],
            capture_output=True,
            text=True,
            timeout=120,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(self._folder),
                "ANSIBLE_HOME": str(self._folder / "home"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PIPELINING": "1",
                "LC_ALL": "C.UTF-8",
            },
        )  # fmt: skip
        return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def controller(lab: Lab) -> Iterator[Controller]:
    yield Controller(lab, lab.start("bind", initialised=False))


def include_otherwise(server: DnsServer) -> list[str]:
    """Include our files as the role does not look for them: in another file, and in a line with
    something else. Return the places."""
    main, options_file = (Path(server.table[key]) for key in ("configuration", "options_file"))
    zones, options = (f'include "{server.table[key]}";' for key in ("zones", "options"))
    assert zones in main.read_text()
    main.write_text(main.read_text().replace(zones, ""))
    local = main.with_name("named.conf.local")
    local.write_text(f"// theirs\n{zones}\n")
    first, _, rest = options_file.read_text().partition("\n")
    options_file.write_text(f"{first}\nallow-query {{ any; }}; {options}\n{rest}")
    return [f"{local}:2:", f"{options_file}:2:"]


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_a_play_makes_a_host_forward_tells_drift_and_leaves_nothing_but_others_files(
    lab: Lab, controller: Controller
) -> None:
    """One laboratory for the whole story: each play takes seconds."""
    server = controller._server
    untouched = server.files()
    lab.publish()
    assert controller.play("--check") > 0
    assert not controller.config_file.exists() and server.files() == untouched

    assert controller.play() > 0
    assert_private(lab)
    assert controller.play() == 0, "a second play changes nothing"

    zones = Path(server.table["zones"])
    zones.write_text(zones.read_text().replace("ecs-t.", "ecs-u."))
    drifted = server.files()
    assert controller.play("--check") == 1, "somebody edited our file"
    assert server.files() == drifted

    theirs = controller.config_file.with_name("notes.txt")
    theirs.write_text("somebody's")
    before = everything(server.ground.run)
    code, said = controller.try_to_play(
        dns_host_state="absent", dns_host_config_file=str(server.ground.run / "config.toml")
    )
    assert code != 0 and "no folder of the tool's own" in said, said
    assert everything(server.ground.run) == before, "nothing is taken away beside others' files"

    said_where = include_otherwise(server)
    code, said = controller.try_to_play(dns_host_state="absent")
    assert code != 0 and all(place in said for place in said_where), said
    assert zones.exists() and Path(server.table["options"]).exists()
    subprocess.run(["named-checkconf", server.table["configuration"]], check=True)
    for path, text in drifted.items():
        if path != zones:
            path.write_bytes(text)

    assert controller.play(dns_host_state="absent") > 0
    assert_public(lab)
    assert server.running()
    [copy] = zones.parent.glob(f".{zones.name}.edited-*")
    expected = untouched | {copy: drifted[zones]}
    assert {path: text.split() for path, text in server.files().items()} == {
        path: text.split() for path, text in expected.items()
    }, "what somebody wrote stays, as the README says"
    assert list(controller.config_file.parent.iterdir()) == [theirs]
    assert not controller.memory.exists()


def test_a_play_fails_with_the_tool_s_own_words_where_the_tool_refuses(
    lab: Lab, controller: Controller
) -> None:
    lab.publish(account="444455556666")
    code, said = controller.try_to_play()
    assert code != 0
    assert "444455556666" in said and '\\"exit\\": 30' in said


# --- what the role has to know of the tool


def role_file(name: str) -> Mapping[str, Any]:
    read: Mapping[str, Any] = yaml.safe_load((ROLE / name).read_text())
    return read


def test_the_role_knows_the_paths_that_the_tool_takes() -> None:
    for name, paths in role_file("vars/main.yml")["dns_host_defaults"].items():
        server: Any = SERVERS[name]
        taken = {item.name: item.default for item in fields(server)}
        for key, value in paths.items():
            default = taken[key]
            assert (list(default) if isinstance(default, tuple) else str(default)) == value


def test_the_role_knows_every_file_of_the_tool_s_memory() -> None:
    """It removes those by name, and the folder only where nothing else is left in it."""
    source = (REPOSITORY / "onprem/ecs_anywhere_dns/memory/state.py").read_text()
    files = set(re.findall(r'"([a-z]+)[*]?\.json"', source))
    assert {"applied", "standby", "written"} <= files
    patterns = role_file("vars/main.yml")["dns_host_named_files"]
    for file in files:
        assert any(fnmatch(f"{file}.json", pattern) for pattern in patterns), file


def test_the_role_knows_the_layouts_that_init_writes() -> None:
    families = {"RedHat": "rhel", "Alpine": "alpine"}
    said = role_file("vars/main.yml")["dns_host_layouts"]
    assert {families[family]: layout for family, layout in said.items()} == {
        family: layout for family, layout in LAYOUTS.items() if layout
    }


def test_every_variable_of_the_role_is_described_and_checked() -> None:
    specified = role_file("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = role_file("defaults/main.yml")
    assert {name: option["default"] for name, option in specified.items()} == defaults
    readme = (COLLECTION / "README.md").read_text()
    assert not [name for name in defaults if f"`{name}`" not in readme]


def test_the_collection_has_the_version_of_the_tool() -> None:
    project = tomllib.loads((REPOSITORY / "onprem" / "pyproject.toml").read_text())
    galaxy = yaml.safe_load((COLLECTION / "galaxy.yml").read_text())
    assert galaxy["version"] == project["project"]["version"]
