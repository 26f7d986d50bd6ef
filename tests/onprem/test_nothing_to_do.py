"""A run that finds nothing to do, which is nearly every run of the timer, imports what it needs."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.onprem.lab.lab import REPOSITORY, Lab
from tests.onprem.test_apply import applied

COUNTING = """
import sys
from collections import Counter
opened = Counter()
def note(event, arguments):
    if event == "open":
        opened[str(arguments[0]).rpartition("/")[2]] += 1
sys.addaudithook(note)
from ecs_anywhere_dns.cli import main
code = main(["--config", sys.argv[1], "apply", "--json"])
print(*sorted(sys.modules), file=sys.stderr)
print(*(f"{name}:{times}" for name, times in opened.items()), file=sys.stderr)
sys.exit(code)
"""
NEEDED = {"ecs_anywhere_dns.servers.dnsmasq.server", "cryptography", "dns.message"}
NOT_NEEDED = {
    "asyncio", "boto3", "botocore", "cryptography.hazmat.primitives.serialization",
    "dns.asyncquery", "dns.query", "dns.resolver", "email.parser", "idna",
    "jsonschema", "platform", "referencing", "ssl", "urllib3", "uuid",
}  # fmt: skip
OF_COMMANDS = {"apply", "followers"}
MOST = 360
"""Modules, with those of Python and of the libraries."""


def test_a_run_with_nothing_to_do_imports_one_command_one_server_and_no_schema(lab: Lab) -> None:
    server = applied(lab, "dnsmasq")
    words = (*lab.prefix, sys.executable, "-c", COUNTING, str(server.ground.run / "config.toml"))
    path = {"PYTHONPATH": str(REPOSITORY / "onprem")}
    ran = subprocess.run(words, env=os.environ | path, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, '"changed": false' in ran.stdout) == (0, True), ran
    modules, opened = ran.stderr.splitlines()[-2:]
    loaded = set(modules.split())
    assert loaded >= NEEDED
    assert loaded & NOT_NEEDED == set()
    assert _below("ecs_anywhere_dns.commands", loaded) == OF_COMMANDS
    assert not _below("ecs_anywhere_dns.servers", loaded) & {"bind", "unbound", "powerdns", "knot"}
    assert len(loaded) <= MOST, len(loaded)
    times = dict(each.rpartition(":")[::2] for each in opened.split())
    assert (times["applied.json"], times["distrust.json"]) == ("1", "1"), "read once in a run"


def _below(package: str, loaded: set[str]) -> set[str]:
    """Return the names that stand directly in a package."""
    inside = (name.removeprefix(f"{package}.") for name in loaded if name.startswith(f"{package}."))
    return {name.partition(".")[0] for name in inside}
