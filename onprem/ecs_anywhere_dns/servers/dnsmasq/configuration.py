"""The configuration of dnsmasq on the disk: every file that it reads when it starts.

What dnsmasq does with it, measured with 2.90: of two lines for the same domain both count, the line
for the longer domain wins, and only a restart reads any of it again (SIGHUP: only `servers-file`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.mark import lies_within

LONG = {"-C": "conf-file", "-7": "conf-dir", "-S": "server", "-A": "address"}
ROUTES = ("server", "local", "address")
"""Each decides where the questions for a domain go."""


@dataclass(frozen=True)
class Line:
    key: str
    value: str
    """The value; empty for a switch."""
    place: str
    """File and line number, or the command line."""

    @property
    def domains(self) -> tuple[str, ...]:
        """Return the domains of `/a.example/b.example/10.0.0.1`, without leading stars."""
        if not self.value.startswith("/"):
            return ()
        parts = self.value.lower().split("/")[1:-1]
        return tuple(part.lstrip("*").strip(".") for part in parts if part.strip("*."))


@dataclass(frozen=True)
class Configuration:
    lines: tuple[Line, ...]

    def of(self, *keys: str) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.key in keys)

    def has(self, key: str) -> bool:
        return bool(self.of(key))

    def covering(self, key: str, zone: str) -> tuple[Line, ...]:
        """Return the lines of that key whose domain is the zone or above it."""
        return tuple(x for x in self.of(key) if any(lies_within(zone, d) for d in x.domains))

    def shadows(self, zones: Iterable[str]) -> tuple[Line, ...]:
        """Return the lines that send questions for a zone, or for a part of it, to other
        servers."""
        wanted = tuple(zones)
        return tuple(
            line
            for line in self.of(*ROUTES)
            if any(lies_within(domain, zone) for domain in line.domains for zone in wanted)
        )


def read_configuration(words: Sequence[str], default: Path) -> Configuration:
    """Return the configuration that dnsmasq reads when it starts, each file once. `words` are those
    of its command line; `default` is read where they name no file. Raises CheckFailed for a file
    that cannot be read."""
    given = tuple(_given(words))
    named = [line for line in given if line.key == "conf-file"]
    seen: set[Path] = set()
    main = () if named else tuple(_file(default, seen))
    return Configuration(main + tuple(x for line in given for x in _expanded(line, seen)))


def _given(words: Sequence[str]) -> Iterator[Line]:
    """Yield the options of a command line: long ones have their value after `=`, short ones
    attached or as the next word."""
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            key, _, value = word[2:].partition("=")
            yield Line(key, value, "command line")
        elif word[:2] in LONG:
            yield Line(LONG[word[:2]], word[2:] or next(rest, ""), "command line")


def _expanded(line: Line, seen: set[Path]) -> Iterator[Line]:
    yield line
    if not line.value:
        return  # an empty path names nothing; for Python it would be the current folder
    if line.key == "conf-file":
        yield from _file(Path(line.value), seen)
    if line.key == "conf-dir":
        for path in _folder(line.value):
            yield from _file(path, seen)


def _file(path: Path, seen: set[Path]) -> Iterator[Line]:
    """Yield the lines of a file and of those that it names. Like dnsmasq, this reads no file
    twice."""
    if path.resolve() in seen or not path.exists():
        return
    seen.add(path.resolve())
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise CheckFailed(f"{path}: {error.strerror}", "run this as root") from None
    for number, line in enumerate(text.splitlines(), 1):
        key, _, value = line.partition("#" if line.lstrip().startswith("#") else "=")
        if key.strip():
            said = Line(key.strip(), _bare(value), f"{path}:{number}")
            yield from _expanded(said, seen)


def _bare(value: str) -> str:
    """Return the value without the comment behind it: a `#` after a space; within a word it is a
    port's."""
    return value.split(" #")[0].split("\t#")[0].strip().strip('"')


def _folder(value: str) -> list[Path]:
    """Return the files of `directory[,.suffix-left-out…][,*.suffix-taken…]`, sorted by name."""
    directory, *suffixes = value.split(",")
    taken = tuple(s[1:] for s in suffixes if s.startswith("*"))
    left_out = ("~", *(s for s in suffixes if s and not s.startswith("*")))
    return [
        path
        for path in sorted(Path(directory).glob("*"))
        if path.is_file()
        and not path.name.startswith(".")
        and not path.name.endswith(left_out)
        and not (path.name.startswith("#") and path.name.endswith("#"))
        and (not taken or path.name.endswith(taken))
    ]
