"""A sight of one VPC, in words that are the same whenever the world is the same: ids, generations
and times are left out, and what refers to them says to what."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.story.app import DETAIL, STATUS, App

_RANDOM_END = re.compile(r"(?<=-)[0-9a-f]{10}$")
_COUNTED = re.compile(r"generation \d+")
_VOLATILE = {"generation", "checksum", "issuedAt", "signature"}

Sight = Mapping[str, Any]


def look(app: App, vpc_id: str) -> Sight:
    ec2, in_vpc = app.client("ec2"), [{"Name": "vpc-id", "Values": [vpc_id]}]
    groups = ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    endpoints = ec2.describe_vpc_endpoints(Filters=in_vpc)["VpcEndpoints"]
    interfaces = ec2.describe_network_interfaces(Filters=in_vpc)["NetworkInterfaces"]
    names = {group["GroupId"]: _RANDOM_END.sub("", group["GroupName"]) for group in groups}
    return {
        "endpoints": sorted(_endpoint(item, names) for item in endpoints),
        "groups": {names[group["GroupId"]]: _rules(group, names) for group in groups},
        "resolvers": _resolvers(app, vpc_id),
        "published": _published(app, vpc_id, _owners(endpoints, interfaces)),
        "ledger": _ledger(app, vpc_id),
        "status": _status(app, vpc_id),
        "probes": [_RANDOM_END.sub("", name) for name in _probes(app, vpc_id)],
        "interfaces": sorted(item["Description"].split()[0] for item in interfaces),
    }


def _endpoint(item: Mapping[str, Any], names: Mapping[str, str]) -> list[Any]:
    return [
        item["ServiceName"],
        item["VpcEndpointType"],
        item["State"].lower(),
        bool(item.get("PrivateDnsEnabled")),
        sorted(item.get("SubnetIds", [])),
        sorted(names.get(group["GroupId"], "?") for group in item.get("Groups", [])),
        item.get("RouteTableIds", []),
    ]


def _rules(group: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    return sorted(
        f"{rule['IpProtocol']} {rule.get('FromPort')} {source}"
        for rule in group["IpPermissions"]
        for source in [
            *(item["CidrIp"] for item in rule["IpRanges"]),
            *(names.get(item["GroupId"], "?") for item in rule["UserIdGroupPairs"]),
        ]
    )


def _resolvers(app: App, vpc_id: str) -> list[Any]:
    client = app.client("route53resolver")
    found = client.list_resolver_endpoints()["ResolverEndpoints"]
    ours = [resolver for resolver in found if resolver["HostVPCId"] == vpc_id]
    addresses = [
        client.list_resolver_endpoint_ip_addresses(ResolverEndpointId=resolver["Id"])
        for resolver in ours
    ]
    return [
        [resolver["Status"], sorted(ip["Ip"] for ip in listed["IpAddresses"])]
        for resolver, listed in zip(ours, addresses, strict=True)
    ]


def _owners(
    endpoints: Sequence[Mapping[str, Any]], interfaces: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """An interface endpoint's address -> its service."""
    services = {
        interface: item["ServiceName"]
        for item in endpoints
        for interface in item.get("NetworkInterfaceIds", [])
    }
    return {
        item["PrivateIpAddress"]: services[item["NetworkInterfaceId"]]
        for item in interfaces
        if item["NetworkInterfaceId"] in services
    }


def _probes(app: App, vpc_id: str) -> list[str]:
    functions = app.client("lambda").list_functions()["Functions"]
    return [each["FunctionName"] for each in functions if vpc_id in each["FunctionName"]]


def _published(app: App, vpc_id: str, owners: Mapping[str, str]) -> dict[str, Any]:
    parameters = app.parameters(vpc_id)
    if "forwarding" not in parameters:
        return dict(parameters)
    document = json.loads(parameters.pop("forwarding"))
    names = {
        name: sorted({owners.get(address, address) for address in addresses})
        for name, addresses in document.pop("names").items()
    }
    kept = {key: value for key, value in document.items() if key not in _VOLATILE}
    return {**parameters, "names": names, **kept}


def _ledger(app: App, vpc_id: str) -> dict[str, Any]:
    item = app.ledger(vpc_id)
    held = {key: value["S"] for key, value in item.get("held", {}).get("M", {}).items()}
    return {
        "holds": sorted(held),
        "making": sorted(key for key, value in held.items() if value.startswith("making")),
        "holder": item.get("holder", {}).get("S"),
        "status": item.get("status", {}).get("S"),
    }


def _status(app: App, vpc_id: str) -> list[str]:
    tags = app.tags(vpc_id)
    return [tags.get(STATUS, ""), _COUNTED.sub("generation N", tags.get(DETAIL, ""))]
