"""A reader of Corefiles, as strict as CoreDNS itself, for what this tool renders.

Written by corefile(5) and by the manual of the plugins bind, cache, errors and forward. It knows no
environment variables, snippets and imports, because nothing of that is rendered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

MOST_UPSTREAMS = 15
"""The most upstreams of one line `forward`."""
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]\S*')
DURATION = re.compile(r"(\d+(ms|s|m|h))+")
POLICIES = ("random", "round_robin", "sequential")
PROPERTIES = {
    "policy": re.compile("|".join(POLICIES)),
    "health_check": DURATION,
    "expire": DURATION,
    "max_fails": re.compile(r"\d+"),
    "max_concurrent": re.compile(r"\d+"),
    "force_tcp": None,
    "prefer_udp": None,
}
"""Property of `forward`, in every release since 1.7 -> what its one value has to be."""

Line = list[str]


class BadCorefile(ValueError):
    """CoreDNS would not start with it."""


@dataclass(frozen=True)
class Block:
    """A server block: what is asked for below `zones` goes to `upstreams` and to nobody else."""

    zones: tuple[str, ...]
    ports: frozenset[int]
    upstreams: tuple[tuple[str, int], ...]
    properties: dict[str, str]
    longest_cached: int
    """Seconds."""


def read(text: str) -> list[Block]:
    """Return the server blocks. Raises BadCorefile."""
    lines = [tokens for line in text.splitlines() if (tokens := _tokens(line))]
    blocks = []
    while lines:
        keys = _keys(lines)
        blocks.append(_block(keys, _body(lines)))
    served = [(zone, port) for block in blocks for zone in block.zones for port in block.ports]
    for each in served:
        if served.count(each) > 1:
            raise BadCorefile(f"{each} is defined already")
    return blocks


def _tokens(line: str) -> Line:
    found = []
    for token in TOKEN.findall(line):
        if token.startswith("#"):
            break
        found.append(token)
    return found


def _keys(lines: list[Line]) -> list[str]:
    """Take the addresses of a block, which a comma carries over to the next line, and `{`."""
    keys: list[str] = []
    while lines:
        line = lines.pop(0)
        if line[-1] == "{":
            keys += line[:-1]
            break
        keys += line
        if not line[-1].endswith(","):
            raise BadCorefile(f"no {{ after {line}")
    if not keys or keys[-1].endswith(","):
        raise BadCorefile(f"another address is expected after {keys}")
    return [key.removesuffix(",") for key in keys]


def _body(lines: list[Line]) -> list[list[Line]]:
    """Take the plugins of a block, each as its line and those between its braces."""
    plugins: list[list[Line]] = []
    while lines:
        line = lines.pop(0)
        if line == ["}"]:
            return plugins
        if "}" in line:
            raise BadCorefile(f"}} is not alone on its line: {line}")
        plugins.append([line])
        if line[-1] == "{":
            plugins[-1] = [line[:-1], *_properties(lines)]
        elif "{" in line:
            raise BadCorefile(f"something after {{: {line}")
    raise BadCorefile("the file ends within a block")


def _properties(lines: list[Line]) -> list[Line]:
    found: list[Line] = []
    while lines:
        line = lines.pop(0)
        if line == ["}"]:
            return found
        if "{" in line or "}" in line:
            raise BadCorefile(f"a brace within a plugin: {line}")
        found.append(line)
    raise BadCorefile("the file ends within a plugin")


def _block(keys: list[str], plugins: list[list[Line]]) -> Block:
    names = [plugin[0][0] for plugin in plugins]
    unknown = [name for name in names if name not in ("errors", "cache", "forward")]
    if unknown or len(names) != len(set(names)):
        raise BadCorefile(f"plugins {names}")
    by_name = {plugin[0][0]: (plugin[0][1:], plugin[1:]) for plugin in plugins}
    if "forward" not in by_name:
        raise BadCorefile("nobody answers")
    if by_name.get("errors", ([], [])) != ([], []):
        raise BadCorefile("errors takes nothing")
    places = [_place(key) for key in keys]
    upstreams, properties = _forward(*by_name["forward"])
    return Block(
        tuple(zone for zone, _ in places),
        frozenset(port for _, port in places),
        upstreams,
        properties,
        _cache(*by_name["cache"]) if "cache" in by_name else 0,
    )


def _place(key: str) -> tuple[str, int]:
    zone, colon, port = key.partition(":")
    if not re.fullmatch(r"([a-z0-9_]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9_]([a-z0-9-]*[a-z0-9])?", zone):
        raise BadCorefile(f"{key} is no zone")
    return zone, _port(port) if colon else 53


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise BadCorefile(f"{text} is no port")
    return int(text)


def _cache(arguments: Line, properties: list[Line]) -> int:
    if properties or len(arguments) != 1 or not arguments[0].isdecimal():
        raise BadCorefile(f"cache {arguments}")
    return int(arguments[0])


def _forward(
    arguments: Line, properties: list[Line]
) -> tuple[tuple[tuple[str, int], ...], dict[str, str]]:
    base, *upstreams = arguments or [""]
    if base != ".":
        raise BadCorefile(
            f"below {base!r} only: the rest of the block's zones is answered by nobody"
        )
    if not 0 < len(upstreams) <= MOST_UPSTREAMS:
        raise BadCorefile(f"{len(upstreams)} upstreams")
    known = {}
    for name, *values in properties:
        if name not in PROPERTIES or name in known:
            raise BadCorefile(f"property {name}")
        form = PROPERTIES[name]
        if len(values) != (form is not None) or (form and not form.fullmatch(values[0])):
            raise BadCorefile(f"{name} {values}")
        known[name] = "".join(values)
    return tuple(_upstream(each) for each in upstreams), known


def _upstream(text: str) -> tuple[str, int]:
    address, colon, port = text.partition(":")
    try:
        ip_address(address)
    except ValueError:
        raise BadCorefile(f"{text} is no address") from None
    return address, _port(port) if colon else 53
