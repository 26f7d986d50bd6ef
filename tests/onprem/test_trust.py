"""What others may write is not obeyed; links that others may lay are not followed."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.configuration import load
from ecs_anywhere_dns.memory.files import FileState, put, remove_half_written, state_of
from ecs_anywhere_dns.memory.state import State
from ecs_anywhere_dns.outcome import BadUsage, CheckFailed, Exit
from ecs_anywhere_dns.publication.source import fetch
from ecs_anywhere_dns.trust import Unsafe, check_trusted
from ecs_anywhere_dns.walking import MOST_LINKS, trusted_owners
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.onprem.example import published
from tests.onprem.lab.lab import Lab
from tests.onprem.test_apply import apply
from tests.shares import examples

LEAST = """\
vpc = "vpc-0a1b2c3d4e5f60718"
region = "us-east-2"
server = "bind"
account = "111122223333"
networks = ["10.0.0.0/16"]
signature = "none"
"""
IS_ROOT = os.geteuid() == 0
STRANGER = 12345 if IS_ROOT else os.geteuid()
"""A user of this host. Only root can give files away: to others, files are their own."""
SECRET = b"root:secret\n"


@dataclass(frozen=True)
class Obeyed:
    """One file that the tool obeys, and how it comes to it."""

    file: Path
    obey: Callable[[], object]


def configuration(folder: Path) -> Obeyed:
    file = folder / "config.toml"
    file.write_text(LEAST)
    return Obeyed(file, lambda: load(file))


def source(folder: Path) -> Obeyed:
    config, file = folder.parent / "config.toml", folder / "forwarding.json"
    file.write_text(published())
    config.write_text(f'{LEAST}source = "{file}"\n')
    nothing: Any = None
    return Obeyed(file, lambda: fetch(load(config)[0], nothing))


def memory(folder: Path) -> Obeyed:
    state = State(folder)
    with state.locked():
        state.write_report({"exit": 0})
    return Obeyed(folder / "status.json", state.report)


KINDS = (configuration, source, memory)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def obeyed(request: pytest.FixtureRequest, tmp_path: Path) -> Obeyed:
    folder = tmp_path / "upper" / "lower"
    folder.mkdir(parents=True, mode=0o755)
    made: Obeyed = request.param(folder)
    made.obey()
    return made


def assert_refused(obeyed: Obeyed, culprit: Path) -> None:
    """The message names the path, its owner and its mode; the cure that it names is one."""
    with pytest.raises(Unsafe) as caught:
        obeyed.obey()
    status = culprit.lstat()
    assert str(culprit) in caught.value.message
    assert f"({status.st_uid})" in caught.value.message or f"user {status.st_uid}" in str(
        caught.value.message
    )
    assert f"mode {stat.S_IMODE(status.st_mode):04o}" in caught.value.message
    assert caught.value.exit == Exit.USAGE
    commands = re.search(r"`(.*)`", caught.value.cure)
    assert commands
    for command in commands[1].split("; "):
        subprocess.run(shlex.split(command), check=True)
    obeyed.obey()


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602, 0o777])
def test_a_file_that_others_may_write_is_refused(obeyed: Obeyed, mode: int) -> None:
    obeyed.file.chmod(mode)
    assert_refused(obeyed, obeyed.file)


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o2775])
def test_a_folder_on_the_way_that_others_may_write_is_refused(
    obeyed: Obeyed, level: int, mode: int
) -> None:
    folder = obeyed.file.parents[level]
    folder.chmod(mode)
    assert_refused(obeyed, folder)


@pytest.mark.parametrize("level", [None, 0, 1])
def test_what_is_owned_by_another_user_is_refused(obeyed: Obeyed, level: int | None) -> None:
    culprit = obeyed.file if level is None else obeyed.file.parents[level]
    os.chown(culprit, STRANGER, -1)
    if IS_ROOT:
        assert_refused(obeyed, culprit)
    else:
        obeyed.obey()  # who runs it may own it


@pytest.mark.parametrize("mode", [0o1777, 0o1775])
def test_a_folder_with_the_sticky_bit_protects_what_is_ours(obeyed: Obeyed, mode: int) -> None:
    """As /tmp does: others may add files, and neither rename nor remove ours."""
    obeyed.file.parents[1].chmod(mode)
    obeyed.obey()
    if IS_ROOT:
        os.chown(obeyed.file.parent, STRANGER, -1)
        assert_refused(obeyed, obeyed.file.parent)


def test_a_link_in_a_folder_of_roots_is_followed_and_what_it_leads_to_is_judged(
    obeyed: Obeyed, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    real = elsewhere / "real"
    obeyed.file.rename(real)
    obeyed.file.symlink_to(os.path.relpath(real, obeyed.file.parent))
    obeyed.obey()
    elsewhere.chmod(0o777)
    assert_refused(obeyed, elsewhere)
    real.chmod(0o666)
    assert_refused(obeyed, real)


def test_a_folder_before_the_link_counts_too(obeyed: Obeyed, tmp_path: Path) -> None:
    """Whoever may write there lays another link."""
    shared = tmp_path / "shared"
    shared.mkdir()
    link = shared / "link"
    link.symlink_to(obeyed.file)
    check_trusted(link)
    shared.chmod(0o777)
    assert_refused(Obeyed(link, lambda: check_trusted(link)), shared)
    if IS_ROOT:
        shared.chmod(0o1777)
        check_trusted(link)
        os.lchown(link, STRANGER, -1)
        assert_refused(Obeyed(link, lambda: check_trusted(link)), link)


def test_what_is_missing_is_said_by_whoever_opens_it(tmp_path: Path) -> None:
    check_trusted(tmp_path / "none")
    check_trusted(tmp_path / "none" / "none")
    (tmp_path / "loop").symlink_to("loop")
    check_trusted(tmp_path / "loop")
    with pytest.raises(BadUsage, match="there is no"):
        load(tmp_path / "none")


def test_root_and_who_runs_it_are_trusted_and_nobody_else() -> None:
    assert trusted_owners() >= {0, os.geteuid()}
    mapped = Path("/proc/self/uid_map").read_text().split()[2]
    if int(mapped) > 65534:
        assert trusted_owners() == {0, os.geteuid()}


def test_apply_refuses_a_source_that_everybody_may_write_and_changes_nothing(lab: Lab) -> None:
    server = lab.start("unbound")
    before = server.files()
    lab.publish().chmod(0o666)
    report = apply(lab)
    assert report["exit"] == Exit.USAGE, report
    assert str(lab.published) in report["summary"]
    assert f"chmod go-w {lab.published}" in report["cure"]
    assert server.files() == before


def test_a_program_for_credentials_named_by_others_is_not_run(lab: Lab, tmp_path: Path) -> None:
    profile = tmp_path / "aws"
    profile.write_text(f"[default]\ncredential_process = touch {tmp_path}/ran\n")
    profile.chmod(0o666)
    server = lab.start("unbound")
    lab.settings_file(server, source="ssm", endpoint_url="https://127.0.0.1:9")
    from tests.onprem.lab import tool

    bare = {"AWS_CONFIG_FILE": str(profile), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    ran = tool.run(lab.prefix, server.ground.run / "config.toml", ("check",), 60, bare)
    assert ran.code == Exit.USAGE, ran
    assert str(profile) in ran.stdout
    assert not (tmp_path / "ran").exists()


# --- links in the way of what is written


def snapshot(folder: Path) -> dict[Path, tuple[object, ...]]:
    """Everything in there: kind, mode, owner, bytes, where it leads."""
    found: dict[Path, tuple[object, ...]] = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        leads = path.readlink() if stat.S_ISLNK(status.st_mode) else None
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
        found[path] = (status.st_mode, status.st_uid, status.st_gid, content, leads)
    return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Path]:
    """A folder that the DNS server owns, and a secret of root's beside it."""
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "secret").chmod(0o600)
    owned = tmp_path / "owned"
    owned.mkdir()
    if IS_ROOT:
        os.chown(owned, STRANGER, STRANGER)
    else:
        owned.chmod(0o777)
    yield tmp_path
    if not IS_ROOT:
        owned.chmod(0o755)


