"""Hosts files (hosts(5)): names that a DNS server answers by itself, and does not forward."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/etc/hosts")


@dataclass(frozen=True)
class Entry:
    """One name of a hosts file with its address."""

    place: str
    """File and line number."""
    address: str
    name: str
    """Lower case, without a final dot."""


def entries(files: Iterable[Path]) -> Iterator[Entry]:
    """Yield every entry. A file that cannot be read has none: the DNS server cannot read it either,
    or another check finds that."""
    for file in files:
        for number, line in enumerate(_lines(file), 1):
            address, *names = line.partition("#")[0].split() or [""]
            for name in names:
                yield Entry(f"{file}:{number}", address.lower(), name.lower().rstrip("."))


def in_folders(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files among the paths, and all files in the folders among them."""
    return tuple(
        file
        for path in paths
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
        if file.is_file()
    )


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
