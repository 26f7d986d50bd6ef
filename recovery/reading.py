"""Reading of one stack's resources with a person's credentials, through the app's own adapters."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from connectivity.adapters import wiring
from connectivity.domain import publication, tags
from connectivity.domain.endpoint_policy import is_default
from connectivity.domain.errors import Fact, Waiting
from connectivity.domain.ledger import REMOVED, Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint
from connectivity.domain.ownership import probe_name, resolver_name
from connectivity.domain.policy_presets import whose
from connectivity.domain.publication import Issue
from connectivity.domain.whole_account import WholeAccount
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from ecs_anywhere.stack import NoStack, Stack

from recovery import published
from recovery.published import At, Published, nearest
from recovery.seen import Seen

_MOST_FILTER_VALUES = 200
"""Amazon EC2 takes so many in one filter."""


@dataclass(frozen=True)
class Whole:
    """The view of AWS on all VPCs that matter, or on the one that was named."""

    seen: tuple[Seen, ...]
    forgotten: tuple[str, ...]
    """Ids of VPCs that are tagged as removed, and of which the ledger has no entry."""


def read_everything(stack: Stack, only: str | None = None) -> Whole:
    """Return what AWS shows of each VPC that the ledger knows, that has a wish tag, or in which
    something looks like ours; of one VPC where `only` names it. Raises NoStack, also where AWS
    refuses a look: what is half seen is not proposed."""
    try:
        return _read_all(stack, only)
    except (BotoCoreError, ClientError, Waiting, Fact) as error:
        raise NoStack(
            f"not everything can be read: {error}. Nothing was written: check your permissions, "
            "and run it again"
        ) from error


def _read_all(stack: Stack, only: str | None) -> Whole:
    entries = {entry.vpc_id: entry for entry in wiring.ledger().entries()}
    account = wiring.account().look(())
    if only is not None and only not in entries and wiring.vpcs().find(only) is None:
        raise NoStack(f"there is no {only} in this account and Region, and none in the ledger")
    vpc_ids = sorted(_vpc_ids(entries, account) if only is None else [only])
    probes, elsewhere = tuple(_probes(stack.owner)), _Elsewhere()
    seen = [_read(stack, entries.get(id_, Entry(id_)), probes, elsewhere) for id_ in vpc_ids]
    removed = _tagged_as_removed() - entries.keys()
    forgotten = removed if only is None else removed & {only}
    return Whole(tuple(seen), tuple(sorted(forgotten)))


def _tagged_as_removed() -> frozenset[str]:
    which = {f"tag:{tags.STATUS}": [REMOVED]}
    return frozenset(item["VpcId"] for item in _shown("describe_vpcs", "Vpcs", which))


def _shown(operation: str, key: str, which: Mapping[str, Iterable[str]]) -> Iterator[Any]:
    """Yield what Amazon EC2 shows with these filters."""
    filters = [{"Name": name, "Values": [*values]} for name, values in which.items()]
    ec2: Any = boto3.client("ec2")
    for page in ec2.get_paginator(operation).paginate(Filters=filters):
        yield from page[key]


def _vpc_ids(entries: Mapping[str, Entry], account: WholeAccount) -> set[str]:
    resolvers = (r.vpc for r in account.resolvers.values() if r.name == resolver_name(r.vpc))
    return {
        *entries,
        *account.vpcs,
        *account.endpoints,
        *account.groups,
        *account.parameters,
        *resolvers,
    }


class _Elsewhere:
    """The interface endpoints and the inbound resolvers of any VPC, to which documents lead."""

    @cached_property
    def _resolvers(self) -> tuple[InboundResolver, ...]:
        """Return the Region's inbound resolvers with their addresses: read if any is asked for."""
        listed = (r for r in wiring.resolvers().of_region() if r.direction == "inbound")
        return tuple(found for r in listed if (found := wiring.resolvers().find(r.id)))

    def led_to(self, said: Published, vpc_id: str) -> tuple[InterfaceEndpoint, ...]:
        """Return the interface endpoints to which the names that a VPC publishes lead."""
        ips = said.addresses[:_MOST_FILTER_VALUES]
        if not ips:
            return ()
        which = {"addresses.private-ip-address": ips, "interface-type": ["vpc_endpoint"]}
        shown = _shown("describe_network_interfaces", "NetworkInterfaces", which)
        found = (
            At(item["PrivateIpAddress"], item["VpcId"], item["NetworkInterfaceId"])
            for item in shown
        )
        near = nearest(found, vpc_id)
        there = {each.interface for each in near}
        vpc_ids = sorted({each.vpc for each in near})
        endpoints = (e for vpc in vpc_ids for e in wiring.endpoints().all_in(vpc))
        return tuple(e for e in endpoints if there.intersection(e.interfaces))

    def asked_at(self, said: Published, here: Iterable[InboundResolver]) -> InboundResolver | None:
        """Return the resolver that has all published addresses, first looked for `here`; None
        where none has."""
        if not said.resolver_ips:
            return None
        return _with(said.resolver_ips, here) or _with(said.resolver_ips, self._resolvers)


