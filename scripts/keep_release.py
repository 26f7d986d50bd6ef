"""Keep what a commit deploys, so that the next release is tested as an update of it.

    python scripts/keep_release.py [COMMIT]

Writes tests/releases/<date>-<commit>.tar.xz: the template, the workflow and the functions' sources,
as `git archive` gives them, which the test builds and deploys like any checkout. The same commit
gives the same bytes. Commit the file together with the release.
"""

from __future__ import annotations

import lzma
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RELEASES = ROOT / "tests" / "releases"
DEPLOYED = ("template.yaml", "statemachine", "functions")


def keep(commit: str) -> Path:
    """Write the archive of a commit; return its path."""
    name = _git("log", "-1", "--format=%cd-%h", "--date=format:%Y-%m-%d", "--abbrev=7", commit)
    archive = RELEASES / f"{name.decode().strip()}.tar.xz"
    packed = _git("archive", "--format=tar", commit, "--", *DEPLOYED)
    RELEASES.mkdir(exist_ok=True)
    archive.write_bytes(lzma.compress(packed, preset=9 | lzma.PRESET_EXTREME))
    return archive


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


if __name__ == "__main__":
    print(keep(sys.argv[1] if len(sys.argv) > 1 else "HEAD").relative_to(ROOT))  # noqa: T201
