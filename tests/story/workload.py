"""A program that runs in a VPC and needs its names to lead somewhere, all the time.

Two clients in one process, each of which goes round the names at a steady pace, resolves one and
opens TLS with whoever is there. `fresh` asks the VPC's DNS server every time; `caching` keeps an
answer for as long as its TTL says (60 AWS seconds, that of the records of private zones), in AWS
time. Neither tries anything twice: what fails has failed.

Run as a file inside the VPC's network: `python workload.py <file> <surroundings, JSON>`. Every try
becomes a line (JSON) of the file. Trusts SSL_CERT_FILE.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from ipaddress import ip_address, ip_network
from itertools import count
from pathlib import Path
from typing import BinaryIO

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

FRESH, CACHING = "fresh", "caching"
PRIVATE, PUBLIC = "private", "public"
PATIENCE = 10.0
"""Real seconds for an answer or a handshake: on a crowded machine slow is not yet failed."""


@dataclass(frozen=True)
class Surroundings:
    """The surroundings of the program in its VPC, and its pace."""

    dns_ip: str
    cidrs: Sequence[str]
    public_address: str
    names: Sequence[str]
    time_scale: float
    """Real seconds per AWS second."""
    rate: float
    """The rate: tries of each name per real second, by both clients together."""


@dataclass(frozen=True)
class Try:
    """One resolution and one handshake."""

    at: float
    """The time at which the try began, as time.monotonic() of this machine."""
    client: str
    name: str
    kind: str
    """`private`, `public`, or empty if there was no answer of one kind."""
    failure: str
    """Empty if TLS was opened with the owner of the name's certificate."""


@dataclass(frozen=True)
class Answer:
    addresses: tuple[str, ...]
    good_until: float
    """The end of the answer's TTL, as time.monotonic()."""


class Failure(Exception):
    """The message says what."""


Resolve = Callable[[str], Answer]


def resolve(name: str, place: Surroundings) -> Answer:
    """Resolve a name by the VPC's DNS server. Raises Failure, OSError and DNSException."""
    query = dns.message.make_query(name, dns.rdatatype.A)
    response = dns.query.udp(query, place.dns_ip, timeout=PATIENCE)
    records = [rrset for rrset in response.answer if rrset.rdtype == dns.rdatatype.A]
    if not records:
        raise Failure(f"{dns.rcode.to_text(response.rcode())} without an address")
    ttl = min(rrset.ttl for rrset in response.answer)
    addresses = tuple(str(item) for rrset in records for item in rrset)
    return Answer(addresses, time.monotonic() + ttl * place.time_scale)


def cached(resolve: Resolve) -> Resolve:
    kept: dict[str, Answer] = {}

    def look_up(name: str) -> Answer:
        if name not in kept or time.monotonic() >= kept[name].good_until:
            kept.pop(name, None)
            kept[name] = resolve(name)
        return kept[name]

    return look_up


def kind_of(addresses: Sequence[str], place: Surroundings) -> str:
    """Return the kind of these addresses. Raises Failure unless all of them are the VPC's, or AWS's
    public one."""
    networks = [ip_network(cidr) for cidr in place.cidrs]
    if all(any(ip_address(ip) in network for network in networks) for ip in addresses):
        return PRIVATE
    if set(addresses) == {place.public_address}:
        return PUBLIC
    raise Failure(f"neither private nor public: {' '.join(sorted(addresses))}")


def greet(ip: str, name: str, trust: ssl.SSLContext) -> None:
    """Open TLS. Raises Failure where nobody answers, or somebody without the name's certificate."""
    try:
        with (
            socket.create_connection((ip, 443), timeout=PATIENCE) as plain,
            trust.wrap_socket(plain, server_hostname=name),
        ):
            return
    except OSError as error:
        raise Failure(f"{ip}: {type(error).__name__}: {error}") from error


def attempt(
    turn: int, name: str, client: str, look_up: Resolve, place: Surroundings, trust: ssl.SSLContext
) -> Try:
    at, kind, failure = time.monotonic(), "", ""
    try:
        addresses = look_up(name).addresses
        kind = kind_of(addresses, place)
        greet(addresses[turn % len(addresses)], name, trust)
    except (Failure, OSError, dns.exception.DNSException) as error:
        failure = f"{type(error).__name__}: {error}"
    return Try(at, client, name, kind, failure)


def go_round(client: str, look_up: Resolve, place: Surroundings, log: BinaryIO) -> None:
    """Try each name in turn, for ever; a late round does not hurry afterwards."""
    trust = ssl.create_default_context()
    pause = 2 / (place.rate * len(place.names))
    due = time.monotonic()
    for turn in count():
        for name in place.names:
            done = attempt(turn, name, client, look_up, place, trust)
            log.write(json.dumps(asdict(done)).encode() + b"\n")
            due = max(due + pause, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


def main(file: str, surroundings: str) -> None:
    place = Surroundings(**json.loads(surroundings))

    def ask(name: str) -> Answer:
        return resolve(name, place)

    # Unbuffered, so that two threads do not write into each other's lines.
    with Path(file).open("ab", buffering=0) as log:
        clients = [
            threading.Thread(target=go_round, args=(client, look_up, place, log), daemon=True)
            for client, look_up in ((FRESH, ask), (CACHING, cached(ask)))
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
