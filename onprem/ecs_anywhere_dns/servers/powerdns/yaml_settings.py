"""Settings of PowerDNS Recursor in YAML: `recursor.yml`, and from 5.1 on `recursor.conf` as well.

Measured with 5.2.13 of Debian 13:
- All `*.yml` of `include_dir` are read after the main file; lists in them are added to each other.
  So one file of ours holds all: the name of the zones file, and the exemptions from validation.
- Exemptions in YAML and a `lua_config_file` do not go together. `--config=check` says so as an
  error and ends with 0; a Recursor that is started with both ends.
- `--config=check` names each file that it reads.
- `rec_control reload-zones` reads `forward_zones_file` anew, exemptions only a start.
- What is set is asked of the running Recursor: it has one form there, whatever the files say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import HEADER, Finding, Fragment, Include
from ecs_anywhere_dns.servers.fragment_lines import CURE, ZONE, lines_of
from ecs_anywhere_dns.servers.powerdns.configuration import ROUTES, Configuration, Setting
from ecs_anywhere_dns.servers.powerdns.control import NTA_REASON, Control
from ecs_anywhere_dns.servers.powerdns.limits import LIMITS
from ecs_anywhere_dns.subprocesses import Ran

TOP = re.compile(r"[A-Za-z_][\w-]*:(\s|$)")
INCLUDE_DIR = re.compile(r"^\s+include_dir:\s*['\"]?(?P<folder>/[^'\"#\n]*)", re.MULTILINE)
LUA = re.compile(r"^\s+lua_config_file:\s*['\"]?(?P<file>/[^'\"#\n]*)", re.MULTILINE)
NAME = re.compile(r"  - name: '(?P<zone>[^']+)'")
ERROR = re.compile(r'msg="(?P<message>[^"]*)".*prio="(Error|Critical)"')
ASKED = (
    "forward-zones-file", *ROUTES, "dnssec", "dns64-prefix", "query-local-address", *LIMITS
)  # fmt: skip


def yaml_of(configuration: Path) -> Path | None:
    """Return the file that holds the settings in YAML; None where they are in the old style. The
    first line that is no comment decides (`recursor:` or `key=value`)."""
    yaml = configuration.with_suffix(".yml")
    if yaml.exists():
        return yaml
    lines = (line.partition("#")[0].rstrip() for line in _text(configuration).splitlines())
    first = next((line for line in lines if line.strip() and line != "---"), "")
    return configuration if TOP.match(first) else None


@dataclass(frozen=True)
class YamlSettings:
    """Settings in YAML: the port `settings.Settings`."""

    main: Path
    zones_file: Path
    control: Control

    @property
    def file(self) -> Path:
        """Return the path of our file. Raises CheckFailed where the settings have no folder for it,
        or where exemptions would be refused beside them."""
        said = INCLUDE_DIR.search(_text(self.main))
        if said is None:
            raise CheckFailed(
                f"{self.main} holds settings in YAML, and names no include_dir in which a file of "
                "ours would be read",
                f"add `include_dir: {self.main.parent / 'recursor.d'}` below `recursor:` in it, "
                "make that folder, and restart PowerDNS Recursor once",
            )
        folder = Path(said["folder"].strip())
        lua = [
            file for file in (self.main, *sorted(folder.glob("*.yml"))) if LUA.search(_text(file))
        ]
        if lua:
            raise CheckFailed(
                f"{lua[0]} names a lua_config_file: PowerDNS Recursor takes exemptions from "
                "validation either in Lua or in YAML, and does not start with both",
                "write what that Lua file says in YAML, as `rec_control show-yaml` prints it",
            )
        return folder / "ecs-anywhere.yml"

    def fragment(self, forwarding: Forwarding) -> Fragment:
        head = (f"# {HEADER}", f"# {forwarding.label}")
        lines = (*head, *self.lines_for(forwarding.zones))
        return Fragment(self.file, "".join(f"{line}\n" for line in lines))

    def lines_for(self, zones: Sequence[str]) -> Iterator[str]:
        """Yield the lines of our file, without its header."""
        yield from ("recursor:", f"  forward_zones_file: '{self.zones_file}'")
        if zones:
            yield from ("dnssec:", "  negative_trustanchors:")
        for zone in zones:
            yield from (f"  - name: '{zone}'", f"    reason: '{NTA_REASON}'")

    def exempt_in(self, text: str) -> list[str]:
        """Return the zones that a file of ours exempts. Raises CheckFailed where it is not as we
        write it."""
        if not text:
            return []
        lines = [line for _, line in lines_of(text, "#")]
        zones = [said["zone"] for said in map(NAME.fullmatch, lines) if said]
        if lines != list(self.lines_for(zones)) or not all(map(ZONE.fullmatch, zones)):
            raise CheckFailed(f"{self.file.name}: it was edited", CURE)
        return zones

    def in_force(self) -> Configuration:
        """Return the settings of the running Recursor; none where it does not run."""
        try:
            values = {key: self.control.parameter(key) for key in ASKED}
        except ReloadFailed:
            values = {}
        place = "the running PowerDNS Recursor"
        settings = (Setting(key, value, False, place) for key, value in values.items() if value)
        return Configuration(self.main, tuple(settings))

    def check_read(self, tested: Ran) -> None:
        """Check the output of `--config=check`, which ends with 0 for errors, too. Raises
        CheckFailed."""
        error = ERROR.search(tested.everything)
        if error is not None:
            raise CheckFailed(
                f"PowerDNS Recursor would not start any more: {error['message']}",
                "correct that setting",
            )
        if str(self.file) not in tested.everything:
            raise CheckFailed(
                f"PowerDNS Recursor does not read {self.file}",
                f"correct include_dir in {self.main}",
            )

    def problems(self, disk: Configuration, *, swapped: bool) -> Iterator[Finding]:  # noqa: ARG002
        """Yield a finding where another zones file is in force. Where none is, our own file will
        name ours."""
        if disk.value("forward-zones-file") not in ("", str(self.zones_file)):
            yield self.not_included(disk)

    def includes(self, disk: Configuration) -> tuple[Include, ...]:  # noqa: ARG002
        """Return no lines: the Recursor reads the folder as a whole. Raises CheckFailed where there
        is no folder."""
        assert self.file
        return ()

    def not_included(self, disk: Configuration) -> Finding:
        return Finding(
            False,
            f"forward_zones_file is {disk.value('forward-zones-file')}: only one counts",
            "move its lines to forward_zones_recurse (those with +) and forward_zones",
        )


def _text(file: Path) -> str:
    """Return the text; empty where it cannot be read, which another check finds."""
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""
