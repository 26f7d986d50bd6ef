"""The examination of a host by `doctor`: everything is looked at, and nothing is changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.preflight import preflight
from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.following.acceptance import accept
from ecs_anywhere_dns.following.beforehand import hosts_entries, out_of_reach, own_answers
from ecs_anywhere_dns.following.claims import Claim, Settled, claim_of, settle
from ecs_anywhere_dns.following.listening import door_of, hindrances
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding, forwarding_of, together
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.documents import Memory
from ecs_anywhere_dns.memory.files import state_of
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


@dataclass(frozen=True)
class Patient:
    """The host as the follower of one VPC, and the publication if it can be read and believed."""

    host: Host
    document: Document | Stop


def examine(hosts: Sequence[Host], units: Path = UNITS) -> tuple[Finding, ...]:
    """Return everything that was seen; `units` is where systemd's are installed. What is seen of
    one of several VPCs names it."""
    host = hosts[0]
    patients = [Patient(each, _fetched(each)) for each in hosts]
    seen = [
        *_of_each(patients, _pins),
        *_until_stopped(lambda: _unit(host, units, len(hosts))),
        *_until_stopped(lambda: _fragments(host)),
        *_until_stopped(lambda: _includes(host)),
        *_until_stopped(lambda: _server(patients)),
        *_until_stopped(lambda: hindrances(door_of(host), host.asks)),
        *_of_each(patients, _names),
        *_until_stopped(lambda: _state(host)),
        *_of_each(patients, _publication),
        *(_conflicts(patients) if len(patients) > 1 else ()),
    ]
    # One unreadable file stops several of them.
    return tuple(dict.fromkeys(seen))


def _of_each(
    patients: Sequence[Patient], look: Callable[[Patient], Iterator[Finding]]
) -> Iterator[Finding]:
    for patient in patients:
        vpc = f"{patient.host.settings.vpc}: " if len(patients) > 1 else ""
        for finding in _until_stopped(partial(look, patient)):
            yield replace(finding, what=f"{vpc}{finding.what}")


def installed() -> tuple[Finding, ...]:
    """Return what can be said where `init` has not been run."""
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
        document = read_document(host.publication.fetch(host.state.memory().known))
        check_believed(document, host.settings)
    except Stop as problem:
        return problem
    return document


def _until_stopped(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Stop as problem:
        yield Finding(False, problem.message, problem.cure)


def _unit(host: Host, units: Path, vpcs: int) -> Iterator[Finding]:
    file = outdated_unit(host.settings, host.server, units, vpcs)
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


def _pins(patient: Patient) -> Iterator[Finding]:
    yield from (Finding(True, line) for line in pins_of(patient.host.settings))


def _names(patient: Patient) -> Iterator[Finding]:
    document = patient.document
    if not isinstance(document, Stop) and document.state != "withdrawn":
        yield from hosts_entries(patient.host, document)
        yield from own_answers(patient.host, document)
        yield from out_of_reach(patient.host, document)


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


def _server(patients: Sequence[Patient]) -> Iterator[Finding]:
    """Yield what the server says of what was applied, and of what `apply` would do now."""
    host = patients[0].host
    applied = host.state.applied()
    settled = settle([_claim(patient) for patient in patients])
    parts = [_intended(patient, settled[patient.host.settings.vpc]) for patient in patients]
    forwarding = applied.forwarding
    yield from host.server.findings(None if forwarding.is_none else forwarding, together(parts))


def _intended(patient: Patient, settled: Settled) -> Forwarding:
    """Return what would be forwarded for a VPC: what it has, where nothing new is believed."""
    host, document = patient.host, patient.document
    if isinstance(document, Stop) or settled.refused:
        return host.state.last().forwarding
    settings = host.settings
    wished = forwarding_of(document, document.resolver_ips, settings.mode, settings.resolver_port)
    return wished.only(settled.zones)


def _conflicts(patients: Sequence[Patient]) -> Iterator[Finding]:
    for settled in settle([_claim(patient) for patient in patients]).values():
        if settled.refused is not None:
            yield Finding(False, settled.refused.message, settled.refused.cure)


def _claim(patient: Patient) -> Claim:
    last = patient.host.state.last()
    document = patient.document
    believed = Memory.of(last).document if isinstance(document, Stop) else document
    return claim_of(patient.host.settings, believed, last.forwarding)


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


def _publication(patient: Patient) -> Iterator[Finding]:
    host, document = patient.host, patient.document
    if isinstance(document, Stop):
        raise document
    yield Finding(True, f"the publication can be read and believed: {document.label}")
    if document.state != "withdrawn":
        yield from _resolvers(host, document)
    last, distrusted = host.state.last(), host.state.distrust()
    accept(document, host.settings, last, distrusted, host.now(), force=False)


def _resolvers(host: Host, document: Document) -> Iterator[Finding]:
    host.progress.begin("preflight")
    zones = forwarding_of(document, (), host.settings.mode).zones
    seen = preflight(document, zones, host.asks, host.settings.resolver_port)
    for ip in seen.fit:
        yield Finding(True, f"resolver IP {ip} answers every name as published, over UDP and TCP")
    for line in explain(seen.troubles):
        yield Finding(False, line, seen.cure)
