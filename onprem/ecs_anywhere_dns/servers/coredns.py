"""Server blocks of CoreDNS, to be imported into the Corefile (`import ecs-anywhere.corefile`).

Rendered only, and not run here: written by the manual of the plugins forward, cache and errors.
Without a plugin behind `forward` a dead resolver is SERVFAIL, never a question to the internet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding
from ecs_anywhere_dns.servers.contract import HEADER, Fragment

BLOCK = """
{zones} {{
    errors
    cache 60
    forward . {forwarders} {{
        policy sequential
        health_check 5s
        max_fails 2
    }}
}}
"""
"""Cached no longer than the VPC says (60 s), that there is nothing as well."""


@dataclass(frozen=True)
class CoreDns:
    name = "coredns"
    title = "CoreDNS"

    document: Document

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        head = f"# {HEADER}\n# {forwarding.label}\n"
        text = head + ("" if forwarding.is_none else _block(forwarding))
        return (Fragment(Path("ecs-anywhere.corefile"), text),)


def _block(forwarding: Forwarding) -> str:
    port = "" if forwarding.port == DNS_PORT else f":{forwarding.port}"
    return BLOCK.format(
        zones=",\n".join(f"{zone}:53" for zone in forwarding.zones),
        forwarders=" ".join(f"{address}{port}" for address in forwarding.forwarders),
    )
