"""What a DNS server, a log or a file of this host may hold: nothing of it breaks the check, nor
moves a terminal."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
import trustme
from ecs_anywhere_check import setup
from ecs_anywhere_check.agents import of_agent_log, of_peers
from ecs_anywhere_check.brief import brief
from ecs_anywhere_check.cli import main
from ecs_anywhere_check.dns import AAAA, A, DnsFailure, ask, read_answer
from ecs_anywhere_check.findings import Finding, expectation
from ecs_anywhere_check.host import Host
from ecs_anywhere_check.names import MOST_ADDRESSES, nameservers, of_name
from ecs_anywhere_check.showing import as_json, exit_code, show
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
NAME = "ecs.us-east-2.amazonaws.com"
EXPECTED = expectation("us-east-2", None, [])


def _both_of_one_port() -> tuple[socket.socket, socket.socket, int]:
    """Of a port that is free for both; one that is so for UDP may not be for TCP."""
    while True:
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port: int = tcp.getsockname()[1]
        with suppress(OSError):
            udp.bind(("127.0.0.1", port))
            return udp, tcp, port
        udp.close()
        tcp.close()


@contextmanager
def server(reply: bytes, over_tcp: bytes = b"") -> Iterator[int]:
    """Answers with these bytes, after the question's own number; yields the port."""
    udp, tcp, port = _both_of_one_port()
    with udp, tcp:

        def serve_udp() -> None:
            packet, peer = udp.recvfrom(4096)
            udp.sendto(packet[:2] + reply, peer)

        def serve_tcp() -> None:
            connection, _ = tcp.accept()
            number = connection.recv(4096)[2:4]
            connection.sendall((len(over_tcp) + 2).to_bytes(2, "big") + number + over_tcp)
            connection.close()

        for serve in (serve_udp, serve_tcp):
            threading.Thread(target=serve, daemon=True).start()
        yield port


def answer(kind: str, *addresses: str, flags: int = 0) -> bytes:
    reply = dns.message.make_response(dns.message.make_query(NAME, kind))
    reply.flags |= flags
    if addresses:
        reply.answer.append(dns.rrset.from_text(f"{NAME}.", 60, "IN", kind, *addresses))
    return reply.to_wire()[2:]


def test_both_families_are_read() -> None:
    with server(answer("A", "10.0.0.10", "10.0.1.10")) as port:
        assert sorted(ask(NAME, A, "127.0.0.1", port)) == ["10.0.0.10", "10.0.1.10"]
    with server(answer("AAAA", "2001:db8::10")) as port:
        assert ask(NAME, AAAA, "127.0.0.1", port) == ["2001:db8::10"]


def test_an_answer_that_was_cut_is_asked_for_again_over_tcp() -> None:
    with server(answer("A", flags=dns.flags.TC), answer("A", "10.0.0.10")) as port:
        assert ask(NAME, A, "127.0.0.1", port) == ["10.0.0.10"]


def test_an_error_is_told_by_its_name() -> None:
    with server(answer("A", flags=5)) as port, pytest.raises(DnsFailure, match="REFUSED"):
        ask(NAME, A, "127.0.0.1", port)


QUERY = dns.message.make_query(NAME, "A", id=4711).to_wire()
GOOD = QUERY[:2] + answer("A", "10.0.0.10")


@given(st.binary(max_size=80), st.integers(0, len(GOOD)), st.integers(0, len(GOOD)))
def test_whatever_a_dns_server_sends_is_an_answer_or_a_failure(
    noise: bytes, begin: int, end: int
) -> None:
    for reply in (noise, QUERY[:2] + noise, GOOD[:begin] + noise + GOOD[end:]):
        with suppress(DnsFailure):
            read_answer(reply, QUERY, A)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no DNS server"),
        ("nameserver 10.0.0.2\noptions ndots:5\n", "ndots:5 lets every name be asked"),
        ("nameserver 10.0.0.2\n" * 4, "names 4 DNS servers"),
    ],
)
def test_what_is_odd_in_resolv_conf_is_found(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "resolv.conf").write_text(text)
    found = [*setup.of_resolver_setup(EXPECTED, Host(root=tmp_path))]
    assert [each for each in found if said in each.said]


