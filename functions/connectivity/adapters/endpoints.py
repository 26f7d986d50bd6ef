"""VPC endpoints, through Amazon EC2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client, code_of, filters, items, message_of
from connectivity.adapters.security_groups import NOT_SEEN_YET
from connectivity.adapters.vpcs import ec2_tags, tags_of
from connectivity.domain.errors import (
    ConflictingPrivateDns,
    NotReadyYet,
    PreconditionsNotMet,
    QuotaReached,
)
from connectivity.domain.ledger import Announcement
from connectivity.domain.model import InterfaceEndpoint, OfferedService
from connectivity.domain.tags import OWNER
from connectivity.usecases.ports import UsedToken

_QUOTA = frozenset({"VpcEndpointLimitExceeded", "GatewayVpcEndpointLimitExceeded"})
_BEING_CHANGED = "IncorrectState"
"""One modification at a time; also of an endpoint that is still pending."""
_GONE = frozenset({"InvalidVpcEndpoint.NotFound", "InvalidVpcEndpointId.NotFound"})
_NOT_MADE = frozenset(
    {
        "DuplicateSubnetsInSameZone",
        "InvalidParameter",
        "InvalidSubnetID.NotFound",
        "InvalidVpcID.NotFound",
        "InvalidVpcId.NotFound",
    }
)
"""What was asked for cannot be: a network interface would keep a subnet, and that its VPC."""


class Ec2Endpoints:
    """Implements the port `Endpoints`; what it makes carries the owner tag from the start."""

    def __init__(self, owner: str) -> None:
        self._owner = owner

    def offered(self, service_names: Iterable[str]) -> Mapping[str, OfferedService]:
        """By filter: an unknown name among `ServiceNames` would fail the whole call."""
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
            _endpoint(item) for item in found if item["VpcEndpointType"] in {"Interface", "Gateway"}
        )

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
        )

    def make_gateway(self, vpc_id: str, service_name: str, token: str) -> str:
        """Without route tables: it changes no route."""
        return self._make(
            VpcEndpointType="Gateway",
            VpcId=vpc_id,
            ServiceName=service_name,
            ClientToken=token,
            TagSpecifications=self._tags(vpc_id, service_name),
        )

    def _make(self, **arguments: Any) -> str:
        try:
            made = call(client("ec2").create_vpc_endpoint, **arguments)
        except ClientError as error:
            raise _refusal(error, f"{arguments['ServiceName']} in {arguments['VpcId']}") from error
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def _tags(self, vpc_id: str, service_name: str) -> list[dict[str, Any]]:
        short = service_name.rsplit(".amazonaws.", 1)[-1].split(".", 1)[-1]
        tags = {OWNER: self._owner, "Name": f"ecs-anywhere {short} {vpc_id}"}
        return [{"ResourceType": "vpc-endpoint", "Tags": ec2_tags(tags)}]

    def set_private_dns(
        self, endpoint_id: str, on: bool, for_inbound_resolver_only: bool = False
    ) -> None:
        options: dict[str, Any] = {}
        if for_inbound_resolver_only:
            options["DnsOptions"] = {"PrivateDnsOnlyForInboundResolverEndpoint": True}
        try:
            call(
                client("ec2").modify_vpc_endpoint,
                VpcEndpointId=endpoint_id,
                PrivateDnsEnabled=on,
                **options,
            )
        except ClientError as error:
            raise _refusal(error, endpoint_id) from error

    def remove(self, endpoint_ids: Sequence[str]) -> Mapping[str, str]:
        answer = call(client("ec2").delete_vpc_endpoints, VpcEndpointIds=list(endpoint_ids))
        return {
            item["ResourceId"]: f"{item['Error']['Code']}: {item['Error']['Message']}"
            for item in answer.get("Unsuccessful", [])
            if item["Error"]["Code"] not in _GONE
        }

    def addresses(self, interface_ids: Iterable[str]) -> Mapping[str, str]:
        wanted = sorted(interface_ids)
        found = items(
            client("ec2"),
            "describe_network_interfaces",
            "NetworkInterfaces",
            Filters=filters(network_interface_id=wanted),
        )
        return {item["NetworkInterfaceId"]: item["PrivateIpAddress"] for item in found}


def _offered(detail: Mapping[str, Any]) -> OfferedService:
    several = [entry["PrivateDnsName"] for entry in detail.get("PrivateDnsNames", [])]
    one = [detail["PrivateDnsName"]] if detail.get("PrivateDnsName") else []
    return OfferedService(
        name=detail["ServiceName"],
        private_names=tuple(dict.fromkeys(several or one)),
        zones=frozenset(detail["AvailabilityZones"]),
    )


def _endpoint(item: Mapping[str, Any]) -> InterfaceEndpoint:
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
    )


def _refusal(error: ClientError, what: str) -> Exception:
    """AWS's refusals that mean something to us; everything else stays what it is."""
    code, message = code_of(error), message_of(error)
    said = f"{what}: AWS says {code}: {message}"
    if "conflicting DNS domain" in message:
        return ConflictingPrivateDns(f"{said} - remove what answers for that name")
    if "must have a Gateway endpoint" in message:
        return PreconditionsNotMet(
            f"{said} - make a gateway endpoint for Amazon S3 in this VPC, or leave s3 and ecr out"
        )
    if code in _QUOTA:
        return QuotaReached(f"{said} - ask for a higher quota")
    if code in NOT_SEEN_YET or code == _BEING_CHANGED:
        return NotReadyYet(said)
    if code == "IdempotentParameterMismatch":
        return UsedToken(said)
    if code in _NOT_MADE:
        return PreconditionsNotMet(said)
    return error
