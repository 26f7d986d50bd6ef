"""Over real sockets on loopback, of a DNS server that does by name what servers do wrong."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event, Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from ecs_anywhere_dns.answers.asking import PAYLOAD, Asking
from ecs_anywhere_dns.answers.questions import Answer, Question, RecordType, Transport

LOOPBACK = "127.0.0.1"
BROADCAST = "255.255.255.255"
"""The kernel refuses to send there unasked: unreachable without a packet."""
QUICK = Asking(patience=0.2)
TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp")
RIGHT = (60, "IN", "A", ["10.20.0.57", "10.20.1.57"])


@dataclass
class Faulty:
    """A DNS server that answers on UDP and TCP at the same port; `heard` holds the queries, by
    name."""

    heard: dict[str, list[dns.message.Message]] = field(default_factory=lambda: defaultdict(list))
    closing: Event = field(default_factory=Event)
    random: Random = field(default_factory=lambda: Random(8020))

    def __post_init__(self) -> None:
        self.tcp = socket.create_server((LOOPBACK, 0), backlog=128)
        self.port = int(self.tcp.getsockname()[1])
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((LOOPBACK, self.port))
        self.threads = [Thread(target=self.serve_udp), Thread(target=self.serve_tcp)]
        for thread in self.threads:
            thread.start()

    def close(self) -> None:
        self.closing.set()
        self.udp.sendto(b"", (LOOPBACK, self.port))
        self.tcp.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        self.udp.close()
        self.tcp.close()

    def serve_udp(self) -> None:
        while not self.closing.is_set():
            wire, asker = self.udp.recvfrom(4096)
            if wire:
                self.answer_udp(wire, asker)

    def answer_udp(self, wire: bytes, asker: tuple[str, int]) -> None:
        name, response = self.respond(wire)
        if name == "forged":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                forged = dns.message.make_response(dns.message.from_wire(wire))
                stranger.sendto(forged.to_wire(), asker)
        if response:
            self.udp.sendto(response, asker)

    def serve_tcp(self) -> None:
        held = []
        while not self.closing.is_set():
            try:
                link, _ = self.tcp.accept()
            except OSError:  # closed
                break
            name = self.answer_tcp(link)
            if name == "silent":
                held.append(link)
            else:
                link.close()
        for link in held:
            link.close()

    def answer_tcp(self, link: socket.socket) -> str:
        (length,) = struct.unpack("!H", link.recv(2, socket.MSG_WAITALL))
        name, response = self.respond(link.recv(length, socket.MSG_WAITALL))
        if name == "reset":
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif name == "half":
            link.sendall(struct.pack("!H", len(response)) + response[:9])
        elif name not in ("silent", "closed"):
            link.sendall(struct.pack("!H", len(response)) + response)
        return name

    def respond(self, wire: bytes) -> tuple[str, bytes]:
        """First label of the name asked for, and the bytes of the answer; none is silence."""
        query = dns.message.from_wire(wire)
        name = query.question[0].name.labels[0].decode()
        self.heard[name].append(query)
        return name, self.response(name, query)

    def response(self, name: str, query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query, recursion_available=True)
        records: list[tuple[str, int, str, str, list[str]]] = []
        match name:
            case "silent" | "reset" | "closed":
                return b""
            case "lossy" if len(self.heard[name]) == 1:
                return b""
            case "garbage":
                return b"\xff" * 9
            case "stranger":
                response.id ^= 1
            case "other":
                response.question = dns.message.make_query("example.", "A").question
            case "truncated":
                response.flags |= dns.flags.TC
            case "mute":
                response.flags &= ~dns.flags.RA
            case "nxdomain" | "servfail" | "refused":
                response.set_rcode(dns.rcode.from_text(name))
            case "alias":
                records = [
                    ("ALIAS.example.", 60, "IN", "CNAME", ["Middle.example."]),
                    ("middle.example.", 900, "IN", "CNAME", ["end.example."]),
                    ("end.example.", 60, "IN", "A", ["10.20.0.9"]),
                ]
            case "six":
                records = [("six.example.", 60, "IN", "AAAA", ["2001:DB8::7"])]
            case "foreign":
                records = [("foreign.example.", 60, "CH", "TXT", ["no address"])]
            case "ecs" | "lossy" | "forged" | "half" | "mangled":
                records = [(str(query.question[0].name), *RIGHT)]
        response.answer = [dns.rrset.from_text_list(*each) for each in records]
        wire = response.to_wire()
        return self.mangled(wire) if name == "mangled" else wire

    def mangled(self, wire: bytes) -> bytes:
        """A few bytes changed or cut off; the id, by which an answer is known, is left alone."""
        content = bytearray(
            wire[: self.random.choice((len(wire), self.random.randrange(2, len(wire))))]
        )
        for _ in range(self.random.randrange(1, 4)):
            if len(content) > 2:
                content[self.random.randrange(2, len(content))] = self.random.randrange(256)
        return bytes(content)


@pytest.fixture(scope="module")
def server() -> Iterator[Faulty]:
    faulty = Faulty()
    yield faulty
    faulty.close()


@pytest.fixture
def closed_port() -> int:
    """A port at which nobody listens, over neither transport."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        return int(taken.getsockname()[1])


