"""The domains in which AWS names its services, by Region.

Sources: `dnsSuffix` and `dualStackDnsSuffix` of botocore's partitions.json, with which a test
compares them; the registries of Amazon ECR for dual-stack hosts stand below the third of a row
(`*.dkr-ecr.<region>.on.aws`, as the credential provider of Kubernetes lists them).
"""

from __future__ import annotations

import re

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")
_COMMERCIAL = ("amazonaws.com", "api.aws", "on.aws")
_OTHERS = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn", "on.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu", "on.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
"""Domains by the beginning of the Region's name. All other Regions are in the partitions `aws` and
`aws-us-gov`, which have the same domains."""


def suffixes_of(region: str) -> tuple[str, ...]:
    """Return the domains of the Region's partition; the first holds the names that agents use."""
    others = (found for beginning, found in _OTHERS.items() if region.startswith(beginning))
    return next(others, _COMMERCIAL)


def region_zones_of(region: str) -> tuple[str, ...]:
    """Return the Region's own zone in each of these domains, as in us-east-2.amazonaws.com."""
    return tuple(f"{region}.{suffix}" for suffix in suffixes_of(region))


def region_parent(zone: str) -> str:
    """Return the Region's own zone above a zone, as in us-east-2.amazonaws.com; the zone itself,
    where it is of no Region. A line of an administrator's with the former need never change."""
    labels = zone.split(".")
    for place, label in enumerate(labels):
        if REGION.fullmatch(label) and ".".join(labels[place:]) in region_zones_of(label):
            return ".".join(labels[place:])
    return zone


def is_below(name: str, zone: str) -> bool:
    """Return whether `name` lies below `zone`; the zone itself does not."""
    return name.endswith(f".{zone}")


def is_within(name: str, zone: str) -> bool:
    """Return whether `name` is `zone` or lies below it."""
    return name == zone or is_below(name, zone)


def parent_of(name: str) -> str:
    """Return `name` without its first label; empty for a name of one label."""
    return name.partition(".")[2]
