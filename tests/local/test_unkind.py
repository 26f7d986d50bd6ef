"""The unkind AWS: what a client sees of each fault, what came of its call, and that it repeats.

Each rule cites its fact. Clients here do not retry, so each call is one call.
"""

from __future__ import annotations

import io
import json
import subprocess
import threading
import time
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR
from local.settings import REPOSITORY, Lifecycles, Settings, Unkindness
from local.unkind.buckets import Buckets
from local.unkind.chance import caller_of, draw
from local.unkind.faults import Aim, EventFault, Fault
from local.unkind.limits import Limit, limit_of
from tests.local.vpc_world import RecordedNetworks, until
from tests.story.app import STATUS, App
from tests.story.stranger import free_port, terminal

REGION = "us-east-2"
ACCOUNT = "123456789012"
GAPS = ("gateway", "event_bus", "interface_endpoints", "inbound_resolvers", "security_groups")
SESSION = boto3.Session()
ONCE = Config(retries={"total_max_attempts": 1})
CALLER = "unkind-test"
QUICK = Lifecycles(eventbridge_delivery=0)

Client = Callable[[str], Any]


@contextmanager
def started(unkindness: Unkindness | None = None, **how: Any) -> Iterator[EmbeddedAws]:
    settings = Settings(
        **{"region": REGION, "time_scale": 0.01, "lifecycles": QUICK, **how},
        unkindness=unkindness or Unkindness(),
    )
    aws = EmbeddedAws(settings, gaps=GAPS)
    aws.networks = RecordedNetworks()
    with aws:
        yield aws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    """Kind, but for what a test aims."""
    with started() as aws:
        yield aws


@pytest.fixture
def client(aws: EmbeddedAws) -> Client:
    """A stranger's clients, which try once."""
    return lambda service: client_of(aws, service)


def client_of(aws: EmbeddedAws, service: str, config: Config = ONCE) -> Any:
    made: Any = SESSION.client(
        service,  # type: ignore[call-overload]
        REGION,
        endpoint_url=aws.url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=config,
    )
    return made


def aim(aws: EmbeddedAws, fault: Fault, action: str, nth: int = 1) -> Aim:
    return aws.weather.aim(Aim(fault, action, caller="stranger", nth=nth))


def code_and_status(refused: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


class Vpc:
    """A VPC with two subnets and a security group, made in calm weather."""

    def __init__(self, aws: EmbeddedAws) -> None:
        ec2 = client_of(aws, "ec2")
        with aws.weather.calm():
            self.id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            ec2.modify_vpc_attribute(VpcId=self.id, EnableDnsHostnames={"Value": True})
            self.subnets = [
                ec2.create_subnet(
                    VpcId=self.id,
                    CidrBlock=f"10.0.{number}.0/24",
                    AvailabilityZone=f"{REGION}{zone}",
                )["Subnet"]["SubnetId"]
                for number, zone in enumerate("ab")
            ]
            self.group = self.make_group(ec2, "first")

    def make_group(self, ec2: Any, name: str) -> str:
        made = ec2.create_security_group(VpcId=self.id, GroupName=name, Description="test")
        return str(made["GroupId"])

    def endpoint(self, service: str = "ecs", **more: Any) -> dict[str, Any]:
        return {
            "VpcId": self.id,
            "VpcEndpointType": "Interface",
            "ServiceName": f"com.amazonaws.{REGION}.{service}",
            "SubnetIds": self.subnets,
            **more,
        }

    def resolver(self, request_id: str) -> dict[str, Any]:
        return {
            "CreatorRequestId": request_id,
            "Direction": "INBOUND",
            "SecurityGroupIds": [self.group],
            "IpAddresses": [{"SubnetId": subnet} for subnet in self.subnets],
        }

    def endpoints_in(self, ec2: Any) -> list[str]:
        here = [{"Name": "vpc-id", "Values": [self.id]}]
        found = ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]
        return [each["VpcEndpointId"] for each in found]

    def groups_in(self, ec2: Any) -> set[str]:
        here = [{"Name": "vpc-id", "Values": [self.id]}]
        found = ec2.describe_security_groups(Filters=here)["SecurityGroups"]
        return {each["GroupName"] for each in found}


@pytest.fixture
def vpc(aws: EmbeddedAws) -> Vpc:
    return Vpc(aws)


# Token buckets