def ask(
    port: int,
    name: str,
    transport: Transport = "udp",
    kind: RecordType = "A",
    asks: Asking = QUICK,
    address: str = LOOPBACK,
) -> Answer:
    question = Question(address, port, f"{name}.example", kind, transport)
    return asks([question])[question]


@pytest.mark.parametrize("transport", TRANSPORTS)
class TestOverBothTransports:
    def test_an_answer_is_read(self, server: Faulty, transport: Transport) -> None:
        answer = ask(server.port, "ecs", transport)
        assert sorted(answer.addresses) == [
            ("ecs.example", "10.20.0.57"),
            ("ecs.example", "10.20.1.57"),
        ]
        assert answer == Answer(rcode="NOERROR", addresses=answer.addresses, ttl=60)

    def test_aliases_are_kept_in_order_and_lower_case(
        self, server: Faulty, transport: Transport
    ) -> None:
        answer = ask(server.port, "alias", transport)
        assert answer.chain == (
            ("alias.example", "middle.example"),
            ("middle.example", "end.example"),
        )
        assert answer.addresses == (("end.example", "10.20.0.9"),)
        assert answer.ttl == 900

    def test_ipv6_addresses_are_read(self, server: Faulty, transport: Transport) -> None:
        answer = ask(server.port, "six", transport, "AAAA")
        assert answer.addresses == (("six.example", "2001:db8::7"),)

    @pytest.mark.parametrize("rcode", ["nxdomain", "servfail", "refused"])
    def test_an_rcode_is_an_answer(self, server: Faulty, transport: Transport, rcode: str) -> None:
        assert ask(server.port, rcode, transport) == Answer(rcode=rcode.upper())

    def test_records_of_other_classes_are_no_addresses(
        self, server: Faulty, transport: Transport
    ) -> None:
        assert ask(server.port, "foreign", transport).addresses == ()

    def test_truncation_is_told(self, server: Faulty, transport: Transport) -> None:
        assert ask(server.port, "truncated", transport).truncated

    def test_a_server_that_does_not_recurse_is_told(
        self, server: Faulty, transport: Transport
    ) -> None:
        assert not ask(server.port, "mute", transport).recursion_available

    def test_silence_is_a_timeout(self, server: Faulty, transport: Transport) -> None:
        assert ask(server.port, "silent", transport) == Answer("timeout")

    def test_a_closed_port_refuses(self, closed_port: int, transport: Transport) -> None:
        assert ask(closed_port, "ecs", transport) == Answer("refused")

    @pytest.mark.parametrize(
        ("address", "port"), [(BROADCAST, 53), ("localhost:53", 53), (LOOPBACK, 70000)]
    )
    def test_where_nothing_can_be_sent_to_is_unreachable(
        self, transport: Transport, address: str, port: int
    ) -> None:
        assert ask(port, "ecs", transport, address=address) == Answer("unreachable")

    @pytest.mark.parametrize("name", ["garbage", "stranger", "other"])
    def test_garbage_and_answers_to_something_else_are_malformed(
        self, server: Faulty, transport: Transport, name: str
    ) -> None:
        assert ask(server.port, name, transport) == Answer("malformed")

    def test_no_name_is_too_odd(self, server: Faulty, transport: Transport) -> None:
        assert ask(server.port, "a" * 64, transport) == Answer("malformed")


