"""Files are swapped whole, keep what they were, and are put back to the byte."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from ecs_anywhere_dns.memory.files import READABLE, FileState, put, remove_half_written, state_of
from ecs_anywhere_dns.outcome import CheckFailed
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.onprem.lab.forked import REPOSITORY

STATES = st.builds(
    FileState,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(Path),
    st.none() | st.binary(),
    st.integers(0, 0o7777),
    st.none() | st.tuples(st.integers(0, 2**31), st.integers(0, 2**31)),
)


@given(STATES)
def test_a_state_survives_the_journal(state: FileState) -> None:
    assert FileState.from_json(json.loads(json.dumps(state.as_json()))) == state


@settings(max_examples=25, deadline=None)  # Each waits for the disk.
@given(st.none() | st.binary(), st.none() | st.binary())
def test_what_is_put_back_is_what_was_there(before: bytes | None, after: bytes | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fragment.conf"
        if before is not None:
            file.write_bytes(before)
        former = state_of(file)
        put(FileState(file, after))
        assert state_of(file).content == after
        put(former)
        assert state_of(file) == former
        assert sorted(path.name for path in Path(folder).iterdir()) == (
            [] if before is None else ["fragment.conf"]
        )


def test_a_new_file_can_be_read_by_the_dns_server_whatever_the_umask(tmp_path: Path) -> None:
    former = os.umask(0o077)
    try:
        put(FileState(tmp_path / "new", b"x"))
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == READABLE


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664])
def test_mode_and_owner_are_kept(tmp_path: Path, mode: int) -> None:
    """Where this may be done, an owner that is not ours; else our own."""
    file = tmp_path / "named.conf"
    file.write_text("options {};")
    if os.geteuid() == 0:
        os.chown(file, 12345, 23456)
    file.chmod(mode)
    former = file.stat()
    put(FileState(file, b"other", state_of(file).mode, state_of(file).owner))
    now = file.stat()
    assert (now.st_uid, now.st_gid, now.st_mode) == (former.st_uid, former.st_gid, former.st_mode)
    assert now.st_ino != former.st_ino, "another file, swapped in"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.conf", tmp_path / "link.conf"
    real.write_text("before")
    link.symlink_to("real.conf")
    put(FileState(link, b"after"))
    assert link.is_symlink()
    assert real.read_text() == "after"
    put(FileState(link, None))
    assert link.is_symlink()
    assert not real.exists()
    put(FileState(link, b"again"))
    assert real.read_text() == "again"


HALF = """
import os, signal, sys
from pathlib import Path
from ecs_anywhere_dns.memory.files import FileState, put

os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
put(FileState(Path(sys.argv[1]), b"new"))
"""


def test_dying_while_writing_leaves_the_old_bytes_and_a_name_that_begins_with_a_dot(
    tmp_path: Path,
) -> None:
    """dnsmasq reads nearly every other name."""
    file = tmp_path / "ecs-anywhere.conf"
    file.write_text("old")
    died = subprocess.run(
        [sys.executable, "-c", HALF, str(file)],
        env={"PYTHONPATH": str(REPOSITORY / "onprem")},
        check=False,
    )
    assert died.returncode == -9
    assert file.read_text() == "old"
    (half,) = (path for path in tmp_path.iterdir() if path != file)
    assert half.name.startswith(".")
    assert not half.name.endswith(".conf")
    put(FileState(file, b"newer"))
    assert file.read_text() == "newer"
    assert list(tmp_path.iterdir()) == [file]


def test_what_was_left_half_written_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "x.conf"
    half = tmp_path / ".x.conf.ecs-anywhere-dns"
    half.write_text("half")
    remove_half_written(file)
    assert not half.exists()
    remove_half_written(file)


def test_whoever_reads_meanwhile_sees_all_of_the_old_or_all_of_the_new(tmp_path: Path) -> None:
    file = tmp_path / "zones"
    contents = {b"a" * 50_000, b"b" * 50_000}
    put(FileState(file, b"a" * 50_000))
    done = threading.Event()
    seen: set[bytes] = set()

    def read() -> None:
        while not done.is_set():
            seen.add(file.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(5):
        for content in contents:
            put(FileState(file, content))
    done.set()
    reader.join()
    assert seen <= contents


def test_what_cannot_be_written_is_an_error_with_the_path_and_a_cure(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed) as caught:
        put(FileState(tmp_path / "no-folder" / "x", b"x"))
    assert "no-folder" in caught.value.message
    assert caught.value.cure
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckFailed):
        put(FileState(tmp_path / "file" / "x", b"x"))
    with pytest.raises(CheckFailed, match="Is a directory"):
        state_of(tmp_path)
    with pytest.raises(CheckFailed):
        put(FileState(tmp_path, b"x"))


MOUNTED = """
import sys
from pathlib import Path
from ecs_anywhere_dns.memory.files import FileState, put
from ecs_anywhere_dns.outcome import CheckFailed

try:
    put(FileState(Path(sys.argv[1]), b"new"))
except CheckFailed as problem:
    print(problem.message, problem.cure)
"""


def test_a_file_that_is_a_mount_of_its_own_is_said_to_be_one(tmp_path: Path) -> None:
    """As a container, or named-chroot of RHEL, mounts one file."""
    file = tmp_path / "ecs-anywhere.zones"
    file.write_text("old")
    inside = 'mount --bind "$1" "$1" && exec "$2" -c "$3" "$1"'
    words = ["sh", "-c", inside, "sh", str(file), sys.executable, MOUNTED]
    ran = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY / "onprem")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.startswith(f"{file}: ") and "a mount of its own" in ran.stdout, ran
    assert list(tmp_path.iterdir()) == [file] and file.read_text() == "old"


def test_where_there_was_nothing_nothing_is_put_back(tmp_path: Path) -> None:
    assert state_of(tmp_path / "none") == FileState(tmp_path / "none", None)
    assert FileState(tmp_path / "none", None).is_on_disk()
    assert not FileState(tmp_path / "none", b"").is_on_disk()
