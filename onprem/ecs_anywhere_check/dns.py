"""A DNS client for two types, because the standard library has none that names a server.

Source: RFC 1035.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct

from ecs_anywhere_check.host import SECONDS

A, AAAA = 1, 28


_RCODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


class DnsFailure(Exception):
    """The server gave no answer that could be used."""


def ask(name: str, kind: int, server: str, port: int = 53) -> list[str]:
    """Return the addresses that a server answers; over TCP where UDP was cut. Raises DnsFailure."""
    number = int.from_bytes(os.urandom(2), "big")
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = labels + b"\0" + struct.pack(">HH", kind, 1)
    query = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + question
    try:
        answer = _over_udp(query, server, port)
        if len(answer) >= 4 and answer[2] & 0x02:
            answer = _over_tcp(query, server, port)
    except (OSError, struct.error) as error:
        raise DnsFailure(f"no answer ({error})") from None
    return read_answer(answer, query, kind)


def read_answer(answer: bytes, query: bytes, kind: int) -> list[str]:
    """Return the addresses in an answer to that query, of that type. Raises DnsFailure."""
    try:
        return _addresses(answer, int.from_bytes(query[:2], "big"), query[12:], kind)
    except (struct.error, IndexError, ValueError) as error:
        raise DnsFailure(f"an answer that cannot be read ({error})") from None


def _over_udp(query: bytes, server: str, port: int) -> bytes:
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(SECONDS)
        sock.connect((server, port))
        for attempt in range(2):
            sock.send(query)
            try:
                return sock.recv(65535)
            except socket.timeout:
                if attempt:
                    raise
    return b""


def _over_tcp(query: bytes, server: str, port: int) -> bytes:
    with socket.create_connection((server, port), SECONDS) as sock:
        sock.sendall(struct.pack(">H", len(query)) + query)
        stream = sock.makefile("rb")
        (length,) = struct.unpack(">H", stream.read(2))
        return stream.read(length)


def _addresses(answer: bytes, number: int, question: bytes, kind: int) -> list[str]:
    got, flags, questions, answers = struct.unpack(">HHHH", answer[:8])
    if (
        got != number
        or questions != 1
        or answer[12 : 12 + len(question)].lower() != question.lower()
    ):
        raise DnsFailure("an answer to another question")
    if flags & 0x0F:
        raise DnsFailure(_RCODES.get(flags & 0x0F, f"error {flags & 0x0F}"))
    place, found = 12 + len(question), []
    for _ in range(answers):
        place = _after_name(answer, place)
        got_kind, _, _, length = struct.unpack(">HHIH", answer[place : place + 10])
        data = answer[place + 10 : place + 10 + length]
        if got_kind == kind:
            found.append(str(ipaddress.ip_address(data)))
        place += 10 + length
    return found


def _after_name(answer: bytes, place: int) -> int:
    while True:
        length = answer[place]
        if length >= 0xC0:
            return place + 2
        if not length:
            return place + 1
        place += 1 + length
