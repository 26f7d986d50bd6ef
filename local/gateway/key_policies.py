"""The second half of AWS KMS's authorisation: a key's own policy, which always has a say.

AWS: whoever the key policy does not allow, no IAM policy can allow. Where it allows the account
(its root), it leaves the decision to the IAM policies of the account; where it names the role, the
role needs no IAM policy. AWS KMS developer guide, "Key policies" and "Default key policy".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.kms.models import kms_backends

from local.gateway.decisions import Decision, Request, Statement, statements_in
from local.partitions import partition_in


def decided(role_arn: str, request: Request, by_identity: Decision) -> Decision:
    """Return the decision about a request of AWS KMS; for any other service the one that IAM
    made."""
    key = _key(request)
    if key is None or (not by_identity.allowed and by_identity.statement is not None):
        return by_identity
    said = list(_matching(key.policy, role_arn, request))
    if any(not statement.allows for statement, _ in said):
        return Decision(False, "with an explicit deny in a resource-based policy")
    named = next((statement for statement, by_name in said if by_name), None)
    if named:
        return Decision(True, f"because {named.name} allows it", named)
    if not said:
        reason = f"because no resource-based policy allows the {request.action} action"
        return Decision(False, reason)
    return by_identity


def policy_of_key(request: Request) -> str | None:
    """Return the policy's JSON text; None where the request is about no key of AWS KMS."""
    key = _key(request)
    return None if key is None else str(key.policy)


def _key(request: Request) -> Any:
    parts = request.resource.split(":", 5)
    if not request.action.startswith("kms:") or len(parts) != 6:
        return None
    backend = kms_backends[parts[4]][parts[3]]
    return backend.keys.get(parts[5].removeprefix("key/"))


def _matching(policy: str, role_arn: str, request: Request) -> Iterator[tuple[Statement, bool]]:
    """Yield the statements that are about this request, and whether they name the role itself. A
    key's policy says `*` for the key."""
    documents = json.loads(policy)["Statement"]
    for statement, document in zip(statements_in("key policy", policy), documents, strict=True):
        principals = _listed(document["Principal"])
        by_name = role_arn in principals
        account, partition = role_arn.split(":")[4], partition_in(role_arn)
        root = f"arn:{partition}:iam::{account}:root"
        of_account = {"*", account, root} & set(principals)
        if (by_name or of_account) and statement.matches(request):
            yield statement, by_name


def _listed(principal: Any) -> list[str]:
    if isinstance(principal, Mapping):
        principal = principal.get("AWS", [])
    return [principal] if isinstance(principal, str) else list(principal)
