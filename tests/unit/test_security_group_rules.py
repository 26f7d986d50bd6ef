"""Amazon EC2's permissions, read and written back."""

from __future__ import annotations

from typing import Any

import pytest
from connectivity.adapters.security_group_rules import permission_of, rules_of
from connectivity.domain.model import Rule

ANYWHERE = [{"CidrIp": "0.0.0.0/0"}]
GROUP = [{"GroupId": "sg-1"}]
PERMISSIONS: list[tuple[dict[str, Any], Rule]] = [
    (
        {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "IpRanges": ANYWHERE,
        },
        Rule("tcp", 443, "0.0.0.0/0"),
    ),
    (
        {
            "IpProtocol": "udp",
            "FromPort": 0,
            "ToPort": 99,
            "UserIdGroupPairs": [{"GroupId": "sg-1"}],
        },
        Rule("udp", 0, "sg-1", last_port=99),
    ),
    (
        {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": ANYWHERE},
        Rule("icmp", -1, "0.0.0.0/0"),
    ),
    ({"IpProtocol": "-1", "IpRanges": ANYWHERE}, Rule("-1", 0, "0.0.0.0/0")),
    ({"IpProtocol": "50", "IpRanges": ANYWHERE}, Rule("50", 0, "0.0.0.0/0")),
    ({"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}, Rule("-1", 0, "::/0")),
    ({"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-1"}]}, Rule("-1", 0, "pl-1")),
]


@pytest.mark.parametrize(("permission", "rule"), PERMISSIONS)
def test_a_rule_of_any_kind_is_read_and_written_back_as_it_was(
    permission: dict[str, Any], rule: Rule
) -> None:
    """VPN appliances have rules without ports in the same VPC, and somebody may widen one of our
    groups to all traffic: what cannot be read cannot be revoked."""
    assert list(rules_of([permission])) == [rule]
    assert permission_of(rule) == permission


def test_a_permission_with_several_sources_is_several_rules() -> None:
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "192.168.0.0/16"}],
        "UserIdGroupPairs": [{"GroupId": "sg-1"}],
    }
    sources = {rule.source for rule in rules_of([permission])}
    assert sources == {"10.0.0.0/8", "192.168.0.0/16", "sg-1"}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule("tcp", 443, "sg-1"), "443/tcp"),
        (Rule("udp", 0, "sg-1", last_port=65535), "0-65535/udp"),
        (Rule("-1", 0, "sg-1"), "all traffic"),
        (Rule("icmp", -1, "sg-1"), "icmp"),
        (Rule("50", 0, "sg-1"), "protocol 50"),
    ],
)
def test_a_rule_of_any_kind_is_told_as_what_it_admits(rule: Rule, said: str) -> None:
    """What was repaired is mailed: `0/-1` is nothing that a person could look for."""
    assert rule.traffic == said
