"""The names and zones that a document may have: those of AWS in this Region, and no wider than
needed.

a name below <region>.<AWS domain>                      taken
a name of AWS without a Region (iam.amazonaws.com)      taken
the Region's own zone, or a name of another Region      refused
any other name                                          only within `allowed_zones`

a zone that is a published name                         taken
the parent of a published name, below <region>.<AWS
  domain> or within `allowed_zones`                     taken: a wildcard's zone, an alias's target
<region>.<AWS domain>                                   only with `mode = "region"` of this host
an entry of `allowed_zones` that covers a name          taken
anything else: wider, or without a name                 refused

A wildcard is published as a name below it (`111122223333.dkr.ecr.<region>…` of the zone
`dkr.ecr.<region>…`), and `api.ecr.<region>…` leads to `ecr.<region>…`: both zones are the parent of
a published name. Nothing that the app publishes is wider.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from ecs_anywhere_dns.outcome import BadUsage, Refused
from ecs_anywhere_dns.pinned.aws_names import (
    is_below,
    is_within,
    parent_of,
    region_zones_of,
    suffixes_of,
)

NAME = re.compile(
    r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?"
)
"""A domain name of two labels or more, in lower case, without a final dot."""
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")
REVERSE = ("in-addr.arpa", "ip6.arpa")
REGISTRIES = frozenset({
    "ac", "co", "com", "edu", "gob", "gov", "go", "gv", "ltd", "mil", "ne", "net", "nom", "or",
    "org", "plc", "sch",
})  # fmt: skip
"""Second labels under which a country's registry hands out names, as in co.uk and com.br."""
COUNTRY_LENGTH = 2
"""Characters of a country's own label."""
FIND_OUT = "find out who wrote it; nothing was changed"
BY_APP = "the app's next sweep writes it anew"


@dataclass(frozen=True)
class AllowedNames:
    """The names and zones that are believed."""

    region: str
    allowed: tuple[str, ...] = ()
    """Zones besides those of AWS."""
    whole_region: bool = False
    """The mode "region": this host forwards the whole zone of its Region."""

    def check(self, names: Collection[str], zones: Collection[str]) -> None:
        """Check the names and zones of a document. Raises Refused, naming the first that is not
        allowed."""
        for name in names:
            self._check_name(name)
        for zone in zones:
            self._check_zone(zone, names)

    def _check_name(self, name: str) -> None:
        if any(is_within(name, zone) for zone in self.allowed):
            return
        domain = next((s for s in suffixes_of(self.region) if is_below(name, s)), None)
        if domain is None:
            raise Refused(
                f"the publication has the name {name}, which is not AWS's (it stands below none "
                f"of {', '.join(suffixes_of(self.region))})",
                f"{FIND_OUT}; if you asked for a service with a name of its own: add "
                "its zone to allowed_zones (`ecs-anywhere-dns init --allow-zone …`)",
                BY_APP,
            )
        last = name.removesuffix(f".{domain}").rpartition(".")[2]
        if name in region_zones_of(self.region):
            raise Refused(f"the publication has all of {name} as a name", FIND_OUT, BY_APP)
        if REGION.fullmatch(last) and last != self.region:
            raise Refused(
                f"the publication has the name {name} of another Region ({last})", FIND_OUT, BY_APP
            )

    def _check_zone(self, zone: str, names: Collection[str]) -> None:
        if self.whole_region and zone in region_zones_of(self.region):
            return
        covered = [name for name in names if is_within(name, zone)]
        if not covered:
            raise Refused(
                f"the publication has the zone {zone}, and none of its names stands there",
                FIND_OUT,
                BY_APP,
            )
        if zone in covered or zone in self.allowed:
            return
        if self._is_narrow(zone) and any(parent_of(name) == zone for name in covered):
            return
        raise Refused(
            f"the publication has the zone {zone}, which is wider than its names need "
            f"({', '.join(covered[:2])})",
            f"{FIND_OUT}; to forward a whole Region is this host's own choice "
            '(mode = "region" in the configuration)',
            BY_APP,
        )

    def _is_narrow(self, zone: str) -> bool:
        if any(is_within(zone, allowed) for allowed in self.allowed):
            return True
        return any(is_below(zone, own) for own in region_zones_of(self.region))


def check_allowed_zone(zone: str, region: str) -> None:
    """Check a zone of the key `allowed_zones`. Raises BadUsage where it is wider than anybody can
    mean."""
    if not NAME.fullmatch(zone):
        raise BadUsage(
            f"allowed_zones: {zone[:80]!r} is no zone",
            "write it in lower case, with two labels or more, without a dot at its end",
        )
    too_wide = _too_wide(zone, region)
    if too_wide:
        raise BadUsage(
            f"allowed_zones: {zone} is {too_wide}", "name the zones that you mean one by one"
        )


def _too_wide(zone: str, region: str) -> str:
    """Return the reason why a zone is too wide; empty where it is not."""
    if any(is_within(zone, reverse) for reverse in REVERSE):
        return "a reverse zone"
    first, _, last = zone.partition(".")
    if "." not in last and len(last) == COUNTRY_LENGTH and first in REGISTRIES:
        return "a public suffix"
    if any(is_within(suffix, zone) for suffix in (*suffixes_of(region), "amazonaws.com")):
        return "a whole domain of AWS"
    if zone in region_zones_of(region):
        return 'the whole Region, for which there is mode = "region"'
    return ""
