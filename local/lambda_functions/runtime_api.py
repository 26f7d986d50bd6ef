"""The Lambda Runtime API, version 2018-06-01: how an environment gets work and reports it."""

from __future__ import annotations

import json
import queue
import socket
import socketserver
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler


@dataclass(frozen=True)
class Invocation:
    """One event on its way to a function."""

    request_id: str
    invoked_arn: str
    payload: bytes
    timeout: float

    @property
    def trace(self) -> str:
        """The trace id, which the runtime hands on and AWS's SDK sends with every call."""
        digits = self.request_id.replace("-", "")
        return f"Root=1-{digits[:8]}-{digits[8:32]};Sampled=0"


_RUNTIME = "/2018-06-01/runtime/"


@dataclass(frozen=True)
class Outcome:
    """The outcome of an invocation: the payload that `Invoke` answers with."""

    payload: bytes
    function_error: bool = False
    environment_lost: bool = False
    """True where the environment can take no further invocation."""


def failure(error_type: str, message: str) -> Outcome:
    """Return an error that Lambda itself reports, because the environment no longer can."""
    payload = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return Outcome(payload, function_error=True, environment_lost=True)


class RuntimeApi:
    """One execution environment's Runtime API, on a loopback port of its own.

    A port each, because AWS_LAMBDA_RUNTIME_API holds a host and a port and no more, so
    nothing in a request could tell which environment sends it.
    """

    def __init__(self) -> None:
        self.initialised = threading.Event()
        """The event that the init phase is over, well or badly."""
        self._invocations: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._server = _Server(self)
        threading.Thread(target=self._server.serve, name="runtime-api", daemon=True).start()

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def call(self, invocation: Invocation) -> Outcome | None:
        """Hand over the event and wait; None if the function's time ran out."""
        self._invocations.put(invocation)
        try:
            return self._outcomes.get(timeout=invocation.timeout)
        except queue.Empty:
            return None

    def next(self) -> Invocation | None:
        """Return the next invocation; None when the environment ends."""
        self.initialised.set()
        return self._invocations.get()

    def report(self, outcome: Outcome) -> None:
        self._outcomes.put(outcome)
        self.initialised.set()

    def close(self) -> None:
        self._invocations.put(None)
        self._server.close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _RequestHandler)
        self.api = api
        self._closing = False

    def serve(self) -> None:
        """Answer requests until closed. `serve_forever` would look ten times a second whether it
        shall end, which is much where there are dozens of environments."""
        while not self._closing:
            self.handle_request()
        self.server_close()

    def close(self) -> None:
        self._closing = True
        with suppress(OSError):  # it ends by itself after the connection that was quicker
            socket.create_connection(("127.0.0.1", self.server_address[1])).close()

    def handle_error(self, *_: object) -> None:
        """Write nothing: a killed environment drops its connections, and its exit is reported."""


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without these two every warm invocation waits some 90 ms for a delayed ACK.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        if not self._is_of_the_runtime():
            return
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return
        deadline = int((time.time() + invocation.timeout) * 1000)
        self._answer(
            200,
            invocation.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Invoked-Function-Arn": invocation.invoked_arn,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Trace-Id": invocation.trace,
            },
        )

    def do_POST(self) -> None:
        payload = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._is_of_the_runtime():
            return
        failed = self.path.endswith("/error")
        lost = self.path.endswith("/init/error")
        self.server.api.report(Outcome(payload, function_error=failed, environment_lost=lost))
        self._answer(202, b'{"status":"OK"}', {})

    def _is_of_the_runtime(self) -> bool:
        """Tell whether the request is one of the Runtime API's; answer 404 to any other, as of who
        looks which port belongs to what: it would take an event, or be taken for its answer."""
        if self.path.startswith(_RUNTIME):
            return True
        self._answer(404, b"{}", {})
        return False

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing: the function has a log of its own."""
