"""EC2: VPCs, subnets, security groups, network interfaces and VPC endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bench.amazon.account import ACCOUNT, REGION, Account, NotModelled, Parameters, Refused, pages
from bench.lifecycles import Lifecycles
from local.interface_endpoints import services

MOST_ON_A_PAGE = 1000
ONPREM_CIDR = "10.64.0.0/16"

Filters = Mapping[str, frozenset[str]]


@dataclass
class Endpoint:
    """A VPC endpoint, as DescribeVpcEndpoints shows it, and when its private names answer."""

    shown: dict[str, Any]
    names: tuple[str, ...]
    """Private names of the endpoint."""
    answers_from: float = float("inf")
    """The time from which its private names lead to the endpoint; infinite while private DNS is
    off."""


@dataclass
class Network:
    """A VPC and what is in it."""

    id: str
    lifecycles: Lifecycles
    tags: dict[str, str] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    interfaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    addresses: Iterator[int] = field(default_factory=lambda: count(10))

    @property
    def subnets(self) -> tuple[str, str]:
        return (f"subnet-{self.id[4:]}a", f"subnet-{self.id[4:]}b")

    def answers(self, name: str, now: float) -> list[str]:
        """Return the private addresses to which a private DNS name leads."""
        for endpoint in self.endpoints.values():
            if name in endpoint.names and endpoint.answers_from <= now:
                ids = endpoint.shown["NetworkInterfaceIds"]
                return [self.interfaces[id_]["PrivateIpAddress"] for id_ in ids]
        return []


class Compute:
    """The VPCs of the account, by their ids."""

    def __init__(self, account: Account) -> None:
        self.account, self.clock = account, account.clock
        self.networks: dict[str, Network] = {}
        self._ids = count(1)
        self._home: dict[str, str] = {}
        """Id of an endpoint or group -> its VPC."""
        self._tokens: dict[str, str] = {}
        self._offered = services.offered(ACCOUNT, REGION, {})
        account.operations |= {
            f"ec2:{name}": operation
            for name, operation in {
                "AuthorizeSecurityGroupIngress": self._authorize,
                "CreateSecurityGroup": self._create_group,
                "CreateTags": self._create_tags,
                "CreateVpcEndpoint": self._create_endpoint,
                "DeleteSecurityGroup": self._delete_group,
                "DeleteTags": self._delete_tags,
                "DeleteVpcEndpoints": self._delete_endpoints,
                "DescribeNetworkInterfaces": self._describe_interfaces,
                "DescribeRouteTables": self._describe_route_tables,
                "DescribeSecurityGroups": self._describe_groups,
                "DescribeSubnets": self._describe_subnets,
                "DescribeVpcAttribute": self._describe_attribute,
                "DescribeVpcEndpointServices": self._describe_services,
                "DescribeVpcEndpoints": self._describe_endpoints,
                "DescribeVpcs": self._describe_vpcs,
                "ModifyVpcEndpoint": self._modify_endpoint,
                "RevokeSecurityGroupIngress": self._revoke,
            }.items()
        }

    def add_vpc(self, vpc_id: str, lifecycles: Lifecycles) -> Network:
        network = Network(vpc_id, lifecycles)
        self.networks[vpc_id] = network
        return network

    def add_interface(self, network: Network, subnet: str, groups: Iterable[str]) -> str:
        """Return the id of a network interface of a service."""
        id_, number = self.new_id("eni"), next(network.addresses)
        zone = network.subnets.index(subnet)
        network.interfaces[id_] = {
            "NetworkInterfaceId": id_,
            "PrivateIpAddress": f"10.0.{zone}.{number % 250}",
            "PrivateIpAddresses": [{"PrivateIpAddress": f"10.0.{zone}.{number % 250}"}],
            "Groups": [{"GroupId": group} for group in groups],
            "SubnetId": subnet,
            "VpcId": network.id,
        }
        return id_

    def new_id(self, kind: str) -> str:
        return f"{kind}-{next(self._ids):017x}"

    def network_of_subnet(self, subnet: str) -> Network:
        return self.networks[f"vpc-{subnet[len('subnet-') : -1]}"]

    # VPCs

    def _describe_vpcs(self, parameters: Parameters) -> dict[str, Any]:
        ids = parameters.get("VpcIds")
        for id_ in ids or ():
            if id_ not in self.networks:
                raise Refused("InvalidVpcID.NotFound", f"The vpc ID '{id_}' does not exist")
        chosen = [self.networks[id_] for id_ in ids] if ids else [*self.networks.values()]
        asked = filters_of(parameters)
        shown = [_vpc(n) for n in chosen if _tagged(n.tags, asked) and _is_in(n.id, asked)]
        return pages(shown, "Vpcs", parameters, MOST_ON_A_PAGE)

    def _describe_attribute(self, parameters: Parameters) -> dict[str, Any]:
        name = parameters["Attribute"]
        return {name[0].upper() + name[1:]: {"Value": True}}

    def _describe_subnets(self, parameters: Parameters) -> dict[str, Any]:
        shown = [
            {
                "SubnetId": subnet,
                "VpcId": network.id,
                "AvailabilityZone": f"{REGION}{zone}",
                "AvailableIpAddressCount": 240,
                "CidrBlock": f"10.0.{number}.0/24",
                "Tags": [],
                "Ipv6Native": False,
                "MapPublicIpOnLaunch": False,
            }
            for network in self._asked(parameters)
            for number, (subnet, zone) in enumerate(zip(network.subnets, "ab", strict=True))
        ]
        return pages(shown, "Subnets", parameters, MOST_ON_A_PAGE)

    def _describe_route_tables(self, parameters: Parameters) -> dict[str, Any]:
        shown = [
            {
                "RouteTableId": f"rtb-{network.id[4:]}",
                "VpcId": network.id,
                "Associations": [{"Main": True}],
                "Routes": [
                    {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
                    {"DestinationCidrBlock": ONPREM_CIDR, "GatewayId": "vgw-1"},
                    {"DestinationCidrBlock": "172.16.0.0/12", "GatewayId": "vgw-1"},
                    {"DestinationCidrBlock": "192.168.0.0/16", "GatewayId": "vgw-1"},
                ],
            }
            for network in self._asked(parameters)
        ]
        return pages(shown, "RouteTables", parameters, 100)

    def _create_tags(self, parameters: Parameters) -> dict[str, Any]:
        for id_ in parameters["Resources"]:
            tags = {tag["Key"]: tag["Value"] for tag in parameters["Tags"]}
            self._vpc(id_).tags.update(tags)
        return {}

    def _delete_tags(self, parameters: Parameters) -> dict[str, Any]:
        for id_ in parameters["Resources"]:
            for tag in parameters["Tags"]:
                self._vpc(id_).tags.pop(tag["Key"], None)
        return {}

    def _vpc(self, id_: str) -> Network:
        if id_ not in self.networks:
            raise Refused("InvalidVpcID.NotFound", f"The vpc ID '{id_}' does not exist")
        return self.networks[id_]

    def _asked(self, parameters: Parameters) -> Iterable[Network]:
        """Return the networks among which a call looks, by its filter of VPCs."""
        ids = filters_of(parameters).get("vpc-id")
        if ids is None:
            return self.networks.values()
        return [self.networks[id_] for id_ in sorted(ids) if id_ in self.networks]

    # security groups

    def _create_group(self, parameters: Parameters) -> dict[str, Any]:
        network = self._vpc(parameters["VpcId"])
        name = parameters["GroupName"]
        if any(group["GroupName"] == name for group in network.groups.values()):
            raise Refused("InvalidGroup.Duplicate", f"The security group '{name}' already exists")
        id_ = self.new_id("sg")
        network.groups[id_] = {
            "GroupId": id_,
            "GroupName": name,
            "VpcId": network.id,
            "IpPermissions": [],
            "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
            "Tags": _given_tags(parameters),
        }
        self._home[id_] = network.id
        return {"GroupId": id_}

    def _group(self, id_: str) -> dict[str, Any]:
        groups = self.networks[self._home[id_]].groups if id_ in self._home else {}
        if id_ not in groups:
            raise Refused("InvalidGroup.NotFound", f"The security group '{id_}' does not exist")
        return groups[id_]

    def _authorize(self, parameters: Parameters) -> dict[str, Any]:
        group = self._group(parameters["GroupId"])
        group["IpPermissions"] = [*group["IpPermissions"], *parameters["IpPermissions"]]
        return {}

    def _revoke(self, parameters: Parameters) -> dict[str, Any]:
        group = self._group(parameters["GroupId"])
        gone = parameters["IpPermissions"]
        group["IpPermissions"] = [each for each in group["IpPermissions"] if each not in gone]
        return {}

    def _delete_group(self, parameters: Parameters) -> dict[str, Any]:
        id_ = self._group(parameters["GroupId"])["GroupId"]
        network = self.networks[self._home[id_]]
        held = any(
            {"GroupId": id_} in interface["Groups"] for interface in network.interfaces.values()
        )
        if held:
            raise Refused("DependencyViolation", f"resource {id_} has a dependent object")
        del network.groups[id_]
        return {}

    def _describe_groups(self, parameters: Parameters) -> dict[str, Any]:
        asked = filters_of(parameters)
        ids = {*parameters.get("GroupIds", ())}
        shown = [
            group
            for network in self._asked(parameters)
            for group in network.groups.values()
            if _tagged(_as_map(group["Tags"]), asked)
            and (not ids or group["GroupId"] in ids)
            and group["GroupId"] in asked.get("group-id", {group["GroupId"]})
        ]
        return pages(shown, "SecurityGroups", parameters, MOST_ON_A_PAGE)

    def _describe_interfaces(self, parameters: Parameters) -> dict[str, Any]:
        asked = filters_of(parameters)
        found = [
            interface
            for network in self._networks_of_interfaces(asked)
            for interface in network.interfaces.values()
            if _passes(interface, asked)
        ]
        return pages(found, "NetworkInterfaces", parameters, MOST_ON_A_PAGE)

    def _networks_of_interfaces(self, asked: Filters) -> Iterable[Network]:
        groups = asked.get("group-id")
        if groups is not None:
            return [self.networks[id_] for id_ in {self._home[g] for g in groups & {*self._home}}]
        ids = asked.get("vpc-id")
        if ids is not None:
            return [self.networks[id_] for id_ in ids]
        return self.networks.values()

    # VPC endpoints

    def _describe_services(self, parameters: Parameters) -> dict[str, Any]:
        asked = list(parameters.get("Filters", ()))
        found = services.matching(parameters.get("ServiceNames", ()), asked, self._offered)
        return {"ServiceDetails": found, "ServiceNames": [each["ServiceName"] for each in found]}

    def _create_endpoint(self, parameters: Parameters) -> dict[str, Any]:
        token = parameters.get("ClientToken", "")
        if token in self._tokens:
            return {"VpcEndpoint": self._endpoint(self._tokens[token]).shown}
        network = self._vpc(parameters["VpcId"])
        groups = parameters.get("SecurityGroupIds", ())
        id_ = self.new_id("vpce")
        interfaces = [
            self.add_interface(network, subnet, groups) for subnet in parameters["SubnetIds"]
        ]
        on = bool(parameters.get("PrivateDnsEnabled", True))
        shown = {
            "VpcEndpointId": id_,
            "VpcEndpointType": parameters["VpcEndpointType"],
            "VpcId": network.id,
            "ServiceName": parameters["ServiceName"],
            "State": "pending",
            "PolicyDocument": _OPEN,
            "SubnetIds": list(parameters["SubnetIds"]),
            "Groups": [{"GroupId": group} for group in groups],
            "PrivateDnsEnabled": on,
            "NetworkInterfaceIds": interfaces,
            "DnsOptions": {"DnsRecordIpType": "ipv4"},
            "Tags": _given_tags(parameters),
        }
        endpoint = Endpoint(shown, self._names(parameters["ServiceName"]))
        network.endpoints[id_] = endpoint
        self._home[id_] = network.id
        if token:
            self._tokens[token] = id_
        lives = network.lifecycles
        self.clock.after(lives.endpoint_made, lambda: _become(endpoint, "available"))
        if on:
            answers_from = self.clock.now + lives.endpoint_made + lives.association
            endpoint.answers_from = answers_from
        return {"VpcEndpoint": shown}

    def _names(self, service_name: str) -> tuple[str, ...]:
        for detail in self._offered:
            if detail["ServiceName"] == service_name and services.type_of(detail) == "Interface":
                return services.private_names(detail)
        raise Refused("InvalidServiceName", f"The Vpc Endpoint Service '{service_name}' is unknown")

    def _endpoint(self, id_: str) -> Endpoint:
        endpoints = self.networks[self._home[id_]].endpoints if id_ in self._home else {}
        if id_ not in endpoints:
            raise Refused("InvalidVpcEndpointId.NotFound", f"{id_} does not exist")
        return endpoints[id_]

    def _modify_endpoint(self, parameters: Parameters) -> dict[str, Any]:
        id_ = parameters["VpcEndpointId"]
        endpoint = self._endpoint(id_)
        if endpoint.shown["State"] != "available":
            raise Refused("IncorrectState", f"{id_} is {endpoint.shown['State']}")
        if parameters.get("AddSubnetIds") or parameters.get("AddSecurityGroupIds"):
            raise NotModelled("ModifyVpcEndpoint with subnets or groups")
        on = parameters["PrivateDnsEnabled"]
        endpoint.shown = {**endpoint.shown, "PrivateDnsEnabled": on}
        delay = self.networks[self._home[id_]].lifecycles.association
        endpoint.answers_from = self.clock.now + delay if on else float("inf")
        return {"Return": True}

    def _delete_endpoints(self, parameters: Parameters) -> dict[str, Any]:
        unsuccessful = []
        for id_ in parameters["VpcEndpointIds"]:
            try:
                self._delete_endpoint(self._endpoint(id_))
            except Refused as refused:
                reason = {"Code": refused.code, "Message": refused.message}
                unsuccessful.append({"ResourceId": id_, "Error": reason})
        return {"Unsuccessful": unsuccessful}

    def _delete_endpoint(self, endpoint: Endpoint) -> None:
        if endpoint.shown["State"] == "deleting":
            return
        network = self.networks[endpoint.shown["VpcId"]]
        _become(endpoint, "deleting")
        endpoint.answers_from = float("inf")

        def forget() -> None:
            network.endpoints.pop(endpoint.shown["VpcEndpointId"], None)
            self.linger(network, endpoint.shown["NetworkInterfaceIds"])

        self.clock.after(network.lifecycles.endpoint_gone, forget)

    def linger(self, network: Network, interfaces: Iterable[str]) -> None:
        """Let network interfaces stay a while after what they belonged to is gone."""

        def forget() -> None:
            for id_ in interfaces:
                network.interfaces.pop(id_, None)

        self.clock.after(network.lifecycles.linger, forget)

    def _describe_endpoints(self, parameters: Parameters) -> dict[str, Any]:
        asked = filters_of(parameters)
        ids = parameters.get("VpcEndpointIds")
        if ids:
            shown = [self._endpoint(id_).shown for id_ in ids]
        else:
            shown = [
                endpoint.shown
                for network in self._asked(parameters)
                for endpoint in network.endpoints.values()
            ]
        kept = [each for each in shown if _tagged(_as_map(each["Tags"]), asked)]
        return pages(kept, "VpcEndpoints", parameters, MOST_ON_A_PAGE)


_OPEN = '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}'
_KNOWN_FILTERS = frozenset(
    [
        "addresses.private-ip-address",
        "group-id",
        "network-interface-id",
        "service-name",
        "service-type",
        "tag-key",
        "vpc-id",
    ]
)


def filters_of(parameters: Parameters) -> Filters:
    """Return EC2's filters by their names. Raises NotModelled for one that nobody looks at here."""
    found = {each["Name"]: frozenset(each["Values"]) for each in parameters.get("Filters", ())}
    for name in found:
        if name not in _KNOWN_FILTERS and not name.startswith("tag:"):
            raise NotModelled(f"the filter {name}")
    return found


