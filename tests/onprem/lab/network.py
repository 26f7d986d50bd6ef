"""The network of a laboratory: a namespace of its own, or loopback where there are none."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Sequence
from typing import Protocol

from local.networks.namespace import Namespace, bound

TIERS = ("root-namespaces", "user-namespaces", "loopback")
"""The tiers from the most to the least real; the first that the machine allows is taken."""
TABLE = "lab_cut"


class Network(Protocol):
    tier: str
    prefix: tuple[str, ...]
    """Runs a command inside."""

    def bind(self, kind: str, ip: str, port: int) -> socket.socket:
        """A `tcp` or `udp` socket inside, served by whoever holds it."""
        ...

    def block(self, cidrs: Sequence[str]) -> None:
        """Let packets to these addresses vanish from now on."""
        ...

    def unblock(self) -> None: ...
    def close(self) -> None: ...


class Namespaced:
    """On-premises and all that it can reach: these addresses and nothing else."""

    def __init__(self, cidrs: Sequence[str], *, of_user: bool) -> None:
        """Make the namespace. Raises OSError where this machine does not allow it."""
        if shutil.which("nsenter") is None:
            raise OSError("nsenter (util-linux) is not installed")
        self.tier = TIERS[1] if of_user else TIERS[0]
        self._namespace = Namespace(cidrs, of_user=of_user)
        self.prefix = tuple(self._namespace.prefix)
        self._lock = threading.Lock()

    def bind(self, kind: str, ip: str, port: int) -> socket.socket:
        with self._lock:
            return self._namespace.bind(kind, ip, port)

    def block(self, cidrs: Sequence[str]) -> None:
        chain = f"{TABLE} input"
        self._nft(
            f"add table ip {TABLE}",
            f"add chain ip {chain} {{ type filter hook input priority 0; }}",
            f"add rule ip {chain} ip daddr {{ {', '.join(cidrs)} }} drop",
        )

    def unblock(self) -> None:
        # Deleting what was never made would be an error.
        self._nft(f"add table ip {TABLE}", f"delete table ip {TABLE}")

    def close(self) -> None:
        self._namespace.close()

    def _nft(self, *commands: str) -> None:
        """All of them or none."""
        command = [*self.prefix, "nft", "-f", "-"]
        subprocess.run(command, input="\n".join(commands), text=True, check=True, timeout=10)


class Loopback:
    """127.0.0.0/8 of this machine. Nothing can be cut here: what serves falls silent itself."""

    tier = TIERS[2]
    prefix: tuple[str, ...] = ()

    def bind(self, kind: str, ip: str, port: int) -> socket.socket:
        return bound(kind, ip, port)

    def block(self, cidrs: Sequence[str]) -> None: ...
    def unblock(self) -> None: ...
    def close(self) -> None: ...


def enter(tiers: Sequence[str], cidrs: Sequence[str]) -> Network:
    """The first of `tiers` that this machine allows. Raises OSError where it allows none."""
    hindrances = []
    for tier in tiers:
        if tier == "loopback":
            return Loopback()
        try:
            return Namespaced(cidrs, of_user=tier == "user-namespaces")
        except OSError as error:
            hindrances.append(f"{tier}: {error}")
    raise OSError("; ".join(hindrances))


def free_port(*ips: str) -> int:
    """One that is free on each of these loopback addresses, for UDP and TCP."""
    while True:
        taken: list[socket.socket] = []
        try:
            taken.append(bound("udp", ips[0], 0))
            port = int(taken[0].getsockname()[1])
            taken.extend(bound("udp", ip, port) for ip in ips[1:])
            taken.extend(bound("tcp", ip, port) for ip in ips)
        except OSError:
            continue
        else:
            return port
        finally:
            for each in taken:
                each.close()