def test_behind_the_stub_of_systemd_resolved_its_servers_are_asked_too(tmp_path: Path) -> None:
    for path, text in {
        "etc/resolv.conf": "nameserver 127.0.0.53\n",
        "run/systemd/resolve/resolv.conf": "nameserver 10.0.0.2\nnameserver 10.0.0.3\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert nameservers(Host(root=tmp_path)) == ["127.0.0.53", "10.0.0.2", "10.0.0.3"]


def test_a_host_that_asks_no_dns_server_is_found(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "resolv.conf").write_text("nameserver 10.0.0.2\n")
    (tmp_path / "etc" / "nsswitch.conf").write_text("hosts: files mdns4_minimal\n")
    [found] = setup.of_resolver_setup(EXPECTED, Host(root=tmp_path))
    assert (found.subject, found.verdict) == ("nsswitch.conf", "FAILED")


def test_only_the_last_connections_of_the_agent_count(tmp_path: Path) -> None:
    log = tmp_path / "var/log/ecs/ecs-agent.log"
    log.parent.mkdir(parents=True)
    line = 'msg="Establishing a Websocket connection" url="wss://{}/ws?x"\n'
    hosts = ["ecs-a-1.us-east-2.amazonaws.com", "ecs-a.us-east-2.amazonaws.com"]
    log.write_text("".join(line.format(host) for host in hosts) + "\x1b]0;hello\x07 no line\n")
    [found] = of_agent_log(EXPECTED, Host(root=tmp_path))
    assert (found.subject, found.verdict) == (hosts[1], "PRIVATE")


def test_an_un_numbered_host_of_somebody_else_is_not_private(tmp_path: Path) -> None:
    log = tmp_path / "var/log/ecs/ecs-agent.log"
    log.parent.mkdir(parents=True)
    for host in ("evil.example", "ecs-a.eu-west-1.amazonaws.com"):
        log.write_text(f'msg="Establishing a Websocket connection" url="wss://{host}/ws"\n')
        [found] = of_agent_log(EXPECTED, Host(root=tmp_path))
        assert found.verdict == "FAILED", found


@pytest.mark.parametrize(
    ("no_proxy", "goes_past"),
    [
        ("*", True),
        ("amazonaws.com", True),
        (".amazonaws.com:443", True),
        ("*.amazonaws.com", True),
        ("*amazonaws.com", False),
        (f".{NAME}", False),
        ("", False),
    ],
)
def test_no_proxy_is_read_as_the_agents_read_it(
    no_proxy: str, goes_past: bool, tmp_path: Path
) -> None:
    environment = {"HTTPS_PROXY": "http://user:p@ss/word@proxy:3128", "NO_PROXY": no_proxy}
    one = replace(EXPECTED, names={NAME: ()})
    [found] = setup.of_proxies(one, Host(root=tmp_path, environment=environment))
    assert found.verdict == ("PRIVATE" if goes_past else "PUBLIC")
    assert "word" not in found.said
    assert "p@ss" not in found.said


def test_a_commented_line_sets_no_proxy_and_a_unit_sets_two(tmp_path: Path) -> None:
    drop_in = tmp_path / "etc/systemd/system/ecs.service.d/proxy.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("#HTTPS_PROXY=http://proxy:3128\n")
    assert not [*setup.of_proxies(EXPECTED, Host(root=tmp_path, environment={}))]
    line = 'Environment="HTTPS_PROXY=user:pw@proxy:3128" "NO_PROXY=.us-east-2.amazonaws.com"\n'
    drop_in.write_text(f"[Service]\n{line}")
    [found] = setup.of_proxies(EXPECTED, Host(root=tmp_path, environment={}))
    assert found.verdict == "PRIVATE"


def test_nothing_private_is_not_well() -> None:
    assert exit_code([Finding("clock", "host", "NOTE", "")]) == 3


def test_no_proc_is_no_connection(tmp_path: Path) -> None:
    assert list(of_peers(EXPECTED, Host(root=tmp_path))) == []


def test_words_of_others_move_no_terminal() -> None:
    shown = show([Finding("proxy", "host", "PUBLIC", "\x1b[2J\u202e gone", "mend it")], EXPECTED)
    assert shown.isprintable() or set(shown) - set("\n") == {c for c in shown if c.isprintable()}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"names": [], "vpcCidrs": []}',
        "{" * 2000,
        '{"names": {"*.a.b": []}, "vpcCidrs": []}',
        '{"names": {"a..b": []}, "vpcCidrs": []}',
    ],
)
def test_a_document_that_is_none_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "document.json"
    file.write_text(text)
    with pytest.raises(SystemExit) as ended:
        main(["--region", "us-east-2", "--document", str(file)], Host(root=tmp_path))
    assert ended.value.code == 2
    assert "ecs-anywhere-check: error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("certified", "verdict"),
    [(NAME, "PRIVATE"), (f"*.{NAME}", "PRIVATE"), ("proxy.example.com", "FAILED")],
)
def test_a_certificate_is_that_of_the_name_or_of_names_below_it(
    certified: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody opens TLS to `dkr.ecr` itself, and its certificate does not have it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(certified).configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                with suppress(OSError), context.wrap_socket(listening.accept()[0], True):
                    pass

        threading.Thread(target=serve, daemon=True).start()
        found = [(2, 1, 6, "", ("127.0.0.1", 443))]
        host = Host(tmp_path, {}, lambda *_: found, tls_port=listening.getsockname()[1])
        [_, tls] = of_name(NAME, [], EXPECTED, host)
    assert (tls.vantage, tls.verdict) == ("tls 127.0.0.1", verdict), tls


def _pythons() -> list[str]:
    """Every Python from 3.9 on that a version manager has here."""
    found = Path.home().glob(".pyenv/versions/3.*/bin/python")
    minor = {path: int(path.parts[-3].split(".")[1]) for path in found}
    return sorted(str(path) for path, number in minor.items() if number >= 9)


@pytest.mark.parametrize("python", _pythons() or ["python3"])
def test_it_runs_where_python_3_9_is(python: str, tmp_path: Path) -> None:
    """On a root without anything it asks nobody, and says what is missing."""
    code = (
        "import sys; from pathlib import Path; from ecs_anywhere_check.cli import main;"
        "from ecs_anywhere_check.host import Host;"
        f"root = Path({str(tmp_path)!r});"
        "nobody = Host(root, {}, lambda *_: [], introspection='127.0.0.1:9');"
        "sys.exit(main(['--region', 'eusc-de-east-1', '--json'], nobody))"
    )
    ran = subprocess.run(
        [python, "-c", code],
        env={"PYTHONPATH": str(ROOT / "onprem")},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 3, ran.stderr
    said = json.loads(ran.stdout)
    assert "ecs-a.eusc-de-east-1.amazonaws.eu" in said["matrix"]
    assert said["verdict"] == "FAILED"


@contextmanager
def answering(*given: str) -> Iterator[int]:
    """A DNS server that gives these addresses, and fails where it has none of the asked type."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                packet, peer = sock.recvfrom(4096)
                query = dns.message.from_wire(packet)
                kind = dns.rdatatype.to_text(query.question[0].rdtype)
                reply = dns.message.make_response(query)
                fitting = [each for each in given if (":" in each) == (kind == "AAAA")]
                if fitting:
                    name = query.question[0].name
                    reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *fitting))
                else:
                    reply.set_rcode(dns.rcode.SERVFAIL)
                sock.sendto(reply.to_wire(), peer)

    threading.Thread(target=serve, daemon=True).start()
    with sock:
        yield int(sock.getsockname()[1])


def asked(given: Sequence[str], libc: Sequence[str], tmp_path: Path) -> list[Finding]:
    """Ask a DNS server that gives some addresses, on a host whose C library gives others. Nothing
    listens on the port of TLS."""
    found = [(0, 0, 0, "", (address, 443)) for address in libc]
    with answering(*given) as port:
        host = Host(tmp_path, {}, lambda *_: found, dns_port=port, tls_port=9)
        return of_name(NAME, ["127.0.0.1"], EXPECTED, host)


def test_tls_is_tried_at_every_address_of_every_answer(tmp_path: Path) -> None:
    """Not at those alone that the C library gave, nor at IPv4 alone."""
    found = asked(["127.0.0.2", "127.0.0.3", "::1"], ["127.0.0.1", "127.0.0.2"], tmp_path)
    tried = [each.vantage for each in found if each.vantage.startswith("tls")]
    assert tried == [f"tls {a}" for a in ("127.0.0.1", "127.0.0.2", "127.0.0.3", "::1")]


def test_a_server_that_gives_very_many_addresses_is_not_followed_to_all(tmp_path: Path) -> None:
    found = asked([f"127.0.1.{n}" for n in range(1, 41)], ["127.0.0.1"], tmp_path)
    tried = [each for each in found if each.vantage.startswith("tls ")]
    [rest] = [each for each in found if each.vantage == "tls"]
    assert len(tried) == MOST_ADDRESSES
    assert rest.said == f"not tried at {41 - MOST_ADDRESSES} more addresses"


def test_an_aaaa_that_fails_is_told_beside_a_good_address(tmp_path: Path) -> None:
    found = [f for f in asked(["10.0.0.10"], [], tmp_path) if f.vantage == "dns 127.0.0.1"]
    assert [(each.verdict, each.said) for each in found] == [
        ("PRIVATE", "10.0.0.10"),
        ("FAILED", "AAAA: SERVFAIL"),
    ]
    assert "AAAA" in found[1].cure


@pytest.mark.parametrize(
    ("program", "unit"), [("agent", "restart ecs"), ("ssm-agent-worker", "amazon-ssm-agent")]
)
def test_each_agent_on_a_public_way_is_restarted_by_its_own_unit(
    program: str, unit: str, tmp_path: Path
) -> None:
    process = tmp_path / "proc/7"
    (process / "fd").mkdir(parents=True)
    (process / "comm").write_text(f"{program[:15]}\n")
    (process / "fd/3").symlink_to("socket:[42]")
    row = "0: 0100007F:1000 0A7100CB:01BB 01 0:0 0:0 0 0 0 42"
    (tmp_path / "proc/net").mkdir()
    (tmp_path / "proc/net/tcp").write_text(f"head\n   {row}\n")
    [found] = [f for f in of_peers(EXPECTED, Host(root=tmp_path)) if f.vantage == "connection"]
    assert (found.verdict, found.said) == ("PUBLIC", "203.0.113.10")
    assert unit in found.cure


def test_names_that_were_never_asked_are_not_called_private() -> None:
    """The Region tells the names that every agent needs, a published document all of them."""
    document = {"names": {NAME: ["10.0.0.10"]}, "vpcCidrs": ["10.0.0.0/16"]}
    for expected, are_all in ((EXPECTED, False), (expectation("us-east-2", document, []), True)):
        found, host = [Finding(NAME, "libc", "PRIVATE", "10.0.0.10")], Host(environment={})
        shown, told = show(found, expected), as_json(found, expected, host)
        assert ("NOT ASKED: only the names were asked" in shown) is not are_all
        assert bool(told["not_asked"]) is not are_all
        assert json.loads(brief(found, expected, host))["all"] is are_all
