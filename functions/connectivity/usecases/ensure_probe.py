"""Ensure the probe: a function inside the VPC, for as long as the verification lasts."""

from __future__ import annotations

from connectivity.domain import ledger as ledgers
from connectivity.domain.desired import Desired
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.ledger import Entry
from connectivity.domain.ownership import probe_name
from connectivity.usecases.aws import Aws
from connectivity.usecases.ports import UsedName
from connectivity.usecases.tokens import ending


def ensure_probe(desired: Desired, aws: Aws) -> str:
    """Return the name of the probe, ready to be asked. It is made beside the resolver, as soon as
    its security group is there. Raises NotReadyYet, ProbeFailed."""
    entry, group = aws.patience.until(
        lambda entry: (entry, _group(entry, aws)), lambda: aws.ledger.read(desired.vpc_id)
    )
    return probe_in(group, desired, entry, aws)


def _group(entry: Entry, aws: Aws) -> str:
    """Return the id of the probe's security group. AWS is asked, too: the ledger may hold the id of
    one that somebody has deleted, until the branch that makes groups has made another one."""
    purpose = ledgers.PROBE_GROUP
    if ledgers.known_id(entry, purpose):
        ours = aws.ownership(entry).groups(aws.groups.all_in(entry.vpc_id))
        if purpose in ours:
            return ours[purpose].id
    raise NotReadyYet("the probe's security group is not there yet")


def probe_in(group: str, desired: Desired, entry: Entry, aws: Aws) -> str:
    """Return the name of the probe with this security group, made and looked at. Raises
    NotReadyYet, ProbeFailed."""
    vpc_id = entry.vpc_id
    name = entry.held.get(ledgers.PROBE) or probe_name(vpc_id, ending())
    if ledgers.PROBE not in entry.held:
        aws.ledger.hold(vpc_id, {ledgers.PROBE: name})
        aws.probe.make(name, desired.subnets_of_probe, group)

    def _ensure() -> None:
        aws.probe.ensure(name, vpc_id, desired.subnets_of_probe, group)

    try:
        aws.patience.until(lambda _: _ensure(), lambda: None)
    except UsedName as error:
        aws.ledger.record_gone(vpc_id, [ledgers.PROBE])
        raise NotReadyYet(f"{error}: ours is made under another name") from error
    return name
