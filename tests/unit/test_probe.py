"""The probe's own handler, against a DNS server and TLS listeners on loopback."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from socketserver import (
    BaseRequestHandler,
    TCPServer,
    ThreadingTCPServer,
    ThreadingUDPServer,
    UDPServer,
)
from threading import Thread
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
import trustme
from connectivity.domain.verification import Target, judge
from probe.handler import handler

LOOPBACK = "127.0.0.1"
RECORDS: dict[str, list[tuple[str, ...]]] = {
    "ecs.example.": [("ecs.example.", "A", "10.20.1.4", "10.20.0.4")],
    "alias.example.": [
        ("alias.example.", "CNAME", "middle.example."),
        ("middle.example.", "CNAME", "end.example."),
        ("end.example.", "A", "10.20.0.9"),
    ],
    "dangling.example.": [("dangling.example.", "CNAME", "nowhere.example.")],
    "empty.example.": [],
}


def answer_to(wire: bytes) -> bytes:
    """What the server says; nothing is silence."""
    query = dns.message.from_wire(wire)
    response = dns.message.make_response(query)
    match str(query.question[0].name):
        case "silent.example.":
            return b""
        case "refused.example.":
            response.set_rcode(dns.rcode.REFUSED)
        case "truncated.example.":
            response.flags |= dns.flags.TC
        case name if name in RECORDS:
            response.answer = [
                dns.rrset.from_text(owner, 60, "IN", kind, *values)
                for owner, kind, *values in RECORDS[name]
            ]
        case _:
            response.set_rcode(dns.rcode.NXDOMAIN)
    return response.to_wire()


class Udp(BaseRequestHandler):
    def handle(self) -> None:
        wire, server = self.request
        if answer := answer_to(wire):
            server.sendto(answer, self.client_address)


class Tcp(BaseRequestHandler):
    def handle(self) -> None:
        length = int.from_bytes(self.request.recv(2), "big")
        if answer := answer_to(self.request.recv(length)):
            self.request.sendall(len(answer).to_bytes(2, "big") + answer)
        else:
            self.request.recv(1)  # until the probe has lost its patience


class Silent(BaseRequestHandler):
    def handle(self) -> None:
        while self.request.recv(1024):
            pass


@contextmanager
def serving(server: TCPServer | UDPServer) -> Iterator[int]:
    """The port on which it is served."""
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.socket.getsockname()[1])
        finally:
            server.shutdown()
            thread.join()


class Server(ThreadingTCPServer):
    allow_reuse_address = True


def https(certificate: trustme.LeafCert) -> ThreadingTCPServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    class Https(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # it is the client that may break off
                context.wrap_socket(self.request, server_side=True).close()

    return Server((LOOPBACK, 0), Https)


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        return int(found.getsockname()[1])


NAMES = (
    "ecs.example",
    "alias.example",
    "dangling.example",
    "empty.example",
    "nxdomain.example",
    "refused.example",
    "silent.example",
    "truncated.example",
)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """Everything asked in one invocation, as the workflow does: its slowest answers take turns
    with nobody. By `name over transport`, and by case for TLS."""
    authority, stranger = trustme.CA(), trustme.CA()
    bundle = tmp_path_factory.mktemp("authority") / "bundle.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        environment.setenv("SSL_CERT_FILE", str(bundle))
        udp = stack.enter_context(serving(ThreadingUDPServer((LOOPBACK, 0), Udp)))
        tcp = stack.enter_context(serving(Server((LOOPBACK, 0), Tcp)))
        good = stack.enter_context(serving(https(authority.issue_cert("ecs.example"))))
        strange = stack.enter_context(serving(https(stranger.issue_cert("ecs.example"))))
        silent = stack.enter_context(serving(Server((LOOPBACK, 0), Silent)))
        dns_questions = [
            {"name": name, "resolver": LOOPBACK, "transport": transport, "port": port}
            for transport, port in (("udp", udp), ("tcp", tcp))
            for name in NAMES
        ]
        dns_questions.append(
            {"name": "closed", "resolver": LOOPBACK, "transport": "tcp", "port": closed_port()}
        )
        tls_questions = [
            {"case": "good", "name": "ecs.example", "port": good},
            {"case": "wrong name", "name": "ssm.example", "port": good},
            {"case": "stranger", "name": "ecs.example", "port": strange},
            {"case": "closed", "name": "ecs.example", "port": closed_port()},
            {"case": "silent", "name": "ecs.example", "port": silent},
        ]
        given = handler(
            {"dns": dns_questions, "tls": [q | {"address": LOOPBACK} for q in tls_questions]},
            None,
        )
        yield {
            **{f"{a['name']} over {a['transport']}": a for a in given["dns"]},
            **{f"{a['case']} tls": a for a in given["tls"]},
        }


both_transports = pytest.mark.parametrize("transport", ["udp", "tcp"])


@both_transports
def test_addresses_come_sorted(answers: dict[str, dict[str, Any]], transport: str) -> None:
    answer = answers[f"ecs.example over {transport}"]
    assert answer["addresses"] == ["10.20.0.4", "10.20.1.4"]
    assert answer["chain"] == []
    assert answer["error"] == ""
    assert 0 < answer["milliseconds"] < 2000


@both_transports
def test_cnames_are_followed_and_named(answers: dict[str, dict[str, Any]], transport: str) -> None:
    answer = answers[f"alias.example over {transport}"]
    assert answer["addresses"] == ["10.20.0.9"]
    assert answer["chain"] == ["middle.example", "end.example"]


@both_transports
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nxdomain.example", "NXDOMAIN"),
        ("refused.example", "REFUSED"),
        ("truncated.example", "truncated"),
        ("empty.example", "no address"),
        ("dangling.example", "no address"),
        ("silent.example", "Timeout: "),
    ],
)
def test_what_is_no_answer_has_an_error_and_no_address(
    answers: dict[str, dict[str, Any]], name: str, transport: str, error: str
) -> None:
    answer = answers[f"{name} over {transport}"]
    assert answer["addresses"] == []
    assert answer["error"].startswith(error)


def test_silence_was_asked_twice(answers: dict[str, dict[str, Any]]) -> None:
    """A datagram may get lost; two of them hardly."""
    assert answers["silent.example over udp"]["milliseconds"] > 3900


def test_a_resolver_where_nobody_listens_is_an_error(answers: dict[str, dict[str, Any]]) -> None:
    assert answers["closed over tcp"]["error"].startswith("ConnectionRefusedError: ")


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("good", ""),
        ("wrong name", "SSLCertVerificationError: "),
        ("stranger", "SSLCertVerificationError: "),
        ("closed", "ConnectionRefusedError: "),
        ("silent", "TimeoutError: "),
    ],
)
def test_tls_is_good_only_for_the_name_by_an_authority_that_is_trusted(
    answers: dict[str, dict[str, Any]], case: str, error: str
) -> None:
    found = answers[f"{case} tls"]["error"]
    assert found.startswith(error)
    assert bool(found) is bool(error)


def test_an_answer_repeats_its_question_so_that_it_can_be_judged(
    answers: dict[str, dict[str, Any]],
) -> None:
    asked = {"name": "ecs.example", "resolver": LOOPBACK, "transport": "udp"}
    target = Target("ecs", "ecs.example", ("10.20.0.4", "10.20.1.4"))
    [finding] = judge(
        [target],
        {"dns": [asked], "tls": []},
        {"dns": list(answers.values()), "tls": []},
    )
    assert finding.ok


def test_the_dns_port_is_53_unless_said_otherwise() -> None:
    try:
        server = Server(("127.53.53.53", 53), Tcp)
    except OSError as refusal:
        pytest.skip(f"port 53 is not ours to serve on: {refusal}")
    with serving(server):
        asked = {"name": "ecs.example", "resolver": "127.53.53.53", "transport": "tcp"}
        [answer] = handler({"dns": [asked], "tls": []}, None)["dns"]
    assert answer["error"] == ""
