"""Several VPCs with the real DNS servers: what a client on-premises sees of each."""

from __future__ import annotations

from typing import Any

from ecs_anywhere_dns.outcome import Exit

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab, OtherVpc
from tests.onprem.test_apply import apply, assert_private, assert_public
from tests.onprem.test_commands import amiss

VALIDATING = ("bind", "unbound")
"""Where the laboratory has DNSSEC validated, which fails without an exemption."""


def following_two(lab: Lab, kind: str, region: str, **settings: Any) -> tuple[DnsServer, OtherVpc]:
    """A server whose host follows two VPCs, both published and in force."""
    server = lab.start(kind, validating=kind in VALIDATING)
    other = lab.connect("vpc-0000000000000000b", region)
    lab.follow(server, other, **settings)
    lab.publish()
    lab.publish_other(other)
    report = apply(lab)
    assert report["exit"] == Exit.DONE, report
    return server, other


def assert_private_in(lab: Lab, other: OtherVpc) -> None:
    for name, addresses in other.names.items():
        for transport in ("udp", "tcp"):
            reply = lab.ask(name, transport=transport)
            assert (reply.rcode, reply.addresses) == ("NOERROR", addresses), (name, transport)


def exits(report: dict[str, Any]) -> list[int]:
    return [each["exit"] for each in report["publications"]]


def test_names_of_two_regions_are_private_each_in_its_vpc(lab: Lab, server_kind: str) -> None:
    server, other = following_two(lab, server_kind, "eu-west-1")
    assert_private(lab)
    assert_private_in(lab, other)
    before = server.files()
    report = apply(lab)
    assert (exits(report), report["changed"]) == ([Exit.DONE, Exit.DONE], False)
    assert server.files() == before
    assert amiss(lab) == {}
    server.restart()
    assert_private_in(lab, other)


def test_what_befalls_one_vpc_is_nothing_of_the_other_s(lab: Lab, server_kind: str) -> None:
    """One fails while the other is published anew; then one is refused, then it is withdrawn."""
    _, other = following_two(lab, server_kind, "eu-west-1")
    other.behave("public")
    lab.publish()
    lab.publish_other(other)
    assert exits(apply(lab)) == [Exit.DONE, Exit.PREFLIGHT_FAILED]
    assert_private(lab)
    other.behave("right")
    assert_private_in(lab, other)
    lab.publish(account="999999999999")
    assert exits(apply(lab)) == [Exit.REFUSED, Exit.DONE]
    assert_private(lab)
    lab.publish(state="withdrawn", zones=[], names={}, vpcCidrs=[])
    assert exits(apply(lab)) == [Exit.DONE, Exit.DONE]
    assert_private_in(lab, other)
    if server_kind not in VALIDATING:
        assert_public(lab)


def test_a_standby_serves_the_names_when_the_link_is_lost(lab: Lab, server_kind: str) -> None:
    server, other = following_two(lab, server_kind, lab.region, standby_for=lab.vpc_id)
    assert_private(lab)
    for resolver in lab.resolvers.values():
        resolver.behaviour = "silent"
    report = apply(lab)
    assert exits(report) == [Exit.PREFLIGHT_FAILED, Exit.DONE], report
    assert_private_in(lab, other)
    for resolver in lab.resolvers.values():
        resolver.behaviour = "right"
    report = apply(lab)
    assert exits(report) == [Exit.DEGRADED, Exit.DONE], report
    assert not report["changed"], "it goes back later"
    assert_private_in(lab, other)
    assert server.running()
