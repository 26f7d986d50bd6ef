"""Read what a stack's VPCs are like: a few calls for the whole Region, and one for each connected
VPC that DNS hosts have written of, several at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from connectivity.adapters import wiring
from connectivity.domain.acknowledgement import Acknowledgements, acknowledgements_path
from connectivity.domain.convergence import spoilt
from connectivity.domain.ledger import Entry
from connectivity.domain.publication import parameter_names
from connectivity.domain.whole_account import WholeAccount
from connectivity.usecases.acknowledgements import hear_acknowledgements
from connectivity.usecases.ports import Parameters

from ecs_anywhere import managed_hosts
from ecs_anywhere.host_checks import HostCheck, host_checks, of_vpc
from ecs_anywhere.overview import Looked
from ecs_anywhere.stack import Stack

AT_ONCE = 8
"""Calls that are under way at the same time: Parameter Store takes some forty a second."""


def look(stack: Stack) -> Looked:
    """Return what there is of every VPC. Raises as the adapters do."""
    entries = wiring.ledger().entries()
    seen = wiring.account().look(())
    connected = [entry for entry in entries if _is_published(entry)]
    return Looked(
        account=stack.account,
        region=stack.region,
        entries=entries,
        seen=seen,
        acknowledged=acknowledged(connected, seen, stack.path, wiring.parameters()),
        checked=checked(stack, connected),
    )


def acknowledged(
    connected: Iterable[Entry], seen: WholeAccount, path: str, parameters: Parameters
) -> dict[str, Acknowledgements]:
    """Return what the DNS hosts of these VPCs say, by VPC. Nothing is read of a VPC for whose hosts
    the account's list of parameters shows none."""
    vpc_ids = [entry.vpc_id for entry in connected]
    asked = [id_ for id_ in vpc_ids if _has_hosts(seen.parameters.get(id_, ()), id_, path)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        heard = pool.map(lambda id_: hear_acknowledgements(id_, parameters, path), asked)
        return dict(zip(asked, heard, strict=True))


def _has_hosts(names: Iterable[str], vpc_id: str, path: str) -> bool:
    folder = f"{acknowledgements_path(path, vpc_id)}/"
    return any(name.startswith(folder) for name in names)


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
