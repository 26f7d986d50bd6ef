"""Route 53 Resolver inbound endpoints that take time and answer DNS when they are OPERATIONAL.

AWS: CREATING, then OPERATIONAL with its addresses ATTACHED, then DELETING; its network
interfaces are requester-managed; 4 endpoints per region and 6 addresses per endpoint. moto
5.2.5: OPERATIONAL and gone at once, a fifth endpoint is allowed, addresses in use are given
again, no Protocols; another address is there at once, does not move the ModificationTime ("the date
and time that the endpoint was last modified", Route 53 Resolver API reference), and anybody may
take its interface; an update without a Name takes the name away, after which no list can be sorted.
Outbound endpoints stay moto's.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.moto_api._internal import mock_random
from moto.route53resolver.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    LimitExceededException,
    ResourceExistsException,
)
from moto.route53resolver.models import ResolverEndpoint, Route53ResolverBackend
from moto.route53resolver.responses import Route53ResolverResponse

from local.clock import Clock
from local.contracts import NetworkState
from local.private_dns import VpcAnswers, answers_of
from local.requester_interfaces import (
    LOCK,
    addresses_in_use,
    create_requester_interface,
    delete_requester_interfaces,
    free_address,
    is_usable,
)
from local.settings import Lifecycles
from local.unkind.endings import OF_A_NEW_RESOLVER, Ending
from local.unkind.weather import Weather

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

ADDRESSES_PER_ENDPOINT = 6
FEWEST_ADDRESSES = 2
STATUS_OF_ADDRESSES = {
    "CREATING": "ATTACHING",
    "ACTION_NEEDED": "ATTACHED",
    "OPERATIONAL": "ATTACHED",
    "UPDATING": "ATTACHED",
    "DELETING": "DETACHING",
}

BECOMING = ("CREATING", "ACTION_NEEDED")

_stock_create = Route53ResolverResponse.create_resolver_endpoint
_stock_update = Route53ResolverResponse.update_resolver_endpoint
_stock_associate = Route53ResolverBackend.associate_resolver_endpoint_ip_address
_stock_disassociate = Route53ResolverBackend.disassociate_resolver_endpoint_ip_address
_stock_delete = Route53ResolverBackend.delete_resolver_endpoint
_stock_description = ResolverEndpoint.description
_stock_ip_descriptions = ResolverEndpoint.ip_descriptions


@dataclass
class InboundResolvers:
    """The inbound endpoints of this AWS."""

    clock: Clock
    lifecycles: Callable[[], Lifecycles]
    """A function that returns the times which AWS takes, called whenever something begins."""
    answers: VpcAnswers
    weather: Weather
    quota: int
    """The number of Resolver endpoints that an account may have in a Region."""
    _serving: dict[str, Any] = field(default_factory=dict)
    """moto's endpoints that answer DNS, by id."""
    _made: dict[str, Any] = field(default_factory=dict)
    """The Resolver backend of every inbound endpoint that exists, by the endpoint's id."""

    def create(self, backend: Any, request: Mapping[str, Any]) -> Any:
        """Answer CreateResolverEndpoint: moto's endpoint, CREATING."""
        with LOCK:
            _require_acceptable(backend, request, self.quota)
            addresses = _addresses(backend.ec2_backend, request["IpAddresses"])
            endpoint = ResolverEndpoint(
                backend.account_id,
                backend.region_name,
                f"rslvr-in-{mock_random.get_random_hex(17)}",
                request["CreatorRequestId"],
                request["SecurityGroupIds"],
                request["Direction"],
                addresses,
                request.get("Name") or "",
            )
            endpoint.status = "CREATING"
            endpoint.status_message = "The endpoint is being created."
            endpoint.protocols = request.get("Protocols") or ["Do53"]
            endpoint.address_type = request.get("ResolverEndpointType") or "IPV4"
            backend.resolver_endpoints[endpoint.id] = endpoint
            backend.tagger.tag_resource(endpoint.arn, request.get("Tags") or [])
            self._made[endpoint.id] = backend
            self.weather.past.changing(endpoint.id, None)
        creating = self.lifecycles().resolver_endpoint_creating
        ending = self.weather.ending(OF_A_NEW_RESOLVER, endpoint.name)
        end = self._need_action if ending else self._become_operational
        self.clock.after(creating, lambda: end(endpoint, ending))
        return endpoint

    def delete(self, backend: Any, endpoint_id: str) -> Any:
        """Answer DeleteResolverEndpoint: moto's endpoint, DELETING."""
        with LOCK:
            endpoint = backend.resolver_endpoints[endpoint_id]
            if endpoint.status == "DELETING":
                return endpoint
            self.weather.past.changing(endpoint_id, copy.copy(endpoint))
            endpoint.status = "DELETING"
            endpoint.status_message = "The endpoint is being deleted."
            self._serving.pop(endpoint_id, None)
        self.clock.after(0, lambda: self.answers.publish(_vpc(endpoint)))
        deleting = self.lifecycles().resolver_endpoint_deleting
        self.clock.after(deleting, lambda: self._forget(backend, endpoint))
        return endpoint

    def associate(self, backend: Any, endpoint_id: str, request: Mapping[str, str]) -> Any:
        """Answer AssociateResolverEndpointIpAddress: UPDATING, until the address answers."""
        with LOCK:
            endpoint = backend.resolver_endpoints[endpoint_id]
            _require_steady(endpoint)
            if len(endpoint.ip_addresses) >= ADDRESSES_PER_ENDPOINT:
                raise LimitExceededException(
                    f"A Resolver endpoint can have at most {ADDRESSES_PER_ENDPOINT} IP addresses"
                )
            [address] = _addresses(backend.ec2_backend, [request])
            address_id = f"rni-{mock_random.get_random_hex(17)}"
            interface = _create_interface(endpoint, address["SubnetId"], address["Ip"], address_id)
            endpoint.eni_ids.append(interface)
        self._update(endpoint, lambda: _add(endpoint, address, address_id))
        return endpoint

    def disassociate(self, backend: Any, endpoint_id: str, request: Mapping[str, str]) -> Any:
        """Answer DisassociateResolverEndpointIpAddress: UPDATING, and two addresses have to
        stay."""
        with LOCK:
            endpoint = backend.resolver_endpoints[endpoint_id]
            _require_steady(endpoint)
            if len(endpoint.ip_addresses) <= FEWEST_ADDRESSES:
                raise InvalidRequestException(
                    "[RSLVR-00400] Resolver endpoint need to have at least 2 IP addresses."
                )
        self._update(endpoint, lambda: _stock_disassociate(backend, endpoint_id, dict(request)))
        return endpoint

    def change(self, backend: Any, request: Mapping[str, Any]) -> Any:
        """UpdateResolverEndpoint: its name and protocols; what is left out stays."""
        with LOCK:
            endpoint = backend.resolver_endpoints[request["ResolverEndpointId"]]
            _require_steady(endpoint)
            if request.get("ResolverEndpointType", endpoint.address_type) != endpoint.address_type:
                raise InvalidRequestException("The type of addresses is not changed here")

        def be_changed() -> None:
            endpoint.name = request.get("Name", endpoint.name)
            endpoint.protocols = request.get("Protocols") or endpoint.protocols

        self._update(endpoint, be_changed)
        return endpoint

    def _update(self, endpoint: Any, change: Callable[[], object]) -> None:
        endpoint.status = "UPDATING"
        endpoint.status_message = "The endpoint is being updated."
        endpoint.modification_time = _now()

        def be_changed() -> None:
            with LOCK:
                if endpoint.status != "UPDATING":
                    return
                change()
                endpoint.ip_address_count = len(endpoint.ip_addresses)
                endpoint.modification_time = _now()
            self.answers.publish(_vpc(endpoint))
            with LOCK:
                if endpoint.status == "UPDATING":
                    endpoint.status = "OPERATIONAL"
                    endpoint.status_message = "This Resolver Endpoint is operational."

        self.clock.after(self.lifecycles().resolver_endpoint_creating, be_changed)

    def owns(self, endpoint_id: str) -> bool:
        return endpoint_id in self._made

    def add_answers(self, vpc_id: str, state: NetworkState) -> NetworkState:
        """Add the resolver addresses that answer in the VPC."""
        addresses = [
            address["Ip"]
            for endpoint in list(self._serving.values())
            if endpoint.host_vpc_id == vpc_id and "Do53" in endpoint.protocols
            for address in endpoint.ip_addresses
        ]
        return replace(state, resolver_ips=frozenset(addresses))

    def close(self) -> None:
        """Remove the endpoints, as moto outlives this AWS: they would use up the Region's quota."""
        with LOCK:
            for endpoint_id, backend in self._made.items():
                backend.resolver_endpoints.pop(endpoint_id, None)
            self._made.clear()

    def _need_action(self, endpoint: Any, ending: Ending | None) -> None:
        with LOCK:
            if endpoint.status != "CREATING":
                return
            endpoint.status = "ACTION_NEEDED"
            endpoint.status_message = "This Resolver Endpoint is unhealthy."
            if ending is Ending.FAILED_CREATION:
                endpoint.failed_address = endpoint.ip_addresses[0]["Ip"]
        if ending is Ending.NEEDS_ACTION_AT_FIRST:
            again = self.lifecycles().resolver_endpoint_creating
            self.clock.after(again, lambda: self._become_operational(endpoint))

    def _become_operational(self, endpoint: Any, _: Ending | None = None) -> None:
        with LOCK:
            if endpoint.status not in BECOMING:
                return
            self._serving[endpoint.id] = endpoint
        self.answers.publish(_vpc(endpoint))  # first: who reads OPERATIONAL may ask
        with LOCK:
            if endpoint.status in BECOMING:
                endpoint.status = "OPERATIONAL"
                endpoint.status_message = "This Resolver Endpoint is operational."

    def _forget(self, backend: Any, endpoint: Any) -> None:
        """End DELETING; the network interfaces linger, and hold their subnets and security groups
        until they go."""
        with LOCK:
            self.weather.past.changing(endpoint.id, copy.copy(endpoint))
            backend.resolver_endpoints.pop(endpoint.id, None)
            backend.tagger.delete_all_tags_for_resource(endpoint.arn)
            self._made.pop(endpoint.id, None)
        remove = partial(delete_requester_interfaces, endpoint.ec2_backend, endpoint.eni_ids)
        self.clock.after(self.lifecycles().requester_eni_linger, remove)


