"""A container host on a company's site, in a network namespace of its own: DNS servers, AWS on both
paths, and a stand-in for the ECS agent. Then `ecs-anywhere-check` is run on it.

    unshare --mount --net python -m tests.hostcheck.site FOLDER < SCENARIO

SCENARIO is JSON (`Scenario`). Prints what the check prints, and exits as it exits. The check and
the agent use the C library, port 53, port 443 and /proc of this host; nothing leaves it.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket
from typing import Any

import dns.flags
import dns.message
import dns.rrset

ROOT = Path(__file__).parents[2]
PRIVATE, PUBLIC, PUBLIC_V6 = "10.0.0.10", "203.0.113.10", "2001:db8::10"
SERVERS = ("127.0.1.1", "127.0.1.2")
REGION = "us-east-2"
NAMES = [f"{label}.{REGION}.amazonaws.com" for label in ("ecs", "ecs-a", "ecs-t", "ssm")]
NUMBERED = [f"{label}-1.{REGION}.amazonaws.com" for label in ("ecs-a", "ecs-t")]
DOCUMENT = {
    "region": REGION,
    "vpcCidrs": ["10.0.0.0/16"],
    "names": {name: [PRIVATE] for name in NAMES},
}
STARTED = 20
"""Seconds for the agent to open its connection."""


@dataclass(frozen=True)
class Scenario:
    """The circumstances on the site."""

    answers: Sequence[str] = (PRIVATE, PRIVATE)
    """The answer of each DNS server for the names."""
    answers_of_then: Sequence[str] = ()
    """The answers when the agent was started; as now where it is empty."""
    v6: Sequence[str] = ()
    """Names of servers that give an address of IPv6 besides."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Path -> text, on this host."""
    agent: bool = True


class Dns:
    """A DNS server of the company."""

    def __init__(self, ip: str, v6: bool) -> None:
        self.answer = PRIVATE
        self._v6 = v6
        self._socket = socket(AF_INET, SOCK_DGRAM)
        self._socket.bind((ip, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            packet, peer = self._socket.recvfrom(4096)
            query = dns.message.from_wire(packet)
            self._socket.sendto(self._reply(query).to_wire(), peer)

    def _reply(self, query: dns.message.Message) -> dns.message.Message:
        reply, asked = dns.message.make_response(query), query.question[0]
        reply.flags |= dns.flags.RA
        name = asked.name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(asked.rdtype)
        address = self.answer if name in NAMES else PUBLIC if name in NUMBERED else ""
        if kind == "A" and address:
            reply.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "A", address))
        if kind == "AAAA" and address and self._v6:
            reply.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "AAAA", PUBLIC_V6))
        return reply


class Aws(BaseHTTPRequestHandler):
    """ECS: a call that came through the interface endpoint is sent to un-numbered hosts (Amazon ECS
    developer guide, "Amazon ECS interface VPC endpoints")."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        is_private = self.connection.getsockname()[0] == PRIVATE
        number = "" if is_private else "-1"
        answer = {
            "endpoint": f"https://ecs-a{number}.{REGION}.amazonaws.com/acs/1/",
            "telemetryEndpoint": f"https://ecs-t{number}.{REGION}.amazonaws.com/tacs/1/",
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """The websocket of the agent: opened, and kept."""
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.end_headers()
        time.sleep(600)

    def log_message(self, *_: Any) -> None:
        return


def main() -> int:
    scenario, folder = Scenario(**json.load(sys.stdin)), Path(sys.argv[1])
    for address in (PRIVATE, PUBLIC):
        _run("ip", "address", "add", f"{address}/32", "dev", "lo")
    _run("ip", "link", "set", "lo", "up")
    _lay("/etc/resolv.conf", "".join(f"nameserver {ip}\n" for ip in SERVERS), folder)
    _lay("/etc/nsswitch.conf", "hosts: files dns\n", folder)
    for path, text in scenario.files.items():
        _lay(path, text, folder)
    servers = [Dns(ip, ip in scenario.v6) for ip in SERVERS]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    for address in (PRIVATE, PUBLIC):
        _serve(address, context)
    for server, answer in zip(servers, scenario.answers_of_then or scenario.answers, strict=True):
        server.answer = answer
    agent = _start_agent(folder) if scenario.agent else None
    for server, answer in zip(servers, scenario.answers, strict=True):
        server.answer = answer
    (folder / "document.json").write_text(json.dumps(DOCUMENT))
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "ecs_anywhere_check", "--json"),
            *("--document", str(folder / "document.json")),
        ],
        env=_environment(folder, AWS_ACCESS_KEY_ID="AKIA", AWS_SECRET_ACCESS_KEY="any"),
    )
    if agent:
        agent.kill()
    return ran.returncode


def _serve(address: str, context: ssl.SSLContext) -> None:
    server = ThreadingHTTPServer((address, 443), Aws)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def _lay(path: str, text: str, folder: Path) -> None:
    """Put a file in the place of this host's own, in this mount namespace only."""
    ours = folder / path.replace("/", "_")
    ours.write_text(text)
    if not Path(path).exists():
        Path(path).touch()
    _run("mount", "--bind", str(ours), path)


def _start_agent(folder: Path) -> subprocess.Popen[bytes]:
    """Start a stand-in agent, whose program is called `agent`, as that of the ECS agent."""
    program = folder / "agent"
    program.symlink_to(Path(sys.executable).resolve())
    log = Path("/var/log/ecs/ecs-agent.log")
    started = subprocess.Popen(
        [str(program), "-c", AGENT, REGION, str(log)],
        env=_environment(folder, PYTHONHOME=sys.base_prefix),
    )
    for _ in range(STARTED * 10):
        if log.read_text().count("Websocket") == 2:
            return started
        time.sleep(0.1)
    raise SystemExit("the agent has opened no connection")


AGENT = """
import http.client, json, re, socket, ssl, sys, time
region, log = sys.argv[1:]
asked = http.client.HTTPSConnection(f"ecs.{region}.amazonaws.com")
asked.request("POST", "/", "{}")
given = json.loads(asked.getresponse().read())
asked.close()
kept = []
for url in (given["endpoint"], given["telemetryEndpoint"]):
    host = re.sub("^https://|/.*", "", url)
    connection = ssl.create_default_context().wrap_socket(
        socket.create_connection((host, 443)), server_hostname=host)
    asked = f"GET / HTTP/1.1\\r\\nHost: {host}\\r\\nUpgrade: websocket\\r\\n\\r\\n"
    connection.sendall(asked.encode())
    connection.recv(1024)
    kept.append(connection)
    with open(log, "a") as file:
        file.write('level=info time=now msg="Establishing a Websocket connection" '
                   f'url="wss://{host}/ws?agentVersion=1.98"\\n')
time.sleep(600)
"""
"""The stand-in for the ECS agent, which keeps the addresses that it was told when it was
started."""


def _environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SSL_CERT_FILE": str(folder / "ca.pem"),
        "PYTHONPATH": str(ROOT / "onprem"),
        **more,
    }


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
