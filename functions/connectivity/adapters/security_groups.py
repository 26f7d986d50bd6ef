"""Security groups, through Amazon EC2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client, filters, items
from connectivity.adapters.refusals import code_of, is_answer
from connectivity.adapters.security_group_rules import permission_of, rules_of
from connectivity.adapters.vpcs import ec2_tags, interface_of, tags_of
from connectivity.domain.model import NetworkInterface, Rule, SecurityGroup
from connectivity.domain.tags import OWNER, CreationTags

_DESCRIPTIONS = {
    "group/endpoints": "HTTPS from on-premises and this VPC to the interface endpoints",
    "group/resolver": "DNS from on-premises to the inbound resolver",
    "group/probe": "The probe that verifies resolution",
}


class Ec2Groups:
    """The port `Groups` on AWS. Every security group is made with its tags."""

    def __init__(self, tags: CreationTags) -> None:
        self._creation_tags = tags

    def all_in(self, vpc_id: str) -> tuple[SecurityGroup, ...]:
        found = items(
            client("ec2"),
            "describe_security_groups",
            "SecurityGroups",
            Filters=filters(vpc_id=[vpc_id]),
        )
        return tuple(map(group_of, found))

    def make(self, vpc_id: str, name: str, purpose: str) -> str:
        tags = ec2_tags(self._creation_tags.named(name))
        made = call(
            client("ec2").create_security_group,
            VpcId=vpc_id,
            GroupName=name,
            Description=_DESCRIPTIONS[purpose],
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
        )
        return str(made["GroupId"])

    def admit(self, group_id: str, rules: Sequence[Rule]) -> None:
        self._change("authorize_security_group_ingress", group_id, rules, "Duplicate")

    def revoke(self, group_id: str, rules: Sequence[Rule]) -> None:
        self._change("revoke_security_group_ingress", group_id, rules, "NotFound")

    def _change(self, operation: str, group_id: str, rules: Sequence[Rule], harmless: str) -> None:
        """`harmless` ends the code of the error that says it is so already."""
        permissions = list(map(permission_of, rules))
        try:
            call(getattr(client("ec2"), operation), GroupId=group_id, IpPermissions=permissions)
        except ClientError as error:
            if code_of(error) != f"InvalidPermission.{harmless}":
                raise
            if len(rules) > 1:
                for rule in rules:
                    self._change(operation, group_id, [rule], harmless)

    def holders(self, group_ids: Iterable[str]) -> Mapping[str, tuple[NetworkInterface, ...]]:
        wanted = sorted(group_ids)
        found = items(
            client("ec2"),
            "describe_network_interfaces",
            "NetworkInterfaces",
            Filters=filters(group_id=wanted),
        )
        interfaces = [interface_of(item) for item in found]
        by_group = {id_: tuple(i for i in interfaces if id_ in i.groups) for id_ in wanted}
        return {id_: held for id_, held in by_group.items() if held}

    def remove(self, group_id: str) -> None:
        try:
            call(client("ec2").delete_security_group, GroupId=group_id)
        except ClientError as error:
            if not is_answer(error):
                raise


def group_of(item: Mapping[str, Any]) -> SecurityGroup:
    """Return a security group as DescribeSecurityGroups shows it."""
    return SecurityGroup(
        id=item["GroupId"],
        name=item["GroupName"],
        rules=frozenset(rules_of(item["IpPermissions"])),
        owner=tags_of(item).get(OWNER),
        outbound=frozenset(rules_of(item["IpPermissionsEgress"])),
    )
