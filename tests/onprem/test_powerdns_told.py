"""Settings that a running PowerDNS Recursor tells, in its two forms: to 5.3, and from 5.4 on.

What each says was measured with 5.2.13 and 5.4.9. `make distributions` runs the tool with both.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from ecs_anywhere_dns.outcome import ReloadFailed
from ecs_anywhere_dns.servers.powerdns.control import Control
from ecs_anywhere_dns.servers.powerdns.told import YAML_NAMES
from ecs_anywhere_dns.servers.powerdns.yaml_settings import ASKED

UNSET = "# {0}.{1}: not explicitly set, default value(s) listed below:\n{0}:\n  {1}: {2}\n"
OLD = {
    "forward-zones-file": 'forward-zones-file="/etc/powerdns/f.zones"\n',
    "forward-zones": 'forward-zones="a.example=192.0.2.1;192.0.2.2:5300"\n',
    "auth-zones": 'auth-zones="c.example=/etc/powerdns/c.zone"\n',
    "dns64-prefix": 'dns64-prefix=""\n',
    "dnssec": 'dnssec="process"\n',
    "query-local-address": 'query-local-address="127.0.0.1"\n',
}
NEW = {
    "recursor.forward_zones_file": "recursor:\n  forward_zones_file: /etc/powerdns/f.zones\n",
    "recursor.forward_zones": "recursor:\n  forward_zones:\n  - zone: a.example\n    forwarders:\n"
    "    - 192.0.2.1\n    - 192.0.2.2:5300\n",
    "recursor.auth_zones": "recursor:\n  auth_zones:\n  - zone: c.example\n"
    "    file: /etc/powerdns/c.zone\n",
    "recursor.dns64_prefix": UNSET.format("recursor", "dns64_prefix", "''"),
    "dnssec.validation": UNSET.format("dnssec", "validation", "process"),
    "outgoing.source_address": "outgoing:\n  source_address:\n  - 127.0.0.1\n",
}
EXPECTED = {
    "forward-zones-file": "/etc/powerdns/f.zones",
    "forward-zones": "a.example=192.0.2.1;192.0.2.2:5300",
    "auth-zones": "c.example=/etc/powerdns/c.zone",
    "dns64-prefix": "",
    "dnssec": "process",
    "query-local-address": "127.0.0.1",
}


def control(folder: Path, words: dict[str, str], *, fails: bool) -> Control:
    """A rec_control that tells these settings, and of another one that it does not know it."""
    script = folder / "rec_control"
    script.write_text(
        f"import sys\nwords = {json.dumps(words)}\nname = sys.argv[2]\n"
        "print(words[name] if name in words else name + ': not found', end='')\n"
        f"sys.exit(name not in words and {int(fails)})\n"
    )
    return Control((sys.executable, str(script)))


@pytest.mark.parametrize("key", EXPECTED)
@pytest.mark.parametrize(("words", "fails"), [(OLD, False), (NEW, True)], ids=["5.2", "5.4"])
def test_a_setting_is_the_same_in_either_form(
    tmp_path: Path, words: dict[str, str], fails: bool, key: str
) -> None:
    assert control(tmp_path, words, fails=fails).parameter(key) == EXPECTED[key]


@pytest.mark.parametrize(("words", "is_start"), [(OLD, False), (NEW, True)], ids=["5.2", "5.4"])
def test_only_the_later_one_tells_what_it_was_started_with(
    tmp_path: Path, words: dict[str, str], is_start: bool
) -> None:
    asked = control(tmp_path, words, fails=is_start)
    assert asked.tells_its_start("forward-zones-file") == is_start


def test_two_zones_and_what_else_is_said_of_one(tmp_path: Path) -> None:
    told = (
        "recursor:\n  forward_zones:\n  - zone: .\n    forwarders:\n    - 192.0.2.1\n"
        "    recurse: true\n  - zone: 'b.example'\n    forwarders:\n    - '[2001:db8::1]:53'\n"
    )
    asked = control(tmp_path, {"recursor.forward_zones": told}, fails=True)
    assert asked.parameter("forward-zones") == ".=192.0.2.1, b.example=[2001:db8::1]:53"


def test_a_recursor_that_tells_neither_is_no_recursor_without_settings(tmp_path: Path) -> None:
    with pytest.raises(ReloadFailed, match="not found"):
        control(tmp_path, {}, fails=True).parameter("dnssec")


def test_every_setting_that_is_asked_has_its_name_in_yaml() -> None:
    assert {*ASKED, "config-dir", "config-name"} == set(YAML_NAMES)
