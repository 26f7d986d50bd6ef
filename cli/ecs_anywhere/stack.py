"""A deployed stack, as a person's credentials find it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from connectivity.adapters import aws
from connectivity.usecases.settings import NEW_VARIABLES, Settings

from ecs_anywhere import aws_errors

_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
_GIVEN = {name: os.environ.get(name) for name in _REGION_VARIABLES}
"""Variables as the person has set them."""
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": aws.PATIENT_ATTEMPTS})
"""A person waits behind it: what AWS throttles is tried again for up to a minute."""
OUTPUTS = ("NotificationTopicArn", "StateMachineArn")
"""The outputs that commands go by."""
READER = "SweepFunction"
"""The function whose environment says what the stack's parameters are."""
VARIABLES = frozenset(
    {
        "ACCOUNT",
        "ALLOWED_SERVICE_OWNERS",
        "ALLOWED_VPCS",
        "ALLOW_PUBLIC_ONPREM_CIDRS",
        "ARCHITECTURE",
        "DEFAULT_ONPREM_CIDRS",
        "DEFAULT_SERVICES",
        "DRAIN_SECONDS",
        "ENDPOINT_POLICY",
        "EVIDENCE_BUCKET",
        "EXPIRY_SECONDS",
        "EXTRA_TAGS",
        "FREE_ON_DELETION",
        "HOST_POLICY_ARN",
        "IDLE_DAYS",
        "INTERFACE_ENDPOINT_QUOTA",
        "LEDGER_TABLE",
        "ONPREM_CIDRS_MAY_WIDEN",
        "OWNER",
        "PARAMETER_PATH",
        "PROBE_ROLE_ARN",
        "REMOVAL_SHARE",
        "RESOLVER_ENDPOINT_QUOTA",
        "RESOLVER_IP_COUNT",
        "RULES_PER_SECURITY_GROUP",
        "SIGNING_KEY",
        "STATE_MACHINE_ARN",
        "SWEEP_MINUTES",
        "TOPIC_ARN",
        "URL_SUFFIX",
        "VERIFY_HOURS",
    }
)
"""The variables that the template gives every function. No other is believed: whoever may configure
a function could name an endpoint or a proxy there, to which a person's signed calls would go."""


class NoStack(Exception):
    """The stack cannot be read; the message says why, and the cure."""


@dataclass(frozen=True)
class Where:
    """Stack and credentials that are meant; empty for what the environment says."""

    name: str
    region: str = ""
    profile: str = ""


@dataclass(frozen=True)
class Stack:
    """A deployed stack, as its functions see it."""

    name: str
    variables: Mapping[str, str]
    """The environment of its functions."""
    region: str
    status: str
    """Status in AWS CloudFormation, such as UPDATE_COMPLETE."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Logical id -> type and physical id."""
    profile: str = ""
    lacks: tuple[str, ...] = ()
    """Variables that its release does not have, and this command's does."""

    def check_release(self) -> None:
        """Check that the stack does all that a plan of this release may say. Raises NoStack."""
        if self.lacks:
            raise _another_release(self.name, self.lacks)

    @property
    def account(self) -> str:
        return self.variables["ACCOUNT"]

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
        return f"{self.account}#{self.region}#"

    def client(self, service: str) -> Any:
        """Return a client with the credentials that found the stack."""
        return _session(self.profile, self.region).client(service, config=PATIENT)


def read_stack(where: Where) -> Stack:
    """Return the stack, and let the app's adapters work on it, which read their environment: from
    now on they are this stack's. Raises NoStack."""
    try:
        session, client = _session_and_client(where)
        described = _described(client, where.name, str(session.region_name))
        resources = _resources(client, where.name)
        variables = _variables(session, resources, where.name)
    except (BotoCoreError, ClientError) as error:
        raise _no_stack(where, error) from error
    region = str(session.region_name)
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}
    lacks = tuple(sorted(VARIABLES - set(variables)))
    variables = {**NEW_VARIABLES, **variables}
    _check(variables, outputs, region, where.name)
    _work_on(variables, region, where.profile)
    return Stack(
        name=where.name,
        variables=variables,
        region=region,
        status=described["StackStatus"],
        outputs=outputs,
        parameters={
            p["ParameterKey"]: p["ParameterValue"] for p in described.get("Parameters", [])
        },
        resources=resources,
        profile=where.profile,
        lacks=lacks,
    )


def _session_and_client(where: Where) -> tuple[Any, Any]:
    """Return a session and its client of AWS CloudFormation. Raises NoStack for settings of which
    botocore says nothing but what Python does, and botocore's errors."""
    try:
        session = _session(where.profile, where.region)
        return session, session.client("cloudformation")
    except ValueError as unusable:
        if isinstance(unusable, BotoCoreError):
            raise
        raise NoStack(
            f"the stack {where.name} cannot be read: a setting of AWS cannot be used "
            f"({unusable}): {aws_errors.SETTINGS}, as in AWS_ENDPOINT_URL=http://127.0.0.1:4599"
        ) from unusable


