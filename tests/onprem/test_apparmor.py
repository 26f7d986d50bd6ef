"""AppArmor on a DNS host: which of our files a confined server may not read."""

from __future__ import annotations

from pathlib import Path

import pytest
from ecs_anywhere_dns.servers.apparmor import Places, is_kept_from
from ecs_anywhere_dns.servers.dnsmasq import Dnsmasq
from ecs_anywhere_dns.servers.dnsmasq.hindrances import PROFILE

PID = 4711
DNSMASQ = """\
profile dnsmasq /usr/{bin,sbin}/dnsmasq flags=(attach_disconnected) {
  include <abstractions/base>
  include <abstractions/nameservice>

  owner /dev/tty rw,

  /etc/dnsmasq.conf r,
  /etc/dnsmasq.d/ r,
  /etc/dnsmasq.d/* r,
  /etc/dnsmasq.d-available/ r,
  /etc/dnsmasq.d-available/* r,
  /etc/NetworkManager/dnsmasq.d/* r,
  @{run}/dnsmasq/* rw,

  include if exists <local/usr.sbin.dnsmasq>
}
"""
"""Rules on /etc of the package apparmor-profiles, as AppArmor's own repository has them."""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    attributes = tmp_path / "proc" / str(PID) / "attr"
    attributes.mkdir(parents=True)
    (attributes / "current").write_text("dnsmasq (enforce)\n")
    (tmp_path / "local").mkdir()
    (tmp_path / PROFILE).write_text(DNSMASQ)
    return Places(tmp_path, tmp_path / "proc")


def test_the_profile_of_dnsmasq_keeps_it_from_our_servers_file_until_it_is_added(
    places: Places,
) -> None:
    server = Dnsmasq("us-east-2", "127.0.0.1", 53)
    assert not is_kept_from(PID, PROFILE, server.static_file, places), "the include line is read"
    assert is_kept_from(PID, PROFILE, server.servers_file, places)
    (places.profiles / "local" / PROFILE).write_text(f"{server.servers_file} r,\n")
    assert not is_kept_from(PID, PROFILE, server.servers_file, places)


@pytest.mark.parametrize("said", ["dnsmasq (complain)\n", "unconfined\n"])
def test_a_profile_that_is_not_enforced_keeps_nobody_from_anything(
    places: Places, said: str
) -> None:
    (places.processes / str(PID) / "attr" / "current").write_text(said)
    assert not is_kept_from(PID, PROFILE, Path("/srv/x"), places)
