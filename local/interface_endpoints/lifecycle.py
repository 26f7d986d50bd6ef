"""The life of a VPC endpoint: pending, available, private DNS on and off, deleting, gone.

AWS: an interface endpoint is `pending` for a minute but lists its network interfaces at once,
remembers its ClientToken, changes private DNS with a delay, and is `deleting` before it is
gone. moto 5.2.5: `available` at once, random addresses, nothing refused, `deleted` for ever,
`Unsuccessful` always empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidFilter,
    InvalidVpcEndPointIdError,
)
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.utils import generic_filter, random_vpc_ep_id

from local.clock import Clock
from local.contracts import Door, NetworkState
from local.interface_endpoints import rules, services
from local.interface_endpoints.record import Endpoint
from local.interface_endpoints.zones import Zones
from local.private_dns import VpcAnswers
from local.requester_interfaces import (
    LOCK,
    create_requester_interface,
    delete_requester_interfaces,
)
from local.settings import Lifecycles
from local.unkind.endings import OF_A_DELETION, OF_A_NEW_ENDPOINT, SAYINGS, Ending
from local.unkind.faults import Quirk
from local.unkind.weather import Weather

MODIFYING = ("OperationInProgress", "VpcEndpoint modify operation in progress")
"""AWS's code and message (terraform-provider-aws #42884)."""

FILTERS = frozenset(
    [
        "service-name",
        "tag-key",
        "vpc-endpoint-id",
        "vpc-endpoint-state",
        "vpc-endpoint-type",
        "vpc-id",
    ]
)

Request = Mapping[str, Any]
"""The parameters of an EC2 action, by AWS's names."""


