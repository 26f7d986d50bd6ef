"""Chains of records, checked offline: what is broken, missing, re-ordered or altered is named."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from connectivity.domain import evidence
from connectivity.domain.evidence import Outcome, Place, Ran
from connectivity.domain.ledger import Entry, Link
from connectivity.domain.publication import Signature, canonical
from ecs_anywhere import chain
from ecs_anywhere.chain import Checked, File, check
from ecs_anywhere.commands import app
from ecs_anywhere.evidence import expired
from ecs_anywhere.evidence_files import in_bucket
from ecs_anywhere.public_key import AnyKey, EcPublicKey, UnreadableKey, read_key
from typer.testing import CliRunner

from tests.unit.usecases.fakes import FakeSignatures

VPC = "vpc-0a1b2c3d"
PLACE = Place("123456789012", "us-east-2", "private-connectivity")
SIGNER, STRANGER = FakeSignatures(), FakeSignatures()
DER = SIGNER.public_key()
KEY: EcPublicKey = read_key(base64.b64encode(DER).decode())


def chained(
    length: int, signer: FakeSignatures | None = SIGNER, vpc_id: str = VPC, start: str = ""
) -> tuple[list[File], Link]:
    """A chain as the workflow leaves it, and the ledger's last link."""
    files: list[File] = []
    entry = Entry(vpc_id, holder=f"arn:execution{start}")
    for number in range(1, length + 1):
        entry = replace(entry, begun=number, held={"resolver": f"rslvr-in-{number}"})
        ran = Ran(todo="connect", because="tag", began="2026-11-29T12:00:00Z")
        record = evidence.record_of(PLACE, entry, ran, Outcome("connected", "well"), number)
        signed = Signature.of("key", signer.sign(record.digest("key"))) if signer else None
        text = record.text(signed)
        files.append(File(evidence.key_of(entry), text.encode()))
        entry = replace(entry, recorded=evidence.link_of(entry, text))
    assert entry.recorded is not None
    return files, entry.recorded


FIVE, LAST = chained(5)


def kinds(checked: Checked) -> list[str]:
    return [each.kind for each in checked.problems]


def test_a_whole_chain_has_nothing_to_tell() -> None:
    checked = check(FIVE, KEY, {VPC: LAST})
    assert checked.found == ()
    assert checked.records == {VPC: 5}
    assert checked.last == {VPC: (5, LAST.sha256)}


def test_the_order_of_the_files_does_not_matter() -> None:
    assert check(reversed(FIVE), KEY).found == ()