@pytest.mark.parametrize(
    ("name", "parameters", "burst", "rate"),
    [
        ("ec2:CreateVpcEndpoint", {"VpcId": "vpc-1"}, 4, 0.3),
        ("ec2:ModifyVpcEndpoint", {"VpcEndpointId": "vpce-1"}, 4, 0.3),
        ("ec2:DeleteVpcEndpoints", {"VpcEndpointIds": ["vpce-1"]}, 4, 0.3),
        ("ec2:DescribeVpcEndpoints", {}, 100, 20),
        ("ec2:DescribeSecurityGroups", {}, 50, 10),
        ("ec2:DescribeSecurityGroups", {"GroupIds": ["sg-1"]}, 100, 20),
        ("ec2:DescribeNetworkInterfaces", {}, 50, 10),
        ("ec2:DescribeNetworkInterfaces", {"Filters": [{}]}, 100, 20),
        ("ec2:AuthorizeSecurityGroupIngress", {}, 50, 5),
        ("ec2:CreateTags", {}, 100, 10),
        ("ec2:DeleteSecurityGroup", {}, 50, 5),
        ("route53resolver:GetResolverEndpoint", {}, 5, 5),
        ("route53:ListHostedZonesByVPC", {}, 5, 5),
        ("ssm:PutParameter", {}, 3, 3),
        ("ssm:GetParametersByPath", {}, 40, 40),
        ("states:StartExecution", {}, 800, 150),
        ("lambda:CreateFunction", {}, 15, 15),
        ("lambda:GetFunction", {}, 100, 100),
    ],
)
def test_the_figures_are_awss(
    name: str, parameters: Mapping[str, Any], burst: float, rate: float
) -> None:
    """EC2 developer guide, Request throttling; Route 53 developer guide, DNSLimitations; the
    quota pages of Step Functions, Systems Manager, Route 53 and Lambda."""
    service, action = name.split(":")
    limit = limit_of(service, action, REGION, parameters)
    assert limit
    assert (limit.burst, limit.rate) == (burst, rate)
    assert limit.fact


@pytest.mark.parametrize("name", ["lambda:InvokeFunction", "dynamodb:UpdateItem", "sns:Publish"])
def test_what_has_no_published_figure_of_a_size_that_matters_is_not_throttled(name: str) -> None:
    service, action = name.split(":")
    assert limit_of(service, action, REGION, {}) is None


def test_three_regions_start_more_executions() -> None:
    limit = limit_of("states", "StartExecution", "eu-west-1", {})
    assert limit
    assert (limit.burst, limit.rate) == (1300, 300)


def test_a_bucket_refills_in_aws_time_up_to_its_burst() -> None:
    """EC2 developer guide: tokens come at a set rate, and what does not fit is discarded."""
    now = [0.0]
    buckets, limit = Buckets(lambda: now[0]), Limit("b", burst=4, rate=0.3, fact="")

    def taken(after: float, times: int) -> int:
        now[0] += after
        return sum(buckets.take(REGION, limit) for _ in range(times))

    assert taken(after=0, times=9) == 4
    assert taken(after=3.3, times=9) == 0
    assert taken(after=0.1, times=9) == 1
    assert taken(after=1000, times=9) == 4
    assert buckets.take("eu-west-1", limit), "each Region has buckets of its own"


def test_the_fifth_endpoint_at_once_is_throttled_and_one_comes_through_three_seconds_later() -> (
    None
):
    with started(Unkindness(throttles=True), time_scale=0.2) as aws:
        ec2, vpc = client_of(aws, "ec2"), Vpc(aws)
        with aws.weather.calm():  # the first of all takes seconds
            ec2.create_vpc_endpoint(**vpc.endpoint("sts"))
        services = ("ecs", "ecs-agent", "ecs-telemetry", "ssm")
        for service in services:
            ec2.create_vpc_endpoint(**vpc.endpoint(service))
        with pytest.raises(ClientError) as refused:
            ec2.create_vpc_endpoint(**vpc.endpoint("logs"))
        assert code_and_status(refused) == ("RequestLimitExceeded", 503)
        assert len(vpc.endpoints_in(ec2)) == len(["sts", *services])
        until(lambda: aws.clock.now() - aws.weather.happenings()[0].at > 1 / 0.3)
        ec2.create_vpc_endpoint(**vpc.endpoint("logs"))
        [throttle] = aws.weather.happenings()
        assert (throttle.fault, throttle.why) == (Fault.THROTTLED, "ec2:CreateVpcEndpoint")


def test_the_resolvers_bucket_is_shared_by_all_its_actions() -> None:
    """Route 53 developer guide, DNSLimitations: 5 requests a second, whatever they are."""
    with started(Unkindness(throttles=True), time_scale=1) as aws:
        resolver = client_of(aws, "route53resolver")
        for _ in range(3):
            resolver.list_resolver_endpoints()
        for _ in range(2):
            resolver.list_resolver_rules()
        with pytest.raises(ClientError) as refused:
            resolver.list_resolver_endpoints()
        assert code_and_status(refused) == ("ThrottlingException", 400)


# How each service says it