@pytest.mark.parametrize("target", ["../secret", "/absolute", "../missing", "zones"])
def test_a_link_in_a_folder_that_others_may_write_is_neither_read_nor_written_through(
    world: Path, target: str
) -> None:
    link = world / "owned" / "zones"
    link.symlink_to(world / "secret" if target == "/absolute" else target)
    before = snapshot(world)
    for touch in (
        lambda: state_of(link),
        lambda: put(FileState(link, b"ours")),
        lambda: put(FileState(link, None)),
        lambda: put(FileState(link, SECRET, 0o644, (STRANGER, STRANGER))),
        lambda: remove_half_written(link),
    ):
        with pytest.raises(CheckFailed) as caught:
            touch()
        assert "not followed" in caught.value.message or target == "zones"
        assert str(link) in caught.value.message
        assert caught.value.cure
        assert snapshot(world) == before


def test_a_folder_that_is_a_link_of_others_is_not_entered(world: Path) -> None:
    (world / "owned" / "deep").symlink_to(world)
    before = snapshot(world)
    with pytest.raises(CheckFailed, match="not followed"):
        put(FileState(world / "owned" / "deep" / "secret", b"ours"))
    assert snapshot(world) == before


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "file"])
def test_what_others_put_where_the_half_written_file_goes_leads_nowhere(
    world: Path, kind: str
) -> None:
    file = world / "owned" / "zones"
    half = world / "owned" / ".zones.ecs-anywhere-dns"
    if kind == "link":
        half.symlink_to("../secret")
    elif kind == "pipe":
        os.mkfifo(half)
    elif kind == "folder":
        half.mkdir()
    else:
        half.write_text("theirs")
    if kind == "folder":
        with pytest.raises(CheckFailed):
            put(FileState(file, b"ours"))
    else:
        put(FileState(file, b"ours"))
        assert file.read_bytes() == b"ours"
    secret = world / "secret"
    assert (secret.read_bytes(), stat.S_IMODE(secret.stat().st_mode)) == (SECRET, 0o600)


