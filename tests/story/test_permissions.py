"""Least privilege, measured: what the deployed roles allow is what one whole story needs.

The embedded AWS asks IAM about every call of a role, in IAM's own names (an Invoke is a
lambda:InvokeFunction), also for what a service does next in the caller's name. Not looked at:
AWSLambdaBasicExecutionRole, which AWS manages, and the probe's role, with which only AWS Lambda
calls, and which nobody asks about here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from connectivity.domain.tags import ENDPOINT_POLICY, OWNER
from moto.cloudformation.models import cloudformation_backends

from local.contracts import Call
from local.example_vpc import ONPREM_CIDR
from local.gateway.authorization import Authorization, statements_of
from local.gateway.decisions import Statement, action_matches, arn_matches, decide
from local.gateway.journal import Journal
from local.watch import follow
from tests.story import inside
from tests.story.app import App
from tests.story.clock import let_a_month_pass, swept_daily
from tests.template import sam_template, workflow

MANAGED_BY_AWS = "AWSLambdaBasicExecutionRole["
NEVER = 1e6
"""AWS seconds that no story lasts."""
A_WHILE = 300
"""AWS seconds in which every door is knocked on."""

AT_DEPLOYMENT = ("DescribePublicationKeyFunction", "GuardDeletionFunction")
DOORS = ("KnockFunction", "RequestFunction", "SweepFunction", "ReportUnreportedEndFunction")
NOT_NEEDED_HERE = {
    **{
        (door, "sqs:SendMessage"): "AWS Lambda sends what a door failed on to the dead letters in "
        "its role's name; no door fails in the story"
        for door in DOORS
    },
    **{
        ("EnsureResolverFunction", f"ec2:{action}"): "AWS's own policy for Route 53 Resolver lists "
        "it (AmazonRoute53ResolverFullAccess); here Resolver calls less in our name"
        for action in (
            "CreateNetworkInterfacePermission",
            "DescribeAvailabilityZones",
            "ModifyNetworkInterfaceAttribute",
        )
    },
    **{
        (function, "ssm:GetParameterHistory"): "read where nothing is signed, to know which "
        "generations of somebody else DNS hosts may have accepted; the story signs"
        for function in ("PublishFunction", "WithdrawFunction")
    },
    (
        "WithdrawFunction",
        "ssm:AddTagsToResource",
    ): "a parameter that somebody deleted is made anew, "
    "with its tags, to say that it is withdrawn; in the story it is there",
    **{
        (function, "ssm:GetParameters"): "read where others have written so much beside the "
        "document that one look does not show it, or somebody deleted it"
        for function in ("AwaitAcknowledgementsFunction", "WithdrawFunction")
    },
    ("WithdrawFunction", "ec2:DescribeVpcs"): "looked at where somebody has knocked since the "
    "tags were read; in the story nobody does so soon",
    ("TurnOnPrivateDnsFunction", "ec2:DescribeVpcs"): "IAM's reference: what "
    "route53:AssociateVPCWithHostedZone depends on; here only the action itself is asked for",
}
"""Function and action -> why it is granted although the story does not need it."""


HOLDS = {"HasExtraTags"}
"""Conditions of statements that hold in the story. A key of one's own does not: the embedded AWS
encrypts nothing, and so asks for no permission of AWS KMS."""

ACTIONS = sorted(
    {
        (function, action)
        for function, statement in sam_template.allowed(HOLDS.__contains__)
        for action in sam_template.as_list(statement["Action"])
        if function in sam_template.functions()
    }
    - NOT_NEEDED_HERE.keys()
)


@dataclass(frozen=True)
class Told:
    """The whole story's calls, and what IAM was asked for those of roles."""

    calls: Sequence[Call]
    asked: Sequence[Authorization]


@dataclass(frozen=True)
class Grant:
    """The smallest piece of a policy: one action on one resource pattern, in one statement."""

    function: str
    statement: Statement
    action: str
    resource: str

    def was_needed(self, asked: Authorization) -> bool:
        return (
            asked.decision.statement == self.statement
            and action_matches(asked.action, self.action)
            and arn_matches(asked.resource, self.resource)
        )