WISHES: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "ec2": ("CreateSecurityGroup", "create_security_group", {"GroupName": "g", "Description": "d"}),
    "ssm": ("PutParameter", "put_parameter", {"Name": "/a", "Value": "1", "Type": "String"}),
    "route53resolver": ("ListResolverEndpoints", "list_resolver_endpoints", {}),
    "route53": ("ListHostedZonesByVPC", "list_hosted_zones_by_vpc", 
                {"VPCId": "v", "VPCRegion": REGION}),
    "dynamodb": ("ListTables", "list_tables", {}),
    "lambda": ("ListFunctions", "list_functions", {}),
    "stepfunctions": ("ListStateMachines", "list_state_machines", {}),
    "events": ("ListRules", "list_rules", {}),
    "sns": ("ListTopics", "list_topics", {}),
    "sqs": ("ListQueues", "list_queues", {}),
    "s3": ("ListAllMyBuckets", "list_buckets", {}),
    "iam": ("ListRoles", "list_roles", {}),
    "resourcegroupstaggingapi": ("GetResources", "get_resources", {}),
}  # fmt: skip
PREFIXES = {"stepfunctions": "states", "resourcegroupstaggingapi": "tag"}


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("ec2", "RequestLimitExceeded", 503),
        ("ssm", "ThrottlingException", 400),
        ("route53resolver", "ThrottlingException", 400),
        ("route53", "Throttling", 400),
        ("dynamodb", "ThrottlingException", 400),
        ("lambda", "TooManyRequestsException", 429),
        ("stepfunctions", "ThrottlingException", 400),
        ("events", "ThrottlingException", 400),
        ("sns", "Throttling", 400),
        ("sqs", "RequestThrottled", 400),
        ("s3", "SlowDown", 503),
        ("iam", "Throttling", 400),
        ("resourcegroupstaggingapi", "ThrottledException", 400),
    ],
)
def test_a_throttle_has_the_form_of_its_service(
    aws: EmbeddedAws, client: Client, service: str, code: str, status: int
) -> None:
    """The services' models in botocore; EC2's in its developer guide."""
    refused = refused_by(aws, client, service, Fault.THROTTLED)
    assert code_and_status(refused) == (code, status)


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("ec2", "InternalError"),
        ("ssm", "InternalServerError"),
        ("route53resolver", "InternalServiceErrorException"),
        ("route53", "InternalFailure"),
        ("dynamodb", "InternalServerError"),
        ("lambda", "ServiceException"),
        ("stepfunctions", "InternalFailure"),
        ("events", "InternalException"),
        ("sns", "InternalError"),
        ("s3", "InternalError"),
        ("resourcegroupstaggingapi", "InternalServiceException"),
    ],
)
def test_a_server_error_has_the_form_of_its_service(
    aws: EmbeddedAws, client: Client, service: str, code: str
) -> None:
    refused = refused_by(aws, client, service, Fault.SERVER_ERROR)
    assert code_and_status(refused) == (code, 500)


def refused_by(
    aws: EmbeddedAws, client: Client, service: str, fault: Fault
) -> pytest.ExceptionInfo[ClientError]:
    action, operation, parameters = WISHES[service]
    aimed = aim(aws, fault, f"{PREFIXES.get(service, service)}:{action}")
    with pytest.raises(ClientError) as refused:
        getattr(client(service), operation)(**parameters)
    assert aimed.happening
    return refused


@pytest.mark.parametrize("service", ["route53resolver", "sqs"])
@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.SERVER_ERROR, Fault.DROPPED_REQUEST])
def test_an_sdk_that_retries_takes_each_fault_for_one_that_passes(
    aws: EmbeddedAws, service: str, fault: Fault
) -> None:
    action, operation, parameters = WISHES[service]
    aim(aws, fault, f"{service}:{action}")
    patient = client_of(aws, service, Config(retries={"mode": "standard"}))
    answer = getattr(patient, operation)(**parameters)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


# Before and after the effect


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.SERVER_ERROR, Fault.DROPPED_REQUEST])
@pytest.mark.parametrize("service", ["ec2", "ssm"])
def test_what_fails_before_its_effect_has_none(
    aws: EmbeddedAws, client: Client, vpc: Vpc, service: str, fault: Fault
) -> None:
    attempt, made = effects(client, vpc)[service]
    aim(aws, fault, f"{service}:{WISHES[service][0]}")
    with pytest.raises((ClientError, ConnectionClosedError)):
        attempt()
    assert not made()
    attempt()
    assert made(), "one fault is one fault"


@pytest.mark.parametrize("service", ["ec2", "ssm"])
def test_an_answer_can_be_lost_although_the_call_took_effect(
    aws: EmbeddedAws, client: Client, vpc: Vpc, service: str
) -> None:
    attempt, made = effects(client, vpc)[service]
    aim(aws, Fault.LOST_ANSWER, f"{service}:{WISHES[service][0]}")
    with pytest.raises(ConnectionClosedError):
        attempt()
    assert made()


