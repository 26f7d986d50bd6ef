"""AppArmor: the files that a confined process may read. named and unbound are confined on Debian
and Ubuntu, dnsmasq with their package apparmor-profiles; a file elsewhere makes a reload fail, or
do nothing, that no checker objects to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROFILES = Path("/etc/apparmor.d")
RULE = re.compile(r"^\s*(?:owner\s+)?(?P<path>/\S+)\s+(?P<rights>[a-zA-Z]+),", re.MULTILINE)


@dataclass(frozen=True)
class Places:
    """The folders of the kernel and of AppArmor that are read here."""

    profiles: Path = PROFILES
    processes: Path = Path("/proc")


PLACES = Places()


def confining(pid: int, processes: Path = PLACES.processes) -> str:
    """Return the name of the enforced profile, such as `named` or `/usr/sbin/unbound`; empty for
    none."""
    try:
        said = (processes / str(pid) / "attr" / "current").read_text().strip("\0\n ")
    except OSError:
        return ""  # a kernel without AppArmor
    name, _, mode = said.partition(" ")
    return name if mode == "(enforce)" else ""


def is_kept_from(pid: int, program: str, path: Path, places: Places = PLACES) -> bool:
    """Return whether a profile is enforced on the process, and the profile of `program` does not
    let it read the file."""
    return bool(confining(pid, places.processes)) and not may_read(program, path, places.profiles)


def may_read(program: str, path: Path, profiles: Path = PROFILES) -> bool:
    """Return whether the profile of `program` (`usr.sbin.named`), with the administrator's
    additions, lets the file be read."""
    return any(rule.match(str(path)) for rule in _readable(program, profiles))


def _readable(program: str, profiles: Path) -> Iterator[re.Pattern[str]]:
    for file in (profiles / program, profiles / "local" / program):
        try:
            text = file.read_text("utf-8", errors="replace")
        except OSError:
            continue
        for rule in RULE.finditer(text):
            if "r" in rule["rights"]:
                yield _as_pattern(rule["path"])


def _as_pattern(glob: str) -> re.Pattern[str]:
    """Return the regular expression for a path of AppArmor: `*` stays within a folder, `**` does
    not, `{a,b}` is a choice."""
    known = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", ",": "|", "}": ")"}
    parts = re.split(r"(\*\*|[*?{,}])", glob)
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts) + r"\Z")
