"""Build the Ansible collection, the same bytes each time.

`ansible-galaxy` lists the files as the disk has them, and writes the time of the build. So what it
built is packed again: in sorted order, with the time of the commit.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
GALAXY = Path(sys.executable).parent / "ansible-galaxy"
MANIFEST, FILES = "MANIFEST.json", "FILES.json"
READABLE_BY_ALL = 0o644


def build_collection(target: Path, scratch: Path, time: int) -> None:
    """Build it into `target`. Ends the program where that cannot be done."""
    source, built = scratch / "ansible", scratch / "collection"
    shutil.copytree(ROOT / "ansible", source)
    done = subprocess.run(
        [GALAXY, "collection", "build", source, "--output-path", built],
        env={**os.environ, "ANSIBLE_HOME": str(scratch / "ansible-home"), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"ansible-galaxy collection build: {done.stdout}{done.stderr}")
    [archive] = built.glob("*.tar.gz")
    members = _members(archive)
    _sort_files(members)
    (target / archive.name).write_bytes(_packed(members, time))


def _members(archive: Path) -> dict[str, bytes | None]:
    """Return the content of each file; None for a folder."""
    with tarfile.open(archive) as packed:
        found = {each.name: packed.extractfile(each) for each in packed.getmembers()}
        return {name: file.read() if file else None for name, file in found.items()}


def _sort_files(members: dict[str, bytes | None]) -> None:
    """Sort the list of files, whose checksum stands in the manifest."""
    manifest, listed = (json.loads(members[name] or b"") for name in (MANIFEST, FILES))
    listed["files"].sort(key=lambda each: each["name"])
    members[FILES] = json.dumps(listed, indent=1).encode()
    checksum = hashlib.sha256(members[FILES] or b"").hexdigest()
    manifest["file_manifest_file"]["chksum_sha256"] = checksum
    members[MANIFEST] = json.dumps(manifest, indent=1).encode()


def _packed(members: dict[str, bytes | None], time: int) -> bytes:
    """Return the archive; the manifest comes first, as `ansible-galaxy` writes it."""
    stream = io.BytesIO()
    rest = sorted(members.keys() - {MANIFEST, FILES})
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for name in (MANIFEST, FILES, *rest):
            content = members[name]
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.mode = time, READABLE_BY_ALL
            if content is None:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            else:
                entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content or b""))
    return gzip.compress(stream.getvalue(), mtime=0)
