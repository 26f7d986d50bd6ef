"""What AWS shows a person of one stack's things: read through the app's own adapters."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from connectivity.adapters import wiring
from connectivity.domain import publication, tags
from connectivity.domain.errors import Waiting
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver
from connectivity.domain.ownership import probe_name, resolver_name
from connectivity.domain.publication import Issue, Signature
from connectivity.domain.whole_account import WholeAccount
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from recovery.evidence import Seen

READER = "SweepFunction"
"""The function whose environment says what the stack's parameters are."""


class NoStack(Exception):
    """The stack cannot be read; the message says why."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack, as its functions see it."""

    variables: Mapping[str, str]
    """The environment of its functions."""
    region: str

    @property
    def signing_key(self) -> str:
        """Return the id of its key in AWS KMS; empty where it signs nothing."""
        return self.variables["SIGNING_KEY"]

    @property
    def owner(self) -> str:
        return self.variables["OWNER"]

    @property
    def path(self) -> str:
        return self.variables["PARAMETER_PATH"]

    @property
    def table(self) -> str:
        return self.variables["LEDGER_TABLE"]

    @property
    def prefix(self) -> str:
        """Return what the ids of the Region's items in the ledger begin with."""
        return f"{self.variables['ACCOUNT']}#{self.region}#"


def read_stack(name: str) -> Stack:
    """Return the stack, and let the app's adapters work on it, which read their environment. Raises
    NoStack."""
    try:
        client = boto3.client("cloudformation")
        read = boto3.client("lambda").get_function_configuration
        answer = read(FunctionName=_physical_name(client, name))
        variables: dict[str, str] = answer["Environment"]["Variables"]
    except KeyError:
        raise NoStack(
            f"the variables of {READER} in the stack {name} cannot be read: with KmsKeyArn you "
            "need kms:Decrypt with that key"
        ) from None
    except (BotoCoreError, ClientError) as error:
        raise NoStack(
            f"the stack {name} cannot be read: {error}. Check its name, your credentials and "
            "AWS_REGION"
        ) from error
    region = str(client.meta.region_name)
    os.environ.update(variables | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region})
    return Stack(variables, region)


def _physical_name(client: Any, stack: str) -> str:
    """Raises NoStack."""
    for page in client.get_paginator("list_stack_resources").paginate(StackName=stack):
        for each in page["StackResourceSummaries"]:
            if each["LogicalResourceId"] == READER:
                return str(each["PhysicalResourceId"])
    raise NoStack(f"the stack {stack} has no {READER}: it is another app's stack")


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
    return Seen(
        entry=entry,
        owner=stack.owner,
        endpoints=wiring.endpoints().all_in(vpc_id),
        groups=wiring.groups().all_in(vpc_id),
        resolvers=whole,
        our_resolvers=frozenset(_tagged(whole, stack)),
        probes=tuple(name for name in probes if name.startswith(probe_name(vpc_id, ""))),
        document=document_name if there else "",
        issue=issue_of(there.get(document_name, ""), stack.signing_key),
    )


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
