"""A guard around an API: an answer in another form than documented is a failure like any other, so
that the begun change is undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ecs_anywhere_dns.outcome import ReloadFailed
from ecs_anywhere_dns.servers.zones_by_api.zones import Zone, ZoneApi

MISREAD = (AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True)
class Understood:
    """The port `ZoneApi` around another one: raises ReloadFailed for an answer that the other
    cannot read."""

    api: ZoneApi
    title: str

    def zones(self) -> Sequence[Zone]:
        with self._read("its zones"):
            return self.api.zones()

    def create(self, zone: str, forwarders: Sequence[str]) -> None:
        with self._read(f"the new zone {zone}"):
            self.api.create(zone, forwarders)

    def change(self, zone: Zone, forwarders: Sequence[str]) -> None:
        with self._read(f"the zone {zone.name}"):
            self.api.change(zone, forwarders)

    def delete(self, zone: Zone) -> None:
        with self._read(f"the removal of {zone.name}"):
            self.api.delete(zone)

    def put_in_force(self) -> None:
        with self._read("putting the change in force"):
            self.api.put_in_force()

    def forget(self, names: Iterable[str]) -> None:
        with self._read("its cache"):
            self.api.forget(names)

    @contextmanager
    def _read(self, what: str) -> Iterator[None]:
        try:
            yield
        except MISREAD as error:
            raise ReloadFailed(
                f"{self.title} answers of {what} in a form that this tool does not know: "
                f"{type(error).__name__}: {error}",
                "compare the version of its API with the README",
            ) from error
