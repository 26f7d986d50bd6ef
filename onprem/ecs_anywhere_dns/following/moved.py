"""The paths of our files, where the configuration names others than before.

The former files, still included, have the same zones: answers are right, and nobody reads the new
ones, until a publication changes. So the switch to the new ones removes the former, unless

    a person edited one                               it may hold what is not ours
    a file of the server's names one                  it would be missing at the next start
    the running server may still read one             a reload would send our names to the internet

What stays is named. A former file that only a folder takes in (`*.conf`) has to go in the switch
itself: its zones would be there twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

from ecs_anywhere_dns.following.edited import is_as_written
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.files import FileState, state_of
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.contract import Fragment, ReadsPathsAtStart, Server

LARGEST = 1_000_000
"""Bytes. A larger file is a list of names, and no configuration that a person wrote."""


def former_paths(host: Host, fragments: Sequence[Fragment]) -> tuple[Path, ...]:
    """Return the paths that the last switch wrote, and that are none of these; none where nothing
    is written to another place than then."""
    applied = host.state.applied()
    written = applied.written if applied.server == host.server.name else frozenset()
    now = {fragment.path for fragment in fragments}
    if not written or now <= written:
        return ()
    return tuple(sorted(written - now))


def check_still_read(host: Host, fragments: Sequence[Fragment]) -> None:
    """Check that the server reads our files where they are to be now. Raises CheckFailed."""
    if host.state.applied().forwarding.is_none:
        return
    former = ", ".join(map(str, former_paths(host, fragments)))
    missing = host.server.includes() if former else ()
    if missing:
        lines = ", ".join(f"`{include.line}`" for include in missing)
        raise CheckFailed(
            f"the configuration names other files than before, and {host.server.title} does not "
            f"read them: {missing[0].file} lacks {lines}, and the former {former} serves on",
            f"take out the include of {former}, then `ecs-anywhere-dns init --include`; "
            "or name the former path again",
        )


def former_files(host: Host, fragments: Sequence[Fragment]) -> tuple[FileState, ...]:
    """Return the files of ours that stand at other paths than these. Raises CheckFailed where one
    cannot be read."""
    now = {fragment.path for fragment in fragments}
    noted = host.state.written(host.server.name).keys() - now
    files = (state_of(path) for path in sorted(noted | {*former_paths(host, fragments)}))
    return tuple(file for file in files if file.content is not None)


def to_remove(host: Host, former: Sequence[FileState]) -> tuple[FileState, ...]:
    """Return the former files that are not needed any more, each as missing: what a switch makes of
    them. Raises CheckFailed."""
    return tuple(FileState(file.path, None) for file in former if not why_needed(host, file))


def why_needed(host: Host, file: FileState) -> str:
    """Return why a former file stays; empty where it can go. Raises CheckFailed."""
    if not is_as_written(host, file):
        return "was edited, or another version wrote it: take over what is yours, then remove it"
    naming = next(_naming(host.server, file.path), None)
    if naming is not None:
        return f"is named in {naming}; without that line the next switch removes it"
    if isinstance(host.server, ReadsPathsAtStart) and not host.server.has_read_paths():
        return (
            f"may be what {host.server.title} reads until it is restarted; the next switch after "
            "that removes it"
        )
    return ""


def told_of_staying(host: Host, former: Sequence[FileState]) -> tuple[str, ...]:
    """Return why each of these former files stays. Raises CheckFailed."""
    return tuple(
        f"{file.path}, written by this tool at a former path, stays: it {why_needed(host, file)}"
        for file in former
    )


def _naming(server: Server, former: Path) -> Iterator[Path]:
    """Yield the files of the server's that name this one."""
    said = str(former).encode()
    for file in _files_around(server, former):
        try:
            is_naming = file.stat().st_size < LARGEST and said in file.read_bytes()
        except OSError:
            continue  # a link to nothing, a socket, or gone by now
        if is_naming and file != former:
            yield file


def _files_around(server: Server, former: Path) -> Iterator[Path]:
    """Yield the files in the folders that the server's settings name, in the folder of the former
    file, and in their folders `*.d`."""
    names: list[str] = []
    if is_dataclass(server):
        names = [item.name for item in fields(server)]
    values = (getattr(server, name) for name in names)
    paths = {value for value in values if isinstance(value, Path)}
    folders = {path if path.is_dir() else path.parent for path in (former, *paths)}
    folders |= {below for folder in folders for below in folder.glob("*.d")}
    for folder in sorted(folders):
        yield from (file for file in sorted(folder.glob("*")) if file.is_file())
