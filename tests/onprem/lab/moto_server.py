"""An AWS API on loopback, where Parameter Store is."""

from __future__ import annotations

import http.client
from typing import Any

import boto3
from moto.server import ThreadedMotoServer


class Moto:
    """An AWS API on loopback."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        self.port = self._server.get_host_and_port()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.stop()

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-2")  # type: ignore[call-overload]

    def post(self, path: str, body: str = "") -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("POST", f"/moto-api/{path}", body)
        assert connection.getresponse().status == 200
        connection.close()
