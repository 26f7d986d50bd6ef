"""Files of `render --output`: the configuration for a DNS server, in a folder of a person's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ecs_anywhere_dns.memory.files import READABLE, FileState, make_folder, put, state_of
from ecs_anywhere_dns.outcome import BadUsage, CheckFailed
from ecs_anywhere_dns.servers.contract import HEADER, Fragment

FOLDER_MODE = 0o755


def write_fragments(fragments: Sequence[Fragment], folder: Path) -> Iterator[str]:
    """Write each fragment into `folder` under its own name, and yield one line for each.

    Only a file of this tool is replaced. Raises BadUsage before anything is written where another
    file has that name, or where the folder cannot be written."""
    wanted = [
        FileState(folder.absolute() / item.path.name, item.text.encode(), READABLE)
        for item in fragments
    ]
    try:
        make_folder(folder.absolute(), FOLDER_MODE)
        for file in wanted:
            _check_ours(file.path)
        for file in wanted:
            put(file)
    except OSError as error:
        raise BadUsage(f"{folder}: {error.strerror}", "name another folder") from None
    except CheckFailed as problem:
        raise BadUsage(problem.message, f"{problem.cure}; or name another folder") from None
    yield from (f"wrote {file.path}" for file in wanted)


def _check_ours(path: Path) -> None:
    """Raises BadUsage where a file without this tool's header is there, and CheckFailed."""
    content = state_of(path).content
    first = b"" if content is None else content.partition(b"\n")[0]
    if content is not None and HEADER not in first.decode(errors="replace"):
        raise BadUsage(
            f"{path} is there and was not written by this tool: nothing was written",
            "move that file away, or name another folder",
        )
