"""Which files unbound.conf takes in, in whatever form somebody wrote that.

Debian 11 and later say `include-toplevel: "/etc/unbound/unbound.conf.d/*.conf"`, Debian 10 and
Ubuntu 20.04 `include: "…"`, RHEL `include: /etc/unbound/conf.d/*.conf`, scripts anything between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

INCLUDE = re.compile(
    r"^\s*include(?:-toplevel)?:\s*(?P<quote>[\"']?)(?P<glob>[^\"'\n]+?)(?P=quote)"
    r"\s*(?:#.*)?$",
    re.MULTILINE,
)


def times_read(configuration: Path, fragment: Path) -> int:
    """Return how often a file is, or would be once it is there, taken in by the configuration; 0
    where nobody includes it."""
    return sum(_is_meant(pattern, fragment) for pattern in _patterns(configuration, frozenset()))


def _patterns(file: Path, above: frozenset[Path]) -> Iterator[Path]:
    """Yield what this file includes, as often as it does, and what those files include. What
    cannot be read, or includes itself, includes nothing: the checker says so."""
    try:
        text = "" if file in above else file.read_text("utf-8", errors="replace")
    except OSError:
        return
    for said in INCLUDE.finditer(text):
        # A relative one counts from where Unbound works: as a rule, beside its configuration.
        pattern = file.parent / said["glob"].strip()
        yield pattern
        for path in sorted(pattern.parent.glob(pattern.name)) if pattern.name else ():
            yield from _patterns(path, above | {file})


def _is_meant(pattern: Path, fragment: Path) -> bool:
    """Whether the file is of that pattern, also where a folder is named by a link."""
    return any(
        path.match(str(where / pattern.name))
        for path in {fragment, fragment.resolve()}
        for where in {pattern.parent, pattern.parent.resolve()}
    )
