"""Which adapter stands behind which port, as a function's environment says.

Nothing is made before it is asked for, so a function needs only the variables of what it uses.
"""

from __future__ import annotations

import os

from connectivity.adapters.aws import client
from connectivity.adapters.endpoints import Ec2Endpoints
from connectivity.adapters.executions import StepFunctionsExecutions
from connectivity.adapters.host_policy import IamHostPolicy
from connectivity.adapters.ledger import DynamoDbLedger
from connectivity.adapters.notifications import SnsNotifications, UtcClock
from connectivity.adapters.parameters import SsmParameters
from connectivity.adapters.probe import LambdaProbe
from connectivity.adapters.protection import DynamoDbProtection
from connectivity.adapters.resolvers import Route53HostedZones, Route53Resolvers
from connectivity.adapters.security_groups import Ec2Groups
from connectivity.adapters.signatures import KmsSignatures
from connectivity.adapters.stacks import CloudFormationStacks
from connectivity.adapters.vpcs import Ec2Vpcs
from connectivity.domain.tags import CreationTags, extra_tags
from connectivity.usecases.aws import Aws
from connectivity.usecases.finish import Desk
from connectivity.usecases.settings import Settings


def settings() -> Settings:
    return Settings.from_environment(os.environ)


def creation_tags() -> CreationTags:
    return CreationTags(os.environ["OWNER"], extra_tags(os.environ["EXTRA_TAGS"]))


def vpcs() -> Ec2Vpcs:
    return Ec2Vpcs()


def endpoints() -> Ec2Endpoints:
    return Ec2Endpoints(creation_tags())


def groups() -> Ec2Groups:
    return Ec2Groups(creation_tags())


def resolvers() -> Route53Resolvers:
    return Route53Resolvers(creation_tags())


def parameters() -> SsmParameters:
    return SsmParameters(creation_tags().extra)


def ledger() -> DynamoDbLedger:
    environment = os.environ
    return DynamoDbLedger(
        environment["LEDGER_TABLE"], environment["ACCOUNT"], environment["AWS_REGION"]
    )


def executions() -> StepFunctionsExecutions:
    return StepFunctionsExecutions(os.environ["STATE_MACHINE_ARN"])


def probe() -> LambdaProbe:
    environment = os.environ
    return LambdaProbe(environment["PROBE_ROLE_ARN"], environment["ARCHITECTURE"], creation_tags())


def notifications() -> SnsNotifications:
    return SnsNotifications(os.environ["TOPIC_ARN"])


def host_policy() -> IamHostPolicy:
    return IamHostPolicy(os.environ["HOST_POLICY_ARN"])


def protection() -> DynamoDbProtection:
    return DynamoDbProtection(os.environ["LEDGER_TABLE"])


def signatures(key_id: str) -> KmsSignatures:
    return KmsSignatures(key_id)


def stacks() -> CloudFormationStacks:
    return CloudFormationStacks(os.environ["URL_SUFFIX"], client("dynamodb").meta.endpoint_url)


def clock() -> UtcClock:
    return UtcClock()


def desk(now: float, execution: str = "") -> Desk:
    return Desk(
        vpcs=vpcs(),
        ledger=ledger(),
        notifications=notifications(),
        now=now,
        execution=execution,
    )


def aws() -> Aws:
    """Return all ports in one bundle."""
    return Aws(
        vpcs=vpcs(),
        endpoints=endpoints(),
        groups=groups(),
        resolvers=resolvers(),
        hosted_zones=Route53HostedZones(os.environ["AWS_REGION"]),
        parameters=parameters(),
        signatures=signatures(os.environ["SIGNING_KEY"]),
        probe=probe(),
        ledger=ledger(),
        clock=clock(),
        settings=settings(),
    )
