"""Reads what a stack's VPCs are like: a few calls for the whole Region, and one or two for each
connected VPC."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

from connectivity.adapters import wiring
from connectivity.domain.convergence import spoilt
from connectivity.domain.ledger import Entry
from connectivity.domain.publication import parameter_names
from connectivity.usecases.acknowledgements import hear_acknowledgements

from ecs_anywhere import managed_hosts
from ecs_anywhere.host_checks import HostCheck, host_checks, of_vpc
from ecs_anywhere.overview import Looked
from ecs_anywhere.stack import Stack


def look(stack: Stack) -> Looked:
    """Return what there is of every VPC. Raises as the adapters do."""
    entries = wiring.ledger().entries()
    parameters, path = wiring.parameters(), stack.path
    connected = [entry for entry in entries if _is_published(entry)]
    return Looked(
        account=stack.account,
        region=stack.region,
        entries=entries,
        seen=wiring.account().look(()),
        acknowledged={
            entry.vpc_id: hear_acknowledgements(entry.vpc_id, parameters, path)
            for entry in connected
        },
        checked=checked(stack, connected),
    )


def checked(stack: Stack, connected: Sequence[Entry]) -> dict[str, tuple[HostCheck, ...]]:
    """Return what the container hosts of each of these VPCs say, by VPC. Raises botocore's
    ClientError."""
    if managed_hosts.host_tag(stack) is None:
        return {}
    now = time.time()
    hosts = managed_hosts.hosts(stack, [entry.vpc_id for entry in connected])
    runs = managed_hosts.invocations(stack, now) if hosts else ()
    return {
        entry.vpc_id: host_checks(of_it, runs, published(entry, stack.path), now)
        for entry in connected
        if (of_it := of_vpc(hosts, entry.vpc_id, is_only=len(connected) == 1))
    }


def checked_of(stack: Stack, vpc_id: str) -> tuple[HostCheck, ...]:
    """Return what the container hosts of one VPC say. Raises botocore's ClientError."""
    if managed_hosts.host_tag(stack) is None:
        return ()
    connected = [entry for entry in wiring.ledger().entries() if _is_published(entry)]
    return checked(stack, connected).get(vpc_id, ())


def published(entry: Entry, path: str) -> Mapping[str, Sequence[str]]:
    """Return the names and addresses that were published for a VPC; none where what stands there is
    not what was published."""
    names = parameter_names(path, entry.vpc_id)
    stands = wiring.parameters().read(names)
    _, document = names
    if document in spoilt(stands, entry, path):
        return {}
    found: Mapping[str, Sequence[str]] = json.loads(stands[document])["names"]
    return found


def _is_published(entry: Entry) -> bool:
    return bool(entry.served.wish)
