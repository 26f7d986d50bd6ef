"""The engine's side of one VPC's network process."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.contracts import InboundAddress, NetworkState, SiteImpossible
from local.networks.loopback import MAP_VARIABLE, SITE
from local.networks.workloads import Workloads
from local.settings import REPOSITORY

PATIENCE = 10.0
"""Real seconds in which a network process must start, answer or end; it takes milliseconds."""


class NetworkProcessError(RuntimeError):
    """A VPC's network process could not do what was asked."""


class NetworkProcessDied(NetworkProcessError):
    """A VPC's network process does not answer any more."""


class VpcNetwork:
    """One VPC's network process, and the commands that were started inside."""

    def __init__(
        self, vpc_id: str, cidrs: Sequence[str], tiers: Sequence[str], directory: Path,
        gateway: str,
    ) -> None:  # fmt: skip
        self.vpc_id = vpc_id
        self.site: dict[str, Any] | None = None
        """The site that is connected: `cidr`, `log` (the queries to its internet's DNS), `up`."""
        self._workloads: Workloads | None = None
        self._state = NetworkState(tuple(cidrs))
        self._map_file = directory / f"{vpc_id}.json"
        self._mirrors: dict[str, int] = {}
        self._commands: list[tuple[subprocess.Popen[bytes], str]] = []
        configuration = {
            "tiers": tiers, "cidrs": cidrs, "directory": str(directory), "map": str(self._map_file),
            "gateway": gateway,
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.networks.vpc_process", vpc_id, json.dumps(configuration)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
            start_new_session=True,  # Ctrl-C is for the engine, which then closes this.
        )
        try:
            started = self._answer()
        except NetworkProcessError:
            self.close()
            raise
        self._prefix: list[str] = started["prefix"]
        self._hindrance: str = started["hindrance"]
        """The reason why this is not the preferred tier."""

    @property
    def is_idle(self) -> bool:
        """Return whether nothing answers or runs, and nothing is connected or admitted."""
        answers = self._state.resolver_ips or self._state.tls or self._state.own_dns
        return not (answers or self.commands() or self.site or self._workloads)

    def apply(self, state: NetworkState, runtime_api: str | None = None) -> None:
        """Let the VPC answer as `state` says; `runtime_api` is reachable besides those of the
        running commands."""
        self._apply(state, runtime_api)

    def admit(self, workloads: Workloads | None) -> None:
        if workloads != self._workloads:
            self._workloads = workloads
            self._apply(self._state)

    def connect_site(self, cidr: str, log: Path) -> list[str]:
        """Connect a site, and return its command prefix. Raises SiteImpossible."""
        if not self._prefix:
            reason = self._hindrance or "the networks were asked to be loopback sockets"
            raise SiteImpossible(f"a site needs network namespaces, which are not there: {reason}")
        if self.site:
            raise SiteImpossible(f"{self.vpc_id} has a site already, {self.site['cidr']}")
        try:
            return self.change_site({"cidr": cidr, "log": str(log), "up": True})
        except NetworkProcessDied:
            raise
        except NetworkProcessError as error:
            self.site = None
            raise SiteImpossible(f"{cidr} cannot be connected: {error}") from error

    def change_site(self, site: dict[str, Any] | None) -> list[str]:
        self.site = site
        prefix: list[str] = self._apply(self._state)["site"]
        return prefix

    def _apply(self, state: NetworkState, runtime_api: str | None = None) -> dict[str, Any]:
        relays = {api for _, api in self.commands()} | ({runtime_api} if runtime_api else set())
        wanted = {
            "cidrs": state.cidrs,
            "resolver_ips": sorted(state.resolver_ips),
            "names": dict(state.names),
            "tls": dict(state.tls),
            "zones": sorted(state.zones),
            "unanswered": sorted(state.unanswered),
            "own_dns": state.own_dns,
            "elsewhere": {
                ip: {
                    "names": dict(told.names),
                    "zones": sorted(told.zones),
                    "unanswered": sorted(told.unanswered),
                }
                for ip, told in state.resolvers_elsewhere.items()
            },
            "relays": sorted(relays) if self._prefix else [],
            "site": self.site,
            "workloads": self._workloads.as_json() if self._workloads else None,
        }
        applied = self._ask(wanted)
        self._mirrors = applied["mirrors"]
        self._state = state
        return applied

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], runtime_api: str
    ) -> subprocess.Popen[bytes]:
        self.apply(self._state, runtime_api)
        variables = {**environment, "AWS_LAMBDA_RUNTIME_API": runtime_api}
        if not self._prefix:
            path = [str(SITE), *filter(None, [environment.get("PYTHONPATH")])]
            variables["PYTHONPATH"] = os.pathsep.join(path)
            variables[MAP_VARIABLE] = str(self._map_file)
        started = subprocess.Popen(
            [*self._prefix, *command],
            env=variables,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._commands.append((started, runtime_api))
        return started

    def commands(self) -> list[tuple[subprocess.Popen[bytes], str]]:
        """Return the commands that still run inside, each with its runtime API."""
        self._commands = [entry for entry in self._commands if entry[0].poll() is None]
        return self._commands

    def inbound_addresses(self) -> list[InboundAddress]:
        return [
            InboundAddress(self.vpc_id, ip, tuple(self._prefix), "127.0.0.1", port)
            for ip, port in sorted(self._mirrors.items())
        ]

    def close(self) -> None:
        for command, _ in self.commands():
            command.kill()
            command.wait(PATIENCE)
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(BrokenPipeError):  # What a dead one was not told any more.
            self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE)
        self._process.stdout.close()

    def _ask(self, state: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(state).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if selector.select(PATIENCE) else b""
        if not line:
            raise self._died()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise NetworkProcessError(f"the network of {self.vpc_id}: {answer['error']}")
        return answer

    def _died(self) -> NetworkProcessDied:
        process = self._process.pid
        return NetworkProcessDied(f"the network process of {self.vpc_id} ({process}) has died")
