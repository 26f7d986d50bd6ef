"""systemd-resolved: a drop-in for the network file of the link that leads to the VPC.

Rendered only. Per link, because a global `DNS=` with `Domains=~…` got all other questions as well
(measured with 252), and only for a host that resolves for itself: it is no server for others. The
resolvectl commands were run with 252; the drop-in says the same by systemd.network(5), and was not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding
from ecs_anywhere_dns.servers.contract import HEADER, Fragment

DROP_IN = """# Belongs to /etc/systemd/network/<the link's>.network.d/, then `networkctl reload`.
# At once, and until the next start: {now}
[Network]
{servers}
{domains}
DNSDefaultRoute=no
DNSSEC=no
"""


@dataclass(frozen=True)
class Resolved:
    name = "resolved"
    title = "systemd-resolved"

    document: Document

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        head = f"# {HEADER}\n# {forwarding.label}\n"
        text = head + ("" if forwarding.is_none else _drop_in(forwarding))
        return (Fragment(Path("ecs-anywhere.network.conf"), text),)


def _drop_in(forwarding: Forwarding) -> str:
    port = "" if forwarding.port == DNS_PORT else f":{forwarding.port}"
    servers = [f"{address}{port}" for address in forwarding.forwarders]
    domains = [f"~{zone}" for zone in forwarding.zones]
    now = (
        f"L=<link>; resolvectl dns $L {' '.join(servers)}; "
        f"resolvectl domain $L {' '.join(domains)}; "
        "resolvectl default-route $L no; resolvectl dnssec $L no; resolvectl flush-caches"
    )
    return DROP_IN.format(
        now=now,
        servers="\n".join(f"DNS={server}" for server in servers),
        domains="\n".join(f"Domains={domain}" for domain in domains),
    )
