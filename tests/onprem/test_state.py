"""What a host remembers is remembered to the byte, or it is said that it cannot be read."""

from __future__ import annotations

import json
import stat
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.documents import Memory, fingerprints
from ecs_anywhere_dns.memory.files import FileState
from ecs_anywhere_dns.memory.forms import remembered, step_back
from ecs_anywhere_dns.memory.records import ONLY, Applied, Distrust, Journal, Last
from ecs_anywhere_dns.memory.state import Kept, State
from ecs_anywhere_dns.outcome import BadUsage, Busy
from ecs_anywhere_dns.trust import Unsafe
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.onprem.example import fit, published
from tests.onprem.lab.document import VPC_ID

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
FILES = st.lists(
    st.builds(FileState, st.just(Path("/etc/x")), st.none() | st.binary(max_size=9)), max_size=2
).map(tuple)
FORWARDINGS = st.builds(Forwarding, TEXTS, TEXTS, TEXT, st.integers(1, 65535))
LASTS = st.builds(
    Last, document=TEXT, known=TEXT, newest=st.integers(1, 10**9), newest_checksum=TEXT,
    forwarding=FORWARDINGS, at=TEXT,
)  # fmt: skip
SEVERAL = st.dictionaries(st.sampled_from(["vpc-1", "vpc-2", "vpc-3"]), LASTS, min_size=2)
APPLIED = st.builds(Applied, run=TEXT, vpcs=SEVERAL, at=TEXT, before=FILES)
ALONE = st.builds(
    lambda last, **said: Applied(vpcs={ONLY: last}, at=last.at, **said),
    LASTS, run=TEXT, before=FILES,
)  # fmt: skip
JOURNALS = st.builds(Journal, TEXT, FILES, TEXTS)
TIMES = st.just("") | st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat())
DISTRUSTS = st.builds(Distrust, TEXT, st.booleans(), st.integers(0, 99), TIMES, TEXT)


@settings(max_examples=25, deadline=None)  # Each waits for the disk.
@given(ALONE, APPLIED | ALONE, JOURNALS, DISTRUSTS)
def test_everything_is_read_back_as_it_was_written(
    former: Applied, applied: Applied, journal: Journal, distrust: Distrust
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder))
        state.open_journal(journal)
        state.write_distrust(distrust)
        assert state.journal() == journal
        assert state.distrust() == distrust
        state.commit(replace(applied, before_that=remembered(former)))
        assert replace(state.applied(), before_that=None) == applied
        assert state.journal() is None, "the commit ends it"
        assert step_back(state.applied()) == replace(former, before=())


def test_one_step_is_kept_not_all_of_history() -> None:
    step = Applied(run="0")
    for number in range(1, 50):
        step = Applied(run=str(number), before_that=remembered(step))
    assert len(json.dumps(remembered(step))) < 1000
    former = step_back(step)
    assert former and (former.run, step_back(former)) == ("48", None)


def test_at_first_nothing_is_remembered(tmp_path: Path) -> None:
    state = State(tmp_path / "none")
    assert state.applied() == Applied()
    assert state.applied().forwarding.is_none
    assert (state.journal(), state.distrust(), state.report()) == (None, Distrust(), {})
    assert state.acknowledged() == ""
    assert not (tmp_path / "none").exists(), "reading makes nothing"


READERS: dict[str, Callable[[State], object]] = {
    "applied.json": State.applied,
    "journal.json": State.journal,
    "distrust.json": State.distrust,
    "status.json": State.report,
}


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize("text", ["", "{", "7", "[1]", '"x"', "\x00"])
def test_a_damaged_file_is_named_with_a_cure(tmp_path: Path, name: str, text: str) -> None:
    """Rather than to begin anew: nobody would know any more what to put back."""
    (tmp_path / name).write_text(text)
    with pytest.raises(BadUsage) as caught:
        READERS[name](State(tmp_path))
    assert str(tmp_path / name) in caught.value.message
    assert "restore it" in caught.value.cure