@dataclass
class InterfaceEndpoints:
    """The VPC endpoints of this AWS. `backend` is moto's EC2 of an account and region."""

    clock: Clock
    lifecycles: Callable[[], Lifecycles]
    """A function that returns the times which AWS takes, called whenever something begins."""
    answers: VpcAnswers
    weather: Weather
    withheld: dict[str, frozenset[str] | None] = field(default_factory=dict)
    fully_named: set[str] = field(default_factory=set)
    partners: list[dict[str, Any]] = field(default_factory=list)
    """Services of other accounts, which AWS PrivateLink offers here."""
    _endpoints: dict[str, Endpoint] = field(default_factory=dict)
    _zones: Zones = field(init=False)

    def __post_init__(self) -> None:
        def delay() -> float:
            return self.lifecycles().private_dns_association

        self._zones = Zones(self.clock, delay, self.answers)

    def withhold(self, service: str, availability_zones: Iterable[str] | None = None) -> None:
        """Stop offering `service` (a short name: `ecs`), in some zones or altogether."""
        everywhere = availability_zones is None
        self.withheld[service] = None if everywhere else frozenset(availability_zones or ())

    def add_partner(self, service: Mapping[str, Any]) -> None:
        """Offer somebody else's service, given as DescribeVpcEndpointServices shows it."""
        self.partners.append({**services.OF_A_PARTNER, **service})

    def offered(self, account: str, region: str) -> list[dict[str, Any]]:
        amazon_s = services.offered(account, region, self.withheld, self.fully_named)
        return [*amazon_s, *self.partners]

    def name_fully(self, *service_names: str) -> None:
        """Give these services, by short names, private names for dual-stack and FIPS, too."""
        self.fully_named.update(service_names)

    def create(self, backend: Any, request: Request, tags: Mapping[str, str]) -> dict[str, Any]:
        """Answer CreateVpcEndpoint. The same ClientToken and parameters give the same endpoint."""
        with LOCK:
            endpoint = self._made_before(backend, request) or self._make(backend, request)
            if endpoint.record.id not in self._endpoints:
                backend.vpc_end_points[endpoint.record.id] = endpoint.record
                endpoint.record.add_tags(tags)
                self._endpoints[endpoint.record.id] = endpoint
                self.weather.past.changing(endpoint.record.id, None)
            return self._told([endpoint])[0]

    def request_of(self, endpoint_id: str) -> Request:
        """Return the parameters of the CreateVpcEndpoint that made an endpoint; AWS itself does not
        tell them."""
        return self._endpoints[endpoint_id].request

    def modify(self, backend: Any, request: Request) -> None:
        """Answer ModifyVpcEndpoint. Everything is checked before anything changes."""
        with LOCK:
            [endpoint] = _chosen(self._table(backend), [request["VpcEndpointId"]])
            if endpoint.record.state != "available":
                raise EC2ClientError(
                    "IncorrectState",
                    f"The Vpc Endpoint {endpoint.record.id} is {endpoint.record.state}",
                )
            self._require_no_other_change(endpoint)
            was = endpoint.as_it_is()
            before = endpoint.record.private_dns_enabled
            self._change(backend, endpoint, request)
            self.weather.past.changing(endpoint.record.id, was)
            if endpoint.record.private_dns_enabled != before:
                self._zones.change(endpoint)
        self._publish_soon(endpoint)

    def delete(self, backend: Any, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Answer DeleteVpcEndpoints, which never fails: return the endpoints that could not be
        deleted, and why."""
        unsuccessful = []
        for endpoint_id in ids:
            try:
                self._delete(backend, endpoint_id)
            except EC2ClientError as error:
                reason = {"Code": error.code, "Message": error.message}
                unsuccessful.append({"ResourceId": endpoint_id, "Error": reason})
        return unsuccessful

    def describe(
        self, backend: Any, ids: Sequence[str], filters: Mapping[str, Sequence[str]]
    ) -> list[dict[str, Any]]:
        """Answer DescribeVpcEndpoints, oldest first."""
        for name in filters:
            if name not in FILTERS and not name.startswith("tag:"):
                raise InvalidFilter(name)
        with LOCK:
            seen = self.weather.past.seen(self._table(backend))
            return self._told(generic_filter(filters, _chosen(seen, ids)))

    def _told(self, endpoints: Iterable[Endpoint]) -> list[dict[str, Any]]:
        described = [endpoint.description() for endpoint in endpoints]
        if not described or not self.weather.capitalises():
            return described
        return [{**each, "State": each["State"].capitalize()} for each in described]

    def addresses_of(self, public_name: str) -> tuple[str, ...]:
        """Return the addresses of a public name of an endpoint that serves, from anywhere: all for
        the regional name, one for that of a zone."""
        for endpoint in list(self._endpoints.values()):
            if endpoint.serving and public_name in endpoint.public_names:
                which = endpoint.public_names.index(public_name)
                return endpoint.answers[which - 1 : which] if which else endpoint.answers
        return ()

    def door_at(self, vpc_id: str, address: str) -> Door | None:
        """Return the endpoint at an address, as a client in that VPC reaches it: its own VPC's
        first."""
        there = (e for e in list(self._endpoints.values()) if address in e.addresses and e.serving)
        nearest = sorted(there, key=lambda endpoint: endpoint.vpc.id != vpc_id)
        return next((Door(e.short_name, e.record.policy_document) for e in nearest), None)

    def private_names_of(self, endpoint_id: str) -> Mapping[str, tuple[str, ...]]:
        """Return private name -> addresses of an endpoint that serves; none of any other."""
        endpoint = self._endpoints.get(endpoint_id)
        if endpoint is None or not endpoint.serving:
            return {}
        return dict.fromkeys(endpoint.private_names, endpoint.answers)

    def certificates_elsewhere(self, vpc_id: str) -> Mapping[str, tuple[str, ...]]:
        """Return address -> names of its certificate, of the endpoints that serve in other VPCs."""
        return {
            address: endpoint.certificate_names
            for endpoint in list(self._endpoints.values())
            if endpoint.serving and endpoint.vpc.id != vpc_id
            for address in endpoint.addresses
        }

    def add_answers(self, vpc_id: str, state: NetworkState) -> NetworkState:
        """Add the names and the addresses of the VPC's endpoints."""
        serving = [endpoint for endpoint in self._in_vpc(vpc_id) if endpoint.serving]
        names = {
            name: endpoint.answers
            for endpoint in self._zones.in_vpc(vpc_id)
            for name in endpoint.private_names
        }
        tls = {
            address: endpoint.certificate_names
            for endpoint in serving
            for address in endpoint.addresses
        }
        return replace(state, names=names, tls=tls)

    def _make(self, backend: Any, request: Request) -> Endpoint:
        vpc = rules.existing_vpc(backend, request["VpcId"])
        service = rules.service_of_type(
            self.offered(backend.account_id, backend.region_name),
            request["ServiceName"],
            request.get("VpcEndpointType", "Gateway"),
        )
        if services.type_of(service) == "Gateway":
            return _gateway(backend, vpc, service, request)
        endpoint = self._interface_endpoint(backend, vpc, service, request)
        creating = self.lifecycles().interface_endpoint_creating
        ending = self.weather.ending(OF_A_NEW_ENDPOINT, services.short_name(service))
        end = partial(self._fail, endpoint, ending) if ending else None
        self.clock.after(creating, end or partial(self._become_available, endpoint))
        return endpoint

    def _interface_endpoint(
        self, backend: Any, vpc: Any, service: Mapping[str, Any], request: Request
    ) -> Endpoint:
        siblings = self._in_vpc(vpc.id)
        subnet_ids = request.get("SubnetIds", ())
        group_ids = request.get("SecurityGroupIds", ())
        private_dns = request.get("PrivateDnsEnabled", True)
        rules.require_subnets(backend, vpc, service, subnet_ids)
        rules.require_security_groups(backend, vpc, group_ids)
        rules.require_room(siblings)
        rules.require_policy_support(service, request)
        if private_dns:
            rules.require_private_dns(vpc, service, self._held_names(vpc.id))
        asked = request.get("DnsOptions", {})
        options = rules.dns_options(vpc, service, private_dns, asked, siblings)
        ip_type = request.get("IpAddressType", "ipv4")
        rules.require_ip_types(backend, service, subnet_ids, ip_type, options)
        record = VPCEndPoint(
            backend,
            random_vpc_ep_id(),
            vpc.id,
            request["ServiceName"],
            "Interface",
            request.get("PolicyDocument"),
            route_table_ids=[],
            subnet_ids=[],
            security_group_ids=[*group_ids] or [backend.get_default_security_group(vpc.id).id],
            private_dns_enabled=private_dns,
        )
        record.state = "pending"
        endpoint = Endpoint(record, vpc, service, request, options, ip_type)
        _add_interfaces(endpoint, subnet_ids)
        return endpoint

    def _become_available(self, endpoint: Endpoint) -> None:
        with LOCK:
            if endpoint.record.state != "pending":
                return
            endpoint.serving = True
        self.answers.publish(endpoint.vpc)  # first: whoever reads `available` may connect
        with LOCK:
            if endpoint.serving:
                endpoint.record.state = "available"
                if endpoint.record.private_dns_enabled:
                    self._zones.change(endpoint)

    def _fail(self, endpoint: Endpoint, ending: Ending) -> None:
        with LOCK:
            if endpoint.record.state == "pending":
                endpoint.record.state = ending.value
                endpoint.failure = SAYINGS[ending]

    def _change(self, backend: Any, endpoint: Endpoint, request: Request) -> None:
        record, vpc, service = endpoint.record, endpoint.vpc, endpoint.service
        siblings = [sibling for sibling in self._in_vpc(vpc.id) if sibling is not endpoint]
        private_dns = request.get("PrivateDnsEnabled", record.private_dns_enabled)
        asked = {**endpoint.dns_options, **request.get("DnsOptions", {})}
        added = request.get("AddSubnetIds", ())
        removed = endpoint.interfaces.keys() & request.get("RemoveSubnetIds", ())
        kept = endpoint.interfaces.keys() - removed
        rules.require_subnets(backend, vpc, service, added, kept)
        rules.require_security_groups(backend, vpc, request.get("AddSecurityGroupIds", ()))
        if private_dns and not record.private_dns_enabled:
            rules.require_private_dns(vpc, service, self._held_names(vpc.id, besides=endpoint))
        options = rules.dns_options(vpc, service, private_dns, asked, siblings)
        ip_type = request.get("IpAddressType", endpoint.ip_type)
        rules.require_ip_types(backend, service, {*kept, *added}, ip_type, options)
        endpoint.dns_options, endpoint.ip_type = options, ip_type
        record.private_dns_enabled = private_dns
        rules.require_policy_support(service, request)
        reset = json.dumps(VPCEndPoint.DEFAULT_POLICY) if request.get("ResetPolicy") else None
        record.modify(
            policy_doc=reset or request.get("PolicyDocument"),
            add_subnets=None,
            remove_subnets=None,
            add_route_tables=request.get("AddRouteTableIds"),
            remove_route_tables=request.get("RemoveRouteTableIds"),
            add_security_groups=request.get("AddSecurityGroupIds"),
            remove_security_groups=request.get("RemoveSecurityGroupIds"),
        )
        gone = [endpoint.interfaces.pop(subnet_id).id for subnet_id in removed]
        delete_requester_interfaces(backend, gone)
        _add_interfaces(endpoint, added)
        groups = [backend.get_security_group_from_id(id_) for id_ in record.security_group_ids]
        for interface in endpoint.interfaces.values():
            interface._group_set = groups

    def _delete(self, backend: Any, endpoint_id: str) -> None:
        with LOCK:
            endpoint = self._endpoints.get(endpoint_id)
            if endpoint is None or endpoint.record.ec2_backend is not backend:
                raise EC2ClientError(
                    "InvalidVpcEndpoint.NotFound",
                    f"The Vpc Endpoint Id '{endpoint_id}' does not exist",
                )
            if not endpoint.is_interface:
                rules.require_gateway_unneeded(endpoint, self._in_vpc(endpoint.vpc.id))
                backend.delete_vpc_endpoints([endpoint_id])
                self._forget(endpoint)
            elif endpoint.record.state != "deleting":
                self._require_deletable(endpoint)
                self.weather.past.changing(endpoint_id, endpoint.as_it_is())
                endpoint.record.state = "deleting"
                endpoint.serving = False
                self._publish_soon(endpoint)
                if endpoint.record.private_dns_enabled or not self._zones.are_changing(endpoint):
                    self._zones.change(endpoint)
                deleting = self.lifecycles().interface_endpoint_deleting
                self.clock.after(deleting, partial(self._forget, endpoint))

    def _forget(self, endpoint: Endpoint) -> None:
        """Forget an endpoint. Its network interfaces linger, and hold their subnets and security
        groups until they go."""
        backend = endpoint.record.ec2_backend
        with LOCK:
            self._endpoints.pop(endpoint.record.id, None)
            backend.vpc_end_points.pop(endpoint.record.id, None)
        ids = [interface.id for interface in endpoint.interfaces.values()]
        linger = self.lifecycles().requester_eni_linger
        self.clock.after(linger, partial(delete_requester_interfaces, backend, ids))

    def _publish_soon(self, endpoint: Endpoint) -> None:
        """Publish the answers on another thread: an API call does not wait for the network."""
        self.clock.after(0, partial(self.answers.publish, endpoint.vpc))

    def _made_before(self, backend: Any, request: Request) -> Endpoint | None:
        token = request.get("ClientToken")
        for endpoint in self._table(backend).values():
            if token and endpoint.request.get("ClientToken") == token:
                rules.require_same(endpoint.request, request)
                return endpoint
        return None

    def _require_no_other_change(self, endpoint: Endpoint) -> None:
        if self.weather.unkindness.one_modify_at_a_time and self._zones.are_changing(endpoint):
            self.weather.tell(Quirk.BUSY, endpoint.record.id)
            raise EC2ClientError(*MODIFYING)

    def _require_deletable(self, endpoint: Endpoint) -> None:
        ending = self.weather.ending(OF_A_DELETION, services.short_name(endpoint.service))
        if ending is not None:
            code, message = SAYINGS[ending]
            raise EC2ClientError(code, message.format(service=endpoint.record.service_name))

    def _table(self, backend: Any) -> dict[str, Endpoint]:
        endpoints = list(self._endpoints.items())
        return {id_: each for id_, each in endpoints if each.record.ec2_backend is backend}

    def _held_names(self, vpc_id: str, besides: Endpoint | None = None) -> list[str]:
        """Return the private names that nobody else can have in this VPC."""
        asked = [each for each in self._in_vpc(vpc_id) if each.record.private_dns_enabled]
        holders = [each for each in [*asked, *self._zones.in_vpc(vpc_id)] if each is not besides]
        return [name for holder in holders for name in holder.private_names]

    def _in_vpc(self, vpc_id: str) -> list[Endpoint]:
        return [e for e in list(self._endpoints.values()) if e.vpc.id == vpc_id]


def _chosen(table: Mapping[str, Endpoint], ids: Sequence[str]) -> list[Endpoint]:
    """Return the endpoints with these `ids`, or all where there are none. Raises
    InvalidVpcEndPointIdError."""
    for id_ in ids:
        if id_ not in table:
            raise InvalidVpcEndPointIdError(id_)
    return [table[id_] for id_ in ids or table]


def _gateway(backend: Any, vpc: Any, service: Mapping[str, Any], request: Request) -> Endpoint:
    """Make moto's gateway endpoint and its routes; it is available at once, without interfaces."""
    record = backend.create_vpc_endpoint(
        vpc.id,
        request["ServiceName"],
        "Gateway",
        request.get("PolicyDocument"),
        request.get("RouteTableIds", []),
        private_dns_enabled=False,
    )
    return Endpoint(record, vpc, service, request, {"DnsRecordIpType": "ipv4"})


def _add_interfaces(endpoint: Endpoint, subnet_ids: Iterable[str]) -> None:
    for subnet_id in subnet_ids:
        endpoint.interfaces[subnet_id] = create_requester_interface(
            endpoint.record.ec2_backend,
            subnet_id,
            interface_type="vpc_endpoint",
            description=f"VPC Endpoint Interface {endpoint.record.id}",
            security_group_ids=endpoint.record.security_group_ids,
        )