def install(aws: EmbeddedAws) -> None:
    answers = answers_of(aws)
    quota = aws.settings.resolver_endpoints_per_region
    part = InboundResolvers(aws.clock, lambda: aws.settings.lifecycles, answers, aws.weather, quota)
    answers.sources.append(part.add_answers)
    aws.closers.append(part.close)
    _patch_moto(part)


def _patch_moto(part: InboundResolvers) -> None:
    """Patch moto. Each new method calls moto's own, so the part that is installed last answers."""

    def create(response: Any) -> str:
        request = json.loads(response.body)
        if request.get("Direction") != "INBOUND":
            return str(_stock_create(response))
        endpoint = part.create(response.route53resolver_backend, request)
        return json.dumps({"ResolverEndpoint": endpoint.description()})

    def update(response: Any) -> str:
        request = json.loads(response.body)
        if not part.owns(request["ResolverEndpointId"]):
            return str(_stock_update(response))
        endpoint = part.change(response.route53resolver_backend, request)
        return json.dumps({"ResolverEndpoint": endpoint.description()})

    def delete(backend: Any, resolver_endpoint_id: str) -> Any:
        if not part.owns(resolver_endpoint_id):
            return _stock_delete(backend, resolver_endpoint_id)
        return part.delete(backend, resolver_endpoint_id)

    def associate(backend: Any, resolver_endpoint_id: str, value: dict[str, str]) -> Any:
        if not part.owns(resolver_endpoint_id):
            return _stock_associate(backend, resolver_endpoint_id, value)
        return part.associate(backend, resolver_endpoint_id, value)

    def disassociate(backend: Any, resolver_endpoint_id: str, value: dict[str, str]) -> Any:
        if not part.owns(resolver_endpoint_id):
            return _stock_disassociate(backend, resolver_endpoint_id, value)
        return part.disassociate(backend, resolver_endpoint_id, value)

    Route53ResolverResponse.create_resolver_endpoint = create
    Route53ResolverResponse.update_resolver_endpoint = update
    Route53ResolverBackend.associate_resolver_endpoint_ip_address = associate
    Route53ResolverBackend.disassociate_resolver_endpoint_ip_address = disassociate
    Route53ResolverBackend.delete_resolver_endpoint = delete
    ResolverEndpoint.create_eni = _create_interfaces
    ResolverEndpoint.description = _description
    ResolverEndpoint.ip_descriptions = _ip_descriptions


