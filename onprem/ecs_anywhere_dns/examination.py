"""`doctor`: everything that would stop or weaken the forwarding here, at once. Read only."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.explanation import explain
from ecs_anywhere_dns.forwarding import forwarding_of
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.initialise import missing_includes
from ecs_anywhere_dns.outcome import MEANINGS, Exit, Stop
from ecs_anywhere_dns.preflight import preflight
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.state import Memory

PROGRAMS = {
    "named": "bind",
    "unbound": "unbound",
    "dnsmasq": "dnsmasq",
    "pdns_recursor": "powerdns",
}


def examine(host: Host) -> tuple[Finding, ...]:
    return (*_server(host), *_state(host), *_publication(host))


def installed() -> tuple[Finding, ...]:
    """What can be said where `init` has not been run."""
    found = [server for program, server in PROGRAMS.items() if shutil.which(program)]
    if not found:
        return (Finding(False, "no DNS server that we know is installed", "install one"),)
    return tuple(
        Finding(True, f"{server} is installed; `ecs-anywhere-dns init --server {server} …`")
        for server in found
    )


def _server(host: Host) -> Iterator[Finding]:
    for include in missing_includes(host.server):
        where = f" inside `{include.inside}`" if include.inside else ""
        yield Finding(
            False,
            f"{include.file} does not have the line `{include.line}`{where} in this form",
            "fine if it is included in another way; else `ecs-anywhere-dns init --include` adds it",
        )
    forwarding = host.state.applied().forwarding
    try:
        yield from host.server.findings(None if forwarding.is_none else forwarding)
    except Stop as problem:
        yield Finding(False, problem.message, problem.cure)


def _state(host: Host) -> Iterator[Finding]:
    if host.state.journal() is not None:
        yield Finding(
            False,
            "a run died while it switched the forwarding",
            "`ecs-anywhere-dns apply` undoes it first",
        )
    last = host.state.report()
    if last:
        code = Exit(last["exit"])
        ended = f"the last run ({last['at']}) ended with {int(code)}: {MEANINGS[code]}"
        yield Finding(code in {Exit.DONE, Exit.DEGRADED}, ended, str(last["cure"]))
    else:
        yield Finding(True, "nothing was run here before")


def _publication(host: Host) -> Iterator[Finding]:
    host.progress.begin("fetch")
    try:
        document = read_document(host.publication.fetch(Memory.of(host.state.applied()).known))
        yield Finding(True, f"the publication can be read: {document.label}")
        if document.state == "withdrawn":
            return
        host.progress.begin("preflight")
        zones = forwarding_of(document, (), host.settings.mode).zones
        seen = preflight(document, zones, host.asks, host.settings.resolver_port)
    except Stop as problem:
        yield Finding(False, problem.message, problem.cure)
        return
    for ip in seen.fit:
        yield Finding(True, f"resolver IP {ip} answers every name as published, over UDP and TCP")
    for line in explain(seen.troubles):
        yield Finding(False, line, seen.cure)
