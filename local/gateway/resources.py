"""The questions of AWS to IAM about a call: one for every resource that it touches, with its facts.

From AWS's Service Authorization Reference, for the actions that this app uses. A template
such as `subnet/{SubnetIds}` stands for one request per value of that parameter (a dotted path
into lists and structures); `/*` is a resource that the call is about to make, as AWS writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE

from local import partitions
from local.gateway.calls import ApiCall
from local.gateway.decisions import Request
from local.gateway.facts import context_of, forwarded_context_of, request_tags, values_at

FIELD = re.compile(r"\{([^}]+)\}")

RESOURCES = (
    ("dynamodb", "table/{TableName}", "DeleteItem GetItem PutItem Query Scan UpdateItem"),
    ("dynamodb", "table/{TableName}", "DescribeTable UpdateTable"),
    ("ec2", "*", "DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroupRules"),
    ("ec2", "*", "DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVpcEndpoints"),
    ("ec2", "*", "DescribeVpcEndpointServices DescribeVpcs DescribeVpnGateways"),
    ("ec2", "{AddRouteTableIds}", "ModifyVpcEndpoint"),
    ("ec2", "{AddSecurityGroupIds}", "ModifyVpcEndpoint"),
    ("ec2", "{AddSubnetIds}", "ModifyVpcEndpoint"),
    ("ec2", "{GroupId}", "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress"),
    ("ec2", "{GroupId}", "RevokeSecurityGroupEgress RevokeSecurityGroupIngress"),
    ("ec2", "{GroupId}", "DeleteSecurityGroup"),
    ("ec2", "{PrefixListId}", "GetManagedPrefixListEntries"),
    ("ec2", "{RemoveRouteTableIds}", "ModifyVpcEndpoint"),
    ("ec2", "{RemoveSecurityGroupIds}", "ModifyVpcEndpoint"),
    ("ec2", "{RemoveSubnetIds}", "ModifyVpcEndpoint"),
    ("ec2", "{Resources}", "CreateTags DeleteTags"),
    ("ec2", "{RouteTableIds}", "CreateVpcEndpoint"),
    ("ec2", "{SecurityGroupIds}", "CreateVpcEndpoint"),
    ("ec2", "{SubnetIds}", "CreateVpcEndpoint"),
    ("ec2", "{VpcEndpointIds}", "DeleteVpcEndpoints"),
    ("ec2", "{VpcEndpointId}", "ModifyVpcEndpoint"),
    ("ec2", "{VpcId}", "CreateSecurityGroup CreateVpcEndpoint DescribeVpcAttribute"),
    ("ec2", "security-group/*", "CreateSecurityGroup"),
    ("ec2", "vpc-endpoint/*", "CreateVpcEndpoint"),
    ("iam", "{PolicyArn}", "ListEntitiesForPolicy"),
    ("kms", "key/{KeyId}", "DescribeKey GetPublicKey Sign Verify"),
    ("lambda", "*", "ListFunctions"),
    ("lambda", "function:{FunctionName}", "CreateFunction DeleteFunction GetFunction"),
    ("lambda", "function:{FunctionName}", "GetFunctionConfiguration InvokeFunction"),
    ("lambda", "function:{FunctionName}", "UpdateFunctionCode UpdateFunctionConfiguration"),
    ("logs", "log-group:{logGroupName}", "CreateLogGroup"),
    ("logs", "log-group:{logGroupName}:log-stream:{logStreamName}", "CreateLogStream"),
    ("logs", "log-group:{logGroupName}:log-stream:{logStreamName}", "PutLogEvents"),
    ("route53", "*", "ListHostedZonesByVPC"),
    ("route53", "hostedzone/{HostedZoneId}", "ListResourceRecordSets"),
    ("route53profiles", "*", "ListProfileAssociations"),
    (
        "route53resolver",
        "*",
        "ListResolverEndpoints ListResolverRuleAssociations ListResolverRules",
    ),
    ("route53resolver", "resolver-endpoint/*", "CreateResolverEndpoint"),
    ("route53resolver", "resolver-endpoint/{ResolverEndpointId}", "DeleteResolverEndpoint"),
    ("route53resolver", "resolver-endpoint/{ResolverEndpointId}", "GetResolverEndpoint"),
    (
        "route53resolver",
        "resolver-endpoint/{ResolverEndpointId}",
        "ListResolverEndpointIpAddresses",
    ),
    ("route53resolver", "{ResourceArn}", "ListTagsForResource TagResource UntagResource"),
    ("s3", "{Bucket}", "ListBucket"),
    ("s3", "{Bucket}/{Key}", "DeleteObject GetObject PutObject"),
    ("sns", "{TargetArn}", "Publish"),
    ("sns", "{TopicArn}", "Publish"),
    ("sqs", "{QueueUrl}", "SendMessage"),
    ("ssm", "*", "DescribeParameters"),
    ("ssm", "document/{DocumentName}", "SendCommand"),
    ("ssm", "managed-instance/{InstanceIds}", "SendCommand"),
    ("ssm", "parameter/{Names}", "DeleteParameters GetParameters"),
    ("ssm", "parameter/{Name}", "DeleteParameter GetParameter GetParameterHistory PutParameter"),
    ("ssm", "parameter/{Path}", "GetParametersByPath"),
    ("ssm", "parameter/{ResourceId}", "AddTagsToResource"),
    ("states", "{executionArn}", "DescribeExecution GetExecutionHistory StopExecution"),
    ("states", "{stateMachineArn}", "DescribeStateMachine ListExecutions StartExecution"),
    ("sts", "{RoleArn}", "AssumeRole"),
)
"""Service, resource, and the actions for which AWS asks about it."""

TEMPLATES: dict[str, list[str]] = {}
for _service, _template, _actions in RESOURCES:
    for _action in _actions.split():
        TEMPLATES.setdefault(f"{_service}:{_action}", []).append(_template)

TAGGING = {
    "lambda:CreateFunction": "lambda:TagResource",
    "route53resolver:CreateResolverEndpoint": "route53resolver:TagResource",
    "ssm:PutParameter": "ssm:AddTagsToResource",
}
"""The second action that tags in a call need. (EC2's is always ec2:CreateTags.)"""

OF_THE_CREATION = frozenset(
    {"lambda:layer", "lambda:securitygroupids", "lambda:subnetids", "lambda:vpcids"}
)
"""The context keys of lambda:CreateFunction that the tagging in it does not have."""
EC2_KINDS = {**EC2_PREFIX_TO_RESOURCE, "pl": "prefix-list"}
"""Beginning of an id -> kind in EC2's ARNs; moto says managed-prefix-list."""

PASSING = {
    "events:PutTargets": ("Targets.RoleArn", "events.amazonaws.com"),
    "lambda:CreateFunction": ("Role", "lambda.amazonaws.com"),
    "lambda:UpdateFunctionConfiguration": ("Role", "lambda.amazonaws.com"),
    "states:CreateStateMachine": ("roleArn", "states.amazonaws.com"),
    "states:UpdateStateMachine": ("roleArn", "states.amazonaws.com"),
}
"""The parameters by which a call hands a role to a service, which needs iam:PassRole."""

FORWARDED: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "ec2:CreateVpcEndpoint": (
        ("VpcId", "ec2:DescribeVpcs", "*"),
        ("SubnetIds", "ec2:DescribeSubnets", "*"),
        ("SecurityGroupIds", "ec2:DescribeSecurityGroups", "*"),
        ("PrivateDnsEnabled", "route53:AssociateVPCWithHostedZone", "hostedzone/*"),
    ),
    "ec2:ModifyVpcEndpoint": (
        ("PrivateDnsEnabled", "route53:AssociateVPCWithHostedZone", "hostedzone/*"),
    ),
    "lambda:CreateFunction": (
        ("VpcConfig.SubnetIds", "ec2:DescribeSubnets", "*"),
        ("VpcConfig.SubnetIds", "ec2:DescribeVpcs", "*"),
        ("VpcConfig.SecurityGroupIds", "ec2:DescribeSecurityGroups", "*"),
    ),
    "route53:ListHostedZonesByVPC": (("VPCId", "ec2:DescribeVpcs", "*"),),
    "route53resolver:CreateResolverEndpoint": (
        ("IpAddresses", "ec2:CreateNetworkInterface", "network-interface/*"),
        ("IpAddresses", "ec2:CreateNetworkInterface", "{IpAddresses.SubnetId}"),
        ("IpAddresses", "ec2:CreateNetworkInterface", "{SecurityGroupIds}"),
        ("IpAddresses", "ec2:DescribeNetworkInterfaces", "*"),
        ("IpAddresses", "ec2:DescribeSecurityGroups", "*"),
        ("IpAddresses", "ec2:DescribeSubnets", "*"),
        ("IpAddresses", "ec2:DescribeVpcs", "*"),
    ),
    "route53resolver:DeleteResolverEndpoint": (
        ("ResolverEndpointId", "ec2:DeleteNetworkInterface", "network-interface/*"),
        ("ResolverEndpointId", "ec2:DescribeNetworkInterfaces", "*"),
    ),
    "ssm:SendCommand": (("Targets", "ssm:SendCommand", "managed-instance/*"),),
}
"""The next actions of a service in the caller's name, with the caller's permissions only: (the
parameter that makes it do so, action, resource). AWS calls it forward access sessions, and wraps a
refusal in an error of the service; here it reads like a refusal of the call itself. That turning on
private DNS later needs what creating with it needs is an inference."""