@pytest.mark.parametrize("which", range(5))
def test_whatever_byte_of_a_record_is_changed_is_found(which: int) -> None:
    data = FIVE[which].data
    for at in range(0, len(data), 31):
        files = list(FIVE)
        files[which] = File(FIVE[which].name, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert check(files, KEY).problems, data[at : at + 20]


@pytest.mark.parametrize("which", range(4))
def test_a_record_that_was_changed_is_found_by_the_one_behind_it_where_nothing_is_signed(
    which: int,
) -> None:
    unsigned, _ = chained(5, None)
    content = json.loads(unsigned[which].data)
    changed = evidence.Record({**content, "detail": "forged"}).text(None).encode()
    unsigned[which] = File(unsigned[which].name, changed)
    [found] = check(unsigned, None).problems
    assert (found.kind, found.where) == ("altered", unsigned[which].name)


@pytest.mark.parametrize("which", [1, 2, 3])
def test_a_record_that_is_missing_from_the_middle_is_named(which: int) -> None:
    [found] = check([*FIVE[:which], *FIVE[which + 1 :]], KEY).problems
    assert found.kind == "missing"
    assert f"record {which + 1} is missing" in found.what


def test_the_first_records_expire_and_that_is_no_problem() -> None:
    checked = check(FIVE[2:], KEY, {VPC: LAST})
    assert checked.problems == ()
    assert "begins with record 3" in checked.found[0].what


def test_that_the_last_records_are_gone_only_the_ledger_tells() -> None:
    assert check(FIVE[:3], KEY).problems == ()
    [found] = check(FIVE[:3], KEY, {VPC: LAST}).problems
    assert (found.kind, found.where) == ("missing", VPC)
    assert "the ledger's last record is 5, and the last here is 3" in found.what
    assert kinds(check([], KEY, {VPC: LAST})) == ["missing"]


def test_a_last_record_that_is_older_than_records_are_kept_has_expired_and_is_not_missing() -> None:
    """A VPC that was removed long ago: the ledger names its last record for ever."""
    now, day = 1_800_000_000.0, 86400.0
    old, new = (Entry(VPC, recorded=LAST, taken_at=now - days * day) for days in (401, 399))
    unknown = Entry(VPC, recorded=LAST)
    assert expired([old], 400, now) == {VPC}
    assert expired([new, unknown], 400, now) == set()
    for files in ([], FIVE[:3]):
        checked = check(files, KEY, {VPC: LAST}, expired={VPC})
        assert checked.problems == ()
        assert "older than EvidenceDays, and has expired" in checked.found[-1].what
    changed = File(FIVE[4].name, FIVE[4].data.replace(b'"detail":"well"', b'"detail":"else"'))
    assert "altered" in kinds(check([*FIVE[:4], changed], KEY, {VPC: LAST}, expired={VPC}))


def test_a_last_record_in_place_of_the_ledger_s_is_found() -> None:
    other, _ = chained(5, SIGNER, start="-other")
    found = check([*FIVE[:4], other[4]], KEY, {VPC: LAST}).problems
    assert {each.kind for each in found} == {"altered"}


def test_two_records_that_changed_names_are_re_ordered() -> None:
    files = list(FIVE)
    files[1], files[2] = replace(FIVE[1], name=FIVE[2].name), replace(FIVE[2], name=FIVE[1].name)
    assert kinds(check(files, KEY)) == ["re-ordered", "re-ordered"]


def test_a_record_in_another_vpc_s_folder_is_found() -> None:
    moved = replace(FIVE[4], name=FIVE[4].name.replace(VPC, "vpc-0badbad0"))
    assert kinds(check([*FIVE[:4], moved], KEY)) == ["re-ordered"]


def test_a_signature_of_another_key_is_forged_and_none_is_unsigned() -> None:
    forged, _ = chained(2, STRANGER)
    unsigned, _ = chained(2, None)
    assert kinds(check(forged, KEY)) == ["forged", "forged"]
    assert kinds(check(unsigned, KEY)) == ["unsigned", "unsigned"]


def continued(
    files: list[File], last: Link, signer: FakeSignatures | None, key_id: str
) -> tuple[list[File], Link]:
    """A chain with one more record, of another key or of none."""
    entry = Entry(VPC, holder="arn:execution", begun=last.number + 1, recorded=last)
    ran = Ran(todo="connect", because="tag", began="2026-11-29T12:00:00Z")
    record = evidence.record_of(PLACE, entry, ran, Outcome("connected", "well"), 9)
    signed = Signature.of(key_id, signer.sign(record.digest(key_id))) if signer else None
    text = record.text(signed)
    return [*files, File(evidence.key_of(entry), text.encode())], evidence.link_of(entry, text)


NEW = FakeSignatures()
NEW_KEY = read_key(base64.b64encode(NEW.public_key()).decode())
CHANGED, CHANGED_LAST = continued(FIVE, LAST, NEW, "new")


def test_after_the_key_was_changed_both_keys_together_check_every_record() -> None:
    assert check(CHANGED, AnyKey([NEW_KEY, KEY]), {VPC: CHANGED_LAST}).found == ()


def test_a_record_of_a_key_that_was_not_given_is_named_with_that_key_and_not_called_forged() -> (
    None
):
    checked = check(CHANGED, KEY)
    [found] = checked.problems
    assert (found.kind, found.where) == ("another key", CHANGED[5].name)
    assert "signed by another key, new: give its public key" in found.what
    assert kinds(check(FIVE, NEW_KEY, key_ids=["new"])) == ["another key"] * 5


def test_a_former_key_s_records_that_a_signed_record_names_are_a_note() -> None:
    checked = check(CHANGED, NEW_KEY)
    assert checked.problems == ()
    assert [each.kind for each in checked.found] == ["note"] * 5
    changed = CHANGED[2].data.replace(b'"detail":"well"', b'"detail":"else"')
    files = [*CHANGED[:2], File(CHANGED[2].name, changed), *CHANGED[3:]]
    assert {"another key", "altered"} <= set(kinds(check(files, NEW_KEY)))


def test_an_unsigned_record_that_a_later_signed_one_names_link_by_link_is_a_note() -> None:
    unsigned, last = chained(3, None)
    files, _ = continued(unsigned, last, NEW, "new")
    checked = check(files, NEW_KEY)
    assert checked.problems == ()
    assert [each.where for each in checked.found] == [each.name for each in unsigned]
    assert "a later record that is signed names it" in checked.found[0].what
    after, _ = continued(FIVE, LAST, None, "")
    assert kinds(check(after, KEY)) == ["unsigned"], "none names it"


def test_a_record_that_names_a_known_key_and_is_not_its_own_stays_forged() -> None:
    forged, _ = continued(FIVE, LAST, STRANGER, "key")
    assert kinds(check(forged, KEY)) == ["forged"]


def test_a_signed_publication_is_no_signed_record() -> None:
    """The same key signs both, each behind the name of its kind."""
    content = json.loads(FIVE[0].data)
    bare = {k: v for k, v in content.items() if k not in {"signature", "signedBy"}}
    other = hashlib.sha256(b"ecs-anywhere forwarding 1\n" + canonical(bare).encode()).digest()
    signed = evidence.Record(bare).text(Signature.of("key", SIGNER.sign(other)))
    assert kinds(check([File(FIVE[0].name, signed.encode())], KEY)) == ["forged"]


def test_a_record_beside_the_chain_is_a_note_if_the_key_has_signed_it() -> None:
    """A function that died before it could tell the ledger leaves one."""
    beside, _ = chained(1, SIGNER, start="-died")
    checked = check([*FIVE, *beside], KEY)
    assert checked.problems == ()
    assert "stands beside the chain" in checked.found[0].what
    unsigned, _ = chained(1, None, start="-anybody")
    assert "forked" in kinds(check([*FIVE, *unsigned], KEY))


def test_a_chain_that_was_begun_anew_is_told() -> None:
    """A ledger that was lost, or that somebody emptied to hide what was before."""
    anew, _ = chained(3, SIGNER, start="-anew")
    assert "forked" in kinds(check([*FIVE, *anew], KEY))


def test_the_chains_of_several_vpcs_are_checked_each_by_itself() -> None:
    other, last = chained(2, SIGNER, "vpc-0badbad0")
    checked = check([*FIVE, *other], KEY, {VPC: LAST, "vpc-0badbad0": last})
    assert checked.found == ()
    assert checked.records == {VPC: 5, "vpc-0badbad0": 2}


NO_RECORDS: dict[str, bytes] = {
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"NaN",
    "deep": b"[" * 100_000,
    "of another schema": b'{"schema":2}',
    "without a number": b'{"schema":1,"vpcId":"vpc-0a1b2c3d"}',
    "a number that is true": b'{"schema":1,"number":true,"previous":null,"vpcId":"vpc-0a1b2c3d"}',
    "no SHA-256": b'{"schema":1,"number":2,"previous":"x","vpcId":"vpc-0a1b2c3d"}',
    "no VPC": b'{"schema":1,"number":1,"previous":null,"vpcId":"../etc"}',
    "no text": bytes(range(128, 256)),
    "a lone surrogate": b'{"schema":1,"number":1,"previous":null,"vpcId":"\\ud800"}',
    "too large": b" " * 5_000_000,
}


@pytest.mark.parametrize("what", NO_RECORDS)
def test_what_is_no_record_is_named_and_the_rest_is_checked(what: str) -> None:
    checked = check([*FIVE, File("records/x.json", NO_RECORDS[what])], KEY)
    assert kinds(checked) == ["unreadable"]
    assert checked.records == {VPC: 5}


HOSTILE_SIGNATURES: list[Any] = [None, 1, [], {"value": ""}, "", "?", "AAAA", "\ud800"]


@pytest.mark.parametrize("signature", HOSTILE_SIGNATURES, ids=ascii)
def test_whatever_stands_for_a_signature_is_forged(signature: Any) -> None:
    content = {**json.loads(FIVE[0].data), "signature": signature}
    text = evidence.Record(content).text(None)
    assert kinds(check([File(FIVE[0].name, text.encode())], KEY)) == ["forged"]


def test_a_file_s_name_moves_no_terminal() -> None:
    [found] = check([File("\x1b[2Jx.json", b"{")], KEY).problems
    assert "\x1b" not in found.where


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in FIVE:
        path = tmp_path / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    ran = CliRunner().invoke(app, ["evidence", "verify", *words], env={"COLUMNS": "400"})
    return ran.exit_code, ran.output


def given(key: bytes = DER) -> list[str]:
    return ["--public-key", base64.b64encode(key).decode()]


def test_a_folder_is_checked_with_the_key_alone(folder: Path, tmp_path: Path) -> None:
    assert run(str(folder), *given())[0] == 0
    file = tmp_path / "key.txt"
    file.write_text(base64.b64encode(DER).decode() + "\n")
    code, said = run(str(folder / "records" / VPC), "--public-key", str(file), "--json")
    assert (code, json.loads(said)["whole"]) == (0, True)


def test_former_keys_are_given_beside_the_key_of_now(folder: Path) -> None:
    path = folder / CHANGED[5].name
    path.write_bytes(CHANGED[5].data)
    code, said = run(str(folder), *given())
    assert (code, "another key, new: give its public key" in said) == (1, True)
    assert run(str(folder), *given(), *given(NEW.public_key()))[0] == 0


def test_a_broken_chain_needs_a_person(folder: Path) -> None:
    (folder / FIVE[2].name).unlink()
    code, said = run(str(folder), *given())
    assert code == 1
    assert "record 3 is missing" in said
    assert "broken" in said


@pytest.mark.parametrize("words", [["--public-key", "none"], []], ids=["no key", "none given"])
def test_signed_records_are_not_called_whole_without_a_key(folder: Path, words: list[str]) -> None:
    code, said = run(str(folder), *words)
    assert code == 3
    assert "PublicationPublicKey" in said


def test_where_there_is_no_record_nothing_is_called_whole(tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / "nowhere"):
        code, said = run(str(where))
        assert code == 3
        assert str(where) in said


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(UnreadableKey):
        read_key("AAAA")


def test_the_page_of_a_kept_record_needs_no_aws(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    record = str(folder / FIVE[0].name)
    ran = CliRunner().invoke(app, ["evidence", "page", record, "--output", str(out)])
    assert ran.exit_code == 0, ran.output
    [shown] = out.glob("*.html")
    assert VPC in shown.read_text()
    (folder / "bad.json").write_text("{}")
    assert CliRunner().invoke(app, ["evidence", "page", str(folder / "bad.json")]).exit_code == 3


def test_a_record_is_read_as_it_was_written() -> None:
    assert chain.read(FIVE[1]).previous == evidence.sha256_of(FIVE[0].data)


def test_records_are_let_go_of_one_after_the_other() -> None:
    """A bucket may hold years of records: no more than the one that is read, and the next, is
    there at any time."""
    there: list[weakref.ref[File]] = []
    most = 0

    def listed() -> Iterator[File]:
        nonlocal most
        for file in FIVE * 40:
            mine = File(file.name, bytes(file.data))
            there.append(weakref.ref(mine))
            yield mine
            del mine
            most = max(most, sum(each() is not None for each in there))

    checked = check(listed(), KEY, {VPC: LAST})
    assert checked.records == {VPC: 200}
    assert most <= 2


class Bucket:
    """Amazon S3 with these objects, which counts those that were read."""

    def __init__(self, files: list[File], **problems: str) -> None:
        self.files = {file.name: file.data for file in files}
        self.problems, self.read_so_far = problems, 0

    def get_paginator(self, _: str) -> Bucket:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[Any]:  # noqa: N803
        names = sorted(name for name in self.files if name.startswith(Prefix))
        for start in range(0, len(names), 2):
            yield {"Contents": [{"Key": name} for name in names[start : start + 2]]}

    def get_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803
        self.read_so_far += 1
        if code := self.problems.get(Key.rpartition("/")[2][:8]):
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "GetObject")
        return {"Body": io.BytesIO(self.files[Key])}


def test_an_object_is_read_when_its_turn_comes() -> None:
    bucket = Bucket(FIVE)
    files = in_bucket("s3://kept", bucket)
    assert bucket.read_so_far == 0
    next(files)
    assert bucket.read_so_far == 1
    assert check(in_bucket("s3://kept", bucket), KEY).records == {VPC: 5}


def test_one_object_that_cannot_be_read_is_named_and_the_others_are_checked() -> None:
    for code, said in (("InvalidObjectState", "restore it"), ("NoSuchKey", "has expired")):
        checked = check(in_bucket("s3://kept", Bucket(FIVE, **{"00000003": code})), KEY)
        assert (checked.records, "unreadable" in kinds(checked)) == ({VPC: 4}, True)
        assert any(said in each.what for each in checked.problems)
    with pytest.raises(ClientError, match="AccessDenied"):
        check(in_bucket("s3://kept", Bucket(FIVE, **{"00000003": "AccessDenied"})), KEY)


def test_what_was_not_checked_is_said() -> None:
    assert check(FIVE, KEY, {VPC: LAST}).not_checked == ()
    [last] = check(FIVE, KEY).not_checked
    assert "the stack's ledger alone knows" in last
    unsigned, _ = chained(2, signer=None)
    who, _ = check(unsigned, None).not_checked
    assert who.startswith("who wrote the records")


OTHER_VPC = "vpc-0a1b2c3e"


def test_one_vpc_s_chain_is_checked_alone(folder: Path) -> None:
    others, _ = chained(2, vpc_id=OTHER_VPC)
    for file in others[1:]:
        (folder / file.name).parent.mkdir(parents=True)
        (folder / file.name).write_bytes(file.data[:-40])
    assert run(str(folder), *given())[0] == 1
    code, said = run(str(folder), *given(), "--vpc", VPC, "--json")
    assert (code, json.loads(said)["records"]) == (0, {VPC: 5})
    assert json.loads(said)["not_checked"]
    assert run(str(folder), *given(), "--vpc", OTHER_VPC)[0] == 1
    code, said = run(str(folder), *given(), "--vpc", "vpc-0a1b2c3f")
    assert (code, "there is no record of vpc-0a1b2c3f" in said) == (3, True)
    assert run(str(folder), *given(), "--vpc", "factory")[0] == 2


def test_a_record_of_another_vpc_in_the_vpc_s_folder_is_found_when_it_is_checked_alone(
    folder: Path,
) -> None:
    [strange], _ = chained(1, vpc_id=OTHER_VPC)
    (folder / "records" / VPC / Path(strange.name).name).write_bytes(strange.data)
    code, said = run(str(folder), *given(), "--vpc", VPC)
    assert (code, "in another VPC's folder" in said) == (1, True)


def test_records_without_folders_are_told_apart_by_what_they_say(tmp_path: Path) -> None:
    for file in [*FIVE, *chained(2, vpc_id=OTHER_VPC)[0]]:
        (tmp_path / Path(file.name).name).write_bytes(file.data)
    code, said = run(str(tmp_path), *given(), "--vpc", OTHER_VPC, "--json")
    assert (code, json.loads(said)["records"]) == (0, {OTHER_VPC: 2})
