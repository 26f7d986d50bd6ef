"""The configuration of kresd, and the files that it runs with `dofile`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ecs_anywhere_dns.memory.files import text_of_others
from ecs_anywhere_dns.outcome import CheckFailed, reason_of
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.process import Process

if TYPE_CHECKING:
    from ecs_anywhere_dns.servers.knot.server import Knot

DOFILE = re.compile(r"""^[^-\n]*?\bdofile\s*\(?\s*(["'])(?P<file>/[^"'\n]+)\1""", re.MULTILINE)
LONG_COMMENT = re.compile(r"--\[(=*)\[.*?\]\1\]", re.DOTALL)
DEEPEST = 8


def reads(configuration: Path, fragment: Path, depth: int = DEEPEST) -> bool:
    """Return whether the configuration runs the fragment, directly or by another file that it
    runs."""
    try:
        text = LONG_COMMENT.sub("", text_of_others(configuration))
    except (OSError, ValueError, CheckFailed):
        return False
    files = [Path(found["file"]) for found in DOFILE.finditer(text)]
    if any(file.resolve() == fragment.resolve() for file in files):
        return True
    return depth > 0 and any(reads(file, fragment, depth - 1) for file in files)


def problems_of(server: Knot) -> Iterator[Finding]:
    """Yield every problem that keeps kresd from running our file, now or at its next start. Raises
    CheckFailed where its configuration cannot be compiled."""
    yield from _wrong_configuration(server)
    try:
        text = text_of_others(server.configuration)
    except (OSError, ValueError) as error:
        raise CheckFailed(
            f"{server.configuration}: {reason_of(error)}", "set `configuration` under [knot]"
        ) from None
    refused = server.running.compile_error(text, str(server.configuration))
    if refused:
        raise CheckFailed(
            f"kresd would not start any more: {refused}",
            f"correct the line that it names; only {server.fragment} is ours",
        )
    if not reads(server.configuration, server.fragment):
        yield Finding(
            False,
            f"{server.configuration} does not run {server.fragment}: after a restart nothing "
            "would be forwarded",
            f"add `{server.include}` to {server.configuration}; `ecs-anywhere-dns init --include` "
            "does so",
        )


def _wrong_configuration(server: Knot) -> Iterator[Finding]:
    for pid in server.running.pids():
        process = Process(pid)
        try:
            words = process.words
        except OSError:
            continue
        named = [Path(word) for flag, word in pairwise(words) if flag == "-c"]
        others = [file for file in named if process.reads_another(file, server.configuration)]
        if named and others == named:
            yield Finding(
                False,
                f"kresd (pid {pid}) runs with {named[-1]}, not with {server.configuration}",
                "correct `configuration`, `fragment` and `control` under [knot] in the "
                "configuration of this tool",
            )


def unreadable(server: Knot) -> Iterator[Finding]:
    """Yield the folder above our file that the user of kresd may not enter. The swap makes the file
    itself readable."""
    for pid in server.running.pids():
        try:
            part = Process(pid).unreadable(server.fragment)
        except OSError:
            continue
        if part is not None and part != server.fragment:
            yield Finding(
                False,
                f"the user of kresd may not enter {part}: it could not read {server.fragment}",
                f"chmod o+x {part}",
            )
