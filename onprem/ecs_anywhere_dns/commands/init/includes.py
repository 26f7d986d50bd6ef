"""Empty fragments, and the lines that include them in the DNS server's configuration. Made once.

The administrator's own files are touched only when asked (`--include`), each is checked by the DNS
server's own checker afterwards, and put back if that refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ecs_anywhere_dns.commands.init.configuring import make_folder
from ecs_anywhere_dns.forwarding import NOTHING
from ecs_anywhere_dns.memory.files import put, state_of
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.contract import Include, Server

COMMENTS = ("#", "//", "--")


def make_empty_fragments(server: Server) -> Iterator[str]:
    """Make those that are missing, and those of an older version that hold nothing yet: a missing
    file would be an error of the DNS server once it is included. Yields what was made."""
    for fragment in server.fragments(NOTHING):
        former = state_of(fragment.path)
        made = replace(former, content=fragment.text.encode())
        if former.content is None:
            make_folder(fragment.path.parent)
            put(made)
            yield f"made {fragment.path}, which forwards nothing yet"
        elif _is_empty(former.content):
            put(made)


def _is_empty(content: bytes) -> bool:
    """Return whether a fragment has nothing but our header."""
    lines = content.decode(errors="replace").splitlines()
    return all(line.startswith(COMMENTS) for line in lines if line.strip())


def check_there(server: Server, includes: Sequence[Include]) -> None:
    """Check that the files of the include lines are there: a server does not read a file that this
    tool would make. Raises CheckFailed."""
    for include in includes:
        if not include.ours and state_of(include.file).content is None:
            raise CheckFailed(
                f"there is no {include.file}",
                f"set the paths of {server.title} under [{server.name}] in the configuration of "
                "this tool, then `ecs-anywhere-dns init` again",
            )


def add_includes(server: Server, includes: Sequence[Include]) -> Iterator[str]:
    """Add the lines, and yield a sentence for each. Raises CheckFailed, and then every file is as
    it was."""
    before = [state_of(include.file) for include in includes]
    try:
        for include in includes:
            former = state_of(include.file)
            text = (former.content or b"").decode(errors="surrogateescape")
            put(replace(former, content=with_line(text, include).encode(errors="surrogateescape")))
        server.check_configuration()
    except CheckFailed:
        for state in reversed(before):
            put(state)
        raise
    for include in includes:
        yield f"added to {include.file}: {include.line}"


def with_line(text: str, include: Include) -> str:
    """Return the text with the line. Raises CheckFailed where its block is not there."""
    if not include.inside:
        return f"{text.rstrip()}\n\n{include.line}\n" if text.strip() else f"{include.line}\n"
    opened = re.search(rf"^[ \t]*{re.escape(include.inside)}\s*\{{", text, re.MULTILINE)
    if opened is None:
        raise CheckFailed(
            f"{include.file} has no `{include.inside} {{`",
            _by_hand(include),
        )
    return f"{text[: opened.end()]}\n\t{include.line}{text[opened.end() :]}"


def _by_hand(include: Include) -> str:
    return f"add `{include.line}` inside `{include.inside}` by hand, wherever it stands"
