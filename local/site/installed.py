"""The DNS servers that this machine has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from local.site.bind import Bind
from local.site.unbound import Unbound


class NoDnsServer(Exception):
    """The machine has no DNS server that can stand for a company's."""


Kind = Bind | Unbound

INSTALLABLE: tuple[type[Kind], ...] = (Bind, Unbound)
"""The kinds of servers, the most used one first."""


def search_path() -> str:
    """Return the path to search: servers are in /usr/sbin, which is on the path of root only."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def installed(kinds: Sequence[type[Kind]] = INSTALLABLE, path: str | None = None) -> type[Kind]:
    """Return the first of `kinds` that is wholly installed. Raises NoDnsServer, saying what to
    install."""
    searched = path or search_path()
    for kind in kinds:
        if all(shutil.which(program, path=searched) for program in (kind.daemon, *kind.tools)):
            return kind
    titles = ", ".join(kind.title for kind in kinds)
    commands = " or ".join(f"`apt install {kind.packages}`" for kind in kinds)
    raise NoDnsServer(f"of {titles}, none is installed; {commands} installs one")
