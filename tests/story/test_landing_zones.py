"""VPCs of landing zones: names are adopted as they are served, and nothing of the network team is
touched."""

from __future__ import annotations

import json
from typing import Any

from tests.story.app import STATUS, App, Ended, until
from tests.story.landing_zone import SIX, LandingZone, landing_zone


def connect(app: App, vpc_id: str) -> Ended:
    app.tag(vpc_id, wish="enabled")
    return app.next_success(vpc_id)


def disconnect(app: App, vpc_id: str) -> None:
    app.tag(vpc_id, wish="disabled")
    app.next_success(vpc_id)


def published(app: App, vpc_id: str) -> dict[str, Any]:
    return dict(json.loads(app.parameters(vpc_id)["forwarding"]))


def addresses(app: App, zone: LandingZone) -> dict[str, list[str]]:
    """Private name -> the addresses of the landing zone's interface endpoint for it."""
    ids = {e["VpcEndpointId"]: e["NetworkInterfaceIds"] for e in zone.described()}
    wanted = [interface for held in ids.values() for interface in held]
    found = app.client("ec2").describe_network_interfaces(NetworkInterfaceIds=wanted)
    ip = {i["NetworkInterfaceId"]: i["PrivateIpAddress"] for i in found["NetworkInterfaces"]}
    return {zone.name(s): sorted(ip[i] for i in ids[id_]) for s, id_ in zone.endpoints.items()}


def test_zones_of_the_vpc_s_own_account_are_adopted_as_they_are(app: App) -> None:
    """The layout of a VPC with its own endpoints: nothing is made but the inbound resolver."""
    vpc_id = app.vpc()
    with landing_zone(app, vpc_id) as zone:
        zone.make_endpoints([*SIX])
        zone.make_zones([*SIX], vpc_id)
        before, theirs = zone.described(), app.remnants(vpc_id)
        connected = connect(app, vpc_id)
        for id_ in zone.endpoints.values():
            assert f"uses {id_} which is not ours" in connected.output["detail"]
        assert app.remnants(vpc_id)["VPC endpoints"] == theirs["VPC endpoints"]
        assert zone.described() == before, "unchanged"
        assert published(app, vpc_id)["names"] == addresses(app, zone)
        app.sweep_leaves_alone(vpc_id)
        disconnect(app, vpc_id)
        assert app.remnants(vpc_id) == theirs
        assert zone.described() == before, "unchanged to the end"
        assert app.tags(vpc_id)[STATUS] == "removed"


def refused(app: App, vpc_id: str) -> Ended:
    app.tag(vpc_id, wish="enabled")
    failed = app.next_end(vpc_id)
    assert (failed.status, failed.error) == ("FAILED", "PreconditionsNotMet"), failed.cause
    assert failed.made_nothing
    return failed


def leaves_nothing(app: App, vpc_id: str) -> None:
    """The probe's security group goes with the wish, or as soon as AWS Lambda lets go of it."""
    app.untag(vpc_id)
    app.next_success(vpc_id)
    until(lambda: "network interfaces" not in app.remnants(vpc_id))
    app.sweep()
    if app.remnants(vpc_id):
        app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def test_a_zone_that_does_not_answer_is_told_by_its_id_and_is_connected_when_it_is_mended(
    app: App,
) -> None:
    vpc_id = app.vpc()
    with landing_zone(app, vpc_id) as zone:
        zone.make_endpoints(["ssm"])
        zone.make_zones(["ssm"], vpc_id)
        zone.forget_record("ssm")
        cause = refused(app, vpc_id).cause
        name, id_ = zone.name("ssm"), zone.zones["ssm"]
        assert f"{name} answers no address" in cause
        assert f"the private hosted zone {id_} (no record of its own name)" in cause
        assert f"aws route53 list-resource-record-sets --hosted-zone-id {id_}" in cause
        assert "ssm Interface" in app.endpoints(vpc_id), "theirs"

        app.sweep()
        assert app.next_end(vpc_id).cause == cause, "a sweep believes what was answered before"

        zone.lead("ssm", zone.endpoints["ssm"])
        app.request("Enable", {"vpc-id": vpc_id})
        connected = app.next_success(vpc_id)
        assert f"uses {zone.endpoints['ssm']} which is not ours" in connected.output["detail"]
        assert len(app.endpoints(vpc_id)) == len(SIX), "five are ours"
        disconnect(app, vpc_id)


def test_a_rule_that_forwards_to_nowhere_is_told_by_its_id(app: App) -> None:
    """Beside it one for a parent, which does no harm."""
    vpc_id, resolver, region = app.vpc(), app.client("route53resolver"), app.aws.settings.region
    rules = []
    for domain in (f"ssm.{region}.amazonaws.com", "amazonaws.com"):
        rules.append(
            resolver.create_resolver_rule(
                CreatorRequestId=f"{vpc_id}-{domain}",
                RuleType="FORWARD",
                DomainName=domain,
                Name=domain.replace(".", "-"),
                TargetIps=[{"Ip": "10.64.0.53", "Port": 53}],
            )["ResolverRule"]["Id"]
        )
        resolver.associate_resolver_rule(ResolverRuleId=rules[-1], VPCId=vpc_id, Name="theirs")
    cause = refused(app, vpc_id).cause
    assert f"ssm.{region}.amazonaws.com answers SERVFAIL" in cause
    assert f"the Resolver rule {rules[0]}" in cause
    assert rules[1] not in cause
    for rule in rules:
        resolver.disassociate_resolver_rule(VPCId=vpc_id, ResolverRuleId=rule)
        resolver.delete_resolver_rule(ResolverRuleId=rule)
    leaves_nothing(app, vpc_id)
