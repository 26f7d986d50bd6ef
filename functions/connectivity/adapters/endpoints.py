"""VPC endpoints, through Amazon EC2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client, filters, items
from connectivity.adapters.error_codes import ANSWER
from connectivity.adapters.refusals import is_answer, meaning_of
from connectivity.adapters.vpcs import ec2_tags, tags_of
from connectivity.domain import policy_presets
from connectivity.domain.errors import NotReadyYet, Waiting
from connectivity.domain.ledger import Announcement
from connectivity.domain.model import InterfaceEndpoint, OfferedService
from connectivity.domain.tags import OWNER, CreationTags
from connectivity.usecases.ports import UsedToken

_DELETION = "DeleteVpcEndpoints"
_MOST_FILTER_VALUES = 200
"""Amazon EC2 takes so many in one filter (EC2 API reference, "Error codes", FilterLimitExceeded);
names of a few services lead to far fewer addresses."""


class Ec2Endpoints:
    """The port `Endpoints` on AWS. Every VPC endpoint is made with its tags."""

    def __init__(self, tags: CreationTags) -> None:
        self._creation_tags = tags

    def offered(self, service_names: Iterable[str]) -> Mapping[str, OfferedService]:
        """Ask by a filter: an unknown name among `ServiceNames` would fail the whole call."""
        details = call(
            client("ec2").describe_vpc_endpoint_services,
            Filters=filters(service_name=service_names, service_type=["Interface"]),
        )["ServiceDetails"]
        return {detail["ServiceName"]: _offered(detail) for detail in details}

    def all_in(self, vpc_id: str) -> tuple[InterfaceEndpoint, ...]:
        found = items(
            client("ec2"),
            "describe_vpc_endpoints",
            "VpcEndpoints",
            Filters=filters(vpc_id=[vpc_id]),
        )
        return tuple(
            endpoint_of(item)
            for item in found
            if item["VpcEndpointType"] in {"Interface", "Gateway"}
        )

    def interfaces_at(self, addresses: Iterable[str]) -> Mapping[str, str]:
        wanted = sorted(addresses)[:_MOST_FILTER_VALUES]
        if not wanted:
            return {}
        filtered = {"addresses.private-ip-address": wanted, "interface-type": ["vpc_endpoint"]}
        found = items(
            client("ec2"),
            "describe_network_interfaces",
            "NetworkInterfaces",
            Filters=[{"Name": name, "Values": values} for name, values in filtered.items()],
        )
        return {item["NetworkInterfaceId"]: item["PrivateIpAddress"] for item in found}

    def of_services(self, service_names: Iterable[str]) -> tuple[InterfaceEndpoint, ...]:
        found = items(
            client("ec2"),
            "describe_vpc_endpoints",
            "VpcEndpoints",
            Filters=filters(service_name=service_names, vpc_endpoint_type=["Interface"]),
        )
        return tuple(map(endpoint_of, found))

    def make_interface(self, vpc_id: str, service_name: str, announced: Announcement) -> str:
        return self._make(
            VpcEndpointType="Interface",
            VpcId=vpc_id,
            ServiceName=service_name,
            SubnetIds=list(announced.subnets),
            SecurityGroupIds=[announced.group],
            PrivateDnsEnabled=False,
            ClientToken=announced.token,
            TagSpecifications=self._tags(vpc_id, service_name),
            **_policy(announced.policy, service_name),
        )

    def make_gateway(self, vpc_id: str, service_name: str, announced: Announcement) -> str:
        """Make a gateway endpoint without route tables: no route is changed."""
        return self._make(
            VpcEndpointType="Gateway",
            VpcId=vpc_id,
            ServiceName=service_name,
            ClientToken=announced.token,
            TagSpecifications=self._tags(vpc_id, service_name),
            **_policy(announced.policy, service_name),
        )

    def _make(self, **arguments: Any) -> str:
        try:
            made = call(client("ec2").create_vpc_endpoint, **arguments)
        except ClientError as error:
            if not is_answer(error):
                raise
            raise UsedToken(
                f"{arguments['ServiceName']} in {arguments['VpcId']}: {error}"
            ) from error
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def _tags(self, vpc_id: str, service_name: str) -> list[dict[str, Any]]:
        short = service_name.rsplit(".amazonaws.", 1)[-1].split(".", 1)[-1]
        tags = self._creation_tags.named(f"ecs-anywhere {short} {vpc_id}")
        return [{"ResourceType": "vpc-endpoint", "Tags": ec2_tags(tags)}]

    def set_private_dns(
        self, endpoint_id: str, on: bool, for_inbound_resolver_only: bool = False
    ) -> None:
        options: dict[str, Any] = {}
        if for_inbound_resolver_only:
            options["DnsOptions"] = {"PrivateDnsOnlyForInboundResolverEndpoint": True}
        call(
            client("ec2").modify_vpc_endpoint,
            VpcEndpointId=endpoint_id,
            PrivateDnsEnabled=on,
            **options,
        )

    def give_back(
        self,
        endpoint_id: str,
        groups: Sequence[str],
        subnets: Sequence[str],
        ipv4: Sequence[str] = (),
    ) -> None:
        wanted = {
            "AddSecurityGroupIds": list(groups),
            "AddSubnetIds": list(subnets),
            "IpAddressType": "ipv4" if "addresses" in ipv4 else "",
            "DnsOptions": {"DnsRecordIpType": "ipv4"} if "records" in ipv4 else {},
        }
        more: dict[str, Any] = {key: value for key, value in wanted.items() if value}
        call(client("ec2").modify_vpc_endpoint, VpcEndpointId=endpoint_id, **more)

    def set_policy(self, endpoint_id: str, service_name: str, whose: str) -> None:
        said: dict[str, Any] = _policy(whose, service_name) or {"ResetPolicy": True}
        call(client("ec2").modify_vpc_endpoint, VpcEndpointId=endpoint_id, **said)

    def remove(self, endpoint_ids: Sequence[str]) -> Mapping[str, str]:
        """Delete VPC endpoints in one call. Return id -> AWS's reason, of those that it refuses.
        Raises NotReadyYet where some are being changed, and AWS refuses no other."""
        ids = list(endpoint_ids)
        try:
            answer = call(client("ec2").delete_vpc_endpoints, VpcEndpointIds=ids)
        except ClientError as error:
            if not is_answer(error):
                raise
            return self._remove_one_by_one(ids)
        return _refused(answer.get("Unsuccessful", []))

    def _remove_one_by_one(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Remove each by a call of its own: for an id that is gone AWS may fail the whole call."""
        if len(ids) == 1:
            return {}
        return {id_: reason for one in ids for id_, reason in self.remove([one]).items()}

    def addresses(self, interface_ids: Iterable[str]) -> Mapping[str, str]:
        wanted = sorted(interface_ids)
        if not wanted:
            return {}
        found = items(
            client("ec2"),
            "describe_network_interfaces",
            "NetworkInterfaces",
            Filters=filters(network_interface_id=wanted),
        )
        # An interface of IPv6 alone has no such address.
        there = [item for item in found if item.get("PrivateIpAddress")]
        return {item["NetworkInterfaceId"]: item["PrivateIpAddress"] for item in there}


