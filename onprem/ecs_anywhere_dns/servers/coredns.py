"""Server blocks of CoreDNS, to be imported into the Corefile (`import ecs-anywhere.corefile`).

Rendered only, and not run here: written by the manual of the plugins forward, cache, errors and
bind, and read by a reader of the tests' own. Without a plugin behind `forward` a dead resolver is
SERVFAIL, never a question to the internet. Of two blocks on one port, CoreDNS serves those with
`bind` and not those without, and says nothing: only who applies it can see that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding
from ecs_anywhere_dns.servers.contract import HEADER, Fragment

BLOCK = """\
# Import this file at the top level of the Corefile. Where your own blocks have a line `bind`, add
# the same line to this block, and where they have another port than 53, write that one here:
# otherwise CoreDNS never serves this block, and these names are asked of the internet. After each
# change send it SIGUSR1: the plugin reload looks at the Corefile, and not at what it imports.

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
