"""A DNS server whose forward zones are made by an API: the contract, by files and a reload.

The fragment is the wish, a file on this host. `reload` asks the API for the zones that there are,
makes, changes and removes ours until they are what the file says, and has that put in force. So
journal, swap, rollback and recovery are those of every other server: to go back is to put back the
file, and to reload.

Whose zones these are is remembered on this host (`wish`). A zone that was there before is refused,
and none but ours is changed or removed. Where somebody removed ours and made another kind of zone
by its name, with records in it, that is theirs: it is refused, and it stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.memory.files import text_of
from ecs_anywhere_dns.outcome import CheckFailed, NotTaken, ReloadFailed, Stop, reason_of
from ecs_anywhere_dns.servers.contract import Finding, Fragment, Include
from ecs_anywhere_dns.servers.fragment_lines import CURE
from ecs_anywhere_dns.servers.harmless import harmless
from ecs_anywhere_dns.servers.zones_by_api.understood import Understood
from ecs_anywhere_dns.servers.zones_by_api.wish import read_made, read_wish, text_for, write_made
from ecs_anywhere_dns.servers.zones_by_api.zones import Zone, ZoneApi

ONE_HOST = (
    "remove it there, or leave that name to it; where another host of yours made it by this tool, "
    "run the tool on one of them only"
)


@dataclass(frozen=True)
class ZonesByApi:
    """The base of servers with an API. A subclass has the keys of its table, and opens the
    session."""

    name = ""
    title = ""
    uses_other_when_silent = True
    reload_patience = 0.0

    region: str
    address: str
    port: int
    url: str = ""
    user: str = ""
    password_file: Path = Path("/etc/ecs-anywhere-dns/password")
    ca_file: str = ""
    zones_file: Path = Path("/etc/ecs-anywhere-dns/forward.zones")

    def api(self) -> ZoneApi:
        """Return a new session with the API. Raises CheckFailed, Unsafe and ReloadFailed."""
        raise NotImplementedError

    def asked(self) -> ZoneApi:
        """Return that session, made to raise ReloadFailed for an answer that it cannot read."""
        return Understood(self.api(), self.title)

    @property
    def made_file(self) -> Path:
        return self.zones_file.with_suffix(".made")

    @property
    def privileges(self) -> Mapping[str, str]:
        return {}

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        """Return our file. Raises CheckFailed for a zone, an address or a label that is none."""
        return (Fragment(self.zones_file, text_for(harmless(forwarding))),)

    def is_running(self) -> bool:
        try:
            self.asked().zones()
        except Stop:
            return False
        return True

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:  # noqa: ARG002
        for fragment in fragments:
            read_wish(fragment.text, str(fragment.path))

    def hindrances(self, intended: Forwarding) -> Iterator[Finding]:
        made = read_made(self.made_file)
        for zone in self.asked().zones():
            taken = [each for each in intended.zones if zone.answers_for(each)]
            if taken and _is_foreign(zone, made):
                yield Finding(
                    False,
                    f"{self.title} has a zone {zone.name} that this host did not make: it takes "
                    f"names of {taken[0]}",
                    ONE_HOST,
                )

    def sources(self) -> tuple[str, ...]:
        return ()

    def check_configuration(self) -> None:
        """Check that our files can be read. The zones of the API are looked at before any of them
        is changed. Raises CheckFailed."""
        self.on_disk()
        read_made(self.made_file)

    def reload(self) -> None:
        wanted = self.on_disk().targets
        api, made = self.asked(), read_made(self.made_file)
        there = {zone.name: zone for zone in api.zones()}
        foreign = sorted(
            name for name in wanted.keys() & there.keys() if _is_foreign(there[name], made)
        )
        if foreign:
            raise NotTaken(
                f"{self.title} has a zone {foreign[0]} that this host did not make", ONE_HOST
            )
        # Announced before it is made: who dies in between finds what is ours.
        write_made(self.made_file, {*made, *wanted})
        for zone, forwarders in wanted.items():
            _ensure(api, zone, there.get(zone), forwarders)
        for name in sorted((made & there.keys()) - wanted.keys()):
            if there[name].may_be_deleted:
                api.delete(there[name])
        api.put_in_force()
        write_made(self.made_file, wanted.keys())

    def check_effective(self, forwarding: Forwarding) -> None:
        made = read_made(self.made_file)
        ours = {zone.name: zone for zone in self.asked().zones() if zone.name in made}
        wanted = forwarding.targets
        wrong = [
            zone for zone, to in wanted.items() if zone not in ours or not ours[zone].forwards(to)
        ]
        wrong += sorted(ours.keys() - wanted.keys())
        if wrong:
            raise ReloadFailed(
                f"{self.title} does not forward {', '.join(wrong)} as {self.zones_file} says",
                "look at its log for who changed that; `ecs-anywhere-dns apply` makes it anew",
            )

    def flush(self, names: Iterable[str]) -> None:
        wanted = tuple(names)
        if wanted:
            self.asked().forget(wanted)

    def revive(self) -> None:
        """Check that the API answers: this tool cannot start such a server. Raises ReloadFailed."""
        try:
            self.asked().zones()
        except CheckFailed as problem:
            raise ReloadFailed(problem.message, problem.cure) from None

    def includes(self) -> tuple[Include, ...]:
        return ()

    def forwarded(self) -> Forwarding:
        """Return what our files on the disk forward. Raises CheckFailed."""
        return self.on_disk()

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        return tuple(self._findings(applied, intended))

    def on_disk(self) -> Forwarding:
        """Return the forwarding of our file; an empty one where there is no file, as before the
        first change and after a rollback to it. Raises CheckFailed."""
        try:
            return read_wish(text_of(self.zones_file), str(self.zones_file))
        except FileNotFoundError:
            return NOTHING
        except (OSError, ValueError) as error:
            raise CheckFailed(f"{self.zones_file}: {reason_of(error)}", CURE) from None

    def _findings(self, applied: Forwarding | None, intended: Forwarding) -> Iterator[Finding]:
        try:
            zones = self.asked().zones()
            yield Finding(True, f"{self.title} answers at {self.url}, and has {len(zones)} zones")
            yield from self.hindrances(intended)
            if applied is not None:
                self.check_effective(applied)
                yield Finding(True, f"{self.title} has the zones that were applied last")
        except Stop as problem:
            yield Finding(False, problem.message, problem.cure)


def _is_foreign(zone: Zone, made: Collection[str]) -> bool:
    """Return whether another user made the zone: it is not in our memory, or is of another kind
    than ours."""
    return zone.name not in made or not zone.is_forward


def _ensure(api: ZoneApi, zone: str, there: Zone | None, forwarders: Sequence[str]) -> None:
    if there is None:
        api.create(zone, forwarders)
    elif not there.forwards(forwarders):
        api.change(there, forwarders)
