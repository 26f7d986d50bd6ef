"""A network namespace in which every address of a VPC can be bound.

A small child process lives in the namespace and binds sockets for its parent, who stays
outside: a socket belongs to the namespace it was made in, whoever holds it. So one
process can serve the VPC and this machine's loopback alike.
"""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
LOOPBACK_INTERFACE = 1
LOCAL_TABLE = 255
DONE = b"done"
LARGEST_MESSAGE = 65536


class Namespace:
    """A namespace, held by a child process until `close` or the parent's end."""

    def __init__(self, cidrs: Sequence[str], *, of_user: bool) -> None:
        """`of_user`: within a user namespace, which needs no root.

        Raises OSError where this machine does not allow it.
        """
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._holder = multiprocessing.get_context("fork").Process(
            target=_hold, args=(theirs, self._requests), daemon=True
        )
        self._holder.start()
        theirs.close()
        try:
            self._ask({"enter": of_user})
            self.route(cidrs)
        except OSError:
            self.close()
            raise
        user = ["-U", "--preserve-credentials"] if of_user else []
        self.prefix = ["nsenter", "-t", str(self._holder.pid), *user, "-n"]
        """Runs a command inside."""

    def route(self, cidrs: Sequence[str]) -> None:
        """Make every address of `cidrs` one that can be bound."""
        self._ask({"route": list(cidrs)})

    def bind(self, kind: str, ip: str, port: int) -> socket.socket:
        """A `tcp` or `udp` socket inside."""
        (descriptor,) = self._ask({"bind": [kind, ip, port]})
        return socket.socket(fileno=descriptor)

    def close(self) -> None:
        self._requests.close()
        self._holder.join()

    def _ask(self, request: dict[str, Any]) -> list[int]:
        self._requests.send(json.dumps(request).encode())
        answer, descriptors, _, _ = socket.recv_fds(self._requests, LARGEST_MESSAGE, 1)
        if answer != DONE:
            raise OSError(answer.decode() or "the process that holds the namespace died")
        return descriptors


def bound(kind: str, ip: str, port: int) -> socket.socket:
    """A `tcp` or `udp` socket, in the namespace of whoever calls."""
    is_tcp = kind == "tcp"
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM if is_tcp else socket.SOCK_DGRAM)
    # An address may be served again while its old connections are in TIME_WAIT.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, is_tcp)
    try:
        made.bind((ip, port))
    except OSError as error:
        made.close()
        raise OSError(error.errno, f"cannot bind {kind} {ip}:{port}: {error.strerror}") from None
    return made


def _hold(requests: socket.socket, parents_end: socket.socket) -> None:
    """The child: do what is asked until nobody is left to ask."""
    parents_end.close()
    while request := requests.recv(LARGEST_MESSAGE):
        _serve(requests, json.loads(request))


def _serve(requests: socket.socket, request: dict[str, Any]) -> None:
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        if "bind" in request:
            with bound(*request["bind"]) as made:
                socket.send_fds(requests, [DONE], [made.fileno()])
            return
        if "enter" in request:
            _enter(of_user=request["enter"])
        else:
            _make_local(request["route"])
        requests.send(DONE)
    except (OSError, NetlinkError) as error:
        requests.send(str(error).encode())


def _enter(*, of_user: bool) -> None:
    """Leave for a new network namespace. (Python has os.unshare from 3.12 on.)"""
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare"):
        raise OSError("this system has no namespaces")
    if libc.unshare(CLONE_NEWNET | (CLONE_NEWUSER if of_user else 0)) != 0:
        raise OSError(f"unshare: {os.strerror(ctypes.get_errno())}")
    if of_user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def _make_local(cidrs: Sequence[str]) -> None:
    """AnyIP: a local route on `lo` makes each address of a network this host's own."""
    from pyroute2 import IPRoute

    with IPRoute() as netlink:
        netlink.link("set", index=LOOPBACK_INTERFACE, state="up")
        for cidr in cidrs:
            destination = {"dst": cidr, "type": "local", "scope": "host", "table": LOCAL_TABLE}
            netlink.route("replace", oif=LOOPBACK_INTERFACE, **destination)
