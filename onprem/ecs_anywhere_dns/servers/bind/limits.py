"""Limits of BIND that the questions of one verification overrun, or the answers to them.

Measured with 9.18. Of `rate-limit` only answers over UDP count, and those that are too many count
against the next seconds. What `all-per-second` holds back is lost, whatever `slip` says; what the
other limits hold back is sent empty, every `slip`-th of it, and asked for again over TCP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ecs_anywhere_dns.servers.bind.named_conf import Block, Statement, View, find
from ecs_anywhere_dns.servers.contract import QUESTIONS_FOR_ONE_ANSWER, Finding

FOR_ONE_ANSWER = ("max-recursion-queries", "max-query-count")
_TOO_FEW = "may be asked for one answer, which is too few once a resolver IP is dead (SERVFAIL)"
BUILT_IN = ("any", "localhost", "localnets")
"""Address match lists that hold the loopback."""


def overrun_in(view: View, names: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Yield the limits of a view that asking for these names, with their addresses, overruns in
    every round: with as many questions as there are names, all come through in some rounds."""
    yield from _rate(view, len(names))
    for option, least, what in (
        ("recursive-clients", len(names), "are answered at once, and the rest is SERVFAIL"),
        ("fetches-per-server", len(names), "are asked of a resolver IP at once (SERVFAIL)"),
        *((option, QUESTIONS_FOR_ONE_ANSWER, _TOO_FEW) for option in FOR_ONE_ANSWER),
    ):
        most = _set_to(view.option(option))
        if 0 < most < least:
            yield Finding(
                False,
                f"{view.title} has {option} {most}: so many questions {what}",
                "remove it, or raise it: the default serves every verification",
            )
    most = _set_to(view.option("max-records-per-type"))
    name = max(names, key=lambda each: len(names[each]), default="")
    if name and 0 < most < len(names[name]):
        yield Finding(
            False,
            f"{view.title} has max-records-per-type {most}, and {name} has {len(names[name])} "
            "addresses (SERVFAIL)",
            "remove it, or raise it: the default is 100",
        )


def _rate(view: View, names: int) -> Iterator[Finding]:
    limits = view.option("rate-limit")
    most = _number(limits.block, "all-per-second") if limits else 0
    if limits is not None and 0 < most < names and not _spares_us(view, limits.block):
        yield Finding(
            False,
            f"{view.title} gives each client {most} answers a second (all-per-second of "
            f"rate-limit), and a verification asks for {names} names",
            "except this host: `exempt-clients { 127.0.0.1; };` in rate-limit",
        )


def _spares_us(view: View, block: Block) -> bool:
    """Return whether answers to this host are surely not limited."""
    exempt, logs = find(block, "exempt-clients"), find(block, "log-only")
    is_exempt = exempt is not None and (
        view.lists(exempt.block, "127.0.0.1")
        or any(e.key.strip('"') in BUILT_IN for e in exempt.block)
    )
    only_logs = logs is not None and logs.value == "yes"
    return is_exempt or only_logs


def _number(block: Block, key: str) -> int:
    """Return the number of an option; 0 where it is not set, or is no number."""
    return _set_to(find(block, key))


def _set_to(said: Statement | None) -> int:
    return int(said.value) if said is not None and said.value.isdigit() else 0
