"""Files that the configuration of this tool names as its own, and that somebody else has written.

Every file of ours begins with `HEADER`. A file without it is an administrator's, named by mistake,
as the `options_file` of BIND in the place of `options`: a switch would replace the whole of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.files import FileState, state_of
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import HEADER, Finding, Fragment, Server


def is_of_others(file: FileState) -> bool:
    """Return whether a file has content that this tool did not write."""
    content = (file.content or b"").strip()
    return HEADER.encode() not in content.partition(b"\n")[0] and bool(content)


def files_of_others(
    server: Server, fragments: Sequence[Fragment], written: Collection[Path]
) -> Iterator[Finding]:
    """Yield each file of somebody else that a switch would replace. A file among `written`, which
    this tool has written before, is ours also where its header was edited. Raises CheckFailed for
    one that cannot be read."""
    for path in (fragment.path for fragment in fragments if fragment.path not in written):
        if is_of_others(state_of(path)):
            yield Finding(
                False,
                f"{path} is not ours: its first line lacks `{HEADER}`, and {server.title} would "
                "lose all that is in it",
                _cure(server, path),
            )


def check_ours(server: Server, fragments: Sequence[Fragment], written: Collection[Path]) -> None:
    """Check that a switch would replace no file of somebody else. Raises CheckFailed."""
    for finding in files_of_others(server, fragments, written):
        raise CheckFailed(finding.what, finding.cure)


@dataclass(frozen=True)
class PassingOver:
    """A server whose checks pass over the files of somebody else among `files`: an older version
    took them for its own, and they are put back as they were, which is no fragment of ours."""

    server: Server
    files: Collection[Path]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.server, name)

    def check_configuration(self) -> None:
        self._unless_of_others(self.server.check_configuration)

    def check_effective(self, forwarding: Forwarding) -> None:
        self._unless_of_others(partial(self.server.check_effective, forwarding))

    def _unless_of_others(self, check: Callable[[], None]) -> None:
        try:
            check()
        except (CheckFailed, ReloadFailed) as problem:
            named = [file for file in self.files if str(file) in problem.message]
            if not any(is_of_others(state_of(file)) for file in named):
                raise


def passing_over(server: Server, files: Collection[FileState]) -> Server:
    """Return the server for a switch to these files: it judges those of somebody else no further
    than by loading them."""
    theirs = [file.path for file in files if is_of_others(file)]
    return cast("Server", PassingOver(server, theirs)) if theirs else server


def _cure(server: Server, path: Path) -> str:
    known: dict[str, Any] = {}
    if is_dataclass(server):
        known = {item.name: item.default for item in fields(server)}
    key = next((name for name in known if getattr(server, name) == path), "")
    if not key:
        return f"correct the paths under [{server.name}] in the configuration of this tool"
    cure = f"name another file under [{server.name}], that is not there yet: {key} is this tool's"
    if isinstance(known[key], Path) and known[key] != path:
        cure += f", and {known[key]} without that line"
    other = f"{key}_file"
    return f"{cure}; the administrator's own is {other}" if other in known else cure