@pytest.fixture(scope="module")
def told(app: App) -> Told:
    app.seen |= app.executions()
    journal = app.aws.journal
    assert isinstance(journal, Journal)
    since = journal.mark()
    vpc_id = app.vpc()
    _lead_on_premises_by_a_prefix_list(app, vpc_id)
    with app.lifecycles(private_dns_association=NEVER):
        app.tag(
            vpc_id, wish="enabled", services="ecr+logs", onprem_cidrs=f"{ONPREM_CIDR} 10.9.0.0/16"
        )
        assert app.next_end(vpc_id, timeout=240).error == "NotResolvingYet"
    app.request("Enable", {"vpc-id": vpc_id})
    app.next_success(vpc_id)
    app.sweep_leaves_alone(vpc_id)
    _refuse_a_deletion(app, vpc_id)
    _take_something_off(app, vpc_id)
    app.sweep()
    assert "repaired" in app.next_success(vpc_id).output["detail"]
    _is_not_used(app, vpc_id)
    _meet_orphans(app)
    _delete_the_stack_too_early(app)
    app.acknowledge(vpc_id, "dns1", result="failed")
    app.next_success(vpc_id)
    app.tag(vpc_id, services="logs", onprem_cidrs=ONPREM_CIDR)
    assert "Remove" in app.next_success(vpc_id).states
    with app.lifecycles(private_dns_association=NEVER):
        app.tag(vpc_id, services="logs+secretsmanager")
        _when(app, vpc_id, "waiting", "Verify resolution", lambda arn: _stop(app, arn))
        assert vpc_id in app.sweep()["knocked"], "its execution has died"
        _when(app, vpc_id, "waiting", "Verify resolution", lambda arn: _stop(app, arn))
    _hold_up(app, vpc_id)
    with app.lifecycles(interface_endpoint_deleting=A_WHILE):
        app.request("Remove", {"vpc-id": vpc_id})
        _when(app, vpc_id, "waiting", "Remove", lambda _: _knock_on_every_door(app, vpc_id))
    _sweep_up(app, vpc_id)
    _choose_an_organization(app, vpc_id)
    assert app.next_success(vpc_id).made_nothing, "promised addresses are looked up"
    _meet_somebody_s_resolver(app, vpc_id)
    _meet_names_that_others_answer(app, vpc_id)
    app.untag(vpc_id)
    app.next_success(vpc_id)
    return _with_the_deployment(journal, since)


def _with_the_deployment(journal: Journal, since: int) -> Told:
    """The story, and before it what the functions did that CloudFormation asked."""
    asked = [
        each
        for each in journal.authorizations(0)
        if any(name in each.role_arn for name in AT_DEPLOYMENT)
    ]
    invoked = [
        call
        for call in journal.calls(0)
        if any(name in str(call.parameters.get("FunctionName")) for name in AT_DEPLOYMENT)
    ]
    return Told([*invoked, *journal.calls(since)], [*asked, *journal.authorizations(since)])


