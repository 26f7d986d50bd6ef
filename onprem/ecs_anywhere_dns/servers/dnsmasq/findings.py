"""The findings of `doctor` about dnsmasq."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.dnsmasq.configuration import Configuration
from ecs_anywhere_dns.servers.dnsmasq.process import process_of
from ecs_anywhere_dns.subprocesses import run

if TYPE_CHECKING:
    from ecs_anywhere_dns.servers.dnsmasq import Dnsmasq


def findings_of(
    server: Dnsmasq, applied: Forwarding | None, intended: Forwarding
) -> Iterator[Finding]:
    yield _installed(server)
    running = _running(server)
    yield running
    try:
        disk = server.on_disk()
        problems = tuple(server.hindrances(intended))
    except CheckFailed as problem:
        yield Finding(False, problem.message, problem.cure)
        return
    yield from problems or (Finding(True, f"{server.servers_file} is included, and unhindered"),)
    if running.ok:
        yield _loaded(server, applied, server.include_file(disk))
    yield from _moving_on(disk)
    yield Finding(True, "DNSSEC: dnsmasq validates nothing that it forwards by domain (measured)")


def _installed(server: Dnsmasq) -> Finding:
    said = run(*server.program, "--version")
    if not said.ok:
        return Finding(False, said.said, "install dnsmasq, or set program under [dnsmasq]")
    return Finding(True, said.output.partition("  ")[0].strip())


def _running(server: Dnsmasq) -> Finding:
    try:
        process = process_of(server.pid_file)
    except ReloadFailed as problem:
        return Finding(False, problem.message, problem.cure)
    if not server.is_running():
        return Finding(
            False,
            f"dnsmasq {process.pid} runs, but does not say at {server.address}#{server.port} "
            "what it forwards to (servers.bind)",
            "correct address and port in the configuration of this tool, or remove no-ident",
        )
    return Finding(True, f"dnsmasq {process.pid} answers at {server.address}#{server.port}")


def _loaded(server: Dnsmasq, forwarding: Forwarding | None, include: Path) -> Finding:
    """Return the finding whether dnsmasq has loaded our file. Before the first apply this is judged
    by times: the process has to be younger than the file."""
    restart = "restart dnsmasq once, as in `systemctl restart dnsmasq`"
    try:
        if forwarding is not None:
            server.check_effective(forwarding)
            return Finding(True, "dnsmasq has loaded what was applied last")
        is_older = process_of(server.pid_file).started < include.stat().st_mtime - 1
    except ReloadFailed as problem:
        return Finding(False, problem.message, problem.cure)
    except OSError as error:
        return Finding(False, f"{include}: {error.strerror}", "`ecs-anywhere-dns init`")
    if is_older:
        return Finding(False, f"dnsmasq was started before {include} changed", restart)
    return Finding(True, f"dnsmasq was started after {include} was written")


def _moving_on(disk: Configuration) -> Iterator[Finding]:
    """Yield how dnsmasq behaves when a resolver IP fails. Measured with two resolver IPs, one of
    them dead or answering SERVFAIL."""
    yield Finding(
        True,
        "dnsmasq asks one resolver IP, and does not move on when that one answers SERVFAIL: "
        "run this tool by its timer, which leaves out a resolver IP that does not answer",
    )
    costs = {
        "strict-order": "a dead first resolver IP costs 5 s at EVERY question",
        "fast-dns-retry": "it asks the same resolver IP again, which does not help",
    }
    for line in disk.of(*costs):
        yield Finding(
            False,
            f"{line.place}: {line.key}: {costs[line.key]}",
            "remove it, then restart dnsmasq",
        )
    for line in disk.of("all-servers"):
        yield Finding(
            True,
            f"{line.place}: all-servers: a dead resolver IP costs nothing, but one that "
            "answers SERVFAIL fast still spoils answers (16 of 20)",
        )
