"""DescribeVpcEndpointServices: which services a region offers, where, and under which names.

moto 5.2.5 gives every region the same list, `ecs-agent.<region>…` as a private name (AWS:
`ecs-a.<region>…`), private names for gateways, and fails with HTTP 500 on filters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from moto.ec2.exceptions import InvalidFilter
from moto.ec2.models.vpcs import VPCBackend

PRIVATE_NAMES: Mapping[str, tuple[str, ...]] = {
    "ecs-agent": ("ecs-a.{region}.amazonaws.com",),
    "ecs-telemetry": ("ecs-t.{region}.amazonaws.com",),
    "ecr.dkr": ("dkr.ecr.{region}.amazonaws.com", "*.dkr.ecr.{region}.amazonaws.com"),
    "s3": (
        "s3.{region}.amazonaws.com",
        "*.s3.{region}.amazonaws.com",
        "s3-control.{region}.amazonaws.com",
        "s3-accesspoint.{region}.amazonaws.com",
    ),
    "monitoring": (
        "monitoring.{region}.amazonaws.com",
        "monitoring.{region}.api.aws",
        "monitoring-fips.{region}.amazonaws.com",
        "monitoring-fips.{region}.api.aws",
    ),
}
"""Where AWS's private names are not simply `<service>.<region>.amazonaws.com`.

`monitoring`: AWS PrivateLink guide, "View information about a service", where it is the example.
Which other services have all four names AWS documents nowhere: `InterfaceEndpoints.name_fully`.
"""

WITHOUT_POLICY = frozenset({"ecs-agent", "ecs-telemetry"})
WITH_GATEWAYS_TOO = frozenset({"s3", "dynamodb"})
"""Services that one can reach through a gateway endpoint as well as an interface endpoint."""

CERTIFIED_BARE = frozenset({"s3"})
"""Where both `X` and `*.X` are private names, AWS's certificate is good for the wildcard only:
`dkr.ecr.<region>…` resolves, but there is no registry without an account, nor a certificate
for it. Amazon S3's is good for both. (That S3's holds `s3.<region>…` is a fact: path-style
requests need it. That ECR's lacks the bare name is a belief, AWS documents neither.)"""

REGIONS_SINCE_2024 = frozenset(
    {"ap-southeast-5", "ap-southeast-7", "mx-central-1", "ap-east-2", "ap-southeast-6"}
)
"""AWS offers `ec2messages` only in regions that it launched before 2024."""

OF_A_PARTNER: Mapping[str, Any] = {
    "ServiceType": [{"ServiceType": "Interface"}],
    "Owner": "666666666666",
    "AcceptanceRequired": False,
    "ManagesVpcEndpoints": False,
    "VpcEndpointPolicySupported": False,
    "SupportedIpAddressTypes": ["ipv4"],
    "PrivateDnsNameVerificationState": "verified",
    "Tags": [],
}
"""What a service of another account says of itself, beside its names and zones."""

FILTERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "owner": lambda detail: str(detail["Owner"]),
    "service-name": lambda detail: str(detail["ServiceName"]),
    "service-type": lambda detail: type_of(detail),
}

_stock_services = cache(VPCBackend._collect_default_endpoint_services)
"""moto draws new service ids for each call; AWS's stay."""


Withheld = Mapping[str, frozenset[str] | None]
"""Short names of services that are not offered: in these zones, or nowhere (None)."""


def offered(
    account: str, region: str, withheld: Withheld, fully_named: Collection[str] = ()
) -> list[dict[str, Any]]:
    """The ServiceDetails of AWS's own services in a region; those in `fully_named`, short names,
    have a name for dual-stack and for FIPS as well. Nobody may change what is returned."""
    return [*_offered(account, region, frozenset(withheld.items()), frozenset(fully_named))]


@lru_cache(maxsize=32)
def _offered(
    account: str,
    region: str,
    withheld: frozenset[tuple[str, frozenset[str] | None]],
    fully_named: frozenset[str],
) -> tuple[dict[str, Any], ...]:
    nowhere = {service for service, zones in withheld if zones is None}
    return tuple(
        _fully_named(_as_on_aws(detail, region, dict(withheld)), fully_named)
        for detail in _stock_services(account, region)
        if not (short_name(detail) == "ec2messages" and region in REGIONS_SINCE_2024)
        and short_name(detail) not in nowhere
    )


def short_name(detail: Mapping[str, Any]) -> str:
    """`ecr.api` of `com.amazonaws.us-east-2.ecr.api`."""
    return str(detail["ServiceName"]).split(".", 3)[-1]


def type_of(detail: Mapping[str, Any]) -> str:
    return str(detail["ServiceType"][0]["ServiceType"])


def private_names(detail: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(entry["PrivateDnsName"] for entry in detail.get("PrivateDnsNames", ()))


def certificate_names(detail: Mapping[str, Any]) -> tuple[str, ...]:
    """The private names that the service's certificate is good for."""
    names = private_names(detail)
    if short_name(detail) in CERTIFIED_BARE:
        return names
    return tuple(name for name in names if f"*.{name}" not in names)


def matching(
    service_names: Sequence[str],
    filters: Sequence[Mapping[str, Any]],
    services: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """The services that pass ServiceNames and every filter; AWS's own services have no tags."""
    for item in filters:
        if item["Name"] not in FILTERS:
            raise InvalidFilter(item["Name"])
    return [
        service
        for service in services
        if (not service_names or service["ServiceName"] in service_names)
        and all(FILTERS[item["Name"]](service) in item.get("Values", ()) for item in filters)
    ]


def _fully_named(detail: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """In the shape that AWS documents for `monitoring`."""
    if short_name(detail) not in names or type_of(detail) == "Gateway":
        return detail
    written = private_names(detail)
    fips = tuple(_fips(name) for name in written)
    dual = tuple(f"{n.removesuffix('.amazonaws.com')}.api.aws" for n in (*written, *fips))
    every = dict.fromkeys((*written, *fips, *dual))
    return detail | {"PrivateDnsNames": [{"PrivateDnsName": name} for name in every]}


def _fips(name: str) -> str:
    """The name whose first label that is no wildcard says `-fips`."""
    wildcard = "*." if name.startswith("*.") else ""
    label, rest = name.removeprefix(wildcard).split(".", 1)
    return f"{wildcard}{label}-fips.{rest}"


def _as_on_aws(detail: Mapping[str, Any], region: str, withheld: Withheld) -> dict[str, Any]:
    service = short_name(detail)
    corrected = {
        **detail,
        "ServiceRegion": region,
        "SupportedIpAddressTypes": ["ipv4"],
        "AvailabilityZones": sorted(
            {*detail["AvailabilityZones"]} - (withheld.get(service) or frozenset())
        ),
        "VpcEndpointPolicySupported": service not in WITHOUT_POLICY,
    }
    if type_of(detail) == "Gateway":
        for member in ("PrivateDnsName", "PrivateDnsNames", "PrivateDnsNameVerificationState"):
            corrected.pop(member, None)
    elif service in PRIVATE_NAMES:
        names = [name.format(region=region) for name in PRIVATE_NAMES[service]]
        corrected["PrivateDnsName"] = names[0]
        corrected["PrivateDnsNames"] = [{"PrivateDnsName": name} for name in names]
    return corrected
