"""The list of the DNS servers. Each is a folder beside this file; `contract` tells how a new one is
written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.known_keys import cure_of_unknown
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.servers.contract import Renderer, Server

Made = TypeVar("Made")
NUL = "\0"
"""Cannot stand in a path, or in a word of a command."""


class OnDemand(Mapping[str, Made]):
    """Classes by the name of the server, which is the name of its module, too. A class is imported
    when it is asked for, because a run uses one of them."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._classes = classes

    def __getitem__(self, name: str) -> Made:
        of_class = self._classes[name]
        made: Made = getattr(import_module(f"{__name__}.{name}"), of_class)
        return made

    def __contains__(self, name: object) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


SERVERS: Mapping[str, Callable[..., Server]] = OnDemand(
    {
        "bind": "Bind",
        "unbound": "Unbound",
        "dnsmasq": "Dnsmasq",
        "powerdns": "PowerDns",
        "knot": "Knot",
        "resolved": "Resolved",
        "infoblox": "Infoblox",
        "freeipa": "FreeIpa",
    }
)
"""Configured, reloaded, verified and rolled back for real."""

OTHERS = "other_regions"
"""The field of a server for which further Regions make a difference."""

RENDERED: Mapping[str, Callable[[Document], Renderer]] = OnDemand(
    {"windows": "Windows", "coredns": "CoreDns"}
)
"""The servers whose configuration is only rendered; a person applies it."""


def make_server(
    name: str, region: str, address: str, port: int, table: Mapping[str, Any]
) -> Server:
    """Return the server of that name, which answers at `address` and `port`, with the keys of its
    table. Raises BadUsage."""
    if name not in SERVERS:
        rendered = " (only `render` knows it)" if name in RENDERED else ""
        raise BadUsage(
            f"server = {name!r} cannot be configured{rendered}", f"one of {', '.join(SERVERS)}"
        )
    given = {"region": region, "address": address, "port": port}
    return SERVERS[name](**given, **_from_table(name, SERVERS[name], table))


def check_tells_apart(name: str) -> None:
    """Check that a server can follow several VPCs at once. Raises BadUsage for one that is only
    rendered. The others can: each zone goes to resolver IPs of its own (`Forwarding.targets`)."""
    if name not in SERVERS:
        raise BadUsage(
            f"{name} is not written for several VPCs at once", "say which one: --vpc vpc-…"
        )


def in_regions(server: Server, regions: Sequence[str]) -> Server:
    """Return the server with all Regions but the first as `other_regions`, if it has that field."""
    others = tuple(dict.fromkeys(each for each in regions[1:] if each != regions[0]))
    if not others or not hasattr(server, OTHERS):
        return server
    made: Any = server
    with_others: Server = replace(made, **{OTHERS: others})
    return with_others


def make_renderer(name: str, document: Document) -> Renderer:
    """Return the server, or the renderer, of that name. Raises BadUsage."""
    if name in SERVERS:
        return make_server(name, document.region, "127.0.0.1", 53, {})
    if name not in RENDERED:
        raise BadUsage(f"unknown server {name!r}", f"one of {', '.join([*SERVERS, *RENDERED])}")
    return RENDERED[name](document)


def _from_table(name: str, server: Any, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a table of the configuration sets: its paths are strings, its commands
    lists of words. Raises BadUsage."""
    given = {"region", "address", "port", OTHERS}
    known = {item.name: item.default for item in fields(server) if item.name not in given}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise BadUsage(f"[{name}] has an unknown key {key!r}", cure_of_unknown(key, [*known]))
        is_command = isinstance(known[key], tuple)
        if not (_is_command(value) if is_command else isinstance(value, str)):
            form = "a list of words" if is_command else "a string"
            raise BadUsage(f"[{name}] {key} = {value!r} is not {form}", "correct it")
        if NUL in "".join(value):
            raise BadUsage(f"[{name}] {key} = {value!r} has a NUL character", "take it out")
        if isinstance(known[key], Path) and not Path(value).is_absolute():
            raise BadUsage(
                f"[{name}] {key} = {value!r} is no absolute path",
                "write it from / on; to have the default, leave that line out",
            )
        values[key] = _as_default(known[key], value)
    return values


def _is_command(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)


def _as_default(default: Any, value: Any) -> Any:
    if isinstance(default, tuple):
        return tuple(value)
    return Path(value) if isinstance(default, Path) else value