def effects(client: Client, vpc: Vpc) -> dict[str, tuple[Callable[[], object], Callable[[], bool]]]:
    ec2, ssm, name = client("ec2"), client("ssm"), f"/{uuid4().hex}"
    return {
        "ec2": (lambda: vpc.make_group(ec2, "new"), lambda: "new" in vpc.groups_in(ec2)),
        "ssm": (
            lambda: ssm.put_parameter(Name=name, Value="1", Type="String"),
            lambda: not ssm.get_parameters(Names=[name])["InvalidParameters"],
        ),
    }


def test_the_journal_has_what_aws_did_and_the_weather_what_the_caller_met(
    aws: EmbeddedAws, client: Client
) -> None:
    """As CloudTrail: a throttle is an event with its error, a lost answer a success."""
    for fault in (Fault.THROTTLED, Fault.DROPPED_REQUEST, Fault.LOST_ANSWER):
        aim(aws, fault, "ec2:DescribeVpcs")
        with pytest.raises((ClientError, ConnectionClosedError)):
            client("ec2").describe_vpcs()
    journalled = [(call.name, call.status, call.error) for call in aws.journal.calls()]
    assert journalled == [
        ("ec2:DescribeVpcs", 503, "RequestLimitExceeded"),
        ("ec2:DescribeVpcs", 200, None),
    ]
    with urllib.request.urlopen(f"{aws.url}/_local/weather") as answer:
        shown = json.load(answer)
    told = [(each["caller"], each["action"], each["ordinal"], each["fault"]) for each in shown]
    assert told == [
        ("stranger", "ec2:DescribeVpcs", 1, "throttled"),
        ("stranger", "ec2:DescribeVpcs", 2, "dropped request"),
        ("stranger", "ec2:DescribeVpcs", 3, "lost answer"),
    ]


def test_whoever_may_not_call_is_refused_before_there_is_any_weather(
    aws: EmbeddedAws, client: Client
) -> None:
    with role(client) as arn:
        aimed = aws.weather.aim(Aim(Fault.SERVER_ERROR))
        with pytest.raises(ClientError) as refused:
            as_role(aws, arn, "ec2").describe_vpcs()
        assert code_and_status(refused) == ("UnauthorizedOperation", 403)
        assert aimed.happening is None


