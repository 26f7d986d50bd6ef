"""The findings of `doctor` about PowerDNS Recursor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.powerdns.configuration import Configuration

if TYPE_CHECKING:
    from ecs_anywhere_dns.servers.powerdns import PowerDns

POLICY = re.compile(r"^[^-\n]*\brpz(File|Master|Primary)\s*\(", re.MULTILINE)
"""A line of Lua that loads a response policy."""


def findings_of(
    server: PowerDns, applied: Forwarding | None, intended: Forwarding
) -> Iterator[Finding]:
    running = _running(server)
    yield running
    try:
        disk = server.on_disk()
        problems = tuple(server.hindrances(intended))
    except CheckFailed as problem:
        yield Finding(False, problem.message, problem.cure)
        return
    yield from problems or (Finding(True, f"{server.zones_file} is included, and unhindered"),)
    yield _validation(disk)
    yield from _of_scripts(disk, applied)
    if running.ok and applied is not None:
        yield _loaded(server, applied)
    yield Finding(
        True,
        "PowerDNS Recursor has no rebinding protection, and dont-query does not hold for "
        "forwarded zones",
    )


def _running(server: PowerDns) -> Finding:
    try:
        return Finding(True, f"PowerDNS Recursor {server.control.version()} answers rec_control")
    except ReloadFailed as problem:
        return Finding(
            False,
            f"no PowerDNS Recursor answers rec_control: {problem.message}",
            "install or start it; another socket: rec_control under [powerdns], with --socket-dir",
        )


def _validation(disk: Configuration) -> Finding:
    how = disk.value("dnssec", "process")
    if disk.validates:
        return Finding(True, f"dnssec={how}: the forwarded zones are exempt by trust anchors")
    return Finding(True, f"dnssec={how}: nothing is validated")


def _of_scripts(disk: Configuration, applied: Forwarding | None) -> Iterator[Finding]:
    """Yield the scripts and policies that may answer, or change answers: what they do shows only
    once the names are asked for. Where the forwarding is in force, it was seen that they do not."""
    script = disk.value("lua-dns-script")
    lua = disk.value("lua-config-file")
    if script:
        yield Finding(
            applied is not None,
            f"lua-dns-script {script} may answer before anything is forwarded, or change answers",
            "see that it leaves our names alone; `ecs-anywhere-dns apply` tries, and puts back "
            "what was before if it does not",
        )
    if lua and POLICY.search(_text(Path(lua))):
        yield Finding(
            applied is not None,
            f"{lua} loads response policies (RPZ), which may rewrite our names or the VPC's "
            "addresses",
            "see that they let pass our names (`*.amazonaws.com CNAME rpz-passthru.`); "
            "`ecs-anywhere-dns apply` tries, and puts back what was before if they do not",
        )


def _text(file: Path) -> str:
    """Return the text; empty where it cannot be read, which another check finds."""
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _loaded(server: PowerDns, forwarding: Forwarding) -> Finding:
    try:
        server.check_effective(forwarding)
    except ReloadFailed as problem:
        return Finding(False, problem.message, problem.cure or "`ecs-anywhere-dns apply`")
    return Finding(True, "PowerDNS Recursor has loaded what was applied last")
