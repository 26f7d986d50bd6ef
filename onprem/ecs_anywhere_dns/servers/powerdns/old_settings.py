"""PowerDNS Recursor with settings in the old style (`recursor.conf`, measured with 4.8.8).

Lua is read at the start only (`reload-lua-config` would load the administrator's whole Lua again,
response policy zones included). So exemptions from validation are set in the running server by
rec_control, and stand in a Lua file of ours for the next start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.servers.contract import HEADER, Finding, Fragment, Include
from ecs_anywhere_dns.servers.powerdns.configuration import (
    Configuration,
    includes_file,
    read_configuration,
)
from ecs_anywhere_dns.servers.powerdns.lines import lua_for, read_lua
from ecs_anywhere_dns.subprocesses import Ran

INIT = "`ecs-anywhere-dns init` writes it"


@dataclass(frozen=True)
class OldSettings:
    """Settings in the old style: the port `settings.Settings`."""

    main: Path
    zones_file: Path

    @property
    def file(self) -> Path:
        return self.zones_file.with_suffix(".lua")

    def fragment(self, forwarding: Forwarding) -> Fragment:
        lines = [f"-- {HEADER}", f"-- {forwarding.label}", *lua_for(forwarding)]
        return Fragment(self.file, "".join(f"{line}\n" for line in lines))

    def exempt_in(self, text: str) -> list[str]:
        return read_lua(text)

    def in_force(self) -> Configuration:
        return read_configuration(self.main)

    def check_read(self, tested: Ran) -> None:
        """Check nothing: the check of old settings names no files."""

    def problems(self, disk: Configuration, *, swapped: bool) -> Iterator[Finding]:
        if Path(disk.value("forward-zones-file")) != self.zones_file:
            yield self.not_included(disk)
        is_included = includes_file(disk.value("lua-config-file"), self.file)
        if swapped and is_included and not self.file.exists():
            yield Finding(False, f"{self.file} is included, but not there", INIT)
        if disk.validates and not is_included:
            yield Finding(
                False,
                f"{self.file} is not included: after a restart our names would be validated, "
                "and fail whenever the internet is away",
                f'{INIT}: dofile("{self.file}") in the file that lua-config-file names',
            )

    def includes(self, disk: Configuration) -> tuple[Include, ...]:
        own, is_ours = disk.own_file, disk.own_file != disk.main
        lines = []
        if not disk.value("forward-zones-file"):
            lines.append(Include(own, f"forward-zones-file={self.zones_file}", ours=is_ours))
        lua = disk.value("lua-config-file")
        if not lua:
            lines.append(Include(own, f"lua-config-file={self.file}", ours=is_ours))
        elif not includes_file(lua, self.file):
            lines.append(Include(Path(lua), f'dofile("{self.file}")'))
        return tuple(lines)

    def not_included(self, disk: Configuration) -> Finding:
        others = [x for x in disk.of("forward-zones-file") if x.value != str(self.zones_file)]
        if others:
            return Finding(
                False,
                f"{others[-1].place}: forward-zones-file={others[-1].value}: only one counts",
                "move its lines to forward-zones-recurse (those with +) and forward-zones",
            )
        return Finding(
            False,
            f"no setting says forward-zones-file={self.zones_file}",
            f"{INIT} to {disk.own_file}",
        )