def test_a_generation_that_no_app_can_reach_is_forgotten(tmp_path: Path) -> None:
    """A version that had no bound may have taken it: all later documents would be too old."""
    state = State(tmp_path)
    state.commit(Applied(vpcs={ONLY: Last(newest=10**15, newest_checksum="sha256:x")}))
    assert (state.last().newest, state.last().newest_checksum) == (0, "")


def test_the_checksum_of_what_an_older_version_applied_is_known(tmp_path: Path) -> None:
    state = State(tmp_path, VPC_ID)
    state.commit(Applied(vpcs={VPC_ID: Last(document=fit(generation=7).text, newest=7)}))
    file = tmp_path / "applied.json"
    said = json.loads(file.read_text())
    del said["newest_checksum"]
    file.write_text(json.dumps(said))
    assert state.last().newest_checksum == fit(generation=7).checksum
    file.write_text(json.dumps(said | {"newest": 8}))
    assert state.last().newest_checksum == ""


@pytest.mark.parametrize("name", ["applied.json", "journal.json", "distrust.json"])
def test_a_file_of_another_version_is_named_with_a_cure(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"surprise": 1}')
    with pytest.raises(BadUsage, match="not what this version writes") as caught:
        READERS[name](State(tmp_path))
    assert "version that wrote it" in caught.value.cure


def test_what_was_applied_is_read_once_until_it_is_another_file(tmp_path: Path) -> None:
    """By all VPCs of a host; what a run has written itself is what it reads next."""
    kept, vpcs = Kept(), ("vpc-1", "vpc-2")
    one, other = (State(tmp_path, vpc, vpcs, kept) for vpc in vpcs)
    assert one.applied() == Applied()
    one.commit(Applied(run="1"))
    first = one.applied()
    assert first.run == "1"
    assert one.applied() is first
    assert other.applied() is first
    other.commit(replace(first, run="2"))
    assert one.applied().run == "2"
    file = tmp_path / "applied.json"
    file.write_text("{")
    for _ in range(2):
        with pytest.raises(BadUsage):
            one.applied()
    file.unlink()
    assert one.applied() == Applied()


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    with state.locked():
        state.commit(Applied(run="x"))
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) & 0o007 == 0
    for file in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_one_run_at_a_time(tmp_path: Path) -> None:
    state = State(tmp_path)
    with state.locked():
        with pytest.raises(Busy) as caught, state.locked():
            raise AssertionError("two at once")
        assert str(tmp_path / "lock") in caught.value.message
    with state.locked():
        pass


def test_a_run_that_raises_lets_go_of_the_lock(tmp_path: Path) -> None:
    state = State(tmp_path)
    with pytest.raises(ValueError), state.locked():
        raise ValueError
    with state.locked():
        pass


def test_a_folder_that_cannot_be_made_is_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadUsage, match="file"), State(tmp_path / "file" / "state").locked():
        pass


def test_what_an_older_version_applied_and_nobody_understands_is_no_document() -> None:
    assert Memory.of(Last(document='{"schema": 0}', known="x")).document is None
    memory = Memory.of(Last(document=published(), known=published(generation=7)))
    assert memory.document and memory.known
    assert (memory.document.generation, memory.known.generation) == (1, 7)


def test_a_text_is_read_without_the_schema_only_where_the_schema_held_for_that_very_text() -> None:
    fit, unfit = published(), published(schema=2)
    for validated in (fingerprints(read_document(fit)), frozenset({"x"}), frozenset()):
        assert Memory.of(Last(document=fit), validated).document == read_document(fit)
        assert Memory.of(Last(document=unfit), validated).document is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"texts": 7}', '{"texts": [{}]}'])
def test_a_damaged_list_of_validated_texts_only_costs_time(tmp_path: Path, damage: str) -> None:
    state = State(tmp_path)
    (tmp_path / "validated.json").write_text(damage)
    assert Memory.of(Last(document=published()), state.validated()).document is not None


def test_a_list_of_validated_texts_that_others_may_write_is_not_obeyed(tmp_path: Path) -> None:
    (tmp_path / "validated.json").write_text("{}")
    (tmp_path / "validated.json").chmod(0o666)
    with pytest.raises(Unsafe):
        State(tmp_path).validated()
