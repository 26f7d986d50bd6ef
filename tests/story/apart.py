"""The deployed app of another Region, in a process of its own: moto keeps the state of one embedded
AWS in each process, and the stories' own stands there already."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.request import urlopen

import boto3

from local.contracts import InboundAddress
from local.settings import REPOSITORY

READY = "ready "
WITHHELD = "bedrock-runtime"
"""A service that no Region of these partitions is to offer, by its short name."""
PARAMETERS = {
    "DrainSeconds": "60",
    "ExpirySeconds": "120",
    "OnPremCidrs": "10.64.0.0/16",
    "SweepMinutes": "1440",
    "VerifyHours": "0",
}


@dataclass(frozen=True)
class Apart:
    """An embedded AWS of another process, with the app deployed."""

    region: str
    url: str
    outputs: Mapping[str, str]
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a boto3 client of a stranger, an administrator."""
        if service not in self._clients:
            session: Any = boto3.Session("any", "any", region_name=self.region)
            self._clients[service] = session.client(service, endpoint_url=self.url)
        return self._clients[service]

    def calls(self) -> list[dict[str, Any]]:
        """Return the API calls that were made, oldest first."""
        return list(self._asked("calls"))

    def inbound(self) -> list[InboundAddress]:
        """Return where the inbound resolvers' addresses can be asked from here."""
        return [
            InboundAddress(
                vpc_id=each["vpc"],
                ip=each["ip"],
                inside=tuple(each["inside"]),
                host=each["loopback"]["host"],
                port=each["loopback"]["port"],
            )
            for each in self._asked("inbound")
        ]

    def _asked(self, what: str) -> Any:
        with urlopen(f"{self.url}/_local/{what}", timeout=30) as answer:
            return json.load(answer)


@contextmanager
def apart(region: str) -> Iterator[Apart]:
    command = [sys.executable, "-m", "tests.story.apart", region]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            said = process.stdout.readline()
            assert said.startswith(READY), said
            yield Apart(region, **json.loads(said.removeprefix(READY)))
        finally:
            process.stdin.close()


def _serve(region: str) -> None:
    """Serve until nobody holds the other end of the standard input any more."""
    from local.deploy import deploy
    from local.engine import EmbeddedAws
    from local.settings import Settings
    from local.up import add_routes

    with EmbeddedAws(Settings(region=region, time_scale=0.02, stack_name="story")) as aws:
        aws.interface_endpoints.withhold(WITHHELD)
        outputs = deploy(aws, PARAMETERS, with_sam_cli=False)
        add_routes(aws)
        ready = json.dumps({"url": aws.url, "outputs": dict(outputs)})
        sys.stdout.write(f"{READY}{ready}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    _serve(sys.argv[1])