def requests_of(call: ApiCall, account: str) -> list[Request]:
    """Return every request to IAM that has to be allowed for `call`; there is at least one."""
    own = [
        Request(call.name, arn, context_of(call, arn, account))
        for arn in _arns(call, call.name, TEMPLATES.get(call.name, ()), account)
    ]
    if not own:
        own = [Request(call.name, "*", context_of(call, "*", account), resource_known=False)]
    return [*own, *_tagging(call, own, account), *_passing(call), *_forwarded(call, account)]


def _tagging(call: ApiCall, own: Sequence[Request], account: str) -> Iterator[Request]:
    """Yield the requests for the tags of a creation, which AWS authorises apart; EC2 says which
    creation by ec2:CreateAction."""
    if call.service == "ec2":
        for kind in values_at(call.parameters, "TagSpecifications.ResourceType"):
            for arn in _arns(call, "ec2:CreateTags", (f"{kind}/*",), account):
                context = context_of(call, arn, account) | {"ec2:createaction": (call.action,)}
                yield Request("ec2:CreateTags", arn, context)
    elif call.name in TAGGING and request_tags(call, "*"):
        for request in own:
            context = {k: v for k, v in request.context.items() if k not in OF_THE_CREATION}
            yield Request(TAGGING[call.name], request.resource, context)


