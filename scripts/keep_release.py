"""Keep what a commit deploys, so that the next release is tested as an update of it.

    python scripts/keep_release.py [COMMIT]

Writes tests/releases/<time>-<commit>.tar.xz: the template, the workflow and the functions' sources,
as `git archive` gives them, which the test builds and deploys like any checkout. The names sort as
the commits were made. The same commit gives the same bytes, and what is kept already is not kept
again. Commit the file together with the release.
"""

from __future__ import annotations

import io
import lzma
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
RELEASES = Path("tests") / "releases"
DEPLOYED = ("template.yaml", "statemachine", "functions")
HEAD = "HEAD"


def keep(commit: str = HEAD, root: Path = ROOT) -> Path:
    """Write the archive of a commit of the repository at `root`; return its path, or that of the
    newest one where it has the same files. Ends the program where the working tree has others than
    HEAD, because what was built of these would not be what is kept."""
    if commit == HEAD and (changed := _git(root, "status", "--porcelain", "--", *DEPLOYED)):
        sys.exit(f"commit first, or take these back:\n{changed.decode()}")
    packed = _git(root, "archive", "--format=tar", commit, "--", *DEPLOYED)
    newest = max((root / RELEASES).glob("*.tar.xz"), default=None)
    if newest and _files(lzma.decompress(newest.read_bytes())) == _files(packed):
        return newest
    form = ("--format=%cd-%h", "--date=format-local:%Y-%m-%dT%H%M%SZ", "--abbrev=7")
    archive = root / RELEASES / f"{_git(root, 'log', '-1', *form, commit).decode().strip()}.tar.xz"
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(lzma.compress(packed, preset=9 | lzma.PRESET_EXTREME))
    return archive


def _files(packed: bytes) -> Mapping[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        files = {each.name: archive.extractfile(each) for each in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file}


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(
        ["git", *arguments],
        cwd=root,
        capture_output=True,
        check=True,
        env={**os.environ, "TZ": "UTC"},
    ).stdout


if __name__ == "__main__":
    print(keep(sys.argv[1] if len(sys.argv) > 1 else HEAD).relative_to(ROOT))  # noqa: T201
