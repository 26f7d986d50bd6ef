"""AWS's refusals in AWS's own form: what each adapter makes of them, over HTTP."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from connectivity.adapters import aws as adapter
from connectivity.adapters.account import AwsAccount
from connectivity.adapters.endpoints import Ec2Endpoints
from connectivity.adapters.error_codes import ANSWER, MEANINGS, Reading, codes_of
from connectivity.adapters.evidence import S3RecordStore
from connectivity.adapters.executions import StepFunctionsExecutions
from connectivity.adapters.host_policy import IamHostPolicy
from connectivity.adapters.metrics import CloudWatchMetrics
from connectivity.adapters.notifications import SnsNotifications
from connectivity.adapters.organizations import AwsOrganizations
from connectivity.adapters.parameters import SsmParameters
from connectivity.adapters.probe import LambdaProbe
from connectivity.adapters.protection import DynamoDbProtection
from connectivity.adapters.resolvers import Route53HostedZones, Route53Resolvers
from connectivity.adapters.security_groups import Ec2Groups
from connectivity.adapters.signatures import KmsSignatures
from connectivity.adapters.table import Table
from connectivity.adapters.vpcs import Ec2Vpcs
from connectivity.domain.errors import (
    Fact,
    NotReadyYet,
    NotRemoved,
    ProbeFailed,
    Throttled,
    Unavailable,
    Waiting,
)
from connectivity.domain.ledger import Announcement
from connectivity.domain.model import HostedZone, Rule
from connectivity.domain.tags import CreationTags
from connectivity.usecases.ports import UsedToken
from werkzeug.serving import make_server

from local.gateway.calls import recognise
from local.gateway.errors import error_response
from tests.contract.callers import adapters_call

VPC = "vpc-0a1b2c3d"
PLACES = [("subnet-1", None), ("subnet-2", None)]
RULE = Rule("tcp", 443, "10.0.0.0/8")
TAGS = CreationTags("us", {"CostCenter": "42"})
PARAMETER = {"Name": "/name", "Value": "value", "Type": "String"}
POLICY = "arn:aws:iam::123456789012:policy/hosts"
MACHINE = "arn:aws:states:us-east-2:123456789012:stateMachine:s"

CALLS: dict[str, Callable[[], object]] = {
    "AuthorizeSecurityGroupIngress": lambda: Ec2Groups(TAGS).admit("sg-1", [RULE]),
    "CreateFunction": lambda: _probe().make("probe", ["subnet-1"], "sg-1"),
    "CreateResolverEndpoint": lambda: Route53Resolvers(TAGS).make(VPC, PLACES, "sg-1", "t"),
    "CreateSecurityGroup": lambda: Ec2Groups(TAGS).make(VPC, "name", "group/probe"),
    "CreateTags": lambda: Ec2Vpcs().set_tags(VPC, {"key": "value"}),
    "CreateVpcEndpoint": lambda: Ec2Endpoints(TAGS).make_gateway(
        VPC, "com.amazonaws.r.s3", Announcement("t")
    ),
    "DeleteFunction": lambda: _probe()._delete("probe"),
    "DeleteParameters": lambda: SsmParameters({}).remove(["/name"]),
    "DeleteResolverEndpoint": lambda: Route53Resolvers(TAGS).remove("rslvr-in-1"),
    "DeleteSecurityGroup": lambda: Ec2Groups(TAGS).remove("sg-1"),
    "DeleteTags": lambda: Ec2Vpcs().remove_tags(VPC, ["key"]),
    "DeleteVpcEndpoints": lambda: Ec2Endpoints(TAGS).remove(["vpce-1", "vpce-2"]),
    "DescribeExecution": lambda: StepFunctionsExecutions(MACHINE).is_running(f"{MACHINE}:e"),
    "DescribeKey": lambda: KmsSignatures("key").is_usable(),
    "DescribeParameters": lambda: AwsAccount("us", "/path", adapter.client)._parameters(),
    "DescribeVpcs": lambda: Ec2Vpcs().find(VPC),
    "DescribeVpcAttribute": lambda: Ec2Vpcs().dns_support(VPC),
    "GetManagedPrefixListEntries": lambda: Ec2Vpcs().prefix_list("pl-1"),
    "ListResolverRuleAssociations": lambda: Route53Resolvers(TAGS).rules_of(VPC),
    "ListResolverRules": lambda: Route53Resolvers(TAGS)._forwarding(frozenset({"rslvr-rr-1"})),
    "ListResourceRecordSets": lambda: Route53HostedZones("r").leads_to(HostedZone("z", "Z1")),
    "GetFunctionConfiguration": lambda: _probe()._state("probe"),
    "GetItem": lambda: Table("ledger").item("id"),
    "GetParametersByPath": lambda: SsmParameters({}).below("/path", 10),
    "GetParameters": lambda: SsmParameters({}).read(["/name"]),
    "GetParameterHistory": lambda: SsmParameters({}).history("/name"),
    "GetPublicKey": lambda: KmsSignatures("key").public_key(),
    "Sign": lambda: KmsSignatures("key").sign(b"digest"),
    "GetResolverEndpoint": lambda: Route53Resolvers(TAGS).find("rslvr-in-1"),
    "Invoke": lambda: _probe().ask("probe", {}),
    "ListExecutions": lambda: StepFunctionsExecutions(MACHINE).all_running(),
    "ListEntitiesForPolicy": lambda: IamHostPolicy(POLICY).attached_to(),
    "GetMetricData": lambda: CloudWatchMetrics().usage(VPC, "rslvr-in-1", (), 30),
    "ListProfileAssociations": lambda: Route53HostedZones("us-east-2").profile_of(VPC),
    "ListHostedZonesByVPC": lambda: Route53HostedZones("us-east-2").associated_with(VPC),
    "ListResolverEndpointIpAddresses": lambda: Route53Resolvers(TAGS).addresses("rslvr-in-1"),
    "ListResolverEndpoints": lambda: Route53Resolvers(TAGS).in_vpc(VPC),
    "DescribeOrganization": lambda: AwsOrganizations().own(),
    "ModifyVpcEndpoint": lambda: Ec2Endpoints(TAGS).set_private_dns("vpce-1", on=True),
    "Publish": lambda: SnsNotifications("arn:aws:sns:us-east-2:123456789012:t").send("s", "t"),
    "PutObject": lambda: S3RecordStore("bucket").store("records/vpc-1/1.json", b"{}"),
    "PutParameter": lambda: SsmParameters(TAGS.extra)._made(PARAMETER),
    "RevokeSecurityGroupIngress": lambda: Ec2Groups(TAGS).revoke("sg-1", [RULE]),
    "Scan": lambda: list(Table("ledger").items("prefix")),
    "StartExecution": lambda: StepFunctionsExecutions(MACHINE).start(VPC, 1, "because"),
    "UpdateTable": lambda: DynamoDbProtection("ledger").turn(on=False),
    "UpdateItem": lambda: Table("ledger").update_if("a = b", "id", "SET a = b", {}),
}
READ_BY_THE_ADAPTER = {
    "CreateResolverEndpoint",
    "CreateVpcEndpoint",
    "DescribeKey",
    "GetPublicKey",
    "PutObject",
    "Sign",
}
"""Their adapters make errors of what they read: test_refusals.py, test_signatures.py,
test_record_store.py."""
WAITED_OUT_BY_BOTOCORE = (Throttled, Unavailable)
"""botocore itself tries these twice more, slowly; tests/unit/test_refusals.py has all of them."""


def _probe() -> LambdaProbe:
    return LambdaProbe("arn:aws:iam::123456789012:role/probe", "arm64", TAGS)


class RefusingAws:
    """An AWS that answers every call with one error code, in the form of the called service."""

    def __init__(self) -> None:
        self.code = ""
        self.message = "no"
        self.url = ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        call = recognise(environ)
        assert call is not None, "an adapter signs what it sends"
        return error_response(call, self.code, self.message, 400)(environ, start_response)


@contextmanager
def serving(application: RefusingAws) -> Iterator[None]:
    server = make_server("127.0.0.1", 0, application, threaded=True)
    application.url = f"http://127.0.0.1:{server.port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def refusing() -> Iterator[RefusingAws]:
    refusing = RefusingAws()
    with serving(refusing), adapters_call(refusing.url):
        yield refusing


@pytest.mark.parametrize("operation", sorted(CALLS))
def test_every_refusal_reaches_the_use_case_as_the_table_says(
    refusing: RefusingAws, operation: str
) -> None:
    """An answer is no error; a bug keeps AWS's name; all else is waiting, or a fact."""
    for refusing.code, meaning in codes_of(MEANINGS[operation]):
        if meaning in WAITED_OUT_BY_BOTOCORE:
            continue
        if meaning is ANSWER and operation not in READ_BY_THE_ADAPTER:
            CALLS[operation]()
            continue
        expected: tuple[type[Exception], ...] = (Waiting, Fact, UsedToken, ClientError)
        if meaning is not ANSWER:
            expected = (ClientError if isinstance(meaning, Reading) else meaning,)
        with pytest.raises(expected) as caught:
            CALLS[operation]()
        assert operation in READ_BY_THE_ADAPTER or refusing.code in str(caught.value)


