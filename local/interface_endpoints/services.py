"""DescribeVpcEndpointServices: the services of a Region, with zones and names.

moto 5.2.5 gives every region the same list, `ecs-agent.<region>…` as a private name (AWS:
`ecs-a.<region>…`), private names for gateways, the names of the partition `aws` everywhere, and
fails with HTTP 500 on filters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from moto.ec2.exceptions import InvalidFilter
from moto.ec2.models.vpcs import VPCBackend

from local import partitions

PRIVATE_NAMES: Mapping[str, tuple[str, ...]] = {
    "ecs-agent": ("ecs-a.{region}.{domain}",),
    "ecs-telemetry": ("ecs-t.{region}.{domain}",),
    "ecr.dkr": ("dkr.ecr.{region}.{domain}", "*.dkr.ecr.{region}.{domain}"),
    "s3": (
        "s3.{region}.{domain}",
        "*.s3.{region}.{domain}",
        "s3-control.{region}.{domain}",
        "s3-accesspoint.{region}.{domain}",
    ),
    "monitoring": (
        "monitoring.{region}.{domain}",
        "monitoring.{region}.{dual_stack}",
        "monitoring-fips.{region}.{domain}",
        "monitoring-fips.{region}.{dual_stack}",
    ),
}
"""The private names that are not simply `<service>.<region>.amazonaws.com`, or with another
partition's domain.

`monitoring`: AWS PrivateLink guide, "View information about a service", where it is the example.
Which other services have all four names AWS documents nowhere: `InterfaceEndpoints.name_fully`.
"""

WITHOUT_POLICY = frozenset({"ecs-agent", "ecs-telemetry"})
WITH_GATEWAYS_TOO = frozenset({"s3", "dynamodb"})
"""Services that one can reach through a gateway endpoint as well as an interface endpoint."""

CERTIFIED_BARE = frozenset({"s3"})
"""The services whose certificate is good for `X`, too, where both `X` and `*.X` are private names.
AWS's certificates of the others are good for the wildcard only: `dkr.ecr.<region>…` resolves, but
there is no registry without an account, nor a certificate for it. Amazon S3's is good for both.
(That S3's holds `s3.<region>…` is a fact: path-style requests need it. That ECR's lacks the bare
name is a belief, AWS documents neither.)"""

REGIONS_SINCE_2024 = frozenset(
    {
        *("ap-southeast-5", "ap-southeast-7", "mx-central-1", "ap-east-2", "ap-southeast-6"),
        "eusc-de-east-1",
    }
)
"""Regions that AWS launched in 2024 and later: they do not offer `ec2messages`."""

PREFIXES: Mapping[str, tuple[str, frozenset[str]]] = {
    "aws-cn": (
        "cn.com.amazonaws",
        frozenset(
            {
                *("application-autoscaling", "appmesh-envoy-management", "athena", "autoscaling"),
                *("awsconnector", "backup", "batch", "cassandra", "cloudcontrolapi"),
                *("cloudformation", "codedeploy-commands-secure", "databrew", "dms", "ebs", "ec2"),
                *("ecr.api", "ecr.dkr", "eks", "elasticache", "elasticbeanstalk"),
                *("elasticfilesystem", "elasticfilesystem-fips", "emr-containers", "execute-api"),
                *("fsx", "imagebuilder", "iot.data", "iotsitewise.api", "iotsitewise.data"),
                *("kinesis-streams", "lambda", "license-manager", "monitoring", "rds", "redshift"),
                *("redshift-data", "s3", "sagemaker.api", "sagemaker.featurestore-runtime"),
                *("sagemaker.runtime", "securityhub", "servicecatalog", "sms", "sqs", "states"),
                *("sts", "sync-states", "synthetics", "transcribe", "transcribestreaming"),
                *("transfer", "xray"),
            }
        ),
    ),
    "aws-eusc": (
        "eu.amazonaws",
        frozenset({"ecr.api", "ecr.dkr", "execute-api", "securityhub"}),
    ),
}
"""Partition -> the prefix that stands for `com.amazonaws` in the names of these services, if one
reaches them by interface endpoints; of gateway endpoints it stands in none.