def _become(endpoint: Endpoint, state: str) -> None:
    if not (state == "available" and endpoint.shown["State"] != "pending"):
        endpoint.shown = {**endpoint.shown, "State": state}


def _vpc(network: Network) -> dict[str, Any]:
    association = {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}}
    return {
        "VpcId": network.id,
        "CidrBlock": "10.0.0.0/16",
        "CidrBlockAssociationSet": [association],
        "InstanceTenancy": "default",
        "OwnerId": ACCOUNT,
        "Tags": [{"Key": key, "Value": value} for key, value in network.tags.items()],
    }


def _given_tags(parameters: Parameters) -> list[dict[str, str]]:
    given = parameters.get("TagSpecifications", ())
    return [tag for specification in given for tag in specification["Tags"]]


def _as_map(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _tagged(tags: Mapping[str, str], asked: Filters) -> bool:
    for name, values in asked.items():
        if name == "tag-key" and not values & tags.keys():
            return False
        if name.startswith("tag:") and tags.get(name[4:]) not in values:
            return False
    return True


def _is_in(vpc_id: str, asked: Filters) -> bool:
    return vpc_id in asked.get("vpc-id", {vpc_id})


def _passes(interface: Mapping[str, Any], asked: Filters) -> bool:
    shown = {
        "network-interface-id": {interface["NetworkInterfaceId"]},
        "addresses.private-ip-address": {interface["PrivateIpAddress"]},
        "group-id": {group["GroupId"] for group in interface["Groups"]},
        "vpc-id": {interface["VpcId"]},
    }
    return all(shown[name] & values for name, values in asked.items())