def _no_stack(where: Where, error: BotoCoreError | ClientError) -> NoStack:
    return NoStack(f"the stack {where.name} cannot be read: {aws_errors.told(error)}")


def _described(client: Any, name: str, region: str) -> Mapping[str, Any]:
    """Return what AWS CloudFormation says of a stack. Raises NoStack where there is none, and
    botocore's ClientError."""
    try:
        found: Mapping[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if aws_errors.code_of(error) != "ValidationError":
            raise
        raise NoStack(
            f"the stack {name} cannot be read: there is none in {region} of this account"
            f"{_others(client)}. Name another with --stack, --region or --profile"
        ) from error
    return found


def _others(client: Any) -> str:
    """Return which stacks are this app by their outputs; nothing where they cannot be listed."""
    try:
        pages = client.get_paginator("describe_stacks").paginate()
        stacks = [each for page in pages for each in page["Stacks"]]
    except (BotoCoreError, ClientError):
        return ""
    wanted = {*OUTPUTS, "LedgerTable"}
    ours = [
        each["StackName"]
        for each in stacks
        if wanted <= {output["OutputKey"] for output in each.get("Outputs", ())}
    ]
    return (
        f"; this app is there as {', '.join(ours)}" if ours else "; this app is not deployed there"
    )


def client_of(service: str, region: str, profile: str) -> Any:
    """Return a client with a person's credentials, of no stack."""
    return _session(profile, region).client(service)


def _session(profile: str, region: str) -> Any:
    """Return a session. The Region of a stack that was read before is not the next profile's."""
    for name, value in _GIVEN.items():
        if not region and value is None:
            os.environ.pop(name, None)
        elif not region and value is not None:
            os.environ[name] = value
    return boto3.Session(profile_name=profile or None, region_name=region or None)


def _resources(client: Any, stack: str) -> dict[str, tuple[str, str]]:
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        each["LogicalResourceId"]: (each["ResourceType"], each.get("PhysicalResourceId", ""))
        for page in pages
        for each in page["StackResourceSummaries"]
    }


def _variables(
    session: Any, resources: Mapping[str, tuple[str, str]], stack: str
) -> dict[str, str]:
    """Return the variables that the stack's functions have. Those that the release before this one
    did not have may be missing. Raises NoStack, and botocore's ClientError."""
    if READER not in resources:
        raise NoStack(f"the stack {stack} has no {READER}: it is another app's stack")
    configured = session.client("lambda").get_function_configuration
    try:
        answer = configured(FunctionName=resources[READER][1])
        found = answer["Environment"]["Variables"]
    except ClientError as error:
        if aws_errors.code_of(error) != "ResourceNotFoundException":
            raise
        raise NoStack(
            f"the stack {stack} has lost its {READER}: somebody deleted it, which AWS "
            "CloudFormation does not see: give it a FunctionName in template.yaml and deploy, so "
            "that it is made anew"
        ) from error
    except KeyError:
        raise NoStack(
            f"the variables of {READER} in the stack {stack} cannot be read: with KmsKeyArn you "
            "need kms:Decrypt with that key"
        ) from None
    if missing := sorted(VARIABLES - set(found) - set(NEW_VARIABLES)):
        raise _another_release(stack, missing)
    return {name: found[name] for name in VARIABLES if name in found}


def _another_release(stack: str, missing: Sequence[str]) -> NoStack:
    return NoStack(
        f"the stack {stack} is of another release than this command: {READER} has no "
        f"{', '.join(missing)}. Upgrade the stack, or use the command of its release"
    )


def _check(
    variables: Mapping[str, str], outputs: Mapping[str, str], region: str, stack: str
) -> None:
    """Check that the stack says all that the commands go by; later that would look like a fault
    of theirs. Raises NoStack."""
    try:
        Settings.from_environment({**variables, "AWS_REGION": region})
    except ValueError as unreadable:
        raise NoStack(f"the stack {stack} says what cannot be read: {unreadable}") from None
    if missing := [name for name in OUTPUTS if name not in outputs]:
        raise NoStack(
            f"the stack {stack} is of another release than this command: it has no output "
            f"{', '.join(missing)}. Upgrade the stack, or use the command of its release"
        )


def _work_on(variables: Mapping[str, str], region: str, profile: str) -> None:
    """The adapters read their environment, as in AWS Lambda: it is this stack's whole, and nothing
    of a former one. Clients of another Region, which were made before, are forgotten."""
    os.environ.update({**variables, **dict.fromkeys(_REGION_VARIABLES, region)})
    aws.forget_clients(profile, aws.PATIENT_ATTEMPTS)
