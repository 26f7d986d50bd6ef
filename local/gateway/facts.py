"""IAM's condition keys: what may be known about a call and about a resource that it touches.

Resource tags are read for EC2, Route 53 Resolver and Lambda, which is where AWS lets a
policy of this app ask for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.backends import get_backend

from local.gateway.calls import ApiCall

Facts = dict[str, Any]
"""Condition keys in AWS's spelling, each with its value or list of values."""


def context_of(call: ApiCall, arn: str, account: str) -> dict[str, tuple[str, ...]]:
    """Return the context keys of IAM for the caller's `call` and the resource `arn`. `account` is
    the caller's."""
    tags = request_tags(call, arn)
    keys = [*tags, *values_at(call.parameters, "TagKeys")]  # TagKeys: of calls that untag
    return _context(
        _session_facts(call, via_service=False)
        | {f"aws:RequestTag/{key}": value for key, value in tags.items()}
        | {"aws:TagKeys": keys}
        | _call_facts(call, account)
        | _resource_facts(call, arn)
    )


def forwarded_context_of(call: ApiCall, arn: str) -> dict[str, tuple[str, ...]]:
    """Return these keys for what a service does next in the caller's name: `arn` is not the
    call's."""
    return _context(_session_facts(call, via_service=True) | _resource_facts(call, arn))


def request_tags(call: ApiCall, arn: str) -> dict[str, str]:
    """Return the tags that `call` puts on `arn`. EC2 counts them only for the resource they are
    for: the VPC of a new interface endpoint has no aws:RequestTag, however it is tagged."""
    if call.service == "ec2" and call.action not in ("CreateTags", "DeleteTags"):
        kind, _, name = arn.rpartition(":")[2].partition("/")
        specifications = values_at(call.parameters, "TagSpecifications") if name == "*" else []
        tags = [
            tag
            for specification in specifications
            if specification["ResourceType"] == kind
            for tag in specification.get("Tags", ())
        ]
    else:
        tags = call.parameters.get("Tags") or call.parameters.get("tags") or []
    if isinstance(tags, Mapping):
        return dict(tags)
    return {tag["Key"]: tag.get("Value", "") for tag in tags if "Key" in tag}


def values_at(parameters: Any, path: str) -> list[Any]:
    """Return the values at a dotted path into `parameters`, through all lists on the way."""
    found = [parameters]
    for name in path.split("."):
        found = [value for each in found for value in _listed(each.get(name))]
    return found


def _session_facts(call: ApiCall, via_service: bool) -> Facts:
    return {"aws:RequestedRegion": call.region, "aws:ViaAWSService": str(via_service).lower()}


def _call_facts(call: ApiCall, account: str) -> Facts:
    match call.name:
        case "kms:Sign" | "kms:Verify":
            return {
                "kms:MessageType": call.parameters.get("MessageType", "RAW"),
                "kms:SigningAlgorithm": call.parameters["SigningAlgorithm"],
            }
        case "ssm:PutParameter":
            return {"ssm:Overwrite": str(call.parameters.get("Overwrite", False)).lower()}
        case "lambda:CreateFunction" | "lambda:UpdateFunctionConfiguration":
            return _attachment(call, account)
    return {}


def _attachment(call: ApiCall, account: str) -> Facts:
    """Return the condition keys about the network that a function is to be attached to, and about
    its layers; none for a function without."""
    subnet_ids = values_at(call.parameters, "VpcConfig.SubnetIds")
    subnets = get_backend("ec2")[account][call.region].describe_subnets() if subnet_ids else []
    return {
        "lambda:SubnetIds": subnet_ids,
        "lambda:SecurityGroupIds": values_at(call.parameters, "VpcConfig.SecurityGroupIds"),
        "lambda:VpcIds": sorted({each.vpc_id for each in subnets if each.id in subnet_ids}),
        "lambda:Layer": values_at(call.parameters, "Layers"),
    }


def _resource_facts(call: ApiCall, arn: str) -> Facts:
    parts = arn.split(":", 5)
    if len(parts) != 6:
        return {}
    service, region, account, resource = parts[2:]
    facts: Facts = {}
    tags: Mapping[str, str] = {}
    match service:
        case "ec2":
            ec2 = get_backend("ec2")[account][region]
            tags = ec2.tags.get(resource.partition("/")[2], {})
            facts = _ec2_facts(call, ec2, arn)
        case "ssm" if resource.startswith("managed-instance/"):
            return facts | {f"ssm:resourceTag/{k}": v for k, v in _host_tags(call, arn).items()}
        case "lambda":
            function = get_backend("lambda")[account][region].get_function_by_arn(arn)
            tags = function.tags if function else {}
        case "route53resolver":
            resolver = get_backend("route53resolver")[account][region]
            tags = resolver.tagger.get_tag_dict_for_resource(arn)
    return facts | {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


def _host_tags(call: ApiCall, arn: str) -> Mapping[str, str]:
    """Return the tags of a managed instance; of those that a command names by one tag, that one
    (AWS Systems Manager user guide, "Restricting Run Command access based on tags")."""
    _, _, _, region, account, resource = arn.split(":", 5)
    instance = resource.partition("/")[2]
    if instance != "*":
        found = get_backend("ssm")[account][region]._resource_tags["ManagedInstance"][instance]
        return dict(found)
    named = [each for each in call.parameters.get("Targets") or () if len(each["Values"]) == 1]
    return {
        each["Key"].removeprefix("tag:"): each["Values"][0]
        for each in named
        if each["Key"].startswith("tag:")
    }


def _ec2_facts(call: ApiCall, ec2: Any, arn: str) -> Facts:
    """Return the facts about a resource of EC2: of one that is being made, as the call has them; of
    any other, as they are."""
    network, _, resource = arn.rpartition(":")
    kind, _, name = resource.partition("/")
    match kind:
        case "security-group":
            group = ec2.get_security_group_from_id(name)
            vpc_id = group.vpc_id if group else call.parameters.get("VpcId")
            return {"ec2:Vpc": f"{network}:vpc/{vpc_id}"} if vpc_id else {}
        case "vpc-endpoint":
            endpoint = ec2.vpc_end_points.get(name)
            service = endpoint.service_name if endpoint else call.parameters.get("ServiceName")
            return {"ec2:VpceServiceName": service, "ec2:VpceServiceOwner": _owner(ec2, service)}
    return {}


def _owner(ec2: Any, service_name: str | None) -> list[str]:
    """Return `amazon`, or the account whose service it is; nothing for an unknown service."""
    offered = ec2._collect_default_endpoint_services(ec2.account_id, ec2.region_name)
    return [each["Owner"] for each in offered if each["ServiceName"] == service_name]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _context(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Return the facts in the form of the decision: keys in lower case, all values in tuples, no
    empty ones."""
    return {key.lower(): tuple(_listed(value)) for key, value in facts.items() if value != []}
