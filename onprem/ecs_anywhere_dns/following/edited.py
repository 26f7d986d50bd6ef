"""Copies of files of ours that somebody edited.

`HEADER` says that a file is not to be edited, and a switch replaces it. Where it has other bytes
than this tool wrote, a copy stays beside it, and the run names it: nothing that a person wrote is
lost without a word. The name of a copy begins with a dot, so that no DNS server reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ecs_anywhere_dns.forwarding import NOTHING
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.files import FileState, fingerprint_of, put, state_of
from ecs_anywhere_dns.outcome import CheckFailed

MOST_COPIES = 5
"""Copies beside a file; the oldest goes. Something else may write the file again and again."""


def edited(host: Host, files: Sequence[FileState]) -> Iterator[FileState]:
    """Yield the state of each file that is to become another one, and that is not as this tool
    wrote it. Raises CheckFailed where one cannot be read."""
    for wanted in files:
        there = state_of(wanted.path)
        if there.content != wanted.content and not is_as_written(host, there):
            yield there


def is_as_written(host: Host, file: FileState) -> bool:
    """Return whether a file holds nothing, or the bytes that this tool wrote there. Of what was
    written before this tool noted it, only what this version would write is known."""
    if file.content is None or not file.content.strip():
        return True
    noted = host.state.written(host.server.name).get(file.path, ())
    if fingerprint_of(file.content) in noted:
        return True
    return file.content in _rendered(host, file.path, _label_in(file.content))


def keep_copies(host: Host, files: Sequence[FileState]) -> tuple[str, ...]:
    """Keep a copy of each file that a switch to `files` would replace and that somebody edited.
    Returns a sentence for each. Raises CheckFailed."""
    return tuple(
        f"{file.path} was not as this tool wrote it (edited, or another version's): it is "
        f"replaced, and a copy of it is kept in {_keep(file)}"
        for file in edited(host, files)
    )


def copies_of(path: Path) -> list[Path]:
    """Return the copies beside a file, the oldest first."""
    found = path.parent.glob(f"{_copies_begin(path)}*")
    return sorted(found, key=lambda copy: (copy.lstat().st_mtime_ns, copy.name))


def _keep(file: FileState) -> Path:
    """Copy a file, and return where to."""
    assert file.content is not None, "what is not there was not edited"
    copy = file.path.with_name(f"{_copies_begin(file.path)}{fingerprint_of(file.content)[:12]}")
    kept = replace(file, path=copy)
    if not kept.is_on_disk():
        put(kept)
    for old in copies_of(file.path)[:-MOST_COPIES]:
        put(FileState(old, None))
    return copy


def _copies_begin(path: Path) -> str:
    return f".{path.name}.edited-"


def _rendered(host: Host, path: Path, label: str) -> set[bytes]:
    """Return what this version would write to the path for what is applied, and for nothing.
    Forwarding that was found without a memory of it has no label but that in the file."""
    applied = host.state.applied().forwarding
    texts: set[bytes] = set()
    for forwarding in (NOTHING, applied, replace(applied, label=label)):
        # What cannot be rendered was not written by this version.
        with suppress(CheckFailed):
            fragments = host.server.fragments(forwarding)
            texts |= {each.text.encode() for each in fragments if each.path == path}
    return texts


def _label_in(content: bytes) -> str:
    """Return the label of a file of ours: its second line, without the mark of a comment."""
    lines = content.decode("utf-8", "replace").splitlines()[:2]
    return lines[-1].partition(" ")[2]
