"""The engine's side of a company's site."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.contracts import PublicQuery
from local.networks.public_answers import PUBLIC_DNS
from local.networks.site import CLIENT_HOST, DNS_HOST, address
from local.networks.vpc_network import NetworkProcessDied


class ConnectedSite:
    """A site that is connected to a VPC: the contract `contracts.Site`."""

    def __init__(
        self, vpc_id: str, cidr: str, prefix: Sequence[str], log: Path,
        change: Callable[[Mapping[str, Any] | None], None],
    ) -> None:  # fmt: skip
        """`change` is told what changes of the site; None is its end."""
        self.vpc_id, self.cidr, self.prefix = vpc_id, cidr, tuple(prefix)
        self.dns_ip = address(cidr, DNS_HOST)
        self.client_ip = address(cidr, CLIENT_HOST)
        self.public_dns_ip = PUBLIC_DNS
        self._log = log
        self._change = change

    def public_queries(self) -> list[PublicQuery]:
        return [PublicQuery(*json.loads(line)) for line in self._log.read_text().splitlines()]

    def cut(self) -> None:
        self._change({"up": False})

    def restore(self) -> None:
        self._change({"up": True})

    def close(self) -> None:
        with contextlib.suppress(NetworkProcessDied):  # Which took the site with it.
            self._change(None)
