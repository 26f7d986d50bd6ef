"""Settings as `rec_control get-parameter` tells them from 5.4 on: by their names in YAML, as YAML.

Measured with 5.4.9 of Debian's testing. Before, it told them by their old names, as `name="value"`,
also where the files are YAML. And it tells what it was started with: after `reload-zones` it reads
another `forward_zones_file`, and goes on telling the former one. This module gives the old form of
both, which is what the tool compares.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

YAML_NAMES = {
    "config-dir": "recursor.config_dir",
    "config-name": "recursor.config_name",
    "forward-zones-file": "recursor.forward_zones_file",
    "forward-zones": "recursor.forward_zones",
    "forward-zones-recurse": "recursor.forward_zones_recurse",
    "auth-zones": "recursor.auth_zones",
    "dns64-prefix": "recursor.dns64_prefix",
    "dnssec": "dnssec.validation",
    "query-local-address": "outgoing.source_address",
    "network-timeout": "outgoing.network_timeout",
    "max-qperq": "outgoing.max_qperq",
    "max-total-msec": "recursor.max_total_msec",
    "server-down-max-fails": "outgoing.server_down_max_fails",
}
"""Old name -> name in YAML, of the settings that this tool asks for."""
SETTING = re.compile(r"  \w+:(?: (?P<value>.*))?")
ZONE = re.compile(r"  - zone: (?P<name>.*)")
ITEM = re.compile(r"  - (?P<value>.*)")
OF_ZONE = re.compile(r"    (?:-|file:) (?P<value>.*)")
NOTHING = ("", "[]", "null")


@dataclass
class _Told:
    value: str | None = None
    items: list[str] = field(default_factory=list)
    zones: list[tuple[str, list[str]]] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Take one line; what is none of these forms, as `recurse: true`, says nothing here."""
        if said := ZONE.fullmatch(line):
            self.zones.append((_plain(said["name"]), []))
        elif said := ITEM.fullmatch(line):
            self.items.append(_plain(said["value"]))
        elif (said := OF_ZONE.fullmatch(line)) and self.zones:
            self.zones[-1][1].append(_plain(said["value"]))
        elif said := SETTING.fullmatch(line):
            self.value = _plain(said["value"] or "")


def old_form(text: str) -> str | None:
    """Return the value in the old form: `a`, `a, b`, or `zone=a;b, zone=c`. Return the empty string
    for a setting without a value, and None for a text that tells no setting."""
    told = _Told()
    for line in text.splitlines():
        told.take(line)
    if told.value is None:
        return None
    zones = [f"{zone}={';'.join(to)}" for zone, to in told.zones]
    return ", ".join([*zones, *told.items]) or ("" if told.value in NOTHING else told.value)


def _plain(word: str) -> str:
    return word.strip().strip("'\"")