def _lead_on_premises_by_a_prefix_list(app: App, vpc_id: str) -> None:
    ec2 = app.client("ec2")
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    networks = ec2.create_managed_prefix_list(
        PrefixListName="on-premises",
        MaxEntries=5,
        AddressFamily="IPv4",
        Entries=[{"Cidr": ONPREM_CIDR}],
    )["PrefixList"]["PrefixListId"]
    main = [
        {"Name": "vpc-id", "Values": [vpc_id]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    (table,) = ec2.describe_route_tables(Filters=main)["RouteTables"]
    ec2.create_route(
        RouteTableId=table["RouteTableId"],
        DestinationPrefixListId=networks,
        TransitGatewayId=gateway,
    )


def _take_something_off(app: App, vpc_id: str) -> None:
    """Our security group and a subnet, off one interface endpoint of ours."""
    ec2, there = app.client("ec2"), app.endpoints(vpc_id)["ssm Interface"]
    default = [
        {"Name": "vpc-id", "Values": [vpc_id]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    (group,) = ec2.describe_security_groups(Filters=default)["SecurityGroups"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=there["VpcEndpointId"],
        AddSecurityGroupIds=[group["GroupId"]],
        RemoveSecurityGroupIds=[ours["GroupId"] for ours in there["Groups"]],
        RemoveSubnetIds=there["SubnetIds"][:1],
    )


def _is_not_used(app: App, vpc_id: str) -> None:
    let_a_month_pass(app, vpc_id)
    assert vpc_id in swept_daily(app)
    assert "nobody has used it" in app.next_success(vpc_id).output["detail"]


def _meet_orphans(app: App) -> None:
    """Something with our tag, in a VPC that asks for nothing; a person is told at the second
    sweep."""
    ec2 = app.client("ec2")
    vpc_id = app.vpc()
    group = ec2.create_security_group(VpcId=vpc_id, GroupName="orphan", Description="-")["GroupId"]
    stack = app.aws.settings.stack_name
    ec2.create_tags(Resources=[group], Tags=[{"Key": OWNER, "Value": stack}])
    for _ in range(2):
        app.sweep_leaves_alone(vpc_id)
    (mail,) = app.mails(vpc_id)
    assert group in mail.message
    ec2.delete_security_group(GroupId=group)


def _delete_the_stack_too_early(app: App) -> None:
    """Refused, and all that comes after this shows that nothing is gone. Other stories use the same
    stack, and find it as it was."""
    cloudformation, settings = app.client("cloudformation"), app.aws.settings
    stack = cloudformation_backends[settings.account][settings.region].get_stack(
        settings.stack_name
    )
    before = stack.status
    cloudformation.delete_stack(StackName=settings.stack_name)
    (found,) = cloudformation.describe_stacks(StackName=settings.stack_name)["Stacks"]
    assert found["StackStatus"] == "DELETE_FAILED"
    stack.status = before


def _choose_an_organization(app: App, vpc_id: str) -> None:
    """Ask for a plan for the callers of an organization that is not this account's, and take the
    choice back."""
    app.tag(vpc_id, wish="plan", endpoint_policy="o-zzzzzzzzzz")
    assert "organization" in app.next_end(vpc_id).cause
    app.untag(vpc_id, ENDPOINT_POLICY)


def _meet_somebody_s_resolver(app: App, vpc_id: str) -> None:
    """Which nobody can ask; but its addresses are looked at."""
    ec2, resolver = app.client("ec2"), app.client("route53resolver")
    in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    shut = ec2.create_security_group(VpcId=vpc_id, GroupName="shut", Description="-")["GroupId"]
    theirs = resolver.create_resolver_endpoint(
        CreatorRequestId=vpc_id,
        Direction="INBOUND",
        SecurityGroupIds=[shut],
        IpAddresses=[
            {"SubnetId": subnet["SubnetId"]}
            for subnet in ec2.describe_subnets(Filters=in_vpc)["Subnets"]
        ],
    )["ResolverEndpoint"]["Id"]
    app.tag(vpc_id, services="logs")
    assert theirs in app.next_end(vpc_id).cause
    resolver.delete_resolver_endpoint(ResolverEndpointId=theirs)


def _meet_names_that_others_answer(app: App, vpc_id: str) -> None:
    """A private hosted zone of this account, whose record is read, and a forwarding rule."""
    route53, resolver = app.client("route53"), app.client("route53resolver")
    name = f"ssm.{app.aws.settings.region}.amazonaws.com"
    zone = route53.create_hosted_zone(
        Name=name,
        CallerReference=vpc_id,
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": app.aws.settings.region, "VPCId": vpc_id},
    )["HostedZone"]
    rule = resolver.create_resolver_rule(
        CreatorRequestId=vpc_id,
        RuleType="FORWARD",
        DomainName=name,
        Name="theirs",
        TargetIps=[{"Ip": "10.64.0.53", "Port": 53}],
    )["ResolverRule"]["Id"]
    resolver.associate_resolver_rule(ResolverRuleId=rule, VPCId=vpc_id, Name="theirs")
    app.tag(vpc_id, wish="enabled", services="ecr")
    cause = app.next_end(vpc_id).cause
    assert f"{name} answers SERVFAIL" in cause
    assert rule in cause
    resolver.disassociate_resolver_rule(VPCId=vpc_id, ResolverRuleId=rule)
    resolver.delete_resolver_rule(ResolverRuleId=rule)
    route53.delete_hosted_zone(Id=zone["Id"])


def _when(app: App, vpc_id: str, kind: str, state: str, act: Callable[[str], object]) -> None:
    """Follow the VPC's next executions to their ends, until one gets there, and act once. A request
    event starts two, one by the tags that it writes: the second leaves the work to the first."""
    client, followed = app.client("stepfunctions"), []
    for _ in range(2):
        arn = inside.next_execution(app.aws, app.seen, name=vpc_id)
        app.seen.add(arn)
        followed.append(arn)
        acted = False
        for step in follow(client, arn, timeout=240):
            if not acted and (step.kind, step.state) == (kind, state):
                act(arn)
                acted = True
        if acted:
            return
    raise AssertionError(f"{followed} have never {kind} {state}")


def _refuse_a_deletion(app: App, vpc_id: str) -> None:
    """As Terraform deletes subnets before it takes the tag off."""
    ec2 = app.client("ec2")
    found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    with app.deployed_with({"RequestFunction"}, FREE_ON_DELETION="yes"):
        with pytest.raises(ClientError, match="DependencyViolation"):
            ec2.delete_subnet(SubnetId=found[0]["SubnetId"])
        said = app.next_success(vpc_id).output["detail"]
    assert "others reach it through" in said


def _hold_up(app: App, vpc_id: str) -> None:
    """As if three others had asked to be removed a moment ago."""
    app.others_ask_to_be_removed(3)
    with app.deployed_with({"ReadVpcFunction"}, REMOVAL_SHARE="20"):
        app.untag(vpc_id)
        assert app.next_success(vpc_id).output["status"] == "held-up"
    app.others_ask_to_be_removed(0)


def _stop(app: App, execution: str) -> None:
    """As a person does in the console. The probe is there, and the hold is not given up."""
    app.client("stepfunctions").stop_execution(executionArn=execution)


def _knock_on_every_door(app: App, vpc_id: str) -> None:
    app.sweep()
    app.request("Delete", {"vpc-id": vpc_id})
    app.request("Enable", {"vpc-id": "vpc-0badbadbadbadbad0"})
    app.tag(vpc_id, services="ecr")
    # By a host that took long over the withdrawal, whose document is gone.
    app.acknowledge(vpc_id, "dns1", generation=3)


def _sweep_up(app: App, vpc_id: str) -> None:
    """The probe's security group waits for AWS Lambda's network interfaces."""
    app.seen |= app.executions()
    if app.remnants(vpc_id):
        app.aws.clock.sleep(app.aws.settings.lifecycles.vpc_function_eni_linger)
        app.sweep()
        app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def test_every_call_is_allowed_by_the_function_s_own_role(told: Told) -> None:
    assert {each.role_arn for each in told.asked}
    assert [f"{each.role_arn} {each.action}" for each in told.asked if not each.allowed] == []
    assert [call.name for call in told.calls if call.role_arn and call.status == 403] == []


def test_a_function_has_a_role_of_its_own(app: App) -> None:
    """And so nobody calls in another's name: a role's credentials reach only its function."""
    assert sorted(app.roles().values()) == sorted(sam_template.functions())


def test_the_story_invokes_every_function_of_the_template(app: App, told: Told) -> None:
    invoked = " ".join(
        str(call.parameters["FunctionName"])
        for call in told.calls
        if call.name == "lambda:InvokeFunction"
    )
    assert [name for name in sam_template.functions() if f"-{name}-" not in invoked] == []


def test_nothing_is_granted_that_the_story_does_not_need(app: App, told: Told) -> None:
    roles = app.roles()
    _show(roles, told.asked)
    asked_by = defaultdict(list)
    for each in told.asked:
        asked_by[roles.get(each.role_arn, "")].append(each)
    idle = {
        (grant.function, grant.action): f"{grant.statement.name} {grant.resource}"
        for grant in _granted(roles)
        if not any(map(grant.was_needed, asked_by[grant.function]))
    }
    assert {key: where for key, where in idle.items() if key not in NOT_NEEDED_HERE} == {}
    assert NOT_NEEDED_HERE.keys() - idle.keys() == set(), "needed after all: strike it off"


@pytest.mark.parametrize(("function", "action"), ACTIONS, ids=[" ".join(each) for each in ACTIONS])
def test_without_the_action_the_story_would_end_in_a_refusal(
    app: App, told: Told, function: str, action: str
) -> None:
    """By deciding again what IAM was asked, as if the template did not grant it."""
    role_arn = next(arn for arn, name in app.roles().items() if name == function)
    without = [
        replace(statement, actions=tuple(a for a in statement.actions if a != action))
        for statement in statements_of(role_arn)
    ]
    mine = [each.request for each in told.asked if each.role_arn == role_arn]
    refused = [request.action for request in mine if not decide(without, request).allowed]
    assert set(refused) == {action}


def _granted(roles: dict[str, str]) -> Iterator[Grant]:
    for role_arn, function in roles.items():
        for statement in statements_of(role_arn):
            if statement.allows and not statement.name.startswith(MANAGED_BY_AWS):
                for action in statement.actions:
                    for resource in statement.resources:
                        yield Grant(function, statement, action, resource)


def _show(roles: dict[str, str], asked: Sequence[Authorization]) -> None:
    used = defaultdict(set)
    for each in asked:
        used[roles.get(each.role_arn, "PrivateConnectivity")].add(each.action)
    for function, actions in sorted(used.items()):
        print(f"{function:28} {' '.join(sorted(actions))}")  # noqa: T201 (pytest -s shows it)


def test_the_workflow_may_invoke_exactly_the_functions_of_its_definition(app: App) -> None:
    machine = app.client("stepfunctions").describe_state_machine(stateMachineArn=app.machine)
    invoked = {
        state.body["Arguments"]["FunctionName"]
        for scope in workflow.scopes(json.loads(machine["definition"]))
        for state in scope.states.values()
        if state.is_task
    }
    invoking, logging = statements_of(machine["roleArn"])
    assert invoking.actions == ("lambda:InvokeFunction",)
    assert set(invoking.resources) == invoked
    assert all(action.startswith("logs:") for action in logging.actions)


@dataclass(frozen=True)
class Foreign:
    """Somebody else's things, of the kinds that we make."""

    endpoint: str
    group: str
    resolver: str
    vpc: str
    subnet: str
    probe_role: str
    """Ours: so that a refusal is for something else."""
    our_tag: Mapping[str, str]
    """Which they do not have."""


@pytest.fixture(scope="module", params=[None, "another-stack"], ids=["untagged", "another's"])
def foreign(app: App, request: pytest.FixtureRequest) -> Iterator[Foreign]:
    tags = [{"Key": OWNER, "Value": request.param}] if request.param else []
    ec2, route53resolver = app.client("ec2"), app.client("route53resolver")
    vpc_id = app.vpc()
    in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets(Filters=in_vpc)["Subnets"]]
    group = ec2.create_security_group(VpcId=vpc_id, GroupName="theirs", Description="-")["GroupId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=vpc_id,
        ServiceName=f"com.amazonaws.{app.aws.settings.region}.ssm",
        SubnetIds=subnets,
        SecurityGroupIds=[group],
    )["VpcEndpoint"]["VpcEndpointId"]
    resolver = route53resolver.create_resolver_endpoint(
        CreatorRequestId=vpc_id,
        Direction="INBOUND",
        SecurityGroupIds=[group],
        IpAddresses=[{"SubnetId": subnet} for subnet in subnets],
        Tags=tags,
    )["ResolverEndpoint"]["Id"]
    if tags:
        ec2.create_tags(Resources=[group, endpoint], Tags=tags)
    ours = {"Key": OWNER, "Value": app.aws.settings.stack_name}
    yield Foreign(endpoint, group, resolver, vpc_id, subnets[0], app.probe_role(), ours)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    route53resolver.delete_resolver_endpoint(ResolverEndpointId=resolver)


Attempt = Callable[[Any, Foreign], object]


def _tag_endpoint(ec2: Any, foreign: Foreign) -> None:
    ec2.create_tags(Resources=[foreign.endpoint], Tags=[foreign.our_tag])


def _tag_group(ec2: Any, foreign: Foreign) -> None:
    ec2.create_tags(Resources=[foreign.group], Tags=[foreign.our_tag])


def _make_for_a_partner(ec2: Any, foreign: Foreign) -> None:
    ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=foreign.vpc,
        ServiceName="com.amazonaws.vpce.us-east-2.vpce-svc-0badc0de0badc0de0",
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [foreign.our_tag]}],
    )