@contextmanager
def role(client: Client, *actions: str) -> Iterator[str]:
    """A role as AWS CloudFormation names them."""
    iam, name = client("iam"), f"{CALLER}-{uuid4().hex[:12].upper()}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": [*actions, "sts:Nothing"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    yield arn
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    iam.delete_role(RoleName=name)


def as_role(aws: EmbeddedAws, arn: str, service: str) -> Any:
    given = aws.principals.credentials_for(arn, "test")
    return SESSION.client(
        service,  # type: ignore[call-overload]
        REGION,
        endpoint_url=aws.url,
        aws_access_key_id=given.access_key_id,
        aws_secret_access_key=given.secret_access_key,
        aws_session_token=given.session_token,
        config=ONCE,
    )


# Aims


def test_a_fault_is_aimed_at_the_nth_call_of_a_roles_action(
    aws: EmbeddedAws, client: Client
) -> None:
    with role(client, "ec2:Describe*") as arn:
        ec2 = as_role(aws, arn, "ec2")
        aimed = aws.weather.aim(Aim(Fault.THROTTLED, "ec2:DescribeVpcs", CALLER, nth=2))
        client("ec2").describe_vpcs()
        ec2.describe_vpcs()
        ec2.describe_subnets()
        with pytest.raises(ClientError, match="RequestLimitExceeded"):
            ec2.describe_vpcs()
        ec2.describe_vpcs()
    assert aimed.happening
    assert (aimed.happening.caller, aimed.happening.ordinal) == (CALLER, 2)


def test_a_fault_is_aimed_at_the_kth_call_of_any_role_from_now_on(
    aws: EmbeddedAws, client: Client
) -> None:
    """Which is how a test goes through all the calls of a run."""
    with role(client, "ec2:Describe*") as arn:
        ec2 = as_role(aws, arn, "ec2")
        steps = (ec2.describe_vpcs, ec2.describe_subnets, ec2.describe_tags)
        for k, _ in enumerate(steps):
            aws.weather.aim(Aim(Fault.DROPPED_REQUEST, nth=k + 1))
            assert [fails(step) for step in steps] == [each == k for each, _ in enumerate(steps)]


def test_aims_can_be_forgotten_and_calm_weather_counts_nothing(
    aws: EmbeddedAws, client: Client
) -> None:
    ec2 = client("ec2")
    aimed = aim(aws, Fault.SERVER_ERROR, "ec2:DescribeVpcs")
    with aws.weather.calm():
        ec2.describe_vpcs()
    assert aimed.seen == 0
    aws.weather.forget_aims()
    ec2.describe_vpcs()
    assert aws.weather.happenings() == []


def fails(call: Callable[[], object]) -> bool:
    try:
        call()
    except (ClientError, ConnectionClosedError):
        return True
    return False


# Chance

STORMY = Unkindness(seed=7, server_errors=0.1, dropped_requests=0.1, lost_answers=0.1)


def met(unkindness: Unkindness, threads: int = 1) -> list[tuple[str, int, str]]:
    """What 60 calls of each of two actions meet."""
    with started(unkindness) as aws:
        ec2 = client_of(aws, "ec2", ONCE.merge(Config(max_pool_connections=threads)))

        def go() -> None:
            for _ in range(60 // threads):
                fails(ec2.describe_vpcs)
                fails(ec2.describe_subnets)

        workers = [threading.Thread(target=go) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        happened = aws.weather.happenings()
        return sorted((each.action, each.ordinal, each.fault) for each in happened)


def test_the_same_seed_and_calls_meet_the_same_faults_whatever_threads_do() -> None:
    first = met(STORMY)
    assert first == met(STORMY, threads=4)
    assert first != met(Unkindness(8, server_errors=0.1, dropped_requests=0.1, lost_answers=0.1))
    assert {fault for _, _, fault in first} == {"server error", "dropped request", "lost answer"}


def test_faults_come_as_often_as_they_are_said_to() -> None:
    drawn = [draw(1, "caller", "action", ordinal) for ordinal in range(20_000)]
    assert 0.018 < sum(each < 0.02 for each in drawn) / len(drawn) < 0.022
    assert 0 <= min(drawn) < max(drawn) < 1


def test_a_caller_has_the_same_name_in_every_run() -> None:
    """AWS CloudFormation appends twelve random letters and digits to a role's name."""
    first, second = (
        f"arn:aws:iam::{ACCOUNT}:role/stack-KnockFunctionRole-{end}"
        for end in ("8B2K1QW0ZX7P", "1ABCDEFGHIJ2")
    )
    assert caller_of(first) == caller_of(second) == "stack-KnockFunctionRole"
    assert caller_of(None) == "stranger"


def test_by_default_aws_is_kind() -> None:
    assert met(Unkindness()) == []
    assert Settings().unkindness == Unkindness()


# Trying again after an answer was lost


def test_a_client_token_makes_a_repeated_endpoint_one(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """EC2 developer guide, Idempotency: the same token and parameters give what there is; the same
    token with other parameters is IdempotentParameterMismatch; without one there are two."""
    ec2, wish = client("ec2"), vpc.endpoint(PrivateDnsEnabled=False)
    aim(aws, Fault.LOST_ANSWER, "ec2:CreateVpcEndpoint")
    with pytest.raises(ConnectionClosedError):
        ec2.create_vpc_endpoint(**wish, ClientToken="t-1")
    [made] = vpc.endpoints_in(ec2)
    answer = ec2.create_vpc_endpoint(**wish, ClientToken="t-1")
    assert answer["VpcEndpoint"]["VpcEndpointId"] == made
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "a", "Value": "b"}]}]
    for different in ({"SubnetIds": vpc.subnets[:1]}, {"TagSpecifications": tags}):
        with pytest.raises(ClientError) as refused:
            ec2.create_vpc_endpoint(**{**wish, **different}, ClientToken="t-1")
        assert code_and_status(refused) == ("IdempotentParameterMismatch", 400)
    assert vpc.endpoints_in(ec2) == [made]
    ec2.create_vpc_endpoint(**wish)
    assert len(vpc.endpoints_in(ec2)) == 2


