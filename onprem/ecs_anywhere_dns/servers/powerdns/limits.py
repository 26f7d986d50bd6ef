"""Limits of PowerDNS Recursor with which no forwarded name would be answered."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.powerdns.configuration import Configuration

LEAST = {"network-timeout": 10, "max-qperq": 1}
"""The lowest value of each setting: milliseconds that a resolver IP has for its answer, which no
link to a VPC needs less of; questions to others for one answer."""


def too_low(disk: Configuration) -> Iterator[Finding]:
    """Yield the settings that let no answer of a resolver IP come through."""
    for key, least in LEAST.items():
        found = disk.of(key)
        if found and found[-1].value.isdigit() and int(found[-1].value) < least:
            yield Finding(
                False,
                f"{found[-1].place}: {key}={found[-1].value} lets no answer of a resolver IP come "
                "through (SERVFAIL)",
                "remove it: the default serves",
            )
