"""The examination of a host by `doctor`: everything is looked at, and nothing is changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.preflight import Preflight, preflight
from ecs_anywhere_dns.configuration import in_order
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.following.aliases import refused_aliases
from ecs_anywhere_dns.following.beforehand import (
    denied_names,
    hosts_entries,
    out_of_reach,
    own_answers,
)
from ecs_anywhere_dns.following.limits import overrun_limits
from ecs_anywhere_dns.following.listening import hindrances, listener_of
from ecs_anywhere_dns.following.moved import check_still_read
from ecs_anywhere_dns.following.nothing_remembered import forwarded_unremembered
from ecs_anywhere_dns.following.policies import rewritten
from ecs_anywhere_dns.following.run import Run
from ecs_anywhere_dns.following.shared import Shared
from ecs_anywhere_dns.following.turn import look, read
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding, forwarding_of, merged
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.files import check_replaceable
from ecs_anywhere_dns.memory.reading import known
from ecs_anywhere_dns.memory.records import Applied
from ecs_anywhere_dns.memory.state import ROOM
from ecs_anywhere_dns.outcome import MEANINGS, CheckFailed, Exit, Refused, Stop
from ecs_anywhere_dns.pinned.belief import check_believed, pins_of
from ecs_anywhere_dns.publication.source import judging
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.ownership import files_of_others
from ecs_anywhere_dns.units import ANEW, UNITS, outdated_unit

NOTHING_SAID: Mapping[str, Any] = {}
"""The report of a host on which nothing was run."""
PROGRAMS = {
    "named": "bind",
    "unbound": "unbound",
    "dnsmasq": "dnsmasq",
    "pdns_recursor": "powerdns",
    "kresd": "knot",
}


@dataclass(frozen=True)
class Follower:
    """The host as the follower of one VPC, in a run that writes nothing."""

    run: Run
    seen: Preflight | None = None
    """The look at the resolver IPs of a VPC that has a standby."""

    @property
    def host(self) -> Host:
        return self.run.host

    @property
    def document(self) -> Document | Stop:
        """Return the publication if it can be read and believed, else why not."""
        if self.run.published is None:
            assert self.run.problem, "it was read, or there is a problem"
            return self.run.problem
        try:
            with judging(self.host.settings):
                check_believed(self.run.published, self.host.settings)
        except Stop as problem:
            return problem
        return self.run.published


def examine(hosts: Sequence[Host], units: Path = UNITS) -> tuple[Finding, ...]:
    """Return everything that was seen; `units` is where systemd's are installed. What is seen of
    one of several VPCs names it."""
    host = hosts[0]
    shared = Shared([_read(each) for each in hosts])
    followers = [Follower(run, _looked_at(run, shared)) for run in _in_turn(shared.runs)]
    of_server = tuple(_until_stopped(lambda: _server(shared)))
    seen = [
        *_memory(hosts),
        *_until_stopped(lambda: _unremembered(host)),
        *_until_stopped(lambda: _rooms(host)),
        *_of_each(followers, _pins),
        *_until_stopped(lambda: _unit(host, units, len(hosts))),
        *_until_stopped(lambda: _fragments(host)),
        *_until_stopped(lambda: _includes(host)),
        *of_server,
        *_until_stopped(lambda: hindrances(listener_of(host), host.asks)),
        *_of_each(followers, _names),
        # Only what nothing else explains.
        *(_of_each(followers, _denied) if all(each.ok for each in of_server) else ()),
        *_until_stopped(lambda: _state(host)),
        *_of_each(followers, _publication),
        *_until_stopped(lambda: _conflicts(shared)),
    ]
    # One unreadable file stops several of them.
    return tuple(dict.fromkeys(seen))


def _of_each(
    followers: Sequence[Follower], look: Callable[[Follower], Iterator[Finding]]
) -> Iterator[Finding]:
    for follower in followers:
        vpc = f"{follower.host.settings.vpc}: " if len(followers) > 1 else ""
        for finding in _until_stopped(partial(look, follower)):
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


def _read(host: Host) -> Run:
    """Return a run that has read the publication as `apply` does, and writes nothing."""
    run = Run(host, Report("doctor", vpc=host.settings.vpc), dry=True)
    read(run)
    return run


def _in_turn(runs: Sequence[Run]) -> list[Run]:
    """Return the runs, each behind those whose VPCs come first: as they have their turns."""
    place = {s.vpc: n for n, s in enumerate(in_order([run.host.settings for run in runs]))}
    return sorted(runs, key=lambda run: place[run.vpc])


def _looked_at(run: Run, shared: Shared) -> Preflight | None:
    """Look at a VPC that has a standby as `apply` does: which of the two serves depends on it.
    Returns None for another one."""
    document = run.latest
    if document is None or document.state == "withdrawn" or not shared.standby_of(run.vpc):
        return None
    return look(run, shared, document)


def _unremembered(host: Host) -> Iterator[Finding]:
    """Yield that our files forward what nothing is remembered of."""
    forwarding = forwarded_unremembered(host)
    if forwarding is None or not forwarding.is_none:
        yield Finding(
            False,
            "nothing is remembered of what was applied, and our files forward something",
            "`ecs-anywhere-dns apply` follows each publication as at the first time; what is "
            "forwarded stays until every VPC could be followed",
        )


def _memory(hosts: Sequence[Host]) -> Iterator[Finding]:
    """Yield the files of what this host remembers that cannot be read."""
    damages = (damage for host in hosts for damage in host.state.damages())
    yield from (Finding(False, damage.message, damage.cure) for damage in damages)


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


def _rooms(host: Host) -> Iterator[Finding]:
    """Yield each folder to which a switch could not write: full, or on a file system that is
    mounted for reading only. `doctor` tries nothing: the file system is asked."""
    files = {f.path.resolve().parent: f.path for f in host.server.fragments(NOTHING)}
    checks: list[Callable[[], None]] = [
        host.state.check_writable,
        *(partial(check_replaceable, file, ROOM) for _, file in sorted(files.items())),
    ]
    for check in checks:
        try:
            check()
        except CheckFailed as problem:
            yield Finding(False, problem.message, problem.cure)


def _fragments(host: Host) -> Iterator[Finding]:
    """Yield the files named as ours that are of somebody else. Raises CheckFailed where one cannot
    be written, as for a link of others."""
    written = known(host.state.applied, Applied()).written
    yield from files_of_others(host.server, host.server.fragments(NOTHING), written)


def _pins(follower: Follower) -> Iterator[Finding]:
    yield from (Finding(True, line) for line in pins_of(follower.host.settings))


def _names(follower: Follower) -> Iterator[Finding]:
    document = follower.document
    if not isinstance(document, Stop) and document.state != "withdrawn":
        yield from hosts_entries(follower.host, document)
        yield from own_answers(follower.host, document)
        yield from out_of_reach(follower.host, document)
        yield from rewritten(follower.host, document)
        yield from refused_aliases(follower.host, document)
        yield from overrun_limits(follower.host, document)


def _denied(follower: Follower) -> Iterator[Finding]:
    document = follower.document
    if not isinstance(document, Stop) and document.state != "withdrawn":
        yield from denied_names(follower.host, document)


def _includes(host: Host) -> Iterator[Finding]:
    """Yield the include lines that are missing. Once something was applied the server itself shows
    it, but for files that are elsewhere now."""
    if not host.state.applied().forwarding.is_none:
        check_still_read(host, host.server.fragments(NOTHING))
        return
    for include in host.server.includes():
        where = f" inside `{include.inside}`" if include.inside else ""
        yield Finding(
            False,
            f"{include.file} lacks the line `{include.line}`{where}: {host.server.title} does not "
            "read our files",
            "`ecs-anywhere-dns init --include` adds it",
        )


def _server(shared: Shared) -> Iterator[Finding]:
    """Yield what the server says of what was applied, and of what `apply` would do now."""
    host = shared.runs[0].host
    forwarding = host.state.applied().forwarding
    intended = merged([_intended(run, shared) for run in shared.runs])
    yield from host.server.findings(None if forwarding.is_none else forwarding, intended)


def _intended(run: Run, shared: Shared) -> Forwarding:
    """Return what would be forwarded for a VPC, by who is to serve now: what it has, where nothing
    of it is believed."""
    document, settings = run.believed, run.host.settings
    held = run.memory.last.forwarding
    try:
        settled = shared.settled(run)
    except Refused:
        return held
    is_kept = run.vpc in shared.down or run.problem is not None
    if document is None or (is_kept and not shared.is_needed_at_once(run)):
        return held.restricted_to([zone for zone in held.zones if zone not in settled.to_others])
    wished = forwarding_of(document, document.resolver_ips, settings.mode, settings.resolver_port)
    return wished.restricted_to(settled.zones)


def _conflicts(shared: Shared) -> Iterator[Finding]:
    for run in shared.runs:
        try:
            shared.settled(run)
        except Refused as refused:
            yield Finding(False, refused.message, refused.cure)


def _state(host: Host) -> Iterator[Finding]:
    if known(host.state.journal, None) is not None:
        yield Finding(
            False,
            "a switch of the forwarding was begun and is not undone yet",
            "`ecs-anywhere-dns apply` undoes it first",
        )
    last = known(host.state.report, NOTHING_SAID)
    if last:
        code = Exit(last["exit"])
        ended = f"the last run ({last['at']}) ended with {int(code)}: {MEANINGS[code]}"
        yield Finding(code in {Exit.DONE, Exit.DEGRADED}, ended, str(last["cure"]))
    else:
        yield Finding(True, "nothing was run here before")


def _publication(follower: Follower) -> Iterator[Finding]:
    document = follower.document
    if isinstance(document, Stop):
        raise document
    yield Finding(True, f"the publication can be read and believed: {document.label}")
    if document.state != "withdrawn":
        yield from _resolvers(follower, document)
    if follower.run.problem is not None:
        raise follower.run.problem


def _resolvers(follower: Follower, document: Document) -> Iterator[Finding]:
    host, seen = follower.host, follower.seen
    if seen is None or document is not follower.run.latest:
        host.progress.begin("preflight")
        zones = forwarding_of(document, (), host.settings.mode).zones
        seen = preflight(document, zones, host.asks, host.settings.resolver_port)
    for ip in seen.fit:
        yield Finding(True, f"resolver IP {ip} answers every name as published, over UDP and TCP")
    for line in explain(seen.troubles):
        yield Finding(False, line, seen.cure)
