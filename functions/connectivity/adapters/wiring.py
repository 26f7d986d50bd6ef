"""The wiring: one adapter for each port, by the function's environment.

Nothing is made, and no adapter imported, before it is asked for: a function needs only the
variables of what it uses, and loads only the modules of what it uses. The SDK, which every function
uses, is imported with this module: when AWS Lambda starts the function, not in its first call.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from connectivity.adapters import refused_calls
from connectivity.adapters.aws import brief_client, client
from connectivity.domain.measures import Measure
from connectivity.domain.tags import CreationTags, extra_tags
from connectivity.domain.verification_clock import VerificationClock
from connectivity.usecases.aws import Aws
from connectivity.usecases.patience import Patience
from connectivity.usecases.settings import NEW_VARIABLES, Settings

if TYPE_CHECKING:
    from connectivity.adapters.account import AwsAccount
    from connectivity.adapters.endpoints import Ec2Endpoints
    from connectivity.adapters.evidence import S3RecordStore
    from connectivity.adapters.executions import StepFunctionsExecutions
    from connectivity.adapters.host_policy import IamHostPolicy
    from connectivity.adapters.ledger import DynamoDbLedger
    from connectivity.adapters.metrics import CloudWatchMetrics
    from connectivity.adapters.notifications import SnsNotifications, UtcClock
    from connectivity.adapters.organizations import AwsOrganizations
    from connectivity.adapters.parameters import SsmParameters
    from connectivity.adapters.probe import LambdaProbe
    from connectivity.adapters.protection import DynamoDbProtection
    from connectivity.adapters.resolvers import Route53HostedZones, Route53Resolvers
    from connectivity.adapters.security_groups import Ec2Groups
    from connectivity.adapters.signatures import KmsSignatures
    from connectivity.adapters.stacks import CloudFormationStacks
    from connectivity.adapters.vpcs import Ec2Vpcs
    from connectivity.usecases.finish import Desk
    from connectivity.usecases.keep_record import Archive

Port = TypeVar("Port")


def stack_name() -> str:
    return os.environ["OWNER"]


def take_refused_calls() -> tuple[Measure, ...]:
    """Return what AWS has refused since the last time this was asked."""
    return tuple(Measure(name, number) for name, number in refused_calls.take().items())


def settings() -> Settings:
    return Settings.from_environment(os.environ)


def creation_tags() -> CreationTags:
    return CreationTags(os.environ["OWNER"], extra_tags(os.environ["EXTRA_TAGS"]))


def vpcs() -> Ec2Vpcs:
    from connectivity.adapters.vpcs import Ec2Vpcs

    return Ec2Vpcs()


def endpoints() -> Ec2Endpoints:
    from connectivity.adapters.endpoints import Ec2Endpoints

    return Ec2Endpoints(creation_tags())


def groups() -> Ec2Groups:
    from connectivity.adapters.security_groups import Ec2Groups

    return Ec2Groups(creation_tags())


def resolvers() -> Route53Resolvers:
    from connectivity.adapters.resolvers import Route53Resolvers

    return Route53Resolvers(creation_tags())


def hosted_zones() -> Route53HostedZones:
    from connectivity.adapters.resolvers import Route53HostedZones

    return Route53HostedZones(os.environ["AWS_REGION"])


def organizations() -> AwsOrganizations:
    from connectivity.adapters.organizations import AwsOrganizations

    return AwsOrganizations()


def parameters() -> SsmParameters:
    from connectivity.adapters.parameters import SsmParameters

    return SsmParameters(creation_tags().extra)


def metrics() -> CloudWatchMetrics:
    from connectivity.adapters.metrics import CloudWatchMetrics

    return CloudWatchMetrics()


def ledger() -> DynamoDbLedger:
    from connectivity.adapters.ledger import DynamoDbLedger

    environment = os.environ
    return DynamoDbLedger(
        environment["LEDGER_TABLE"], environment["ACCOUNT"], environment["AWS_REGION"]
    )


def executions() -> StepFunctionsExecutions:
    from connectivity.adapters.executions import StepFunctionsExecutions

    return StepFunctionsExecutions(os.environ["STATE_MACHINE_ARN"])


def account() -> AwsAccount:
    from connectivity.adapters.account import AwsAccount

    return AwsAccount(os.environ["OWNER"], os.environ["PARAMETER_PATH"])


def verification_clock() -> VerificationClock:
    hours, minutes = int(os.environ["VERIFY_HOURS"]), int(os.environ["SWEEP_MINUTES"])
    return VerificationClock(period=hours * 3600, sweep=minutes * 60)


def probe() -> LambdaProbe:
    from connectivity.adapters.probe import LambdaProbe

    environment = os.environ
    return LambdaProbe(environment["PROBE_ROLE_ARN"], environment["ARCHITECTURE"], creation_tags())


def notifications() -> SnsNotifications:
    from connectivity.adapters.notifications import SnsNotifications

    return SnsNotifications(os.environ["TOPIC_ARN"])


def host_policy() -> IamHostPolicy:
    from connectivity.adapters.host_policy import IamHostPolicy

    return IamHostPolicy(os.environ["HOST_POLICY_ARN"])


def protection() -> DynamoDbProtection:
    from connectivity.adapters.protection import DynamoDbProtection

    return DynamoDbProtection(os.environ["LEDGER_TABLE"])


def signatures(key_id: str) -> KmsSignatures:
    from connectivity.adapters.signatures import KmsSignatures

    return KmsSignatures(key_id)


def brief_signatures(key_id: str) -> KmsSignatures:
    """Return signatures that a run does without if AWS KMS does not answer soon."""
    from connectivity.adapters.signatures import KmsSignatures

    return KmsSignatures(key_id, brief_client)


def record_store(bucket: str) -> S3RecordStore:
    from connectivity.adapters.evidence import S3RecordStore

    return S3RecordStore(bucket)


def stacks() -> CloudFormationStacks:
    from connectivity.adapters.stacks import CloudFormationStacks

    return CloudFormationStacks(os.environ["URL_SUFFIX"], client("dynamodb").meta.endpoint_url)


def clock() -> UtcClock:
    from connectivity.adapters.notifications import UtcClock

    return UtcClock()


def archive(tries: int | None = None) -> Archive | None:
    """Return where records are kept; None where they are not. `tries` is how often the workflow has
    tried before; None where nobody tries again."""
    from connectivity.domain.evidence import Place
    from connectivity.usecases.keep_record import TRIES, Archive

    environment = {**NEW_VARIABLES, **os.environ}
    bucket, key = environment["EVIDENCE_BUCKET"], environment["SIGNING_KEY"]
    if not bucket:
        return None
    place = Place(environment["ACCOUNT"], environment["AWS_REGION"], environment["OWNER"])
    return Archive(
        place,
        _made_on_use(lambda: record_store(bucket)),
        _made_on_use(lambda: brief_signatures(key)),
        key,
        is_last_try=tries is None or tries + 1 >= TRIES,
    )


def desk(now: float, execution: str = "", tries: int | None = None) -> Desk:
    from connectivity.usecases.finish import Desk

    return Desk(
        vpcs=vpcs(),
        ledger=ledger(),
        notifications=notifications(),
        now=now,
        execution=execution,
        archive=archive(tries),
    )


def aws() -> Aws:
    """Return all ports in one bundle; the adapter behind a port is made when it is first used."""
    return Aws(
        vpcs=_made_on_use(vpcs),
        endpoints=_made_on_use(endpoints),
        groups=_made_on_use(groups),
        resolvers=_made_on_use(resolvers),
        hosted_zones=_made_on_use(hosted_zones),
        organizations=_made_on_use(organizations),
        parameters=_made_on_use(parameters),
        signatures=_made_on_use(lambda: signatures(os.environ["SIGNING_KEY"])),
        probe=_made_on_use(probe),
        ledger=_made_on_use(ledger),
        metrics=_made_on_use(metrics),
        clock=_made_on_use(clock),
        settings=settings(),
        patience=_made_on_use(lambda: Patience(clock())),
    )


def _made_on_use(factory: Callable[[], Port]) -> Port:
    """Return what stands for the adapter of `factory`, and asks for it when it is used."""
    return cast(Port, _MadeOnUse(factory))


class _MadeOnUse(Generic[Port]):
    def __init__(self, factory: Callable[[], Port]) -> None:
        self._factory = factory

    @cached_property
    def _adapter(self) -> Port:
        return self._factory()

    def __getattr__(self, name: str) -> Any:
        """Return what the adapter has by that name: called for names that are not found here."""
        return getattr(self._adapter, name)
