"""The commands that install both agents: a person can read them, and a shell can run them."""

from __future__ import annotations

import re
import subprocess
from itertools import product

import pytest
from ecs_anywhere.installing import CLUSTER, Host, offline, online, to_bring

HOSTS = [
    Host(region, "site", package, processor)  # type: ignore[arg-type]
    for region, package, processor in product(
        ("eu-central-1", "cn-north-1"), ("deb", "rpm"), ("amd64", "arm64")
    )
]


@pytest.mark.parametrize("host", HOSTS, ids=str)
@pytest.mark.parametrize("lines", [online, to_bring, offline])
def test_a_shell_can_read_every_line(host: Host, lines: object) -> None:
    assert callable(lines)
    text = "\n".join(lines(host))
    read = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    assert read.returncode == 0, read.stderr


def test_each_host_takes_the_packages_of_its_region_distribution_and_processor() -> None:
    """Names as Amazon ECS's and AWS Systems Manager's guides have them."""
    host = Host("eu-central-1", "site", "rpm", "arm64")
    start = "https://s3.eu-central-1.amazonaws.com"
    assert host.ecs_agent == (
        f"{start}/amazon-ecs-agent-eu-central-1/amazon-ecs-init-latest.aarch64.rpm"
    )
    assert host.ssm_agent == (
        f"{start}/amazon-ssm-eu-central-1/latest/linux_arm64/amazon-ssm-agent.rpm"
    )
    of_china = Host("cn-north-1", "site")
    assert of_china.ssm_agent.startswith("https://s3.cn-north-1.amazonaws.com.cn/")


@pytest.mark.parametrize("host", HOSTS, ids=str)
def test_what_is_downloaded_is_verified_before_it_is_used(host: Host) -> None:
    for lines in (list(online(host)), list(to_bring(host))):
        fetched = [each.split("/")[-1] for each in lines if each.startswith("curl --proto")]
        verified = " ".join(each for each in lines if "gpg --verify" in each)
        for file in fetched:
            if not re.search(r"\.(asc|sig|gpg)$", file):
                assert file in verified
        assert any("fingerprint" in each for each in lines)


@pytest.mark.parametrize("host", HOSTS, ids=str)
def test_a_host_without_the_internet_is_sent_nowhere_but_to_itself(host: Host) -> None:
    urls = re.findall(r"https?://([^/\s]+)", "\n".join(offline(host)))
    assert set(urls) == {"localhost:51678"}


@pytest.mark.parametrize("host", HOSTS, ids=str)
def test_names_are_checked_before_an_agent_starts_and_so_none_needs_a_restart(host: Host) -> None:
    lines = list(offline(host))
    checked = next(n for n, each in enumerate(lines) if each.startswith("ecs-anywhere-check"))
    started = [n for n, each in enumerate(lines) if "enable --now" in each]
    assert len(started) == 2
    assert checked < min(started)


@pytest.mark.parametrize("host", HOSTS, ids=str)
def test_the_code_stands_in_no_line_and_its_file_is_removed(host: Host) -> None:
    for lines in (list(online(host)), list(offline(host))):
        used = [each for each in lines if "code" in each.lower() and "activation" in each.lower()]
        assert all('"$ACTIVATION_CODE"' in each for each in used)
        assert "shred -u /root/ecs-anywhere-activation" in lines


def test_the_name_of_a_cluster_can_end_no_line_and_no_word() -> None:
    assert CLUSTER.fullmatch("site-1_a")
    for name in ("", "a b", "a;id", "$(id)", "a\nid", "a" * 256):
        assert not CLUSTER.fullmatch(name)