def test_every_operation_with_a_code_of_its_own_is_tried() -> None:
    assert {operation for operation, entry in MEANINGS.items() if entry} <= CALLS.keys()


def test_a_resolver_that_lost_our_tag_is_named_with_the_command_that_puts_it_back(
    refusing: RefusingAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS lists resolvers without their tags: the refusal is the first that is heard of it."""
    arn = "arn:aws:route53resolver:us-east-2:123456789012:resolver-endpoint/rslvr-in-1"
    action = "route53resolver:DeleteResolverEndpoint"
    who = f"User: arn:aws:sts::123456789012:assumed-role/a/b is not authorized to perform: {action}"
    monkeypatch.setattr(refusing, "code", "AccessDeniedException")
    because = f"because no identity-based policy allows the {action} action"
    monkeypatch.setattr(refusing, "message", f"{who} on resource: {arn} {because}")
    with pytest.raises(NotRemoved) as lost:
        CALLS["DeleteResolverEndpoint"]()
    assert str(lost.value).startswith("rslvr-in-1: made by us, but its tag ecs-anywhere:owner")
    assert f"tag-resource --resource-arn {arn} --tags Key=ecs-anywhere:owner" in str(lost.value)
    because = "with an explicit deny in a service control policy"
    monkeypatch.setattr(refusing, "message", f"{who} on resource: {arn} {because}")
    with pytest.raises(ClientError):
        CALLS["DeleteResolverEndpoint"]()


class LambdaWithoutZone(RefusingAws):
    """An AWS Lambda that takes no function with the subnet `subnet-e`, and keeps what it is asked
    for."""

    def __init__(self) -> None:
        super().__init__()
        self.code = "InvalidParameterValueException"
        self.message = "The provided subnets contain availability zone Lambda doesn't support."
        self.asked: list[list[str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        self.asked.append(json.loads(body)["VpcConfig"]["SubnetIds"])
        if "subnet-e" not in self.asked[-1]:
            start_response("201 Created", [("Content-Type", "application/json")])
            return [b"{}"]
        environ["wsgi.input"] = io.BytesIO(body)
        return super().__call__(environ, start_response)


def test_the_probe_stands_in_one_subnet_where_lambda_does_not_support_the_other_ones_zone() -> None:
    """As use1-az3, of which AWS says only that it is among the subnets."""
    without = LambdaWithoutZone()
    with serving(without), adapters_call(without.url):
        _probe().make("probe", ["subnet-e", "subnet-a"], "sg-1")
        assert without.asked == [["subnet-e", "subnet-a"], ["subnet-e"], ["subnet-a"]]
        with pytest.raises(ProbeFailed, match=" - make a subnet in another zone"):
            _probe().make("probe", ["subnet-e"], "sg-1")


def test_a_security_group_that_lambda_does_not_see_yet_is_waited_for(
    refusing: RefusingAws,
) -> None:
    refusing.code = "InvalidParameterValueException"
    refusing.message = (
        "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. "
        "EC2 Error Message: The security group 'sg-1' does not exist"
    )
    with pytest.raises(NotReadyYet, match="sg-1"):
        CALLS["CreateFunction"]()
    refusing.message = "no"


def test_a_probe_that_is_still_being_made_is_removed_later(refusing: RefusingAws) -> None:
    """AWS: "The operation cannot be performed at this time. The function is currently in the
    following state: Pending" (remotion #1186, serverless-application-model #2356)."""
    refusing.code = "ResourceConflictException"
    with pytest.raises(NotReadyYet, match="ResourceConflictException"):
        CALLS["DeleteFunction"]()
