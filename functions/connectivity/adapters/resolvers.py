"""Inbound resolvers and hosted zones, through Amazon Route 53."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client, items, regions_of
from connectivity.adapters.error_codes import NOT_SEEN_YET
from connectivity.adapters.refusals import code_of, is_answer, message_of
from connectivity.adapters.vpcs import ec2_tags
from connectivity.domain.errors import (
    NotReadyYet,
    NotRemoved,
    QuotaReached,
    ResolverFailed,
    ResolverRefused,
)
from connectivity.domain.model import HostedZone, InboundResolver, Profile, ResolverIp, ResolverRule
from connectivity.domain.ownership import resolver_name
from connectivity.domain.tags import OWNER, CreationTags

_REFUSED = frozenset(
    {"InvalidParameterException", "InvalidRequestException", "ResourceNotFoundException"}
)
_NOT_ALLOWED = re.compile(r"on resource: (arn:\S+) because no identity-based policy allows")
"""IAM user guide, "Troubleshoot access denied error messages"."""
_AUTODEFINED = "rslvr-autodefined-"
"""The beginning of the ids of rules that AWS associates with every VPC."""
_NOT_IN_FORCE = frozenset({"DELETING", "FAILED", "OVERRIDDEN"})
_MADE_BY_AWS = "OwningService"
_ENDED = frozenset({"DELETING", "DELETED", "FAILED"})


class Route53Resolvers:
    """The port `Resolvers` on AWS."""

    def __init__(self, tags: CreationTags) -> None:
        self._creation_tags = tags

    def in_vpc(self, vpc_id: str) -> tuple[InboundResolver, ...]:
        here = {"Name": "HostVPCId", "Values": [vpc_id]}
        return tuple(resolver_of(item) for item in _listed(Filters=[here]))

    def of_region(self) -> tuple[InboundResolver, ...]:
        return tuple(resolver_of(item) for item in _listed())

    def find(self, resolver_id: str) -> InboundResolver | None:
        get = client("route53resolver").get_resolver_endpoint
        try:
            found = call(get, ResolverEndpointId=resolver_id)["ResolverEndpoint"]
        except ClientError as error:
            if is_answer(error):
                return None
            raise
        resolver = resolver_of(found)
        if resolver.status != "operational":
            return resolver
        return replace(resolver, ips=self.addresses(resolver_id))

    def addresses(self, resolver_id: str) -> tuple[ResolverIp, ...]:
        try:
            found = items(
                client("route53resolver"),
                "list_resolver_endpoint_ip_addresses",
                "IpAddresses",
                ResolverEndpointId=resolver_id,
            )
        except ClientError as error:
            if is_answer(error):
                return ()
            raise
        return tuple(ResolverIp(a.get("Ip", ""), a["SubnetId"], a["Status"].lower()) for a in found)

    def make(
        self, vpc_id: str, addresses: Sequence[tuple[str, str | None]], group: str, token: str
    ) -> str:
        name = resolver_name(vpc_id)
        try:
            made = call(
                client("route53resolver").create_resolver_endpoint,
                CreatorRequestId=token,
                Name=name,
                Direction="INBOUND",
                SecurityGroupIds=[group],
                IpAddresses=[_ip_request(subnet, ip) for subnet, ip in addresses],
                Tags=ec2_tags(self._creation_tags.named(name)),
            )
        except ClientError as error:
            raise refusal(error, vpc_id, [ip for _, ip in addresses if ip]) from error
        return str(made["ResolverEndpoint"]["Id"])

    def rules_of(self, vpc_id: str) -> tuple[ResolverRule, ...]:
        """Ask with one call where there are only AWS's own rules, which is the usual case, else
        with two."""
        associated = self._associated_rules(vpc_id)
        return self._forwarding(associated) if associated else ()

    def _associated_rules(self, vpc_id: str) -> frozenset[str]:
        found = items(
            client("route53resolver"),
            "list_resolver_rule_associations",
            "ResolverRuleAssociations",
            Filters=[{"Name": "VPCId", "Values": [vpc_id]}],
        )
        return frozenset(
            association["ResolverRuleId"]
            for association in found
            if not association["ResolverRuleId"].startswith(_AUTODEFINED)
            and association["Status"] not in _NOT_IN_FORCE
        )

    def _forwarding(self, rule_ids: frozenset[str]) -> tuple[ResolverRule, ...]:
        found = items(
            client("route53resolver"),
            "list_resolver_rules",
            "ResolverRules",
            Filters=[{"Name": "TYPE", "Values": ["FORWARD"]}],
        )
        return tuple(_rule(rule) for rule in found if rule["Id"] in rule_ids)

    def remove(self, resolver_id: str) -> None:
        delete = client("route53resolver").delete_resolver_endpoint
        try:
            call(delete, ResolverEndpointId=resolver_id)
        except ClientError as error:
            if arn := _out_of_reach(error):
                raise NotRemoved(self._put_back(resolver_id, arn)) from error
            if not is_answer(error):
                raise

    def _put_back(self, resolver_id: str, arn: str) -> str:
        owner = self._creation_tags.owner
        return (
            f"{resolver_id}: made by us, but its tag {OWNER} is gone or another one, without which "
            f"we may not delete it; put it back (aws route53resolver tag-resource --resource-arn "
            f"{arn} --tags Key={OWNER},Value={owner}) or delete it"
        )


def _out_of_reach(error: ClientError) -> str:
    """Return the ARN of what our role may change with our owner tag alone, where AWS says that the
    role may not; empty for any other error, and where a policy denies it to everybody."""
    denied = code_of(error) == "AccessDeniedException"
    found = _NOT_ALLOWED.search(message_of(error)) if denied else None
    return found[1] if found else ""


class Route53HostedZones:
    """The port `HostedZones` on AWS."""

    def __init__(self, region: str) -> None:
        self._region = region

    def associated_with(self, vpc_id: str) -> tuple[HostedZone, ...]:
        list_zones = client("route53").list_hosted_zones_by_vpc
        zones: list[HostedZone] = []
        more: dict[str, str] = {}
        while True:
            page = call(list_zones, VPCId=vpc_id, VPCRegion=self._region, **more)
            zones += [
                HostedZone(
                    name=zone["Name"].rstrip("."),
                    id=zone["HostedZoneId"],
                    owner=zone["Owner"].get("OwningAccount", ""),
                )
                for zone in page["HostedZoneSummaries"]
                if _MADE_BY_AWS not in zone["Owner"]
            ]
            if not page.get("NextToken"):
                return tuple(zones)
            more = {"NextToken": page["NextToken"]}

    def profile_of(self, vpc_id: str) -> Profile | None:
        """Return the Profile that is associated with the VPC; None where there is none, or AWS
        offers no Profiles."""
        if self._region not in regions_of("route53profiles", self._region):
            return None
        found = items(
            client("route53profiles"),
            "list_profile_associations",
            "ProfileAssociations",
            ResourceId=vpc_id,
        )
        there = (each for each in found if each["Status"] not in _ENDED)
        return next((Profile(each["ProfileId"], each.get("OwnerId", "")) for each in there), None)

    def leads_to(self, zone: HostedZone) -> tuple[str, ...] | None:
        list_records = client("route53").list_resource_record_sets
        try:
            found = call(list_records, HostedZoneId=zone.id, StartRecordName=zone.name)
        except ClientError as error:
            if is_answer(error):
                return None
            raise
        records = (
            record
            for record in found["ResourceRecordSets"]
            if record["Name"].rstrip(".") == zone.name and record["Type"] in {"A", "CNAME"}
        )
        return tuple(target for record in records for target in _targets(record))


def _targets(record: Mapping[str, Any]) -> list[str]:
    if "AliasTarget" in record:
        return [record["AliasTarget"]["DNSName"].rstrip(".")]
    return [value["Value"].rstrip(".") for value in record.get("ResourceRecords", [])]


def _rule(rule: Mapping[str, Any]) -> ResolverRule:
    return ResolverRule(
        id=rule["Id"],
        domain=rule["DomainName"].rstrip("."),
        owner=rule.get("OwnerId", ""),
        targets=tuple(t["Ip"] for t in rule.get("TargetIps", []) if t.get("Ip")),
    )


def _ip_request(subnet: str, ip: str | None) -> dict[str, str]:
    return {"SubnetId": subnet} | ({"Ip": ip} if ip else {})


def _listed(**asked: Any) -> Sequence[Any]:
    return items(
        client("route53resolver"),
        "list_resolver_endpoints",
        "ResolverEndpoints",
        MaxResults=100,
        **asked,
    )


def resolver_of(item: Mapping[str, Any], ips: tuple[ResolverIp, ...] = ()) -> InboundResolver:
    """Return a Route 53 Resolver endpoint as lists show it. AWS names no protocols where there
    is but DNS over port 53."""
    return InboundResolver(
        id=item["Id"],
        vpc=item["HostVPCId"],
        status=item["Status"].lower(),
        ips=ips,
        security_groups=tuple(item["SecurityGroupIds"]),
        name=item.get("Name", ""),
        creator_request_id=item["CreatorRequestId"],
        message=item.get("StatusMessage", ""),
        direction=item["Direction"].lower(),
        protocols=tuple(p.lower() for p in item.get("Protocols") or ["Do53"]),
        modified_at=_seconds(item.get("ModificationTime", "")),
    )


def _seconds(timestamp: str) -> float:
    """Return the seconds since the epoch of a time that Route 53 Resolver writes, in ISO 8601 UTC;
    0 where it writes none."""
    return datetime.fromisoformat(timestamp).timestamp() if timestamp else 0.0


def refusal(error: ClientError, vpc_id: str, promised: Sequence[str]) -> Exception:
    """Return the error for AWS's refusal of CreateResolverEndpoint. `promised` are the addresses
    that were asked for: one may have been taken since the preconditions were checked."""
    code, message = code_of(error), message_of(error)
    said = f"inbound resolver of {vpc_id}: AWS says {code}: {message}"
    taken = any(address in message for address in promised)
    if code == "ResourceExistsException" and not taken:
        return NotReadyYet(f"the resolver of {vpc_id} was made before and will be seen soon")
    if any(unseen in message for unseen in NOT_SEEN_YET):
        return NotReadyYet(said)
    if "RSLVR-" in message and "permission" in message:
        return ResolverFailed(f"{said} - allow this action to the role of EnsureResolverFunction")
    if code == "LimitExceededException":
        return QuotaReached(
            f"{said} - remove a Route 53 Resolver endpoint of this Region, or ask AWS for a higher "
            "quota"
        )
    if taken or code in _REFUSED:
        return ResolverRefused(f"{said} - {_cure(promised)}")
    return error


def _cure(promised: Sequence[str]) -> str:
    """Return the cure. An address that is in use is seen by the next look at the preconditions, and
    not before."""
    if not promised:
        return "put right what it names; the next sweep tries again"
    return (
        f"{' and '.join(promised)} were promised to on-premises before. If one is in use now, free "
        "it before the next sweep, and on-premises keeps it; else the next sweep gives it up, "
        "takes another and says so"
    )
