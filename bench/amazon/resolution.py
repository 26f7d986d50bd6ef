"""Route 53: inbound resolvers that take their time, and no rules, hosted zones or Profiles."""

from __future__ import annotations

from typing import Any

from bench.amazon.account import Account, NotModelled, Parameters, Refused, pages
from bench.amazon.compute import Compute, Network

MOST_ON_A_PAGE = 100
_FILTERS = {"HostVPCId": "HostVPCId", "Status": "Status", "Direction": "Direction", "Name": "Name"}


class Resolution:
    """The Resolver endpoints of the account, by their ids."""

    def __init__(self, account: Account, compute: Compute) -> None:
        self._clock, self._compute = account.clock, compute
        self.resolvers: dict[str, dict[str, Any]] = {}
        self._addresses: dict[str, list[dict[str, str]]] = {}
        self._interfaces: dict[str, list[str]] = {}
        account.operations |= {
            "route53resolver:CreateResolverEndpoint": self._create,
            "route53resolver:DeleteResolverEndpoint": self._delete,
            "route53resolver:GetResolverEndpoint": self._get,
            "route53resolver:ListResolverEndpointIpAddresses": self._list_addresses,
            "route53resolver:ListResolverEndpoints": self._list,
            "route53resolver:ListResolverRuleAssociations": lambda _: {
                "ResolverRuleAssociations": []
            },
            "route53resolver:ListResolverRules": lambda _: {"ResolverRules": []},
            "route53profiles:ListProfileAssociations": lambda _: {"ProfileAssociations": []},
            "route53:ListHostedZonesByVPC": lambda _: {"HostedZoneSummaries": []},
        }

    def answers(self, network: Network) -> bool:
        """Tell whether a resolver of the VPC answers."""
        return any(
            each["HostVPCId"] == network.id and each["Status"] == "OPERATIONAL"
            for each in self.resolvers.values()
        )

    def _create(self, parameters: Parameters) -> dict[str, Any]:
        token = parameters["CreatorRequestId"]
        if any(each["CreatorRequestId"] == token for each in self.resolvers.values()):
            raise Refused("ResourceExistsException", "made with this creator request ID before")
        network = self._compute.network_of_subnet(parameters["IpAddresses"][0]["SubnetId"])
        id_ = self._compute.new_id("rslvr-in")
        groups = parameters["SecurityGroupIds"]
        subnets = [each["SubnetId"] for each in parameters["IpAddresses"]]
        interfaces = [self._compute.add_interface(network, each, groups) for each in subnets]
        self._interfaces[id_] = interfaces
        self._addresses[id_] = [
            {
                "IpId": f"rni-{interface}",
                "SubnetId": subnet,
                "Ip": network.interfaces[interface]["PrivateIpAddress"],
                "Status": "CREATING",
            }
            for subnet, interface in zip(subnets, interfaces, strict=True)
        ]
        self.resolvers[id_] = {
            "Id": id_,
            "CreatorRequestId": token,
            "Name": parameters.get("Name", ""),
            "SecurityGroupIds": list(groups),
            "Direction": parameters["Direction"],
            "IpAddressCount": len(subnets),
            "HostVPCId": network.id,
            "Status": "CREATING",
            "Protocols": ["Do53"],
        }
        self._clock.after(network.lifecycles.resolver_made, lambda: self._become_operational(id_))
        return {"ResolverEndpoint": dict(self.resolvers[id_])}

    def _become_operational(self, id_: str) -> None:
        if id_ in self.resolvers and self.resolvers[id_]["Status"] == "CREATING":
            self.resolvers[id_]["Status"] = "OPERATIONAL"
            for address in self._addresses[id_]:
                address["Status"] = "ATTACHED"

    def _there(self, parameters: Parameters) -> dict[str, Any]:
        id_ = parameters["ResolverEndpointId"]
        if id_ not in self.resolvers:
            raise Refused("ResourceNotFoundException", f"Resolver endpoint '{id_}' does not exist")
        return self.resolvers[id_]

    def _get(self, parameters: Parameters) -> dict[str, Any]:
        return {"ResolverEndpoint": dict(self._there(parameters))}

    def _list_addresses(self, parameters: Parameters) -> dict[str, Any]:
        found = self._addresses[self._there(parameters)["Id"]]
        return pages([dict(each) for each in found], "IpAddresses", parameters, MOST_ON_A_PAGE)

    def _list(self, parameters: Parameters) -> dict[str, Any]:
        found = [dict(each) for each in self.resolvers.values()]
        for asked in parameters.get("Filters", ()):
            if asked["Name"] not in _FILTERS:
                raise NotModelled(f"the filter {asked['Name']}")
            key = _FILTERS[asked["Name"]]
            found = [each for each in found if each[key] in asked["Values"]]
        default = {"MaxResults": 10}  # of this API, where none is named
        return pages(found, "ResolverEndpoints", {**default, **parameters}, MOST_ON_A_PAGE)

    def _delete(self, parameters: Parameters) -> dict[str, Any]:
        resolver = self._there(parameters)
        if resolver["Status"] != "DELETING":
            resolver["Status"] = "DELETING"
            network = self._compute.networks[resolver["HostVPCId"]]
            id_ = resolver["Id"]

            def forget() -> None:
                self.resolvers.pop(id_, None)
                self._addresses.pop(id_, None)
                self._compute.linger(network, self._interfaces.pop(id_))

            self._clock.after(network.lifecycles.resolver_gone, forget)
        return {"ResolverEndpoint": dict(resolver)}
