"""Endpoint policies: what a call through a VPC endpoint has to be allowed by, beside all else.

AWS: an endpoint's policy is asked about every call through it, also about those that nobody has
signed; it grants nothing, and what it does not allow is denied (AWS PrivateLink guide, "Control
access to VPC endpoints using endpoint policies"; the messages: IAM user guide, "Troubleshoot access
denied error messages"). Here the callers and the resources are known by their accounts, and those
by the organizations that a test puts them in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from local.contracts import HEADER, Door
from local.gateway.calls import ApiCall, recognise, unsigned
from local.gateway.decisions import Request, Statement, statements_in
from local.gateway.resources import requests_of

_THROUGH = f"HTTP_{HEADER.upper().replace('-', '_')}"
AWS_S_OWN = "amazon"
"""The owner of what belongs to no customer: AWS's documents and buckets."""
NAMES = {"ecr.api": "ecr", "ecr.dkr": "ecr"}
"""The service by which calls are signed, where that of the endpoint has another name."""


@dataclass
class EndpointPolicies:
    """The policies of the VPC endpoints, asked about calls through them."""

    door_at: Callable[[str, str], Door | None]
    """The VPC endpoint at an address of a VPC."""
    account_of: Callable[[str], str]
    """The account of an access key."""
    user_of: Callable[[str], str]
    """The caller as AWS's messages name it, by an access key."""
    organizations: dict[str, str] = field(default_factory=dict)
    """Account -> id of its organization."""

    def refusal(self, environ: dict[str, Any]) -> tuple[ApiCall, str] | None:
        """Return the call that the endpoint's policy does not allow, with AWS's message; None for
        what it allows, and for what did not come through an endpoint."""
        vpc_id, _, address = environ.get(_THROUGH, "").partition(",")[0].partition("/")
        door = self.door_at(vpc_id, address) if address else None
        if door is None:
            return None
        service = NAMES.get(door.service, door.service)
        call = recognise(environ) or unsigned(service, environ)
        for request in self._requests(call):
            if reason := _refusal(door.policy, request):
                who = self.user_of(call.access_key_id) if call.access_key_id else "anonymous"
                return call, (
                    f"User: {who} is not authorized to perform: {request.action} on resource: "
                    f"{request.resource} {reason}"
                )
        return None

    def _requests(self, call: ApiCall) -> Iterator[Request]:
        caller = self.account_of(call.access_key_id) if call.access_key_id else ""
        for request in requests_of(call, account=caller):
            if request.action == call.name:
                facts = self._facts("Principal", caller) | self._facts("Resource", _owner(request))
                yield replace(request, context={**request.context, **facts})

    def _facts(self, of: str, account: str) -> dict[str, tuple[str, ...]]:
        """Return the condition keys about an account; none where there is none."""
        said = {"Account": account, "OrgID": self.organizations.get(account, "")}
        return {f"aws:{of}{key}".lower(): (value,) for key, value in said.items() if value}


def _owner(request: Request) -> str:
    """Return the account that a resource belongs to; empty where it is not known."""
    from moto.s3.models import s3_backends

    parts = request.resource.split(":", 5)
    if len(parts) < 6:
        return ""
    if parts[2] == "s3":
        _, account = s3_backends.bucket_accounts.get(parts[5].partition("/")[0], ("", AWS_S_OWN))
        return str(account)
    is_of_aws = parts[2] == "ssm" and parts[5].startswith(("document/AWS-", "parameter/aws/"))
    return AWS_S_OWN if is_of_aws or not parts[4] else parts[4]


def _refusal(policy: str, request: Request) -> str:
    """Return the end of AWS's message; empty where the policy allows the request."""
    matching = [each for each in _statements(policy, request) if each.matches(request)]
    if any(not statement.allows for statement in matching):
        return "with an explicit deny in a VPC endpoint policy"
    if matching:
        return ""
    return f"because no VPC endpoint policy allows the {request.action} action"


def _statements(policy: str, request: Request) -> Iterator[Statement]:
    """Yield the statements that are about the caller: everybody, or its account."""
    documents = json.loads(policy)["Statement"]
    listed = documents if isinstance(documents, list) else [documents]
    caller = next(iter(request.context.get("aws:principalaccount", ())), "")
    for statement, document in zip(statements_in("endpoint policy", policy), listed, strict=True):
        named = document["Principal"]
        named = named.get("AWS", ()) if isinstance(named, Mapping) else named
        principals = [named] if isinstance(named, str) else named
        if "*" in principals or (caller and any(caller in each for each in principals)):
            yield statement
