"""The DNS servers. Each is one file with one class; this is the list of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.servers.bind import Bind
from ecs_anywhere_dns.servers.contract import Renderer, Server
from ecs_anywhere_dns.servers.coredns import CoreDns
from ecs_anywhere_dns.servers.dnsmasq import Dnsmasq
from ecs_anywhere_dns.servers.knot import Knot
from ecs_anywhere_dns.servers.powerdns import PowerDns
from ecs_anywhere_dns.servers.resolved import Resolved
from ecs_anywhere_dns.servers.unbound import Unbound
from ecs_anywhere_dns.servers.windows import Windows

SERVERS: Mapping[str, Callable[..., Server]] = {
    server.name: server for server in (Bind, Unbound, Dnsmasq, PowerDns, Knot, Resolved)
}
"""Configured, reloaded, verified and rolled back for real."""

OTHERS = "other_regions"
"""The field of a server for which further Regions make a difference."""

RENDERED: Mapping[str, Callable[[Document], Renderer]] = {
    renderer.name: renderer for renderer in (Windows, CoreDns)
}
"""Only rendered, from what was published: a person applies it."""


def make_server(
    name: str, region: str, address: str, port: int, table: Mapping[str, Any]
) -> Server:
    """`address` and `port` are where it answers. Raises BadUsage."""
    if name not in SERVERS:
        rendered = " (only `render` knows it)" if name in RENDERED else ""
        raise BadUsage(
            f"server = {name!r} cannot be configured{rendered}", f"one of {', '.join(SERVERS)}"
        )
    given = {"region": region, "address": address, "port": port}
    return SERVERS[name](**given, **_from_table(name, SERVERS[name], table))


def check_tells_apart(name: str) -> None:
    """Raises BadUsage where a server is not written for several VPCs at once. Those that are
    configured are: each zone goes to resolver IPs of its own (`Forwarding.targets`)."""
    if name not in SERVERS:
        raise BadUsage(
            f"{name} is not written for several VPCs at once", "say which one: --vpc vpc-…"
        )


def in_regions(server: Server, regions: Sequence[str]) -> Server:
    """Return the server, knowing of all these Regions, where it makes a difference to it."""
    others = tuple(dict.fromkeys(each for each in regions[1:] if each != regions[0]))
    if not others or not hasattr(server, OTHERS):
        return server
    made: Any = server
    with_others: Server = replace(made, **{OTHERS: others})
    return with_others


def make_renderer(name: str, document: Document) -> Renderer:
    """Raises BadUsage."""
    if name in SERVERS:
        return make_server(name, document.region, "127.0.0.1", 53, {})
    if name not in RENDERED:
        raise BadUsage(f"unknown server {name!r}", f"one of {', '.join([*SERVERS, *RENDERED])}")
    return RENDERED[name](document)


def _from_table(name: str, server: Any, table: Mapping[str, Any]) -> dict[str, Any]:
    """Paths are strings, commands lists of words."""
    given = {"region", "address", "port", OTHERS}
    known = {item.name: item.default for item in fields(server) if item.name not in given}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise BadUsage(f"[{name}] has an unknown key {key!r}", f"known are {', '.join(known)}")
        is_command = isinstance(known[key], tuple)
        if not (_is_command(value) if is_command else isinstance(value, str)):
            form = "a list of words" if is_command else "a string"
            raise BadUsage(f"[{name}] {key} = {value!r} is not {form}", "correct it")
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
