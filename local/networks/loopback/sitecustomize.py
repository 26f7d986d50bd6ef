"""Put this Python process "inside" a VPC whose addresses are loopback sockets.

Python imports this module at start, before anything else. Every socket then sees what it
would see in the VPC's network namespace: the VPC's addresses, where nothing listens unless
something stands for it, the Lambda runtime API, and nothing else.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

Address = tuple[str, int]


class VpcMap:
    """The map file of `local.networks.loopback.Loopback`, read again when it was replaced."""

    def __init__(self, path: Path, runtime_api: str) -> None:
        self._path = path
        self._runtime_api = runtime_api
        self._version = (0, 0)
        self._map: dict[str, Any] = {}

    def stand_in(self, kind: str, host: str, port: int) -> Address:
        """Return the address to connect to instead. Raises OSError for one that cannot be reached
        from a VPC."""
        ports = self._current()
        if f"{host}:{port}" == self._runtime_api:
            return host, port
        try:
            ip = ipaddress.ip_address(host)
        except ValueError:
            raise _no_such_name() from None
        networks = map(ipaddress.ip_network, ["127.0.0.0/8", *ports["cidrs"]])
        if any(ip in network for network in networks):
            return "127.0.0.1", ports[kind].get(f"{host}:{port}", ports["nobody"])
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    def stood_for(self, kind: str, address: Address) -> Address:
        """Return the address of the VPC behind a stand-in's, if it is one."""
        for vpc_address, port in self._current()[kind].items():
            if address[:2] == ("127.0.0.1", port):
                host, _, vpc_port = vpc_address.partition(":")
                return host, int(vpc_port)
        return address

    def _current(self) -> dict[str, Any]:
        status = self._path.stat()
        version = (status.st_ino, status.st_mtime_ns)
        if version != self._version:
            self._map, self._version = json.loads(self._path.read_text()), version
        return self._map


def _no_such_name() -> OSError:
    return socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def _kind(sock: socket.socket) -> str:
    return "udp" if sock.type == socket.SOCK_DGRAM else "tcp"


def _is_ip(sock: socket.socket) -> bool:
    return sock.family in (socket.AF_INET, socket.AF_INET6)


def install(vpc: VpcMap) -> None:
    """Patch the class under every Python socket, those of ssl and asyncio too."""
    plain = socket.socket
    connect, connect_ex, getpeername = plain.connect, plain.connect_ex, plain.getpeername
    sendto, sendmsg, getaddrinfo = plain.sendto, plain.sendmsg, socket.getaddrinfo

    def outward(sock: socket.socket, address: Any) -> Any:
        return vpc.stand_in(_kind(sock), *address[:2]) if _is_ip(sock) else address

    def inward(sock: socket.socket, address: Any) -> Any:
        return vpc.stood_for(_kind(sock), address) if _is_ip(sock) and address else address

    def connect_inside(sock: socket.socket, address: Any) -> None:
        connect(sock, outward(sock, address))

    def connect_ex_inside(sock: socket.socket, address: Any) -> int:
        try:
            return connect_ex(sock, outward(sock, address))
        except socket.gaierror:
            raise
        except OSError as error:
            return error.errno or errno.ENETUNREACH

    def sendto_inside(sock: socket.socket, data: Any, *flags_and_address: Any) -> int:
        *flags, address = flags_and_address
        return sendto(sock, data, flags[0] if flags else 0, outward(sock, address))

    def sendmsg_inside(
        sock: socket.socket, buffers: Any, ancdata: Any = (), flags: int = 0, address: Any = None
    ) -> int:
        return sendmsg(sock, buffers, ancdata, flags, address and outward(sock, address))

    def with_address_last(receive: Callable[..., Any]) -> Callable[..., Any]:
        def receive_inside(sock: socket.socket, *arguments: Any, **options: Any) -> Any:
            *received, address = receive(sock, *arguments, **options)
            return (*received, inward(sock, address))

        return receive_inside

    def getpeername_inside(sock: socket.socket) -> Any:
        return inward(sock, getpeername(sock))

    def getaddrinfo_inside(host: Any, *arguments: Any, **options: Any) -> Any:
        try:
            ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host or "0.0.0.0")
        except ValueError:
            if host not in ("localhost", b"localhost"):
                raise _no_such_name() from None
        return getaddrinfo(host, *arguments, **options)

    inside: dict[str, Callable[..., Any]] = {
        "connect": connect_inside,
        "connect_ex": connect_ex_inside,
        "sendto": sendto_inside,
        "sendmsg": sendmsg_inside,
        "getpeername": getpeername_inside,
    }
    for name in ("recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into"):
        inside[name] = with_address_last(getattr(plain, name))
    for name, function in inside.items():
        setattr(plain, name, function)
    socket.getaddrinfo = getaddrinfo_inside


if "LOCAL_VPC_MAP" in os.environ:
    install(VpcMap(Path(os.environ["LOCAL_VPC_MAP"]), os.environ.get("AWS_LAMBDA_RUNTIME_API", "")))
