"""`doctor`: everything that would stop or weaken the forwarding here, at once. Read only."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.preflight import preflight
from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.following.acceptance import accept
from ecs_anywhere_dns.following.beforehand import out_of_reach, own_answers
from ecs_anywhere_dns.following.listening import door_of, hindrances
from ecs_anywhere_dns.forwarding import NOTHING, forwarding_of
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.files import state_of
from ecs_anywhere_dns.memory.state import Memory
from ecs_anywhere_dns.outcome import MEANINGS, Exit, Stop
from ecs_anywhere_dns.pinned.belief import check_believed, pins_of
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.units import ANEW, UNITS, outdated_unit

PROGRAMS = {
    "named": "bind",
    "unbound": "unbound",
    "dnsmasq": "dnsmasq",
    "pdns_recursor": "powerdns",
    "kresd": "knot",
}


def examine(host: Host, units: Path = UNITS) -> tuple[Finding, ...]:
    """Return everything that was seen; `units` is where systemd's are installed."""

    document = _fetched(host)

    def unit(host: Host) -> Iterator[Finding]:
        return _unit(host, units)

    def server(host: Host) -> Iterator[Finding]:
        return _server(host, document)

    def listening(host: Host) -> Iterator[Finding]:
        return hindrances(door_of(host), host.asks)

    def names(host: Host) -> Iterator[Finding]:
        if not isinstance(document, Stop) and document.state != "withdrawn":
            yield from own_answers(host, document)
            yield from out_of_reach(host, document)

    def publication(host: Host) -> Iterator[Finding]:
        return _publication(host, document)

    looks = (_pins, unit, _fragments, _includes, server, listening, names, _state, publication)
    seen = (finding for look in looks for finding in _until_stopped(look, host))
    # One unreadable file stops several of them.
    return tuple(dict.fromkeys(seen))


def installed() -> tuple[Finding, ...]:
    """What can be said where `init` has not been run."""
    # The paths of root: where DNS servers are, whoever asks.
    path = os.pathsep.join([*os.get_exec_path(), "/usr/local/sbin", "/usr/sbin"])
    found = [server for program, server in PROGRAMS.items() if shutil.which(program, path=path)]
    if not found:
        return (Finding(False, "no DNS server that we know is installed", "install one"),)
    return tuple(
        Finding(True, f"{server} is installed; `ecs-anywhere-dns init --server {server} …`")
        for server in found
    )


def _fetched(host: Host) -> Document | Stop:
    """Return the publication if it can be read and believed, else why not."""
    host.progress.begin("fetch")
    try:
        document = read_document(host.publication.fetch(Memory.of(host.state.applied()).known))
        check_believed(document, host.settings)
    except Stop as problem:
        return problem
    return document


def _until_stopped(look: Callable[[Host], Iterator[Finding]], host: Host) -> Iterator[Finding]:
    try:
        yield from look(host)
    except Stop as problem:
        yield Finding(False, problem.message, problem.cure)


def _unit(host: Host, units: Path) -> Iterator[Finding]:
    file = outdated_unit(host.settings, host.server, units)
    if file is not None:
        yield Finding(
            False,
            f"{file} is not what this version writes for this configuration: an older version "
            "wrote it, or the configuration or that file was changed since",
            f"{ANEW}; what you have added belongs into a drop-in (`systemctl edit {file.name}`)",
        )


def _fragments(host: Host) -> Iterator[Finding]:
    """Yield nothing where our files can be written. Raises CheckFailed, as for a link of others."""
    for fragment in host.server.fragments(NOTHING):
        state_of(fragment.path)
    yield from ()


def _pins(host: Host) -> Iterator[Finding]:
    yield from (Finding(True, line) for line in pins_of(host.settings))


def _includes(host: Host) -> Iterator[Finding]:
    """Only until something was applied: after that the server itself tells."""
    if not host.state.applied().forwarding.is_none:
        return
    for include in host.server.includes():
        where = f" inside `{include.inside}`" if include.inside else ""
        yield Finding(
            False,
            f"{include.file} lacks the line `{include.line}`{where}: {host.server.title} does not "
            "read our files",
            "`ecs-anywhere-dns init --include` adds it",
        )


def _server(host: Host, document: Document | Stop) -> Iterator[Finding]:
    """Yield what the server says of what was applied, and of what `apply` would do now."""
    applied = host.state.applied().forwarding
    settings = host.settings
    intended = applied
    if not isinstance(document, Stop):
        ips, port = document.resolver_ips, settings.resolver_port
        intended = forwarding_of(document, ips, settings.mode, port)
    yield from host.server.findings(None if applied.is_none else applied, intended)


def _state(host: Host) -> Iterator[Finding]:
    if host.state.journal() is not None:
        yield Finding(
            False,
            "a switch of the forwarding was begun and is not undone yet",
            "`ecs-anywhere-dns apply` undoes it first",
        )
    last = host.state.report()
    if last:
        code = Exit(last["exit"])
        ended = f"the last run ({last['at']}) ended with {int(code)}: {MEANINGS[code]}"
        yield Finding(code in {Exit.DONE, Exit.DEGRADED}, ended, str(last["cure"]))
    else:
        yield Finding(True, "nothing was run here before")


def _publication(host: Host, document: Document | Stop) -> Iterator[Finding]:
    if isinstance(document, Stop):
        raise document
    yield Finding(True, f"the publication can be read and believed: {document.label}")
    if document.state != "withdrawn":
        yield from _resolvers(host, document)
    applied, distrusted = host.state.applied(), host.state.distrust()
    accept(document, host.settings, applied, distrusted, host.now(), force=False)


def _resolvers(host: Host, document: Document) -> Iterator[Finding]:
    host.progress.begin("preflight")
    zones = forwarding_of(document, (), host.settings.mode).zones
    seen = preflight(document, zones, host.asks, host.settings.resolver_port)
    for ip in seen.fit:
        yield Finding(True, f"resolver IP {ip} answers every name as published, over UDP and TCP")
    for line in explain(seen.troubles):
        yield Finding(False, line, seen.cure)
