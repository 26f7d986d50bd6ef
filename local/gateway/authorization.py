"""The decision whether a role may make a call, by its policies in moto's IAM.

Identity-based policies, and the policies of keys. Other policies of resources, and trust policies,
are asked where a service acts (`policies_of_resources`), endpoint policies where a call comes
through one (`endpoint_policies`). Not looked at: permissions boundaries, and service control
policies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from moto.backends import get_backend
from moto.iam.models import get_account_id_from

from local.gateway.calls import ApiCall
from local.gateway.decisions import Context, Decision, Request, Statement, decide, statements_in
from local.gateway.key_policies import decided
from local.gateway.principals import Principals
from local.gateway.resources import requests_of
from local.partitions import partition_in

NEED_NO_PERMISSION = {"sts:GetCallerIdentity"}

REFUSALS = {
    "ec2": "UnauthorizedOperation",
    "json": "AccessDeniedException",
    "query": "AccessDenied",
    "rest-json": "AccessDeniedException",
    "rest-xml": "AccessDenied",
    "sns": "AuthorizationError",
    "sqs": "AccessDenied",
}
"""The error code of a refusal, by service or else by protocol."""


@dataclass(frozen=True)
class Authorization:
    """A request to IAM on behalf of a role, and IAM's decision. The request can be decided again,
    under other statements."""

    role_arn: str
    request: Request
    decision: Decision

    @property
    def action(self) -> str:
        return self.request.action

    @property
    def resource(self) -> str:
        return self.request.resource

    @property
    def allowed(self) -> bool:
        return self.decision.allowed

    @property
    def statement(self) -> str | None:
        """The name of the statement that decided."""
        return self.decision.statement.name if self.decision.statement else None


class Authorizer:
    """The questions to IAM. They are about roles only: any other key is an administrator's."""

    def __init__(self, principals: Principals) -> None:
        self._principals = principals

    def role_of(self, call: ApiCall) -> str | None:
        return self._principals.role_of(call.access_key_id)

    def authorize(self, call: ApiCall) -> tuple[Authorization, ...]:
        """Return the decisions about a call, which all have to allow it; empty for an
        administrator's call."""
        role_arn = self.role_of(call)
        if role_arn is None or call.name in NEED_NO_PERMISSION:
            return ()
        statements = tuple(statements_of(role_arn))
        caller = self._caller_facts(call)
        requests = [
            replace(each, context={**each.context, **caller})
            for each in requests_of(call, account=role_arn.split(":")[4])
        ]
        return tuple(
            Authorization(role_arn, each, decided(role_arn, each, decide(statements, each)))
            for each in requests
        )

    def _caller_facts(self, call: ApiCall) -> Context:
        """Return the caller's condition keys: the role, and the function, by which a policy tells
        its code from Lambda, which calls with the same role."""
        facts = {"aws:principalarn": (str(self.role_of(call)),)}
        function = self._principals.function_of(call.access_key_id)
        return facts | ({"lambda:sourcefunctionarn": (function,)} if function else {})

    def refusal(self, call: ApiCall, refused: Authorization) -> tuple[str, str]:
        """Return AWS's error code and message. (EC2 adds an encoded copy of it, which is left
        out.)"""
        opening = "You are not authorized to perform this operation. "
        message = (
            f"{opening if call.service == 'ec2' else ''}"
            f"User: {self._principals.user_of(call.access_key_id)} is not authorized to perform: "
            f"{refused.action} on resource: {refused.resource} {refused.decision.reason}"
        )
        return self.refusal_code(call), message

    def refusal_code(self, call: ApiCall) -> str:
        return REFUSALS.get(call.service) or REFUSALS[call.protocol]

    def account_of(self, access_key_id: str) -> str:
        """Return the account of a role's session, or of an administrator."""
        role_arn = self._principals.role_of(access_key_id)
        return role_arn.split(":")[4] if role_arn else get_account_id_from(access_key_id)

    def user_of(self, access_key_id: str) -> str:
        """Return the caller as AWS's messages name it."""
        if self._principals.role_of(access_key_id):
            return self._principals.user_of(access_key_id)
        return f"arn:aws:iam::{self.account_of(access_key_id)}:user/administrator"


def statements_of(role_arn: str) -> Iterator[Statement]:
    """Yield all policy statements of a role, inline and managed; none for a role that is gone."""
    for name, document in policies_of(role_arn):
        yield from statements_in(name, document)


def policies_of(role_arn: str) -> Iterator[tuple[str, str]]:
    """Yield name and JSON text of each policy of a role, the inline ones first."""
    role = role_of_arn(role_arn)
    if role is None:
        return
    for name, document in list(role.policies.items()):
        yield name, _as_json(document)
    for policy in list(role.managed_policies.values()):
        document = next(each.document for each in policy.versions if each.is_default)
        yield policy.name, _as_json(document)


def role_of_arn(role_arn: str) -> Any:
    """Return moto's role; None if there is none."""
    iam = get_backend("iam")[role_arn.split(":")[4]][partition_in(role_arn)]
    return next((role for role in list(iam.roles.values()) if role.arn == role_arn), None)


def _as_json(document: Any) -> str:
    """Return a policy as JSON: CloudFormation leaves that of an inline policy in moto as it was
    parsed."""
    return document if isinstance(document, str) else json.dumps(document, default=str)
