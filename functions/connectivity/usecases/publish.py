"""Publish: tell on-premises what was verified; written only when it says something new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from connectivity.domain import ledger as ledgers
from connectivity.domain import publication
from connectivity.domain.acknowledgement import Acknowledgement
from connectivity.domain.desired import Desired
from connectivity.domain.errors import Fact
from connectivity.domain.ledger import Served
from connectivity.domain.promises import is_about_a_lost_address, lost_addresses
from connectivity.domain.publication import Publication
from connectivity.domain.refused_deletion import is_freed
from connectivity.domain.status import Status, connected
from connectivity.usecases.acknowledgements import hear_acknowledgements
from connectivity.usecases.aws import Aws
from connectivity.usecases.doubts import remember_doubt
from connectivity.usecases.ensure_resolver import Resolver
from connectivity.usecases.issuing import issue

MOST_HOSTS = 20
"""DNS hosts whose words go through the workflow, which holds 256 KB: some 12 KB at most."""


@dataclass(frozen=True)
class Notes:
    """Lines of the check that the status tells when all is published."""

    warnings: Sequence[str] = ()
    repairs: Sequence[str] = ()
    """Each thing that this run has put right."""


@dataclass(frozen=True)
class Published:
    """The publication as on-premises reads it now, and the status that follows."""

    parameter: str
    generation: int
    changed: bool
    status: Status
    hosts: tuple[Acknowledgement, ...] = ()
    """The acknowledgements of the first DNS hosts, of this issue or of one before it."""

    def as_json(self) -> dict[str, Any]:
        return {
            "parameter": self.parameter,
            "generation": self.generation,
            "changed": self.changed,
            "hosts": [asdict(host) for host in self.hosts],
        }


def publish(
    desired: Desired,
    resolver: Resolver,
    verified: Mapping[str, Any],
    notes: Notes,
    aws: Aws,
) -> Published:
    """Publish what was verified, `verified` being `Verified.as_json()`. Raises PublicationTooLarge
    and SigningRefused, and remembers the doubt: private DNS, which was verified, stays on."""
    try:
        return _publish(desired, resolver, verified, notes, aws)
    except Fact:
        entry = aws.ledger.read(desired.vpc_id)
        remember_doubt(desired, entry, entry.proven_endpoints, aws)
        raise


def _publish(
    desired: Desired,
    resolver: Resolver,
    verified: Mapping[str, Any],
    notes: Notes,
    aws: Aws,
) -> Published:
    settings, parameters, ledger = aws.settings, aws.parameters, aws.ledger
    said = Publication(
        account=settings.account,
        region=settings.region,
        vpc_id=desired.vpc_id,
        vpc_cidrs=desired.networks(resolver.ips),
        resolver_ips=resolver.ips,
        names={name: tuple(ips) for name, ips in verified["names"].items()},
        zones=tuple(verified["zones"]),
    )
    entry = ledger.read(desired.vpc_id)
    list_name, document_name = publication.parameter_names(settings.parameter_path, desired.vpc_id)
    there = parameters.read([list_name, document_name])
    stringlist = publication.string_list(resolver.ips)
    before = there.get(document_name, "")
    issued = issue(said, entry, before, aws)
    document = said.document(issued)
    if issued != entry.issued or ledgers.PUBLICATION not in entry.held:
        ledger.issue(desired.vpc_id, document_name, issued)
    if there.get(list_name) != stringlist:
        parameters.write(list_name, stringlist, as_list=True)
    if before != document:
        parameters.write(document_name, document)
    served = Served(
        desired.fingerprint,
        resolver.id,
        desired.adopted,
        interfaces=verified["interfaces"],
        subnets=verified["subnets"],
        parameters=parameters.versions([list_name, document_name]),
        by_name=tuple(verified.get("by_name", ())),
    )
    ledger.publish(desired.vpc_id, issued, verified["endpoint_ids"], served)
    if is_freed(entry.deletion) and not entry.was_knocked_on:
        # Its tag was set again since then: a later teardown is not that one.
        ledger.record_deletion(desired.vpc_id, "", 0.0)
    services = [endpoint.service for endpoint in desired.endpoints]
    heard = hear_acknowledgements(desired.vpc_id, parameters, settings.parameter_path)
    lost = lost_addresses(replace(entry, generation=issued.generation), heard)
    others = (w for w in notes.warnings if not is_about_a_lost_address(w))
    status = connected(
        services,
        resolver.ips,
        issued.generation,
        (*lost, *others),
        heard,
        adopted=desired.adopted.values(),
        repairs=notes.repairs,
    )
    hosts = heard.readable[:MOST_HOSTS]
    return Published(document_name, issued.generation, before != document, status, hosts)
