"""The configuration file of the running Unbound, as its command line has it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.process import Process
from ecs_anywhere_dns.subprocesses import run

OMITTED = re.compile(r"if omitted (?P<file>/\S+) is used")
"""The words of `unbound-checkconf -h` about the file that this build reads by default."""


def wrong_configuration(
    pid: int, configuration: Path, checkconf: Sequence[str]
) -> Iterator[Finding]:
    """Yield the finding that Unbound runs with another file than `configuration`; nothing where
    that cannot be seen, as of a process in a container."""
    process = Process(pid)
    try:
        named = process.option("-c")
    except OSError:
        return
    if not named:
        said = OMITTED.search(run(*checkconf, "-h").everything)
        named = said["file"] if said else ""
    if named.startswith("/") and process.reads_another(Path(named), configuration):
        yield Finding(
            False,
            f"Unbound (pid {pid}) runs with {named}, not with {configuration}",
            "correct `configuration`, `fragment` and `control` under [unbound] in the "
            "configuration of this tool",
        )
