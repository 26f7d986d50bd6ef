"""The settings of PowerDNS Recursor on the disk, in the old style (`recursor.conf`).

Measured with 4.8.8: the files of `include-dir` come after the main one, by name; what is set again
counts; `+=` adds to what is set already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.mark import lies_within

LINE = re.compile(r"\s*(?P<key>[a-z0-9-]+)\s*(?P<sign>\+?=)\s*(?P<value>.*?)\s*")
ROUTES = ("forward-zones", "forward-zones-recurse", "auth-zones")


@dataclass(frozen=True)
class Setting:
    key: str
    value: str
    adds: bool
    place: str
    """File and line number."""

    @property
    def zones(self) -> tuple[str, ...]:
        """Return the zones of `a.example=10.0.0.1, +b.example=10.0.0.2;10.0.0.3`."""
        parts = (part.partition("=")[0] for part in re.split(r"[,\s]+", self.value))
        return tuple(part.lstrip("+^").strip(".").lower() for part in parts if part.strip("+^."))


@dataclass(frozen=True)
class Configuration:
    main: Path
    settings: tuple[Setting, ...]

    def of(self, key: str) -> tuple[Setting, ...]:
        return tuple(setting for setting in self.settings if setting.key == key)

    def value(self, key: str, default: str = "") -> str:
        found = self.of(key)
        return found[-1].value if found else default

    def in_force(self, key: str) -> tuple[Setting, ...]:
        """Return the last line that sets the key, and those after it that add to it."""
        found = self.of(key)
        anew = [number for number, setting in enumerate(found) if not setting.adds]
        return found[anew[-1] :] if anew else found

    @property
    def own_file(self) -> Path:
        """Return the file for our settings: one of their own where there is a folder for it."""
        folder = self.value("include-dir")
        return Path(folder) / "ecs-anywhere.conf" if folder else self.main

    @property
    def validates(self) -> bool:
        """Return whether the Recursor validates. 4.5 and later do by default, for clients that ask
        for it."""
        return self.value("dnssec", "process") not in ("off", "process-no-validate")

    def shadows(self, zones: Iterable[str]) -> tuple[Setting, ...]:
        """Return the settings that send questions for a zone, or for a part of it, to other
        servers."""
        wanted = tuple(zones)
        return tuple(
            setting
            for key in ROUTES
            for setting in self.in_force(key)
            if any(lies_within(name, zone) for name in setting.zones for zone in wanted)
        )


def read_configuration(main: Path) -> Configuration:
    """Return the settings of a main file and of the folder that it includes. Raises CheckFailed."""
    settings = tuple(_file(main))
    folder = Configuration(main, settings).value("include-dir")
    more = sorted(Path(folder).glob("*.conf")) if folder else ()
    return Configuration(main, settings + tuple(x for path in more for x in _file(path)))


def includes_file(setting: str, ours: Path) -> bool:
    """Return whether the administrator's Lua file includes ours. `setting` is the value of
    lua-config-file; empty where it is not set. Raises CheckFailed."""
    lua = Path(setting)
    if not setting or lua == ours:
        return bool(setting)
    try:
        lines = lua.read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise CheckFailed(f"{lua}: {error.strerror}", "run this as root") from None
    return any(str(ours) in line and not line.lstrip().startswith("--") for line in lines)


def _file(path: Path) -> Iterator[Setting]:
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise CheckFailed(
            f"{path}: {error.strerror}", "set configuration under [powerdns]; run this as root"
        ) from None
    for number, line in enumerate(text.splitlines(), 1):
        said = LINE.fullmatch(line.partition("#")[0])
        if said:
            yield Setting(said["key"], said["value"], said["sign"] == "+=", f"{path}:{number}")
