"""The decision whether this host believes a fit document. Pure.

another VPC, Region or account than configured     refused
not signed by a key that was pinned                refused, unless `signature = "none"`
an address outside the pinned networks             refused
a name or zone that is not of AWS in this Region,
  or wider than needed                             refused, see `zones`

No word on the command line overrules any of it: what this host believes stands in its
configuration.
"""

from __future__ import annotations

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.outcome import Refused
from ecs_anywhere_dns.pinned.signature import check_signature
from ecs_anywhere_dns.pinned.zones import AllowedNames
from ecs_anywhere_dns.settings import Settings

UNSIGNED = (
    'WARNING: signature = "none": this host cannot tell the app\'s publication from one that '
    "somebody else wrote into the parameter; only account, networks and zones bound it. Pin the "
    "app's key: `ecs-anywhere-dns init --public-key … --key-id …`"
)


def check_believed(document: Document, settings: Settings) -> None:
    """Check account, signature and pins of the document. Raises Refused."""
    _check_place(document, settings)
    if settings.signature == "required":
        check_signature(document.signature, settings.keys)
    check_pins(document, settings)


def check_pins(document: Document, settings: Settings) -> None:
    """Check the pins that hold without any signature. Raises Refused."""
    if document.mode == "region" and settings.mode != "region":
        raise Refused(
            "the publication asks for a whole Region to be forwarded, and this host was not told "
            "to do that",
            'find out who wrote it: the app never does; if it is meant, set mode = "region" in the '
            "configuration",
        )
    settings.pinned_networks.check(document.vpc_cidrs, document.resolver_ips, document.names)
    allowed = AllowedNames(
        settings.region, settings.allowed_zones, whole_region=settings.mode == "region"
    )
    allowed.check(document.names, document.zones)


def warnings_of(settings: Settings) -> tuple[str, ...]:
    """Return the warnings of which a person is reminded at every run."""
    return () if settings.signature == "required" else (UNSIGNED,)


def pins_of(settings: Settings) -> tuple[str, ...]:
    """Return what this host believes, a line each, for people."""
    signed = tuple(f"believes documents that this key signed: {k.label}" for k in settings.keys)
    others = f" and within {', '.join(settings.allowed_zones)}" if settings.allowed_zones else ""
    return (
        *(signed if settings.signature == "required" else (UNSIGNED,)),
        f"believes documents of account {settings.account}, {settings.region}, {settings.vpc}, "
        f"with addresses in {', '.join(settings.networks)}, for names of AWS{others}",
    )


def _check_place(document: Document, settings: Settings) -> None:
    for what, said, wanted in (
        ("VPC", document.vpc_id, settings.vpc),
        ("Region", document.region, settings.region),
        ("account", document.account, settings.account),
    ):
        if said != wanted:
            raise Refused(
                f"the publication is of {what} {said}, and this host follows {wanted}",
                f"correct the source, or `{what.lower()}` in the configuration file; if both are "
                "right, find out who wrote that publication",
            )
