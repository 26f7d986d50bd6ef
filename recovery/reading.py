"""Reading of one stack's resources with a person's credentials, through the app's own adapters."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from connectivity.adapters import wiring
from connectivity.domain import publication, tags
from connectivity.domain.endpoint_policy import is_default
from connectivity.domain.errors import Waiting
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint
from connectivity.domain.ownership import probe_name, resolver_name
from connectivity.domain.policy_presets import whose
from connectivity.domain.publication import Issue, Signature
from connectivity.domain.whole_account import WholeAccount
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from ecs_anywhere.stack import NoStack, Stack

from recovery.evidence import Seen


def read_everything(stack: Stack, only: str | None = None) -> Iterator[Seen]:
    """Yield what AWS shows of each VPC that the ledger knows, that has a wish tag, or in which
    something looks like ours; of one VPC where `only` names it. Raises NoStack, also where AWS
    refuses a look: what is half seen is not proposed."""
    try:
        yield from _read_all(stack, only)
    except (BotoCoreError, ClientError, Waiting) as error:
        raise NoStack(
            f"not everything can be read: {error}. Nothing was written: check your permissions, "
            "and run it again"
        ) from error


def _read_all(stack: Stack, only: str | None) -> Iterator[Seen]:
    ledger = wiring.ledger()
    entries = {entry.vpc_id: entry for entry in ledger.entries()}
    account = wiring.account().look(())
    if only is not None and only not in entries and wiring.vpcs().find(only) is None:
        raise NoStack(f"there is no {only} in this account and Region, and none in the ledger")
    probes = tuple(_probes(stack.owner))
    for vpc_id in sorted(_vpc_ids(entries, account) if only is None else [only]):
        yield _read(stack, entries.get(vpc_id, Entry(vpc_id)), probes)


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


def _read(stack: Stack, entry: Entry, probes: tuple[str, ...]) -> Seen:
    vpc_id = entry.vpc_id
    listed = wiring.resolvers().in_vpc(vpc_id)
    whole = tuple(r for each in listed if (r := wiring.resolvers().find(each.id)))
    list_name, document_name = publication.parameter_names(stack.path, vpc_id)
    there = wiring.parameters().read([list_name, document_name])
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
        issue=issue_of(there.get(document_name, ""), stack.signing_key),
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


def issue_of(document: str, signing_key: str) -> Issue | None:
    """Return the issue that a document is; None where it is nobody's, or, of a stack that signs,
    where the stack's key did not sign it."""
    if not publication.generation_of(document):
        return None
    signed = json.loads(document).get("signature")
    signature = Signature(signed["keyId"], signed["value"]) if signed else None
    if signing_key and not _is_signed(document, signature, signing_key):
        return None
    return Issue(
        publication.generation_of(document),
        publication.issued_at(document),
        publication.fingerprint_of(document),
        signature,
    )


def _is_signed(document: str, signature: Signature | None, signing_key: str) -> bool:
    if signature is None:
        return False
    key: Any = load_der_public_key(wiring.signatures(signing_key).public_key())
    try:
        value, digest = base64.b64decode(signature.value), publication.digest_of(document)
        key.verify(value, digest, ec.ECDSA(utils.Prehashed(SHA256())))
    except (InvalidSignature, ValueError):
        return False
    return True