def test_a_pipe_of_others_does_not_keep_root_waiting(world: Path) -> None:
    os.mkfifo(world / "owned" / "zones")
    with pytest.raises(CheckFailed):
        state_of(world / "owned" / "zones")


def test_a_second_name_of_roots_file_is_replaced_and_not_written_through(world: Path) -> None:
    file = world / "owned" / "zones"
    file.hardlink_to(world / "secret")
    put(FileState(file, b"ours", 0o644))
    secret = world / "secret"
    assert (secret.read_bytes(), stat.S_IMODE(secret.stat().st_mode)) == (SECRET, 0o600)


def test_links_without_end_are_an_error_and_a_chain_of_the_administrators_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "0").write_bytes(b"before")
    for number in range(MOST_LINKS):
        (tmp_path / str(number + 1)).symlink_to(str(number))
    put(FileState(tmp_path / str(MOST_LINKS), b"after"))
    assert (tmp_path / "0").read_bytes() == b"after"
    (tmp_path / "more").symlink_to(str(MOST_LINKS))
    with pytest.raises(CheckFailed):
        put(FileState(tmp_path / "more", b"again"))
    assert (tmp_path / "0").read_bytes() == b"after"


FOLDER_MODES = (0o755, 0o700, 0o775, 0o777, 0o1777)
OWNERS = (0, STRANGER) if IS_ROOT else (os.geteuid(),)
NODES = st.tuples(st.sampled_from(OWNERS), st.sampled_from(FOLDER_MODES))


@dataclass(frozen=True)
class Hop:
    """One folder with a name in it that leads on."""

    owner: int
    mode: int
    link_owner: int
    absolute: bool

    @property
    def is_for_others(self) -> bool:
        """Whether STRANGER could lay that link: as a person would think it through."""
        if self.owner not in trusted_owners():
            return True
        if not self.mode & 0o022:
            return False
        return not self.mode & 0o1000 or self.link_owner not in trusted_owners()


HOPS = st.builds(
    Hop,
    st.sampled_from(OWNERS),
    st.sampled_from(FOLDER_MODES),
    st.sampled_from(OWNERS),
    st.booleans(),
)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(HOPS, min_size=0, max_size=4), st.booleans(), st.sampled_from([0o600, 0o640, 0o644])
)
def test_over_all_trees_a_write_goes_where_only_root_could_lead_it_or_nowhere(
    hops: list[Hop], through_folder: bool, mode: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        end = root / "end"
        end.mkdir()
        goal, real = end / "file", end / "file"
        real.write_bytes(SECRET)
        real.chmod(mode)
        for number, hop in enumerate(hops):
            goal = _laid(root / str(number), hop, goal, through_folder)
        before = snapshot(root)
        if any(hop.is_for_others for hop in hops):
            for touch in (lambda: state_of(goal), lambda: put(FileState(goal, b"ours"))):
                with pytest.raises(CheckFailed):
                    touch()
            assert snapshot(root) == before
            return
        former = state_of(goal)
        put(FileState(goal, b"ours", 0o644))
        after = snapshot(root)
        assert after.pop(real)[3] == b"ours"
        before_elsewhere = {path: what for path, what in before.items() if path != real}
        assert after == before_elsewhere
        put(former)
        assert snapshot(root) == before, "mode and owner included"


def _laid(folder: Path, hop: Hop, goal: Path, through_folder: bool) -> Path:
    """A link in a new folder to `goal`, or to its folder."""
    folder.mkdir()
    target = goal.parent if through_folder else goal
    link = folder / "link"
    link.symlink_to(target if hop.absolute else os.path.relpath(target, folder))
    os.lchown(link, hop.link_owner, -1)
    os.chown(folder, hop.owner, -1)
    folder.chmod(hop.mode)
    return link / goal.name if through_folder else link
