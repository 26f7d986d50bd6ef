"""The probe's deployment package, as AWS Lambda wants it."""

from __future__ import annotations

import io
import zipfile

from connectivity.adapters import probe


def entries() -> list[zipfile.ZipInfo]:
    return zipfile.ZipFile(io.BytesIO(probe.code())).infolist()


def test_every_file_can_be_read_by_all_as_lambda_demands() -> None:
    assert {entry.external_attr >> 16 for entry in entries()} == {0o100644}


def test_it_is_compressed_and_holds_the_probe_and_its_dns_library_only() -> None:
    assert {entry.compress_type for entry in entries()} == {zipfile.ZIP_DEFLATED}
    assert {entry.filename.split("/")[0] for entry in entries()} == {"probe", "dns"}


def test_the_same_code_gives_the_same_bytes() -> None:
    first = probe.code()
    probe.code.cache_clear()
    assert probe.code() == first