def _make_function(**differently: Any) -> Attempt:
    def attempt(client: Any, foreign: Foreign) -> None:
        wish: dict[str, Any] = {
            "FunctionName": "ecs-anywhere-probe-mine",
            "Role": foreign.probe_role,
            "Runtime": "python3.13",
            "Handler": "mine.handler",
            "Code": {"ZipFile": b"x"},
            "VpcConfig": {"SubnetIds": [foreign.subnet], "SecurityGroupIds": [foreign.group]},
            "Tags": {foreign.our_tag["Key"]: foreign.our_tag["Value"]},
        }
        client.create_function(**{**wish, **differently})

    return attempt


ATTEMPTS: dict[str, tuple[str, str, Attempt]] = {
    "delete interface endpoint": (
        "Remove", "ec2", lambda ec2, f: ec2.delete_vpc_endpoints(VpcEndpointIds=[f.endpoint]),
    ),
    "delete security group": (
        "Remove", "ec2", lambda ec2, f: ec2.delete_security_group(GroupId=f.group),
    ),
    "delete resolver": (
        "Remove", "route53resolver",
        lambda client, f: client.delete_resolver_endpoint(ResolverEndpointId=f.resolver),
    ),
    "turn private DNS off": (
        "TurnOffPrivateDns", "ec2",
        lambda ec2, f: ec2.modify_vpc_endpoint(VpcEndpointId=f.endpoint, PrivateDnsEnabled=False),
    ),
    "tag endpoint before deleting it": ("Remove", "ec2", _tag_endpoint),
    "tag group before deleting it": ("Remove", "ec2", _tag_group),
    "tag endpoint for the others": ("EnsureEndpoints", "ec2", _tag_endpoint),
    "tag group for the others": ("EnsureEndpoints", "ec2", _tag_group),
    "tag resolver's group for the others": ("EnsureResolver", "ec2", _tag_group),
    "make an endpoint for a partner's service": ("EnsureEndpoints", "ec2", _make_for_a_partner),
    "make a function outside a VPC": ("VerifyResolution", "lambda", _make_function(VpcConfig={})),
    "make a function with layers": (
        "VerifyResolution", "lambda",
        _make_function(Layers=["arn:aws:lambda:us-east-2:666666666666:layer:theirs:1"]),
    ),
    "make a function of another name": (
        "VerifyResolution", "lambda", _make_function(FunctionName="payroll"),
    ),
    "make a function without our tag": ("VerifyResolution", "lambda", _make_function(Tags={})),
    "change the code of the probe": (
        "VerifyResolution", "lambda",
        lambda client, f: client.update_function_code(
            FunctionName="ecs-anywhere-probe-mine", ZipFile=b"x"
        ),
    ),
    "ask a function that is not ours": (
        "VerifyResolution", "lambda",
        lambda client, f: client.invoke(FunctionName="ecs-anywhere-probe-theirs"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_iam_denies_what_would_touch_somebody_else_s(
    app: App, foreign: Foreign, attempt: str
) -> None:
    """By the role, whatever the code would do; also to put our tag on it first."""
    function, service, call = ATTEMPTS[attempt]
    with pytest.raises(ClientError) as refusal:
        call(_client_of(app, f"{function}Function", service), foreign)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def _client_of(app: App, function: str, service: str) -> Any:
    """A client with the credentials of that function's role."""
    role_arn = next(arn for arn, name in app.roles().items() if name == function)
    credentials = app.aws.principals.credentials_for(role_arn, "story")
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=app.aws.url,
        region_name=app.aws.settings.region,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
    )
