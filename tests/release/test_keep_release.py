"""What `make release` keeps of a release, for the next one's test."""

from __future__ import annotations

import io
import lzma
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from scripts.keep_release import ROOT, keep

NOBODY = {
    "GIT_AUTHOR_NAME": "nobody", "GIT_AUTHOR_EMAIL": "nobody@example.com",
    "GIT_COMMITTER_NAME": "nobody", "GIT_COMMITTER_EMAIL": "nobody@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    for file in ("template.yaml", "statemachine/workflow.yaml", "functions/app.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("1")
    commit(tmp_path, "2026-11-29T13:00:00+01:00")
    return tmp_path


def git(folder: Path, *words: str, at: str = "") -> None:
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at} if at else {}
    environment = {**os.environ, **NOBODY, **dates}
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env=environment)


def commit(folder: Path, at: str) -> None:
    git(folder, "add", "template.yaml", "statemachine", "functions")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Change something", at=at)


def names_in(archive: Path) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(archive.read_bytes()))) as packed:
        return {each.name for each in packed.getmembers() if each.isfile()}


def test_what_is_kept_of_a_release_is_what_its_template_deploys() -> None:
    """As the test of an update deploys it: nothing else of the repository is read then."""
    newest = max((ROOT / "tests" / "releases").glob("*.tar.xz"))
    deployed = {"template.yaml", "statemachine/private_connectivity.asl.yaml"}
    functions = {"functions/Makefile", "functions/pack.py", "functions/requirements.txt"}
    assert deployed | functions <= names_in(newest)


def test_the_same_commit_gives_the_same_bytes(repository: Path) -> None:
    archive = keep(root=repository)
    assert archive.name.startswith("2026-11-29T120000Z-")
    first = archive.read_bytes()
    archive.unlink()
    assert keep(root=repository).read_bytes() == first


def test_the_last_of_one_day_s_releases_is_the_newest_by_its_name(repository: Path) -> None:
    kept = []
    for hour in range(13, 19):
        (repository / "functions" / "app.py").write_text(str(hour))
        commit(repository, f"2026-11-29T{hour}:30:00+01:00")
        kept.append(keep(root=repository))
    assert sorted(kept) == kept


def test_a_release_that_deploys_the_same_is_not_kept_twice(repository: Path) -> None:
    archive = keep(root=repository)
    commit(repository, "2026-11-30T12:00:00Z")
    assert keep(root=repository) == archive


def test_nothing_is_kept_of_a_tree_that_is_not_committed(repository: Path) -> None:
    (repository / "functions" / "new.py").write_text("")
    with pytest.raises(SystemExit, match=r"functions/new\.py"):
        keep(root=repository)
    assert not (repository / "tests").exists()
