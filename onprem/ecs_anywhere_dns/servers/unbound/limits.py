"""Limits of Unbound that the questions of one verification, or its aliases, overrun."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.unbound.lines import Line

PER_CLIENT = "ip-ratelimit"
RESTARTS = "max-query-restarts"


def overrun_in(lines: Sequence[Line], names: int) -> Iterator[Finding]:
    """Yield the limit that three questions for each of so many names overrun. Measured with 1.17:
    what is too much is dropped, over TCP, too, but every tenth (`ip-ratelimit-factor`). A limit of
    as many questions as there are names lets all through in some rounds; half of it does not."""
    line, factor = _last(lines, PER_CLIENT), _last(lines, f"{PER_CLIENT}-factor")
    passes_all = factor is not None and factor.value == "1"
    if line is not None and 0 < _number(line) < names and not passes_all:
        yield Finding(
            False,
            f"{line.place}: {PER_CLIENT}: {line.value} drops what a client asks beyond that in a "
            f"second, and a verification asks for {names} names",
            f"raise it to {3 * names} or more: it counts this host like any client",
        )


def unfollowed_in(lines: Sequence[Line], aliases: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the first name that has more CNAMEs, owner -> target, than Unbound follows."""
    line = _last(lines, RESTARTS)
    if line is None or not line.value.isdigit():
        return
    for name in sorted(aliases):
        if len(_chain(name, aliases)) > _number(line):
            yield Finding(
                False,
                f"{line.place}: {RESTARTS}: {line.value} lets Unbound follow no more CNAMEs, and "
                f"{name} is an alias of {aliases[name]} (SERVFAIL)",
                "remove it: the default is 11",
            )
            return


def _chain(name: str, aliases: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names that CNAMEs lead to from a name, each once."""
    found: list[str] = []
    while name in aliases and aliases[name] not in found:
        name = aliases[name]
        found.append(name)
    return tuple(found)


def _last(lines: Sequence[Line], key: str) -> Line | None:
    """Return the line that counts: the last one."""
    return next((line for line in reversed(lines) if line.key == key), None)


def _number(line: Line) -> int:
    return int(line.value) if line.value.isdigit() else 0
