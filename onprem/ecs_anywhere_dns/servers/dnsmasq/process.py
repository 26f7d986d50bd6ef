"""The running dnsmasq: its process, and its answers about itself."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dns.exception
import dns.message
import dns.rdatatype

from ecs_anywhere_dns.answers.asking import exchange
from ecs_anywhere_dns.answers.questions import Question
from ecs_anywhere_dns.outcome import ReloadFailed, reason_of
from ecs_anywhere_dns.servers.mark import MARK, MARK_PORT
from ecs_anywhere_dns.servers.process import Process

PATIENCE = 3.0
"""Seconds for one answer. It is a single thread, and busy while it reads a large hosts file."""
PI_HOLE = "pihole-FTL"
UPSTREAM = re.compile(r"(?P<server>[0-9a-fA-F.:]+#\d+) \d+ \d+.*")


def process_of(pid_file: Path) -> Process:
    """Return the process that a pid file names. Raises ReloadFailed where that is no dnsmasq."""
    try:
        pid = int(pid_file.read_text())
        program = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError) as error:
        raise ReloadFailed(
            f"dnsmasq does not run, or its pid file is not {pid_file}: {reason_of(error)}",
            "start dnsmasq; if it runs, set pid_file under [dnsmasq]",
        ) from None
    if program == PI_HOLE:
        raise ReloadFailed(
            f"process {pid} of {pid_file} is Pi-hole's own dnsmasq ({program}), which is not "
            "supported",
            "`ecs-anywhere-dns render --server dnsmasq` prints the lines for it; a person adds "
            "them, as to `misc.dnsmasq_lines` of Pi-hole 6",
        )
    if program != "dnsmasq":
        raise ReloadFailed(
            f"{pid_file} names process {pid}, which is {program!r}",
            "start dnsmasq: the file is left from one that was killed",
        )
    return Process(pid)


def upstream_servers(address: str, port: int) -> frozenset[str]:
    """Return all servers to which the running dnsmasq forwards any domain, as `ip#port`. Raises
    ReloadFailed."""
    try:
        response = _servers_of(Question(address, port, "servers.bind"))
    except dns.exception.FormError:
        # Without any server it answers with a TXT record that holds no string, not even an empty
        # one (measured with 2.90).
        return frozenset()
    except (TimeoutError, OSError, EOFError, dns.exception.DNSException) as error:
        raise ReloadFailed(
            f"dnsmasq does not answer at {address}#{port}: {error or type(error).__name__}",
            "start it, or correct address and port in the configuration of this tool",
        ) from None
    texts = tuple(_texts(response))
    servers = [UPSTREAM.fullmatch(text) for text in texts]
    if not texts or None in servers:
        raise ReloadFailed(
            f"the server at {address}#{port} does not answer servers.bind as dnsmasq does",
            "remove no-ident, which hides the servers that dnsmasq has loaded; or correct address "
            "and port in the configuration of this tool",
        )
    return frozenset(server["server"] for server in servers if server)


def _servers_of(question: Question) -> dns.message.Message:
    """Return the answer to the question for `servers.bind`, asked over UDP, and over TCP where it
    was truncated. Raises the errors of `exchange`."""
    query = dns.message.make_query(question.name, "TXT", "CH")
    ends = time.monotonic() + PATIENCE
    try:
        return exchange(query, question, ends, whole=True)
    except dns.message.Truncated:
        return exchange(query, replace(question, transport="tcp"), ends)


def _texts(response: dns.message.Message) -> Iterator[str]:
    for rrset in response.answer:
        if rrset.rdtype == dns.rdatatype.TXT:
            for item in rrset:
                yield from (part.decode(errors="replace") for part in item.strings)


def is_mark(server: str) -> bool:
    """Return whether this upstream server is a mark of ours; see `mark`."""
    address, _, port = server.partition("#")
    return port == str(MARK_PORT) and MARK.fullmatch(address) is not None
