"""Refusal to obey what others may write, as sshd refuses such keys (StrictModes of sshd_config(5)).

Whoever can write the configuration names commands that root runs; whoever can write the folder of a
file can put another in its place. So the file, every folder above it and every link on the way have
to be root's, or those of the user who runs this, and nobody else may write them.
"""

from __future__ import annotations

import pwd
import shlex
import stat
from pathlib import Path

from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.walking import Step, opened


class Unsafe(BadUsage):
    """Others than root may write what this tool would obey."""


def check_trusted(path: Path) -> None:
    """Check that nobody but root can write the path, or a folder or link on the way. Raises Unsafe,
    naming owner, mode and the commands that mend them. A path that cannot be reached is not judged:
    opening it fails, too."""
    try:
        with opened(path) as way:
            steps = way.steps
    except OSError:
        return
    for step in steps:
        _check_step(step, path)


def _check_step(step: Step, goal: Path) -> None:
    cures = list(_cures(step))
    if not cures:
        return
    status = step.status
    what = "a link, " if step.is_link else ""
    where = "" if step.path == goal else f", on the way to {goal},"
    raise Unsafe(
        f"{step.path}{where} is {what}owned by {_name(status.st_uid)}, mode "
        f"{stat.S_IMODE(status.st_mode):04o}: others could change what this tool obeys as root",
        f"look at what stands in it; then `{'; '.join(cures)}`",
    )


def _cures(step: Step) -> list[str]:
    path = shlex.quote(str(step.path))
    if step.is_link:
        return [f"chown -h root {path}"] if step.is_link_of_others else []
    owner = [] if step.is_of_trusted_owner else [f"chown root {path}"]
    return [*owner, *([f"chmod go-w {path}"] if step.may_be_written_by_others else [])]


def _name(user: int) -> str:
    try:
        return f"{pwd.getpwuid(user).pw_name} ({user})"
    except KeyError:
        return f"user {user}"
