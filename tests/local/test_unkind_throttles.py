"""The unkind AWS throttles with AWS's figures, and each service says it in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.engine import EmbeddedAws
from local.settings import Unkindness
from local.unkind.buckets import Buckets
from local.unkind.faults import Fault
from local.unkind.limits import Limit, limit_of
from local.unkind.refusals import refusal
from tests.local.unkind_world import (
    REGION,
    Client,
    Vpc,
    aim,
    client_of,
    code_and_status,
    started,
)
from tests.local.vpc_world import until

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
    with started(Unkindness(throttles=True), time_scale=1) as aws:
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
    with started(Unkindness(throttles=True), time_scale=60) as aws:
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
    # Route 53 Resolver's is HTTP 400 on the wire (terraform-provider-aws #8014).
    assert code_and_status(refused) == (code, 400 if service == "route53resolver" else 500)


COMMON = {"RequestLimitExceeded", "Throttling", "SlowDown", "InternalError", "InternalFailure"}
"""Errors that AWS documents beside the models: of EC2 and S3, and of the query protocol."""
WITHOUT_MODELLED_THROTTLE = {"stepfunctions": "ThrottlingException"}
"""Step Functions documents it among its common errors only."""


@pytest.mark.parametrize("service", WISHES)
@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.SERVER_ERROR])
def test_the_code_is_one_that_the_operations_model_or_the_common_errors_know(
    client: Client, service: str, fault: Fault
) -> None:
    """Botocore's models; an SDK could not name any other, let alone retry it."""
    model = client(service).meta.service_model
    said = refusal(fault, PREFIXES.get(service, service), model.protocol)
    assert said
    shapes = model.operation_model(operation_of(service)).error_shapes
    modelled = {shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes}
    of_the_service = {model.shape_for(name).name for name in model.shape_names}
    assert (
        said.code in modelled | of_the_service | COMMON
        or said.code == WITHOUT_MODELLED_THROTTLE[service]
    )


def operation_of(service: str) -> str:
    """The API's name of the wish, where IAM has another."""
    return {"s3": "ListBuckets"}.get(service, WISHES[service][0])


def test_amazon_sns_models_a_throttle_for_its_sms_actions_only(client: Client) -> None:
    """So Publish meets `Throttling`, as its callers report (amzn/smoke-aws #149)."""
    model = client("sns").meta.service_model

    def errors(operation: str) -> set[str]:
        return {shape.name for shape in model.operation_model(operation).error_shapes}

    assert "ThrottledException" in errors("CheckIfPhoneNumberIsOptedOut")
    for operation in ("Publish", "ListTopics", "Subscribe"):
        assert "ThrottledException" not in errors(operation)


def refused_by(
    aws: EmbeddedAws, client: Client, service: str, fault: Fault
) -> pytest.ExceptionInfo[ClientError]:
    action, operation, parameters = WISHES[service]
    aimed = aim(aws, fault, f"{PREFIXES.get(service, service)}:{action}")
    with pytest.raises(ClientError) as refused:
        getattr(client(service), operation)(**parameters)
    assert aimed.happening
    return refused


@pytest.mark.parametrize(
    ("fault", "service"),
    [
        (Fault.THROTTLED, "route53resolver"),
        (Fault.DROPPED_REQUEST, "route53resolver"),
        (Fault.THROTTLED, "sqs"),
        (Fault.SERVER_ERROR, "sqs"),
        (Fault.DROPPED_REQUEST, "sqs"),
    ],
)
def test_an_sdk_that_retries_takes_each_fault_for_one_that_passes(
    aws: EmbeddedAws, service: str, fault: Fault
) -> None:
    action, operation, parameters = WISHES[service]
    aim(aws, fault, f"{service}:{action}")
    patient = client_of(aws, service, Config(retries={"mode": "standard"}))
    answer = getattr(patient, operation)(**parameters)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_no_sdk_retries_resolvers_internal_error_because_it_is_no_server_error(
    aws: EmbeddedAws,
) -> None:
    """terraform-provider-aws #8014: "not retrying", status code 400."""
    action, operation, parameters = WISHES["route53resolver"]
    aim(aws, Fault.SERVER_ERROR, f"route53resolver:{action}")
    patient = client_of(aws, "route53resolver", Config(retries={"mode": "standard"}))
    with pytest.raises(ClientError) as refused:
        getattr(patient, operation)(**parameters)
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0