def _policy(whose: str, service_name: str) -> dict[str, str]:
    """Return the argument for an endpoint policy; none for the one that AWS gives."""
    said = policy_presets.document(whose, service_name)
    return {"PolicyDocument": said} if said else {}


def _offered(detail: Mapping[str, Any]) -> OfferedService:
    several = [entry["PrivateDnsName"] for entry in detail.get("PrivateDnsNames", [])]
    one = [detail["PrivateDnsName"]] if detail.get("PrivateDnsName") else []
    return OfferedService(
        name=detail["ServiceName"],
        private_names=tuple(dict.fromkeys(several or one)),
        zones=frozenset(detail["AvailabilityZones"]),
        owner=detail["Owner"],
        needs_acceptance=bool(detail.get("AcceptanceRequired")),
        takes_policy=bool(detail.get("VpcEndpointPolicySupported")),
    )


def endpoint_of(item: Mapping[str, Any]) -> InterfaceEndpoint:
    """Return a VPC endpoint as DescribeVpcEndpoints shows it."""
    failure = item.get("LastError", {}).get("Message") or item.get("FailureReason") or ""
    return InterfaceEndpoint(
        id=item["VpcEndpointId"],
        service_name=item["ServiceName"],
        state=item["State"].lower(),
        type=item["VpcEndpointType"],
        private_dns=bool(item.get("PrivateDnsEnabled")),
        subnets=tuple(sorted(item.get("SubnetIds", []))),
        security_groups=tuple(group["GroupId"] for group in item.get("Groups", [])),
        interfaces=tuple(sorted(item.get("NetworkInterfaceIds", []))),
        owner=tags_of(item).get(OWNER),
        failure=failure,
        vpc=item.get("VpcId", ""),
        policy=item.get("PolicyDocument", ""),
        route_tables=tuple(sorted(item.get("RouteTableIds", []))),
        for_inbound_resolver_only=bool(
            item.get("DnsOptions", {}).get("PrivateDnsOnlyForInboundResolverEndpoint")
        ),
        address_type=item.get("IpAddressType", "ipv4"),
        record_type=item.get("DnsOptions", {}).get("DnsRecordIpType", "ipv4"),
    )


def _refused(unsuccessful: Iterable[Mapping[str, Any]]) -> Mapping[str, str]:
    """Return the reasons of the items that no waiting can help. Raises NotReadyYet if there is
    none of them, but one that is being changed."""
    reasons: dict[str, str] = {}
    busy: dict[str, str] = {}
    for item in unsuccessful:
        code, message = item["Error"]["Code"], item["Error"]["Message"]
        meaning = meaning_of(_DELETION, code, message)
        if meaning is not ANSWER:
            waits = isinstance(meaning, type) and issubclass(meaning, Waiting)
            (busy if waits else reasons)[item["ResourceId"]] = f"{code}: {message}"
    if busy and not reasons:
        raise NotReadyYet("; ".join(f"{id_}: {why}" for id_, why in sorted(busy.items())))
    return reasons
