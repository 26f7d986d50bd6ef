"""The VPC on a machine without namespaces: loopback sockets that stand for its addresses."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path

from local.networks.namespace import bound

SITE = Path(__file__).parent
"""The folder to put first on PYTHONPATH: its `sitecustomize` puts a Python process inside."""
MAP_VARIABLE = "LOCAL_VPC_MAP"


class Loopback:
    """Sockets on 127.0.0.1, and a file that maps the VPC's addresses to them.

    The map: {"cidrs": [CIDR], "tcp": {"10.0.0.5:443": port}, "udp": {…}, "nobody": port},
    where nobody listens at "nobody".
    """

    def __init__(self, cidrs: Sequence[str], map_file: Path) -> None:
        self.prefix: list[str] = []
        self._map_file = map_file
        self._cidrs: list[str] = []
        self._stand_ins: dict[str, dict[str, socket.socket]] = {"tcp": {}, "udp": {}}
        self._nobody = bound_pair("127.0.0.1")
        self.route(cidrs)

    def route(self, cidrs: Sequence[str]) -> None:
        self._cidrs = list(cidrs)
        self._write()

    def bind(self, kind: str, ip: str, port: int) -> socket.socket:
        stand_in = bound(kind, "127.0.0.1", 0)
        self._stand_ins[kind][f"{ip}:{port}"] = stand_in
        self._write()
        return stand_in

    def close(self) -> None:
        for unused in self._nobody:
            unused.close()

    def _write(self) -> None:
        ports = {
            kind: {
                address: stand_in.getsockname()[1]
                for address, stand_in in stand_ins.items()
                if stand_in.fileno() != -1
            }
            for kind, stand_ins in self._stand_ins.items()
        }
        nobody = self._nobody[0].getsockname()[1]
        written = self._map_file.with_suffix(".new")
        written.write_text(json.dumps({"cidrs": self._cidrs, **ports, "nobody": nobody}))
        written.replace(self._map_file)


def bound_pair(ip: str) -> tuple[socket.socket, socket.socket]:
    """Return a udp and a tcp socket with the same port, of the system's choice."""
    while True:
        udp = bound("udp", ip, 0)
        try:
            return udp, bound("tcp", ip, udp.getsockname()[1])
        except OSError:
            udp.close()
