"""Verify: the probe inside the VPC asks; nothing is published that was not seen to resolve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectivity.domain import plan, tags, verification
from connectivity.domain.desired import Desired
from connectivity.domain.errors import NotReadyYet, NotResolvingYet
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.publication import zones_covering
from connectivity.domain.verification import Finding, Target
from connectivity.usecases.aws import Aws
from connectivity.usecases.doubts import remember_doubt
from connectivity.usecases.ensure_probe import probe_in
from connectivity.usecases.ensure_resolver import Resolver

_MOST_ROWS_IN_A_MESSAGE = 12
_HUB = (
    ", asked of {} in another VPC, which the tag {} names and which has to answer the same as this "
    "VPC over a route there and back,"
)
MOST_FINDINGS = 200
"""Findings that go through the workflow, which holds 256 KB; all of them are right."""


@dataclass(frozen=True)
class Verified:
    """The result of a verification, and the names and zones for on-premises."""

    findings: tuple[Finding, ...]
    endpoint_ids: tuple[str, ...]
    interfaces: Mapping[str, tuple[str, ...]]
    """Id of an interface endpoint -> its network interfaces, which have the addresses."""
    subnets: Mapping[str, tuple[str, ...]]
    """Id of an interface endpoint -> its subnets."""
    names: dict[str, tuple[str, ...]]
    zones: tuple[str, ...]
    by_name: tuple[str, ...] = ()
    """Ids of what is adopted because names lead to it."""

    def as_json(self) -> dict[str, Any]:
        return {
            "findings": [finding.as_json() for finding in self.findings[:MOST_FINDINGS]],
            "checks": len(self.findings),
            "endpoint_ids": list(self.endpoint_ids),
            "interfaces": {id_: list(held) for id_, held in self.interfaces.items()},
            "subnets": {id_: list(held) for id_, held in self.subnets.items()},
            "names": {name: list(addresses) for name, addresses in self.names.items()},
            "zones": list(self.zones),
            "by_name": list(self.by_name),
        }


def verify_resolution(desired: Desired, resolver: Resolver, aws: Aws) -> Verified:
    """Return what was proven. Raises NotReadyYet while the probe is being made, NotResolvingYet
    with the table of what is wrong, ProbeFailed. The probe is gone when this returns."""
    entry = aws.ledger.read(desired.vpc_id)
    name = probe_in(resolver.probe_group, desired, entry, aws)
    there, targets = _targets(desired, entry, aws)
    asked = verification.questions(targets, resolver.ips)
    try:
        findings = aws.patience.until(
            lambda answers: _right(desired, resolver, verification.judge(targets, asked, answers)),
            lambda: aws.probe.ask(name, asked),
            not_yet=NotResolvingYet,
        )
    except NotResolvingYet:
        remember_doubt(desired, entry, (), aws)
        raise
    aws.probe.remove(name)
    elsewhere = {e.adopted: e.addresses for e in desired.endpoints if e.adopted and e.addresses}
    endpoint_ids = (*(endpoint.id for endpoint in there), *elsewhere)
    by_name = (e.id for e in there if e.id in desired.adopted.values() and not e.private_dns)
    aws.ledger.record_verified(desired.vpc_id, endpoint_ids)
    return Verified(
        findings=findings,
        endpoint_ids=endpoint_ids,
        interfaces={endpoint.id: endpoint.interfaces for endpoint in there} | elsewhere,
        subnets={endpoint.id: endpoint.subnets for endpoint in there},
        names={target.name: target.addresses for target in targets},
        zones=zones_covering(
            {
                *(name for endpoint in desired.endpoints for name in endpoint.private_names),
                *verification.cname_targets(findings),
            }
        ),
        by_name=(*by_name, *elsewhere),
    )


def _right(
    desired: Desired, resolver: Resolver, findings: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    wrong = [finding for finding in findings if not finding.ok]
    if wrong:
        of_a_hub = "" if desired.has(resolver.ips) else _HUB.format(resolver.id, tags.RESOLVER)
        complaint = _complaint(f"{desired.vpc_id}{of_a_hub}", wrong, len(findings))
        raise NotResolvingYet(complaint)
    return findings


def _targets(
    desired: Desired, entry: Entry, aws: Aws
) -> tuple[tuple[InterfaceEndpoint, ...], tuple[Target, ...]]:
    """Return the interface endpoints, and each of their names with the addresses behind it."""
    observed, ownership = aws.endpoints.all_in(desired.vpc_id), aws.ownership(entry)
    found = [(w, plan.endpoint_for(w, observed, ownership)) for w in desired.in_the_vpc]
    missing = [wanted.service for wanted, endpoint in found if endpoint is None]
    if missing:
        raise NotReadyYet(f"no interface endpoint can be seen for {', '.join(missing)}")
    there = [(wanted, endpoint) for wanted, endpoint in found if endpoint is not None]
    address_of = aws.endpoints.addresses(
        interface for _, endpoint in there for interface in endpoint.interfaces
    )
    serving = [(w, _addresses(endpoint.interfaces, address_of)) for w, endpoint in there]
    elsewhere = [(w, w.addresses) for w in desired.endpoints if w.addresses]
    targets = {
        name: Target(wanted.service, name, addresses, from_wildcard=name != private_name)
        for wanted, addresses in (*serving, *elsewhere)
        for private_name in wanted.private_names
        for name in [verification.example(private_name, aws.settings.account, aws.settings.region)]
    }
    return tuple(endpoint for _, endpoint in there), tuple(targets.values())


def _addresses(interfaces: Sequence[str], address_of: Any) -> tuple[str, ...]:
    return tuple(sorted(address_of[i] for i in interfaces if i in address_of))


def _complaint(where: str, wrong: Sequence[Finding], asked: int) -> str:
    rest = len(wrong) - _MOST_ROWS_IN_A_MESSAGE
    return (
        f"{len(wrong)} of {asked} checks in {where} failed:\n"
        + verification.as_table(wrong[:_MOST_ROWS_IN_A_MESSAGE])
        + (f"\nand {rest} more" if rest > 0 else "")
    )
