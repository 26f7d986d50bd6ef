"""A network namespace, spoken to through a process that lives in it.

The process binds sockets for whoever asks it from outside: a socket belongs to the
namespace it was made in, whoever holds it. So one process can serve a VPC and this
machine's loopback alike.
"""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
LARGEST_MESSAGE = 65536
PATIENCE = 10.0
"""Real seconds in which a process that holds a namespace must end; it takes milliseconds."""


class Held:
    """A namespace, held by a process until `close` or the end of whoever asked for it."""

    def __init__(self, requests: socket.socket, pid: int, *, of_user: bool) -> None:
        self._requests = requests
        self._of_user = of_user
        self.pid = pid
        user = ["-U", "--preserve-credentials"] if of_user else []
        self.prefix = ["nsenter", "-t", str(pid), *user, "-n"]
        """The command prefix that runs a command inside."""

    def bind(self, kind: str, ip: str, port: int) -> socket.socket:
        """Return a bound `tcp` or `udp` socket of the namespace."""
        _, (descriptor,) = self._ask({"bind": [kind, ip, port]})
        return socket.socket(fileno=descriptor)

    def configure(self, function: str, *arguments: Any) -> None:
        """Call a function of `local.networks.links` inside."""
        self._ask({"configure": [function, *arguments]})

    def neighbour(self) -> Held:
        """Return another namespace, in the same user namespace: only so can both be linked."""
        pid, (descriptor,) = self._ask({"fork": True})
        neighbour = Held(socket.socket(fileno=descriptor), pid, of_user=self._of_user)
        try:
            neighbour._ask({"enter": False})
        except OSError:
            neighbour.close()
            raise
        return neighbour

    def close(self) -> None:
        """End the process and wait for it. Programs of others inside keep the namespace."""
        self._requests.settimeout(PATIENCE)
        self._requests.shutdown(socket.SHUT_WR)
        while self._requests.recv(LARGEST_MESSAGE):
            pass  # the last answers, which nobody waits for
        self._requests.close()

    def _ask(self, request: dict[str, Any]) -> tuple[Any, list[int]]:
        self._requests.send(json.dumps(request).encode())
        message, descriptors, _, _ = socket.recv_fds(self._requests, LARGEST_MESSAGE, 1)
        if not message:
            raise OSError("the process that holds the namespace died")
        answer = json.loads(message)
        if "error" in answer:
            raise OSError(answer["error"])
        return answer["done"], descriptors


class Namespace(Held):
    """A namespace in which every address of a VPC can be bound."""

    def __init__(self, cidrs: Sequence[str], *, of_user: bool) -> None:
        """Make a namespace; with `of_user` within a user namespace, which needs no root. Raises
        OSError where this machine does not allow it."""
        requests, theirs = _channel()
        holder = multiprocessing.get_context("fork").Process(
            target=_hold, args=(theirs, requests), daemon=True
        )
        holder.start()
        theirs.close()
        assert holder.pid
        super().__init__(requests, holder.pid, of_user=of_user)
        self._holder = holder
        try:
            self._ask({"enter": of_user})
            self.route(cidrs)
        except OSError:
            self.close()
            raise

    def route(self, cidrs: Sequence[str]) -> None:
        """Make every address of `cidrs` one that can be bound."""
        self.configure("make_local", cidrs)

    def close(self) -> None:
        self._requests.close()
        self._holder.join()


def bound(kind: str, ip: str, port: int) -> socket.socket:
    """Return a bound `tcp` or `udp` socket, in the namespace of the process that calls."""
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


def _channel() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _hold(requests: socket.socket, *others: socket.socket) -> None:
    """Serve as the process inside: do what is asked until nobody is left to ask. `others` are its
    copies of other processes' sockets."""
    for other in others:
        other.close()
    while request := requests.recv(LARGEST_MESSAGE):
        _serve(requests, json.loads(request))


def _serve(requests: socket.socket, request: dict[str, Any]) -> None:
    from pyroute2.netlink.exceptions import NetlinkError

    from local.networks import links

    try:
        if "bind" in request:
            with bound(*request["bind"]) as made:
                _answer(requests, {"done": None}, made)
        elif "fork" in request:
            _fork(requests)
        elif "enter" in request:
            _enter(of_user=request["enter"])
            _answer(requests, {"done": None})
        else:
            function, *arguments = request["configure"]
            getattr(links, function)(*arguments)
            _answer(requests, {"done": None})
    except (OSError, NetlinkError) as error:
        _answer(requests, {"error": str(error)})


def _answer(requests: socket.socket, answer: dict[str, Any], *sent: socket.socket) -> None:
    socket.send_fds(requests, [json.dumps(answer).encode()], [one.fileno() for one in sent])


def _fork(requests: socket.socket) -> None:
    """Fork a second holder, and hand over the socket to ask it by. Being our child, it is in our
    user namespace."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for it: it leaves no zombie.
    ours, theirs = _channel()
    pid = os.fork()
    if pid == 0:
        _hold_and_exit(theirs, requests, ours)
    theirs.close()
    with ours:
        _answer(requests, {"done": pid}, ours)


def _hold_and_exit(*sockets: socket.socket) -> NoReturn:
    try:
        _hold(*sockets)
    finally:
        os._exit(0)


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