Source: AWS CDK, `getDefaultEndpointPrefix` and `GatewayVpcEndpointAwsService` in
aws-ec2/lib/vpc-endpoint.ts; of Beijing as DescribeVpcEndpointServices has it (aws-cdk #25329).
AWS GovCloud (US) has `com.amazonaws` for all. In which services a partition lacks, moto's list is
kinder than AWS: `InterfaceEndpoints.withheld` takes some away.
"""

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
"""The description of a service of another account, beside its names and zones."""

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
    """Return the ServiceDetails of AWS's own services in a Region; those in `fully_named`, short
    names, have a name for dual-stack and for FIPS as well. Nobody may change what is returned."""
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
    """Return `ecr.api` of `com.amazonaws.us-east-2.ecr.api`."""
    name = str(detail["ServiceName"])
    return name.split(".", 4 if name.startswith("cn.") else 3)[-1]


def type_of(detail: Mapping[str, Any]) -> str:
    return str(detail["ServiceType"][0]["ServiceType"])


def private_names(detail: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(entry["PrivateDnsName"] for entry in detail.get("PrivateDnsNames", ()))


def certificate_names(detail: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the private names that the service's certificate is good for."""
    names = private_names(detail)
    if short_name(detail) in CERTIFIED_BARE:
        return names
    return tuple(name for name in names if f"*.{name}" not in names)


def matching(
    service_names: Sequence[str],
    filters: Sequence[Mapping[str, Any]],
    services: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return the services that pass ServiceNames and every filter; AWS's own services have no
    tags."""
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
    """Return the detail in the form that AWS documents for `monitoring`."""
    if short_name(detail) not in names or type_of(detail) == "Gateway":
        return detail
    written, region = private_names(detail), str(detail["ServiceRegion"])
    fips = tuple(_fips(name) for name in written)
    dual = tuple(_dual_stack(name, region) for name in (*written, *fips))
    every = dict.fromkeys((*written, *fips, *dual))
    return detail | {"PrivateDnsNames": [{"PrivateDnsName": name} for name in every]}


def _fips(name: str) -> str:
    """Return the name whose first label that is no wildcard ends in `-fips`."""
    wildcard = "*." if name.startswith("*.") else ""
    label, rest = name.removeprefix(wildcard).split(".", 1)
    return f"{wildcard}{label}-fips.{rest}"


def _dual_stack(name: str, region: str) -> str:
    stem = name.removesuffix(f".{partitions.dns_suffix(region)}")
    return f"{stem}.{partitions.dual_stack_suffix(region)}"


def _as_on_aws(detail: Mapping[str, Any], region: str, withheld: Withheld) -> dict[str, Any]:
    service = short_name(detail)
    bases = detail["BaseEndpointDnsNames"]
    corrected = {
        **detail,
        "ServiceName": _service_name(detail, region),
        "ServiceRegion": region,
        "BaseEndpointDnsNames": [_in_partition(name, region) for name in bases],
        "SupportedIpAddressTypes": ["ipv4", "ipv6"],
        "AvailabilityZones": sorted(
            {*detail["AvailabilityZones"]} - (withheld.get(service) or frozenset())
        ),
        "VpcEndpointPolicySupported": service not in WITHOUT_POLICY,
    }
    if type_of(detail) == "Gateway":
        for member in ("PrivateDnsName", "PrivateDnsNames", "PrivateDnsNameVerificationState"):
            corrected.pop(member, None)
    elif names := _private_names(detail, region):
        corrected["PrivateDnsName"] = names[0]
        corrected["PrivateDnsNames"] = [{"PrivateDnsName": name} for name in names]
    return corrected


def _service_name(detail: Mapping[str, Any], region: str) -> str:
    """Return the name with the prefix that the partition has for this service."""
    name, service = str(detail["ServiceName"]), short_name(detail)
    prefix, services = PREFIXES.get(partitions.partition_of(region), ("", frozenset()))
    other = type_of(detail) == "Interface" and service in services
    return f"{prefix}.{region}.{service}" if other else name


def _private_names(detail: Mapping[str, Any], region: str) -> list[str]:
    domain, dual_stack = partitions.dns_suffix(region), partitions.dual_stack_suffix(region)
    if written := PRIVATE_NAMES.get(short_name(detail)):
        named = {"region": region, "domain": domain, "dual_stack": dual_stack}
        return [name.format(**named) for name in written]
    return [_in_partition(name, region) for name in private_names(detail)]


def _in_partition(name: str, region: str) -> str:
    """Return a name of the partition `aws` with the domain of the Region's partition."""
    stem = name.removesuffix(".amazonaws.com")
    return name if stem == name else f"{stem}.{partitions.dns_suffix(region)}"