def test_whatever_bytes_come_it_does_not_raise(server: Faulty) -> None:
    names = [f"mangled.{number}.example" for number in range(300)]
    answers = QUICK([Question(LOOPBACK, server.port, name) for name in names]).values()
    problems = {answer.problem for answer in answers}
    # 300 at once may be too many for a busy machine and this patience.
    assert {"", "malformed"} <= problems <= {"", "malformed", "timeout"}


@pytest.mark.parametrize("name", ["closed", "half", "reset"])
def test_a_connection_that_ends_early_is_cut_off(server: Faulty, name: str) -> None:
    assert ask(server.port, name, "tcp") == Answer("cut off")


def test_a_lost_datagram_is_asked_for_again_with_another_id(server: Faulty) -> None:
    assert not ask(server.port, "lossy").problem
    first, second = server.heard["lossy"]
    assert first.id != second.id


def test_an_answer_from_another_address_is_ignored(server: Faulty) -> None:
    assert ask(server.port, "forged").addresses != ()


def test_it_asks_as_the_dns_servers_do(server: Faulty) -> None:
    ask(server.port, "ecs")
    query = server.heard["ecs"][-1]
    assert query.payload == PAYLOAD
    assert query.flags & dns.flags.RD


class TestBounds:
    def silent(self, server: Faulty, number: int) -> list[Question]:
        names = (f"silent.{number}.example" for number in range(number))
        return [Question(LOOPBACK, server.port, name) for name in names]

    def seconds(self, asks: Asking, questions: list[Question]) -> float:
        begun = time.monotonic()
        assert set(asks(questions).values()) == {Answer("timeout")}
        return time.monotonic() - begun

    def test_questions_wait_side_by_side(self, server: Faulty) -> None:
        one_after_the_other = 32 * QUICK.tries * QUICK.patience
        assert 0.4 <= self.seconds(QUICK, self.silent(server, 32)) < one_after_the_other / 2

    def test_no_more_than_allowed_are_under_way(self, server: Faulty) -> None:
        asks = Asking(patience=0.1, tries=1, at_once=2)
        assert self.seconds(asks, self.silent(server, 8)) >= 0.4

    def test_a_whole_call_is_bounded(self, server: Faulty) -> None:
        asks = Asking(patience=0.2, at_once=2, longest=0.5)
        unbounded = 40 / asks.at_once * asks.tries * asks.patience
        assert self.seconds(asks, self.silent(server, 40)) < unbounded / 2

    def test_one_dead_server_does_not_spoil_the_answers_of_another(self, server: Faulty) -> None:
        right = Question(LOOPBACK, server.port, "ecs.example")
        answers = QUICK([*self.silent(server, 40), right])
        assert answers[right].addresses
        assert len(answers) == 41

    def test_nothing_stays_open(self, server: Faulty, closed_port: int) -> None:
        def open_files() -> int:
            return len(list(Path("/proc/self/fd").iterdir()))

        ask(server.port, "ecs")
        before = open_files()
        for transport in TRANSPORTS:
            ask(server.port, "ecs", transport)
            ask(server.port, "garbage", transport)
            ask(closed_port, "ecs", transport)
        QUICK(self.silent(server, 4))
        Asking(longest=0.05)(self.silent(server, 40))
        assert open_files() == before

    def test_no_question_is_no_answer(self) -> None:
        assert QUICK([]) == {}

    def test_the_same_question_is_asked_once(self, server: Faulty) -> None:
        before = len(server.heard["ecs"])
        question = Question(LOOPBACK, server.port, "ecs.example")
        assert len(QUICK([question, question])) == 1
        assert len(server.heard["ecs"]) == before + 1


WITHOUT_THREADS = """
import resource, sys
from ecs_anywhere_dns.answers.asking import Asking
from ecs_anywhere_dns.answers.questions import Question
with open("/proc/self/statm") as said:
    used = int(said.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 3_000_000, -1))
asked = [Question("127.0.0.1", int(sys.argv[1]), f"ecs.{number}.example") for number in range(3)]
print(sum(not answer.problem for answer in Asking(patience=1)(asked).values()))
"""
"""With less memory left than the stack of a thread takes (8 MB)."""


def test_where_the_system_gives_no_thread_questions_wait_one_for_another(server: Faulty) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_THREADS, str(server.port)],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "onprem")},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (ran.stdout.strip(), ran.stderr) == ("3", "")
