"""One VPC endpoint: moto's record of it, and what moto has no place for."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from moto.moto_api._internal import mock_random

from local.interface_endpoints import services

PENDING_ZONE = "ZONEIDPENDING"
PUBLIC_ZONE = "Z18LLCSTV4NVNL"
"""The hosted zone of the public `vpce-…` names, as in ap-southeast-1; AWS has one per region."""


@dataclass
class Endpoint:
    record: Any
    vpc: Any
    service: Mapping[str, Any]
    request: Mapping[str, Any]
    """The parameters of the request that made it, for which its ClientToken stands."""
    dns_options: Mapping[str, Any]
    ip_type: str = "ipv4"
    """The IpAddressType; the addresses of IPv6 are not modelled."""
    interfaces: dict[str, Any] = field(default_factory=dict)
    """Network interfaces by the id of their subnet."""
    serving: bool = False
    """True while the interfaces answer on 443/tcp."""
    failure: tuple[str, str] | None = None
    """The code and message of its failure."""
    suffix: str = field(default_factory=mock_random.get_random_hex)
    """The end that AWS gives to the id in public names."""

    @property
    def is_interface(self) -> bool:
        return services.type_of(self.service) == "Interface"

    @property
    def short_name(self) -> str:
        return services.short_name(self.service)

    @property
    def private_names(self) -> tuple[str, ...]:
        return services.private_names(self.service)

    @property
    def certificate_names(self) -> tuple[str, ...]:
        return services.certificate_names(self.service) + self.public_names

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(interface.private_ip_address for interface in self.interfaces.values())

    @property
    def answers(self) -> tuple[str, ...]:
        """Return the addresses in A records of its names; empty where there are AAAA records
        alone."""
        return () if self.dns_options["DnsRecordIpType"] == "ipv6" else self.addresses

    @property
    def public_names(self) -> tuple[str, ...]:
        """The regional name, then one per zone; they resolve from any network."""
        base = self.service["BaseEndpointDnsNames"][0]
        name = f"{self.record.id}-{self.suffix}"
        zones = [interface.subnet.availability_zone for interface in self.interfaces.values()]
        return (f"{name}.{base}", *(f"{name}-{zone}.{base}" for zone in zones))

    def as_it_is(self) -> Endpoint:
        """Return a copy that changes of this one do not reach."""
        record = copy(self.record)
        record.security_group_ids = [*record.security_group_ids]
        return replace(self, record=record, interfaces={**self.interfaces})

    def get_filter_value(self, name: str) -> Any:
        """Answer moto's `generic_filter`; moto's own record fails on the endpoint's id."""
        return self.record.id if name == "vpc-endpoint-id" else self.record.get_filter_value(name)

    def description(self) -> dict[str, Any]:
        """Return EC2's VpcEndpoint."""
        record = self.record
        return {
            "VpcEndpointId": record.id,
            "VpcEndpointType": record.vpc_endpoint_type,
            "VpcId": record.vpc_id,
            "ServiceName": record.service_name,
            "ServiceRegion": record.ec2_backend.region_name,
            "State": record.state,
            "PolicyDocument": record.policy_document,
            "RouteTableIds": record.route_table_ids,
            "SubnetIds": list(self.interfaces),
            "Groups": record.groups,
            "IpAddressType": self.ip_type,
            "DnsOptions": self.dns_options,
            "PrivateDnsEnabled": record.private_dns_enabled,
            "RequesterManaged": False,
            "NetworkInterfaceIds": [interface.id for interface in self.interfaces.values()],
            "DnsEntries": self._dns_entries(),
            "CreationTimestamp": record.creation_timestamp,
            "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in record.get_tags()],
            "OwnerId": record.owner_id,
            **self._failure(),
        }

    def _failure(self) -> dict[str, Any]:
        if self.failure is None:
            return {}
        code, message = self.failure
        return {"LastError": {"Code": code, "Message": message}, "FailureReason": message}

    def _dns_entries(self) -> list[dict[str, str]]:
        if not self.is_interface:
            return []
        zone = PENDING_ZONE if self.record.state == "pending" else f"Z{self.suffix.upper()}"
        private = self.private_names if self.record.private_dns_enabled else ()
        entries = [(name, PUBLIC_ZONE) for name in self.public_names]
        entries += [(name, zone) for name in private]
        return [{"DnsName": name, "HostedZoneId": zone} for name, zone in entries]