def _passing(call: ApiCall) -> Iterator[Request]:
    path, service = PASSING.get(call.name, ("", ""))
    for role in values_at(call.parameters, path):
        yield Request("iam:PassRole", role, {"iam:passedtoservice": (service,)})


def _forwarded(call: ApiCall, account: str) -> Iterator[Request]:
    for wanted, action, template in FORWARDED.get(call.name, ()):
        if any(values_at(call.parameters, wanted)):
            for arn in _arns(call, action, (template,), account):
                yield Request(action, arn, forwarded_context_of(call, arn))


def _arns(call: ApiCall, action: str, templates: Iterable[str], account: str) -> Iterator[str]:
    service = action.partition(":")[0]
    for template in templates:
        fields = [values_at(call.parameters, path) for path in FIELD.findall(template)]
        for values in product(*fields):
            given = next((value for value in values if value.startswith("arn:")), None)
            yield given or _arn(service, call.region, account, _filled(service, template, values))


def _filled(service: str, template: str, values: Iterable[str]) -> str:
    names = (_named(service, value) for value in values)
    return FIELD.sub(lambda _: next(names), template)


def _arn(service: str, region: str, account: str, resource: str) -> str:
    if resource == "*":
        return resource
    if service in ("s3", "route53"):
        return f"arn:{partitions.partition_of(region)}:{service}:::{resource}"
    return partitions.arn(service, region, account, resource)


def _named(service: str, value: str) -> str:
    """Return the part of an ARN for the value of a parameter."""
    match service:
        case "ec2":
            prefix = value.rpartition("-")[0]
            return f"{EC2_KINDS.get(prefix, prefix)}/{value}"
        case "ssm":
            return value.removeprefix("/")
        case "sqs":
            return value.rpartition("/")[2]
    return value
