"""A Windows server as the script sees it: its DNS server, its network, and a real folder.

Modelled by https://learn.microsoft.com/windows/win32/dns/dnsserverconditionalforwarderzone (the
properties of a zone) and by the references of the module DnsServer. `dies_at` ends the machine in
the middle, as a power cut does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.onprem.powershell.values import Enum, Properties, Thrown, as_object, text_of

HERE = "127.0.0.1"
PUBLIC = "198.51.100.7"
"""The address that the internet answers for every name."""


class Died(BaseException):
    """The machine is gone: nothing of the script goes on, not even `finally`."""


@dataclass
class Clock:
    """A counter of the changes for good, which ends the machine before the change `dies_at`."""

    dies_at: int = 0
    fails_from: int = 0
    """The number of the change from which on each is refused."""
    changes: int = 0

    def change(self) -> None:
        self.changes += 1
        if self.changes == self.dies_at:
            raise Died
        if self.fails_from and self.changes >= self.fails_from:
            raise Thrown("Access is denied.", "CimException")


@dataclass(frozen=True)
class Zone:
    name: str
    type: str = "Forwarder"
    masters: tuple[str, ...] = ()
    recursion: bool = True
    timeout: int = 5
    scope: str = ""
    partition: str = ""

    def as_object(self) -> Properties:
        """A zone of another type has no properties of a forwarder."""
        said: dict[str, Any] = {"ZoneName": self.name, "ZoneType": self.type}
        said["IsDsIntegrated"] = bool(self.scope)
        if self.type == "Forwarder":
            said |= {
                "MasterServers": [Enum(address) for address in self.masters],
                "UseRecursion": self.recursion,
                "ForwarderTimeout": self.timeout,
                "ReplicationScope": self.scope or "None",
                "DirectoryPartitionName": self.partition or None,
            }
        return as_object(said)


@dataclass
class Dns:
    """The DNS server. `reachable`: answers of each server that it can ask, by name."""

    clock: Clock
    reachable: dict[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    zones: dict[str, Zone] = field(default_factory=dict)
    cache: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ignores_changes: bool = False
    """True where changes are taken back, as by a server's copy of Active Directory."""
    slow: int = 0
    """The number of rests that pass before a forwarder is in force."""
    broken: str = ""
    """The error with which every question about zones ends."""

    def zone(self, name: str) -> Zone:
        if self.broken:
            raise Thrown(self.broken, "CimException")
        if name.lower() not in self.zones:
            raise Thrown(f"The zone {name} was not found on server DNS1.", "CimException")
        return self.zones[name.lower()]

    def put(self, *zones: Zone) -> None:
        """Put zones there, as an administrator does."""
        self.zones |= {zone.name: zone for zone in zones}

    def add(
        self, name: str, masters: Any, timeout: int, scope: str, partition: str, recursion: bool
    ) -> None:
        if name.lower() in self.zones:
            raise Thrown(f"Failed to create zone {name}: it exists already.", "CimException")
        assert scope in {"", "Forest", "Domain", "Legacy", "Custom"}, scope
        assert (scope == "Custom") == bool(partition), "a partition is named for Custom alone"
        self.clock.change()
        # Recursion is what Microsoft's console ticks by default.
        self.zones[name.lower()] = Zone(
            name, "Forwarder", _addresses(masters), recursion or True, timeout, scope, partition
        )

    def change(self, name: str, masters: Any, recursion: bool, timeout: int) -> None:
        former = self.zone(name)
        assert former.type == "Forwarder", former
        self.clock.change()
        if not self.ignores_changes:
            self.zones[name.lower()] = replace(
                former, masters=_addresses(masters), recursion=recursion, timeout=timeout
            )

    def remove(self, name: str) -> None:
        self.zone(name)
        self.clock.change()
        del self.zones[name.lower()]

    def clear_cache(self) -> None:
        self.clock.change()
        self.cache.clear()

    def pass_time(self) -> None:
        self.slow = max(0, self.slow - 1)

    def resolve(self, name: str, server: str) -> tuple[str, ...]:
        """Return the addresses that Resolve-DnsName gets there. Raises Thrown."""
        found = self._recurse(name) if server == HERE else self._ask(name, server)
        if not found:
            raise Thrown(f"{name} : This operation returned because the timeout period expired")
        return found

    def _recurse(self, name: str) -> tuple[str, ...]:
        if name in self.cache:
            return self.cache[name]
        labels = name.split(".")
        below = (".".join(labels[n:]) for n in range(len(labels)))
        zone = next((self.zones[x] for x in below if x in self.zones), None)
        found: tuple[str, ...] = ()
        if zone and not self.slow:
            found = next(filter(None, (self._ask(name, master) for master in zone.masters)), ())
        if not found and (zone is None or zone.recursion):
            found = (PUBLIC,)
        if found:
            self.cache[name] = found
        return found

    def _ask(self, name: str, server: str) -> tuple[str, ...]:
        return tuple(self.reachable.get(server, {}).get(name, ()))


@dataclass
class Disk:
    """[IO.File] and [IO.Directory], on a real folder."""

    clock: Clock
    locked: bool = False
    """True where another run holds the lock."""

    def CreateDirectory(self, path: str) -> None:  # noqa: N802 - the names are .NET's
        Path(path).mkdir(parents=True, exist_ok=True)

    def Open(self, path: str, mode: str, access: str, share: str) -> Stream:  # noqa: N802
        assert (mode, access, share) == ("OpenOrCreate", "ReadWrite", "None")
        if self.locked:
            raise Thrown(f"The process cannot access the file '{path}'.", "IO.IOException")
        return Stream(Path(path), self.clock)

    def Create(self, path: str) -> Stream:  # noqa: N802
        Path(path).write_bytes(b"")
        return Stream(Path(path), self.clock)

    def Replace(self, source: str, target: str, backup: Any) -> None:  # noqa: N802
        assert Path(target).exists() and backup == Enum(""), "$null would become an empty name"
        self.clock.change()
        Path(source).replace(target)

    def Move(self, source: str, target: str) -> None:  # noqa: N802
        assert not Path(target).exists(), "it does not replace a file"
        self.clock.change()
        Path(source).replace(target)

    def ReadAllText(self, path: str) -> str:  # noqa: N802
        return Path(path).read_text("utf-8")

    def remove(self, path: str) -> None:
        self.clock.change()
        Path(path).unlink()


@dataclass
class Stream:
    path: Path
    clock: Clock

    def Write(self, data: bytes, start: int, length: int) -> None:  # noqa: N802
        # Half of it, where the machine ends just here.
        self.path.write_bytes(data[start : length // 2])
        self.clock.change()
        self.path.write_bytes(data[start:length])

    def Flush(self, to_disk: bool) -> None:  # noqa: N802
        assert to_disk

    def Dispose(self) -> None:  # noqa: N802
        pass


class Utf8:
    def GetBytes(self, text: str) -> bytes:  # noqa: N802
        return text.encode()


class Windows:
    """`program_data` is the folder that $env:ProgramData names."""

    def __init__(self, program_data: Path) -> None:
        self.program_data = program_data
        self.clock = Clock()
        self.dns = Dns(self.clock)
        self.disk = Disk(self.clock)
        self.utf8 = Utf8()


def _addresses(masters: Any) -> tuple[str, ...]:
    listed = masters if isinstance(masters, list) else [masters]
    return tuple(text_of(address) for address in listed)