def test_a_repeated_private_dns_endpoint_without_a_token_conflicts_with_itself(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """What AWS says of a second holder of a name: the first one has it already."""
    aim(aws, Fault.LOST_ANSWER, "ec2:CreateVpcEndpoint")
    assert fails(lambda: client("ec2").create_vpc_endpoint(**vpc.endpoint()))
    with pytest.raises(ClientError, match="conflicting DNS domain"):
        client("ec2").create_vpc_endpoint(**vpc.endpoint())


def test_a_repeated_creator_request_id_is_refused_and_tells_which_resolver_it_was(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """Resolver's model: ResourceExistsException, not the endpoint, which its request id finds."""
    resolver = client("route53resolver")
    aim(aws, Fault.LOST_ANSWER, "route53resolver:CreateResolverEndpoint")
    assert fails(lambda: resolver.create_resolver_endpoint(**vpc.resolver("r-1")))
    with pytest.raises(resolver.exceptions.ResourceExistsException) as refused:
        resolver.create_resolver_endpoint(**vpc.resolver("r-1"))
    assert code_and_status(refused) == ("ResourceExistsException", 400)
    found = resolver.list_resolver_endpoints()["ResolverEndpoints"]
    assert [each["CreatorRequestId"] for each in found] == ["r-1"]


def test_a_repeated_deletion_of_an_endpoint_is_no_error(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """HTTP 200, and once it is gone an `Unsuccessful` one: InvalidVpcEndpoint.NotFound (Terraform's
    provider tells it from Describe's InvalidVpcEndpointId.NotFound)."""
    ec2 = client("ec2")
    made = ec2.create_vpc_endpoint(**vpc.endpoint())["VpcEndpoint"]["VpcEndpointId"]
    aim(aws, Fault.LOST_ANSWER, "ec2:DeleteVpcEndpoints")
    assert fails(lambda: ec2.delete_vpc_endpoints(VpcEndpointIds=[made]))
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"] == []
    until(lambda: vpc.endpoints_in(ec2) == [])
    [told] = ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"]
    assert told["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"


def test_a_repeated_deletion_of_a_resolver_finds_nothing_once_it_is_gone(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """Resolver's model: ResourceNotFoundException."""
    resolver = client("route53resolver")
    made = resolver.create_resolver_endpoint(**vpc.resolver("r-2"))["ResolverEndpoint"]["Id"]
    aim(aws, Fault.LOST_ANSWER, "route53resolver:DeleteResolverEndpoint")
    assert fails(lambda: resolver.delete_resolver_endpoint(ResolverEndpointId=made))
    until(lambda: not resolver.list_resolver_endpoints()["ResolverEndpoints"])
    with pytest.raises(resolver.exceptions.ResourceNotFoundException):
        resolver.delete_resolver_endpoint(ResolverEndpointId=made)


RULE = {
    "IpPermissions": [
        {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
        }
    ]
}


@pytest.mark.parametrize(
    ("action", "operation", "code"),
    [
        ("ec2:CreateSecurityGroup", "create_security_group", "InvalidGroup.Duplicate"),
        ("ec2:AuthorizeSecurityGroupIngress", "authorize_security_group_ingress",
         "InvalidPermission.Duplicate"),
        ("ec2:DeleteSecurityGroup", "delete_security_group", "InvalidGroup.NotFound"),
    ],
)  # fmt: skip
def test_a_repeated_change_of_a_security_group_says_that_it_was_made(
    aws: EmbeddedAws, client: Client, vpc: Vpc, action: str, operation: str, code: str
) -> None:
    """EC2 has no tokens for these: what is there already is an error that names it."""
    parameters: dict[str, Any] = {
        "create_security_group": {"VpcId": vpc.id, "GroupName": "n", "Description": "d"},
        "authorize_security_group_ingress": {"GroupId": vpc.group, **RULE},
        "delete_security_group": {"GroupId": vpc.group},
    }[operation]
    change = getattr(client("ec2"), operation)
    aim(aws, Fault.LOST_ANSWER, action)
    with pytest.raises(ConnectionClosedError):
        change(**parameters)
    with pytest.raises(ClientError) as refused:
        change(**parameters)
    assert code_and_status(refused) == (code, 400)


def test_a_repeated_new_parameter_exists_and_an_overwritten_one_has_a_version_more(
    aws: EmbeddedAws, client: Client
) -> None:
    """Systems Manager's model: ParameterAlreadyExists without Overwrite; a deleted one is
    ParameterNotFound."""
    ssm, name = client("ssm"), f"/{uuid4().hex}"
    aim(aws, Fault.LOST_ANSWER, "ssm:PutParameter")
    assert fails(lambda: ssm.put_parameter(Name=name, Value="1", Type="String"))
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name=name, Value="1", Type="String")
    again = ssm.put_parameter(Name=name, Value="1", Type="String", Overwrite=True)
    assert again["Version"] == 2
    aim(aws, Fault.LOST_ANSWER, "ssm:DeleteParameter")
    assert fails(lambda: ssm.delete_parameter(Name=name))
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.delete_parameter(Name=name)


# Eventual consistency


def test_a_new_endpoint_is_not_described_at_first_and_its_token_knows_it_all_the_same() -> None:
    """EC2 developer guide, Eventual consistency: what was just made may not be found, by its id or
    in a list. ModifyVpcEndpoint and a repeated creation do not ask the list."""
    with started(Unkindness(visible_after=30), time_scale=0.01) as aws:
        ec2, vpc = client_of(aws, "ec2"), Vpc(aws)
        wish = vpc.endpoint(PrivateDnsEnabled=False, ClientToken="t-2")
        made = ec2.create_vpc_endpoint(**wish)["VpcEndpoint"]["VpcEndpointId"]
        assert vpc.endpoints_in(ec2) == []
        with pytest.raises(ClientError) as refused:
            ec2.describe_vpc_endpoints(VpcEndpointIds=[made])
        assert code_and_status(refused) == ("InvalidVpcEndpointId.NotFound", 400)
        assert ec2.create_vpc_endpoint(**wish)["VpcEndpoint"]["VpcEndpointId"] == made
        until(lambda: vpc.endpoints_in(ec2) == [made])


# A function that dies

DIES = """
import os
import boto3

def handler(event, context):
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name=event["name"], Value="1", Type="String", Overwrite=True)
    return "lived"
"""


@pytest.fixture(scope="module")
def with_functions() -> Iterator[EmbeddedAws]:
    settings = Settings(region=REGION, time_scale=0.01)
    with EmbeddedAws(settings, gaps=("gateway", "lambda_functions")) as aws:
        iam = client_of(aws, "iam")
        arn = iam.create_role(RoleName="dies", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        allowed = {"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName="dies", PolicyName="p", PolicyDocument=document)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            readable = zipfile.ZipInfo("app.py")
            readable.external_attr = 0o644 << 16
            archive.writestr(readable, DIES)
        client_of(aws, "lambda").create_function(
            FunctionName="dies",
            Runtime="python3.13",
            Handler="app.handler",
            Role=arn,
            Timeout=30,
            Code={"ZipFile": code.getvalue()},
        )
        yield aws


def invoke(functions: Any, name: str) -> tuple[str | None, Any]:
    event = json.dumps({"name": name})
    answer = functions.invoke(FunctionName="dies", Payload=event)
    return answer.get("FunctionError"), json.load(answer["Payload"])


def test_a_function_dies_after_the_effect_of_its_call(with_functions: EmbeddedAws) -> None:
    """Lambda's Runtime.ExitError, as of any crash; whoever runs beside it goes on."""
    aws, functions = with_functions, client_of(with_functions, "lambda")
    outcomes: dict[str, tuple[str | None, Any]] = {}
    aimed = aws.weather.aim(Aim(Fault.KILLED_FUNCTION, "ssm:PutParameter", "dies"))

    def run(name: str) -> None:
        outcomes[name] = invoke(functions, name)

    both = [threading.Thread(target=run, args=(name,)) for name in ("/one", "/two")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert aimed.happening
    (dead,) = [payload for error, payload in outcomes.values() if error]
    assert dead["errorType"] == "Runtime.ExitError"
    assert "signal: killed" in dead["errorMessage"]
    assert [payload for error, payload in outcomes.values() if not error] == ["lived"]
    there = client_of(aws, "ssm").get_parameters(Names=["/one", "/two"])["Parameters"]
    assert len(there) == 2, "the call of the one that died took effect"


def test_only_a_function_can_be_killed(with_functions: EmbeddedAws) -> None:
    aws = with_functions
    aimed = aws.weather.aim(Aim(Fault.KILLED_FUNCTION, "ssm:GetParameters", "stranger"))
    client_of(aws, "ssm").get_parameters(Names=["/one"])
    assert (aimed.seen, aimed.happening) == (0, None)
    aws.weather.forget_aims()


# Events


class Letters:
    """A rule on every event of `source`, with a queue behind it."""

    def __init__(self, aws: EmbeddedAws, source: str) -> None:
        self._aws, self._source = aws, source
        self._sqs = client_of(aws, "sqs")
        name = f"letters-{uuid4().hex[:6]}"
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        events = client_of(aws, "events")
        rule = events.put_rule(Name="letters", EventPattern=json.dumps({"source": [source]}))
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule["RuleArn"]}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        events.put_targets(Rule="letters", Targets=[{"Id": "queue", "Arn": arn}])

    def send(self, count: int) -> None:
        """As the service itself, which PutEvents cannot."""
        for number in range(count):
            self._aws.events.publish(self._source, "t", {"number": number}, [], REGION)

    def read(self, count: int) -> list[int]:
        """The first `count` that come."""
        numbers: list[int] = []

        def receive() -> bool:
            letters = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
            for letter in letters.get("Messages", []):
                numbers.append(json.loads(letter["Body"])["detail"]["number"])
                handle = letter["ReceiptHandle"]
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=handle)
            return len(numbers) >= count

        until(receive)
        return numbers


def test_an_event_of_a_service_can_be_lost(aws: EmbeddedAws) -> None:
    """EventBridge reference, events-ref-tag: the delivery type of aws.tag is best effort."""
    letters = Letters(aws, "aws.tag")
    aimed = aws.weather.aim(Aim(EventFault.LOST, "aws.tag", nth=2))
    letters.send(3)
    assert sorted(letters.read(2)) == [0, 2]
    assert aimed.happening


def test_an_event_can_come_twice(aws: EmbeddedAws) -> None:
    """EventBridge user guide, eb-troubleshooting: a target can be invoked more than once."""
    letters = Letters(aws, "aws.tag")
    aws.weather.aim(Aim(EventFault.DOUBLED, "aws.tag"))
    letters.send(2)
    assert sorted(letters.read(3)) == [0, 0, 1]


def test_a_late_event_is_overtaken() -> None:
    """EventBridge promises no order."""
    # Late by 3 real seconds, and the queue is awake: a slow machine cannot overtake it.
    with started(Unkindness(seed=1, longest_delay=400)) as aws:
        letters = Letters(aws, "aws.tag")
        letters.send(1)
        letters.read(1)
        aws.weather.aim(Aim(EventFault.LATE, "aws.tag"))
        letters.send(2)
        assert letters.read(2) == [1, 0]


def test_your_own_events_and_schedules_are_late_or_doubled_and_never_lost() -> None:
    """EventBridge user guide, eb-rule-retry-policy: what was accepted comes at least once."""
    with started(Unkindness(lost_events=1)) as aws:
        assert aws.weather.deliveries("aws.tag", "rule") == ()
        assert aws.weather.deliveries("mine", "rule") == (0.0,)
        assert aws.weather.deliveries("aws.events", "rule") == (0.0,)


def test_events_go_astray_as_often_as_they_are_said_to_and_again_so() -> None:
    unkindness = Unkindness(seed=7, lost_events=0.1, doubled_events=0.2, late_events=0.3)

    def run() -> list[tuple[float, ...]]:
        with started(unkindness) as aws:
            return [aws.weather.deliveries("aws.tag", "rule") for _ in range(1000)]

    deliveries = run()
    assert deliveries == run()
    copies = Counter(map(len, deliveries))
    assert 80 < copies[0] < 120
    assert 170 < copies[2] < 230
    late = [each for each in deliveries if len(each) == 1 and each[0] > 0]
    assert 260 < len(late) < 340
    assert max(delay for each in deliveries for delay in each) <= unkindness.longest_delay


# The whole app


MILD_SEED = 3
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 6})


def test_a_vpc_is_connected_and_disconnected_on_a_bad_day() -> None:
    """Throttles with AWS's figures, a fault in every fiftieth call, events astray: it ends as on
    a good day, and nothing is left."""
    settings = Settings(
        region=REGION,
        time_scale=0.02,
        stack_name="unkind",
        unkindness=Unkindness.mild(MILD_SEED),
    )
    with EmbeddedAws(settings) as aws:
        with aws.weather.calm():
            parameters = {"DrainSeconds": "60", "OnPremCidrs": ONPREM_CIDR, "SweepMinutes": "5"}
            aws.outputs = deploy(aws, parameters)
            app = App(aws)
            vpc_id = app.vpc()
            app.tag(vpc_id, wish="enabled")
        _reaches(app, vpc_id, "connected")
        with aws.weather.calm():
            app.untag(vpc_id)
        _reaches(app, vpc_id, "removed")
        with aws.weather.calm():
            assert app.remnants(vpc_id) == {}
        assert len(aws.weather.happenings()) > 2, "it was a good day"


def _reaches(app: App, vpc_id: str, status: str) -> None:
    def look() -> bool:
        ec2 = client_of(app.aws, "ec2", PATIENT)
        tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [vpc_id]}])["Tags"]
        time.sleep(0.3)
        return status in [tag["Value"] for tag in tags if tag["Key"] == STATUS]

    until(look, seconds=60)


