"""The laboratory for the tests of the pick-up tool; see `lab`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.onprem.lab.lab import KINDS, Lab
from tests.onprem.lab.moto_server import Moto


@pytest.fixture(scope="session", autouse=True)
def usual_umask() -> Iterator[None]:
    """Set the umask that root has on a host: the tool does not obey a file that a group may
    write."""
    former = os.umask(0o022)
    yield
    os.umask(former)


@pytest.fixture
def lab() -> Iterator[Lab]:
    laboratory = Lab()
    try:
        yield laboratory
    finally:
        laboratory.close()


@pytest.fixture(scope="module")
def aws() -> Iterator[Moto]:
    moto = Moto()
    yield moto
    moto.stop()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def credentials(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the host a key for AWS, and trust in our authority; nothing of this machine's."""
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CA_BUNDLE": str(bundle),
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `server_kind` has a case with each; `tests/shares.py` chooses."""
    if "server_kind" in metafunc.fixturenames:
        metafunc.parametrize("server_kind", KINDS)
