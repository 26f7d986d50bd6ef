"""Amazon EC2's permissions of a security group, as rules and back again.

A rule of ESP, GRE, VRRP or all traffic has no ports; sources are of four kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectivity.domain.model import Rule

_SOURCES = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "GroupId",
}
_WITH_PORTS = frozenset({"tcp", "udp", "icmp", "icmpv6"})


def rules_of(permissions: Iterable[Mapping[str, Any]]) -> Iterator[Rule]:
    """Yield a rule for each source of each permission."""
    for permission in permissions:
        first = permission.get("FromPort", 0)
        last = permission.get("ToPort", first)
        for kind, key in _SOURCES.items():
            for source in permission.get(kind, []):
                last_port = None if last == first else last
                yield Rule(permission["IpProtocol"], first, source[key], last_port)


def permission_of(rule: Rule) -> dict[str, Any]:
    kind = _kind_of(rule.source)
    permission: dict[str, Any] = {
        "IpProtocol": rule.protocol,
        kind: [{_SOURCES[kind]: rule.source}],
    }
    if rule.protocol in _WITH_PORTS:
        permission["FromPort"] = rule.port
        permission["ToPort"] = rule.port if rule.last_port is None else rule.last_port
    return permission


def _kind_of(source: str) -> str:
    if source.startswith("sg-"):
        return "UserIdGroupPairs"
    if source.startswith("pl-"):
        return "PrefixListIds"
    return "Ipv6Ranges" if ":" in source else "IpRanges"
