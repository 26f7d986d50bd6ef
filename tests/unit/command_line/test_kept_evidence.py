"""A kept record is evidence only where the stack's key, or its ledger, vouches for it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain import evidence
from connectivity.domain.evidence import Outcome, Place, Ran
from connectivity.domain.ledger import Entry
from connectivity.domain.publication import Signature
from ecs_anywhere.chain import File
from ecs_anywhere.commands import app
from ecs_anywhere.evidence import NoEvidence, kept
from ecs_anywhere.stack import Stack
from typer.testing import CliRunner

from tests.unit.command_line.test_evidence_page import FINDING
from tests.unit.usecases.fakes import FakeSignatures

VPC = "vpc-0a1b2c3d"
SIGNER, STRANGER = FakeSignatures(), FakeSignatures()
PUBLIC_KEY = base64.b64encode(SIGNER.public_key()).decode()
WELL = Ran(todo="connect", because="tag", began="2026-11-29T12:00:00Z", findings=(FINDING,))


def recorded(
    entry: Entry, signer: FakeSignatures | None = SIGNER, ran: Ran = WELL
) -> tuple[File, Entry]:
    """Return the record of the entry's round, and the entry that names it."""
    place = Place("123456789012", "us-east-2", "private-connectivity")
    record = evidence.record_of(place, entry, ran, Outcome("connected", "well"), 1.0)
    signed = Signature.of("key", signer.sign(record.digest("key"))) if signer else None
    text = record.text(signed)
    file = File(evidence.key_of(entry), text.encode())
    return file, replace(entry, recorded=evidence.link_of(entry, text))


ENTRY = Entry(VPC, holder="arn:execution", begun=1)
RECORD, LINKED = recorded(ENTRY)


class Bucket:
    """Amazon S3 with these objects."""

    def __init__(self, *files: File) -> None:
        self.files = {file.name: file.data for file in files}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **asked: Any) -> Any:
        return [{"Contents": [{"Key": k} for k in self.files if k.startswith(asked["Prefix"])]}]

    def get_object(self, **asked: Any) -> Any:
        return {"Body": BytesIO(self.files[asked["Key"]])}


class Deployed(Stack):
    def client(self, service: str) -> Any:
        assert service == "s3"
        return self.variables["s3"]


def stack(*files: File, key: str = PUBLIC_KEY) -> Stack:
    outputs = {"EvidenceBucket": "b", **({"PublicationPublicKey": key} if key else {})}
    return Deployed(
        "app",
        {"s3": Bucket(*files)},  # type: ignore[dict-item]
        "us-east-2",
        "CREATE_COMPLETE",
        outputs=outputs,
    )


def test_a_record_that_the_stack_s_key_has_signed_is_evidence_without_a_ledger() -> None:
    found = kept(stack(RECORD), ENTRY)
    assert found is not None
    assert found.is_private


def test_a_record_that_nobody_signed_is_evidence_where_the_ledger_names_its_bytes() -> None:
    """A stack may sign nothing. Behind it stands a record without questions."""
    first, after = recorded(ENTRY, None)
    second, last = recorded(replace(after, begun=2), None, replace(WELL, findings=()))
    found = kept(stack(first, second, key=""), last)
    assert found is not None
    assert found.is_private
    with pytest.raises(NoEvidence, match="is not what the ledger names"):
        kept(stack(first, key=""), ENTRY)


@pytest.mark.parametrize("what", ["unsigned", "by a stranger", "AAAA", "renamed", "no record"])
def test_a_file_that_somebody_put_into_the_bucket_is_named_and_never_evidence(what: str) -> None:
    name = f"records/{VPC}/99999999-000000000000.json"
    forged = {
        "unsigned": recorded(ENTRY, None)[0].data,
        "by a stranger": recorded(ENTRY, STRANGER)[0].data,
        "AAAA": json.dumps({**json.loads(RECORD.data), "signature": "AAAA"}).encode(),
        "renamed": RECORD.data.replace(b'"number":1', b'"number":99999999'),
        "no record": b"{}",
    }[what]
    with pytest.raises(NoEvidence, match=name):
        kept(stack(RECORD, File(name, forged)), LINKED)


def page(folder: Path, data: bytes, *words: str) -> tuple[int, str]:
    """Return the exit code, and what was said or shown."""
    file = folder / "record.json"
    file.write_bytes(data)
    ran = CliRunner().invoke(app, ["evidence", "page", str(file), "--output", str(folder), *words])
    shown = "".join(each.read_text() for each in folder.glob("*.html"))
    said = "".join(each.read_text() for each in folder.glob("*.evidence.json"))
    return ran.exit_code, ran.output + shown + said


def test_a_page_without_a_key_says_above_all_that_the_signature_is_not_checked(
    tmp_path: Path,
) -> None:
    data = json.dumps({**json.loads(RECORD.data), "signature": "AAAA"}).encode()
    code, said = page(tmp_path, data)
    assert code == 0
    assert f"<h1>{VPC}: Every name led privately, says a record: signature not checked</h1>" in said
    assert "<li>Signature not checked: " in said
    assert '"is_private": false' in said


def test_a_page_with_the_key_shows_what_it_has_signed_and_nothing_else(tmp_path: Path) -> None:
    code, said = page(tmp_path, RECORD.data, "--public-key", PUBLIC_KEY)
    assert (code, "not checked: whoever" in said) == (0, False)
    assert '"is_private": true' in said
    for path in tmp_path.iterdir():
        path.unlink()
    forged = RECORD.data.replace(b'"detail":"well"', b'"detail":"else"')
    code, said = page(tmp_path, forged, "--public-key", PUBLIC_KEY)
    assert code == 3
    assert "its signature is not the key's" in said
    assert "<h1>" not in said


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("held", [], "held has to be an object of texts"),
        ("held", None, "held has to be"),
        ("questions", {"0": 1}, "questions has to be a list"),
        ("questions", ["x"], "questions[0] has to be an object"),
        ("questions", [{**FINDING, "ok": "false"}], "questions[0].ok has to be true or false"),
        ("steps", "x", "steps has to be a list of texts"),
        ("publication", "x", "publication has to be an object, or null"),
        ("publication", {"generation": "1"}, "publication.state has to be a text"),
        ("acknowledgements", [None], "acknowledgements[0] has to be an object"),
        ("questionsAsked", True, "questionsAsked has to be a whole number"),
        ("vpcId", 7, "vpcId"),
    ],
)
def test_a_file_that_does_not_fit_the_schema_is_an_error_that_names_the_place(
    tmp_path: Path, field: str, value: object, place: str
) -> None:
    code, said = page(tmp_path, json.dumps({**json.loads(RECORD.data), field: value}).encode())
    assert code == 3
    assert place in said