def _now() -> str:
    """Return the time in the form of Route 53 Resolver."""
    return datetime.now(UTC).isoformat()


def _description(endpoint: Any) -> dict[str, Any]:
    """Return moto's description with the kind of addresses and the protocols, which it leaves
    out."""
    return {
        **_stock_description(endpoint),
        "ResolverEndpointType": getattr(endpoint, "address_type", "IPV4"),
        "Protocols": getattr(endpoint, "protocols", ["Do53"]),
    }


def _ip_descriptions(endpoint: Any) -> list[dict[str, str]]:
    """Return the descriptions of the addresses. They become ATTACHED when their endpoint becomes
    OPERATIONAL; each has a ModificationTime of its own."""
    failed = getattr(endpoint, "failed_address", None)

    def described(address: dict[str, str]) -> dict[str, str]:
        """Return an address as AWS describes it. One that could not be made is FAILED_CREATION in
        any state of the endpoint."""
        as_its_endpoint = STATUS_OF_ADDRESSES[endpoint.status]
        status = "FAILED_CREATION" if address["Ip"] == failed else as_its_endpoint
        return {
            **address,
            "ModificationTime": address["CreationTime"],
            "Status": status,
            "StatusMessage": f"This IP address is {status.lower()}.",
        }

    return [described(address) for address in _stock_ip_descriptions(endpoint)]


