"""Ask every resolver for every name over UDP and TCP, and open TLS to every address.

In:  {"dns": [{"name", "resolver", "transport"}], "tls": [{"name", "address", "port"}]}
     A DNS question may say its "port", too; 53 otherwise.
Out: the same lists, each item with its answer: addresses, chain (the CNAMEs followed), error (empty
when there was an answer of any kind) and milliseconds.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

_AT_ONCE = 64
_TRIES = 2
_TIMEOUT = 2.0
"""Seconds for one try. With six resolver IPs and twenty names, all silent, it takes 16 s."""

Answer = dict[str, Any]


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[Answer]]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        dns_answers = pool.map(_timed(_ask), event["dns"])
        tls_answers = pool.map(_timed(_shake_hands), event["tls"])
        return {"dns": list(dns_answers), "tls": list(tls_answers)}


def _timed(
    question: Callable[[Mapping[str, Any]], Answer],
) -> Callable[[Mapping[str, Any]], Answer]:
    def run(item: Mapping[str, Any]) -> Answer:
        begun = time.monotonic()
        answer = question(item)
        return {**item, **answer, "milliseconds": round(1000 * (time.monotonic() - begun), 1)}

    return run


def _ask(item: Mapping[str, Any]) -> Answer:
    query = dns.message.make_query(item["name"], dns.rdatatype.A)
    send = dns.query.udp if item["transport"] == "udp" else dns.query.tcp
    error = ""
    for _ in range(_TRIES):
        try:
            response = send(query, item["resolver"], timeout=_TIMEOUT, port=item.get("port", 53))
            return _read(response)
        except (dns.exception.DNSException, OSError, EOFError) as failure:
            error = f"{type(failure).__name__}: {failure}"
    return {"addresses": [], "chain": [], "error": error}


def _read(response: dns.message.Message) -> Answer:
    """The addresses behind the name. The resolver follows CNAMEs; we follow its answer."""
    if response.flags & dns.flags.TC:
        return {"addresses": [], "chain": [], "error": "truncated"}
    if response.rcode() != dns.rcode.NOERROR:
        return {"addresses": [], "chain": [], "error": dns.rcode.to_text(response.rcode())}
    assert isinstance(response, dns.message.QueryMessage)
    try:
        chaining = response.resolve_chaining()
    except dns.exception.DNSException as failure:
        return {"addresses": [], "chain": [], "error": f"{type(failure).__name__}: {failure}"}
    chain = [str(rrset[0].target).rstrip(".") for rrset in chaining.cnames]
    addresses = sorted(str(item) for item in chaining.answer or ())
    return {"addresses": addresses, "chain": chain, "error": "" if addresses else "no address"}


def _shake_hands(item: Mapping[str, Any]) -> Answer:
    """A TLS handshake with the name as SNI; the certificate has to be good for that name."""
    context = ssl.create_default_context()
    try:
        address = (item["address"], item["port"])
        with (
            socket.create_connection(address, timeout=_TIMEOUT) as connection,
            context.wrap_socket(connection, server_hostname=item["name"]),
        ):
            return {"error": ""}
    except OSError as failure:
        return {"error": f"{type(failure).__name__}: {failure}"}