def _with(ips: Iterable[str], resolvers: Iterable[InboundResolver]) -> InboundResolver | None:
    """Return the first resolver, by its id, that has all these addresses."""
    wanted = frozenset(ips)
    having = (r for r in resolvers if wanted <= {ip.ip for ip in r.attached})
    return min(having, key=lambda r: r.id, default=None)


def _read(stack: Stack, entry: Entry, probes: tuple[str, ...], elsewhere: _Elsewhere) -> Seen:
    vpc_id = entry.vpc_id
    listed = wiring.resolvers().in_vpc(vpc_id)
    whole = tuple(r for each in listed if (r := wiring.resolvers().find(each.id)))
    list_name, document_name = publication.parameter_names(stack.path, vpc_id)
    there = wiring.parameters().read([list_name, document_name])
    said = published.read(there.get(document_name, ""), vpc_id)
    endpoints = wiring.endpoints().all_in(vpc_id)
    return Seen(
        entry=entry,
        owner=stack.owner,
        endpoints=endpoints,
        groups=wiring.groups().all_in(vpc_id),
        resolvers=whole,
        our_resolvers=frozenset(_tagged(whole, stack)),
        probes=tuple(name for name in probes if name.startswith(probe_name(vpc_id, ""))),
        document=document_name if there else "",
        let_in=_let_in(stack, endpoints),
        issue=issue_of(said, stack.signing_key),
        is_active=said.is_active,
        promised=said.resolver_ips,
        led_to=elsewhere.led_to(said, vpc_id),
        asked_at=elsewhere.asked_at(said, whole),
    )


def _let_in(stack: Stack, endpoints: Iterable[InterfaceEndpoint]) -> frozenset[str]:
    """Return whose callers our endpoint policies may have let in: the account's, and those of the
    organization that the stack names or that the account is in. Nobody asks for that one where
    every endpoint has AWS's own policy."""
    if all(is_default(endpoint.policy) for endpoint in endpoints):
        return frozenset()
    chosen = whose(stack.variables["ENDPOINT_POLICY"], stack.account)
    return frozenset(filter(None, (stack.account, chosen, wiring.organizations().own())))


def _tagged(resolvers: Iterable[InboundResolver], stack: Stack) -> Iterator[str]:
    """Yield the ids of the resolvers that carry our owner tag."""
    client = boto3.client("route53resolver")
    region, account = stack.region, stack.variables["ACCOUNT"]
    partition = boto3.Session().get_partition_for_region(region)
    for each in resolvers:
        arn = f"arn:{partition}:route53resolver:{region}:{account}:resolver-endpoint/{each.id}"
        found = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
        if {"Key": tags.OWNER, "Value": stack.owner} in found:
            yield each.id


def _probes(owner: str) -> Iterator[str]:
    client = boto3.client("lambda")
    for page in client.get_paginator("list_functions").paginate():
        for each in page["Functions"]:
            name, arn = each["FunctionName"], each["FunctionArn"]
            if not name.startswith("ecs-anywhere-probe-vpc-"):
                continue
            if client.list_tags(Resource=arn)["Tags"].get(tags.OWNER) == owner:
                yield name


def issue_of(said: Published, signing_key: str) -> Issue | None:
    """Return the issue that a document is; None where it states nothing, or, of a stack that signs,
    where the stack's key did not sign it."""
    if not said.text or (signing_key and not _is_signed(said, signing_key)):
        return None
    return Issue(
        publication.generation_of(said.text),
        publication.issued_at(said.text),
        publication.fingerprint_of(said.text),
        said.signature,
    )


def _is_signed(said: Published, signing_key: str) -> bool:
    if said.signature is None:
        return False
    key: Any = load_der_public_key(wiring.signatures(signing_key).public_key())
    try:
        value, digest = base64.b64decode(said.signature.value), publication.digest_of(said.text)
        key.verify(value, digest, ec.ECDSA(utils.Prehashed(SHA256())))
    except (InvalidSignature, ValueError):
        return False
    return True
