"""The findings of `doctor` about PowerDNS Recursor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.powerdns.configuration import Configuration

if TYPE_CHECKING:
    from ecs_anywhere_dns.servers.powerdns import PowerDns


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
    if disk.value("lua-dns-script"):
        yield Finding(
            True,
            f"lua-dns-script {disk.value('lua-dns-script')} may answer before anything is "
            "forwarded, or change answers: it must leave our names alone",
        )
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


def _loaded(server: PowerDns, forwarding: Forwarding) -> Finding:
    try:
        server.check_effective(forwarding)
    except ReloadFailed as problem:
        return Finding(False, problem.message, problem.cure or "`ecs-anywhere-dns apply`")
    return Finding(True, "PowerDNS Recursor has loaded what was applied last")