def _create_interfaces(endpoint: Any) -> list[str]:
    return [
        _create_interface(endpoint, subnet_id, address, address_id)
        for subnet_id, addresses in endpoint.subnets.items()
        for address, address_id in addresses.items()
    ]


def _create_interface(endpoint: Any, subnet_id: str, address: str, address_id: str) -> str:
    interface = create_requester_interface(
        endpoint.ec2_backend,
        subnet_id,
        interface_type="interface",
        description=f"Route 53 Resolver: {endpoint.id}:{address_id}",
        security_group_ids=endpoint.security_group_ids,
        address=address,
    )
    return str(interface.id)


def _add(endpoint: Any, address: dict[str, str], address_id: str) -> None:
    endpoint.ip_addresses.append(address)
    endpoint.subnets[address["SubnetId"]][address["Ip"]] = address_id


def _require_steady(endpoint: Any) -> None:
    if endpoint.status != "OPERATIONAL":
        raise InvalidRequestException(
            f"Resolver endpoint '{endpoint.id}' is {endpoint.status}: it cannot be changed now"
        )


def _require_acceptable(backend: Any, request: Mapping[str, Any], quota: int) -> None:
    """Check a request, apart from its addresses. Raises the refusals of AWS."""
    backend._verify_security_group_ids(request["SecurityGroupIds"])
    endpoints = backend.resolver_endpoints.values()
    if request["CreatorRequestId"] in {endpoint.creator_request_id for endpoint in endpoints}:
        raise ResourceExistsException(
            "Resolver endpoint with creator request ID "
            f"'{request['CreatorRequestId']}' already exists"
        )
    if len(endpoints) >= quota:
        raise LimitExceededException(
            f"Account '{backend.account_id}' has exceeded 'max-endpoints': the quota is "
            f"{quota} Resolver endpoints in {backend.region_name}"
        )
    if len(request["IpAddresses"]) < FEWEST_ADDRESSES:
        raise InvalidRequestException(
            "[RSLVR-00400] Resolver endpoint need to have at least 2 IP addresses."
        )
    if len(request["IpAddresses"]) > ADDRESSES_PER_ENDPOINT:
        raise LimitExceededException(
            f"A Resolver endpoint can have at most {ADDRESSES_PER_ENDPOINT} IP addresses"
        )


def _addresses(ec2_backend: Any, requested: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the addresses asked for, and free ones where only a subnet was named."""
    subnets = [_subnet(ec2_backend, item["SubnetId"]) for item in requested]
    _require_one_shared_vpc(ec2_backend, {subnet.vpc_id for subnet in subnets})
    chosen: dict[int, str] = {}
    for index in sorted(range(len(requested)), key=lambda index: "Ip" not in requested[index]):
        pinned = requested[index].get("Ip")
        if pinned:
            _require_free(subnets[index], pinned, chosen.values())
        chosen[index] = pinned or free_address(subnets[index], chosen.values())
    return [{"SubnetId": subnet.id, "Ip": chosen[i]} for i, subnet in enumerate(subnets)]


def _subnet(ec2_backend: Any, subnet_id: str) -> Any:
    try:
        return ec2_backend.get_subnet(subnet_id)
    except InvalidSubnetIdError as error:
        raise InvalidParameterException(f"The subnet ID '{subnet_id}' does not exist") from error


def _require_one_shared_vpc(ec2_backend: Any, vpc_ids: set[str]) -> None:
    if len(vpc_ids) != 1:
        raise InvalidRequestException("The subnets of a Resolver endpoint must be in one VPC")
    vpc = ec2_backend.get_vpc(*vpc_ids)
    if vpc.instance_tenancy == "dedicated":
        raise InvalidRequestException(
            f"Resolver endpoints cannot be in the VPC {vpc.id}: its instance tenancy is dedicated"
        )


def _require_free(subnet: Any, address: str, besides: Collection[str]) -> None:
    if not is_usable(subnet, address):
        raise InvalidRequestException(
            f"IP address '{address}' is either not in subnet '{subnet.id}' CIDR range or is "
            "reserved"
        )
    if address in addresses_in_use(subnet).union(besides):
        raise ResourceExistsException(
            f"The IP address '{address}' in subnet '{subnet.id}' is already in use"
        )


def _vpc(endpoint: Any) -> Any:
    return endpoint.ec2_backend.get_vpc(endpoint.host_vpc_id)
