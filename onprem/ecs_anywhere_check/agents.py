"""Look at what the agents do: where they were sent, to whom they are connected, their versions.

Sources: aws/amazon-ecs-agent, wsclient/client.go (the line of the log that names the host) and
ecs_client.go (answers of DiscoverPollEndpoint are kept for 12 hours); Amazon ECS developer guide,
"Amazon ECS interface VPC endpoints" (numbered hosts are public); proc(5).
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ecs_anywhere_check.findings import (
    FAILED,
    NOTE,
    PRIVATE,
    PUBLIC,
    Expected,
    Finding,
    lies_within,
)
from ecs_anywhere_check.host import SECONDS, Host

NUMBERED = re.compile(r"^ecs-(?:a|t)-[0-9]+\.")


OF_SSM = ("amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker")


AGENTS = ("agent", "amazon-ecs-agent", *OF_SSM)


LOGGED = re.compile(r"Establishing a Websocket connection.*?wss?://([^/\s\"':]+)")


RESTART = "restart the ECS agent, one host at a time: systemctl restart ecs"


def of_agent_log(expected: Expected, host: Host) -> Iterator[Finding]:
    """Find the hosts to which the ECS agent has opened its connections last."""
    last: dict[str, str] = {}
    for line in host.read("/var/log/ecs/ecs-agent.log").splitlines():
        for name in LOGGED.findall(line):
            last[name[:5]] = name.lower()  # ecs-a and ecs-t, each the last one
    for name in last.values():
        cure = f"{RESTART} (it keeps that answer for 12 hours)"
        yield of_poll_host(name, "agent log", cure, expected)


def of_poll_host(name: str, vantage: str, cure: str, expected: Expected) -> Finding:
    if NUMBERED.match(name):
        return Finding(name, vantage, PUBLIC, "a numbered host is always public", cure)
    if name not in expected.names:
        return Finding(
            name, vantage, FAILED, "the agent was sent to a host that nobody names", cure
        )
    return Finding(name, vantage, PRIVATE, "the agent was sent to the un-numbered host")


def of_peers(expected: Expected, host: Host) -> Iterator[Finding]:
    """Find whom the agents are connected to on port 443."""
    if os.geteuid() != 0:
        said = "not looked at: only root sees the agents' log and connections"
        yield Finding("connections", "host", NOTE, said, "run it as root")
    owners = dict(_sockets_of_agents(host))
    for inode, address in _connections(host):
        if inode in owners:
            private = any(lies_within(address, each) for each in expected.networks)
            cure = "" if private else f"{_restart(owners[inode])}, after its names are private"
            yield Finding(
                owners[inode], "connection", PRIVATE if private else PUBLIC, address, cure
            )


def _restart(owner: str) -> str:
    """Return how a person restarts the agent whose process that is."""
    if owner in OF_SSM:
        return "restart the SSM agent, one host at a time: systemctl restart amazon-ssm-agent"
    return RESTART


def _sockets_of_agents(host: Host) -> Iterator[tuple[str, str]]:
    """Yield the inode of each socket of an agent, and the agent's name (15 characters, proc(5))."""
    short = {name[:15]: name for name in AGENTS}
    for process in (host.root / "proc").glob("[0-9]*"):
        name = short.get(host.read(f"/proc/{process.name}/comm").strip())
        if name is None:
            continue
        try:
            links = [str(link.readlink()) for link in (process / "fd").iterdir()]
        except OSError:
            continue  # it has ended, or we are not root
        for link in links:
            if link.startswith("socket:["):
                yield link[8:-1], name


def _connections(host: Host) -> Iterator[tuple[str, str]]:
    """Yield inode and peer of established connections to port 443."""
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in host.read(path).splitlines()[1:]:
            words = line.split()
            address, _, port = words[2].partition(":")
            if words[3] == "01" and int(port, 16) == 443:
                yield words[9], _address_in_proc(address)


def _address_in_proc(text: str) -> str:
    """Read what the kernel writes as words in the order of this machine's bytes (little endian)."""
    raw = b"".join(bytes.fromhex(text[i : i + 8])[::-1] for i in range(0, len(text), 8))
    found = ipaddress.ip_address(raw)
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def of_introspection(host: Host) -> Iterator[Finding]:
    """Ask the ECS agent, and the SSM agent's program, for their versions."""
    said = introspected(host)
    if said is None:
        yield Finding(
            "ECS agent", "host", NOTE, "does not answer on this host", "systemctl status ecs"
        )
    else:
        yield Finding("ECS agent", "host", NOTE, f"{said.get('Version')} in {said.get('Cluster')}")
    program = host.root / "usr/bin/amazon-ssm-agent"
    if program.exists():
        yield Finding("SSM agent", "host", NOTE, _version(program))


def _version(program: Path) -> str:
    command = [str(program), "-version"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=10)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        return f"does not say its version: {error}"
    return ran.stdout.strip() or ran.stderr.strip()


def introspected(host: Host) -> dict[str, str] | None:
    try:
        connection = http.client.HTTPConnection(host.introspection, timeout=SECONDS)
        connection.request("GET", "/v1/metadata")
        answer: dict[str, str] = json.loads(connection.getresponse().read(65536))
        return answer
    except (OSError, ValueError, http.client.HTTPException):
        return None
