"""The addresses of everybody: in a namespace as in real life, else what loopback allows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.onprem.lab.dns_server import Ground
from tests.onprem.lab.network import free_port

SERVER_ADDRESS = "127.0.0.1"
INTERNET = ("198.51.100.0/24", "203.0.113.0/24")
"""Networks for documentation (RFC 5737): nobody's."""


@dataclass(frozen=True)
class Places:
    vpc_cidrs: tuple[str, ...]
    subnets: tuple[str, str]
    """The beginnings of addresses, as in "10.0.0."."""
    resolver_port: int
    root: tuple[str, int]
    """The public server."""
    shared: bool
    """Ports are this machine's, so others may have them."""

    @property
    def resolver_ips(self) -> tuple[str, str]:
        first, second = (f"{subnet}32" for subnet in self.subnets)
        return first, second

    def ground(self, directory: Path, number: int, **admin: Any) -> Ground:
        """Return the ground of the DNS server with that number; `directory` is made anew."""
        tree, run = directory / "etc", directory / "run"
        tree.mkdir(parents=True)
        run.mkdir()
        if self.shared:
            port, control_port = free_port(SERVER_ADDRESS), free_port(SERVER_ADDRESS)
        else:
            port, control_port = 5300 + number if number else 53, 9530 + number
        return Ground(tree, run, SERVER_ADDRESS, port, control_port, self.root, **admin)


def in_namespace() -> Places:
    return Places(("10.0.0.0/16",), ("10.0.0.", "10.0.1."), 53, ("203.0.113.1", 53), shared=False)


def on_loopback() -> Places:
    subnets, root = ("127.0.0.", "127.0.1."), "127.0.9.9"
    port = free_port(*(f"{subnet}32" for subnet in subnets), root)
    return Places(("127.0.0.0/16",), subnets, port, (root, port), shared=True)
