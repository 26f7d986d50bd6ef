"""Which account and Region are read: those that were named, whatever was read before."""

from __future__ import annotations

from pathlib import Path

import pytest
from connectivity.adapters import aws
from ecs_anywhere import stack


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text("[profile prod]\nregion = us-east-2\n[profile test]\nregion = us-west-2\n")
    credentials.write_text(
        "".join(
            f"[{name}]\naws_access_key_id = KEY-OF-{name}\naws_secret_access_key = any\n"
            for name in ("prod", "test")
        )
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY-OF-THE-SHELL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    for name in stack._GIVEN:
        monkeypatch.setenv(name, "put back as it was")
        monkeypatch.delenv(name)
    monkeypatch.setattr(stack, "_GIVEN", dict.fromkeys(stack._GIVEN))


def test_each_profile_has_a_region_of_its_own(profiles: None) -> None:
    for profile, region in (("prod", "us-east-2"), ("test", "us-west-2"), ("prod", "us-east-2")):
        session = stack._session(profile, "")
        assert session.region_name == region
        stack._work_on({}, session.region_name, profile)
    aws.forget_clients()


def test_the_app_s_adapters_use_the_profile_and_not_the_shell_s_keys(profiles: None) -> None:
    for profile in ("prod", "test"):
        stack._work_on({}, "us-east-2", profile)
        assert aws.session().get_credentials().access_key == f"KEY-OF-{profile}"
        aws.refuse(lambda operation: None)
        assert aws.session().get_credentials().access_key == f"KEY-OF-{profile}"
    aws.forget_clients()