def test_make_local_is_unkind_for_a_stranger_when_it_is_told_to_be() -> None:
    """The same `ready` line; the deployment itself is spared; the seed says what is struck."""
    port, seed = free_port(), 7
    url = f"http://127.0.0.1:{port}"
    with terminal("make", "local", f"PORT={port}", "UNKIND=1", f"SEED={seed}") as local:
        assert local.wait_for_line("ready") == f"ready {url}"
        assert f"with seed {seed}" in local.wait_for_line("AWS is unkind")
        ssm: Any = SESSION.client(
            "ssm",
            REGION,
            endpoint_url=url,
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=ONCE,
        )
        failed = [fails(lambda: ssm.get_parameters(Names=["/a"])) for _ in range(60)]
        with urllib.request.urlopen(f"{url}/_local/weather") as answer:
            shown = json.load(answer)
        local.terminate()
    struck = [number for number, has_failed in enumerate(failed, start=1) if has_failed]
    mild = Unkindness.mild(seed)
    share = mild.server_errors + mild.dropped_requests + mild.lost_answers
    drawn = [draw(seed, "stranger", "ssm:GetParameters", number + 1) for number in range(60)]
    assert struck == [number for number, each in enumerate(drawn, start=1) if each < share]
    assert struck
    assert [each["ordinal"] for each in shown if each["caller"] == "stranger"] == struck


def test_make_local_is_kind_unless_it_is_told_to_be_unkind() -> None:
    told = subprocess.run(
        ["make", "-n", "local"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "--unkind" not in told.stdout
