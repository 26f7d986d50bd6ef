"""VPCs of landing zones: names are adopted as they are served, and nothing of the network team is
touched."""

from __future__ import annotations

import json
from typing import Any

from local.example_vpc import make_vpc
from tests.story.app import STATUS, App, Ended, until
from tests.story.landing_zone import (
    SIX,
    LandingZone,
    addresses_of,
    inbound_resolver,
    joined,
    landing_zone,
)


def connect(app: App, vpc_id: str) -> Ended:
    app.tag(vpc_id, wish="enabled")
    return app.next_success(vpc_id)


def disconnect(app: App, vpc_id: str) -> None:
    app.tag(vpc_id, wish="disabled")
    app.next_success(vpc_id)


def published(app: App, vpc_id: str) -> dict[str, Any]:
    return dict(json.loads(app.parameters(vpc_id)["forwarding"]))


def addresses(zone: LandingZone) -> dict[str, list[str]]:
    """Private name -> the addresses of the landing zone's interface endpoint for it."""
    ids = {e["VpcEndpointId"]: e["NetworkInterfaceIds"] for e in zone.described()}
    wanted = [interface for held in ids.values() for interface in held]
    found = zone.client("ec2").describe_network_interfaces(NetworkInterfaceIds=wanted)
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
        assert published(app, vpc_id)["names"] == addresses(zone)
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


def test_a_hub_s_endpoints_are_adopted_through_zones_that_it_shares(app: App) -> None:
    """The layout of AWS's whitepaper about centralised endpoints: hub and spoke in one account."""
    hub, spoke = app.vpc(cidr="10.90.0.0/16"), app.vpc(cidr="10.91.0.0/16")
    joined(app, hub, spoke)
    with landing_zone(app, hub) as zone:
        zone.make_endpoints([*SIX])
        zone.make_zones([*SIX], hub, spoke)
        before = zone.described()
        app.tag(spoke, wish="plan")
        [line] = (w for w in app.next_success(spoke).output["firewall"] if "443/tcp, for" in w)
        assert [ip for ips in addresses(zone).values() for ip in ips if f" {ip}" not in line] == []
        assert "10.91." not in line, "a firewall ticket is filed for the hub"
        connected = connect(app, spoke)
        for id_ in zone.endpoints.values():
            assert f"uses {id_} which is not ours" in connected.output["detail"]
        assert app.endpoints(spoke) == {}, "nothing stands twice"
        assert published(app, spoke)["names"] == addresses(zone)
        app.sweep_leaves_alone(spoke)
        disconnect(app, spoke)
        assert zone.described() == before, "unchanged to the end"


def test_a_hub_that_no_route_leads_to_is_told_before_anything_is_made(app: App) -> None:
    hub, spoke = app.vpc(cidr="10.90.0.0/16"), app.vpc(cidr="10.91.0.0/16")
    with landing_zone(app, hub) as zone:
        zone.make_endpoints(["ssm"])
        zone.make_zones(["ssm"], hub, spoke)
        cause = refused(app, spoke).cause
        assert "where 443/tcp does not serve it" in cause
        assert f"the private hosted zone {zone.zones['ssm']} (leads to " in cause
        assert "resolver endpoints" not in app.remnants(spoke)
    leaves_nothing(app, spoke)


NETWORK_ACCOUNT = "222222222222"


def test_endpoints_and_zones_of_a_network_account_are_adopted_by_their_answers(app: App) -> None:
    """The layout of the Landing Zone Accelerator: endpoints in the VPC of a network account, whose
    zones are shared with every VPC. Neither records nor endpoints can be seen from here."""
    hub = make_vpc(app.aws.client_of(NETWORK_ACCOUNT, "ec2"), cidr="10.92.0.0/16")
    spoke = app.vpc(cidr="10.93.0.0/16")
    joined(app, spoke)
    with landing_zone(app, hub, NETWORK_ACCOUNT) as zone:
        zone.make_endpoints([*SIX])
        zone.make_zones([*SIX], hub, spoke)
        before = zone.described()
        detail = connect(app, spoke).output["detail"]
        for id_ in zone.zones.values():
            assert f"uses {id_} which is not ours" in detail
        assert f"cannot be seen from account {app.aws.settings.account}" in detail
        assert app.endpoints(spoke) == {}
        assert published(app, spoke)["names"] == addresses(zone)
        app.sweep_leaves_alone(spoke)

        zone.forget_record("ssm")
        app.request("Enable", {"vpc-id": spoke})
        assert app.next_success(spoke).made_nothing, "a connected VPC is not asked at every knock"
        disconnect(app, spoke)
        assert zone.described() == before, "unchanged to the end"


def test_what_a_route_53_profile_serves_is_adopted_and_what_it_does_not_is_made(app: App) -> None:
    """A Profile of the network account holds the zones of five services; the sixth has nothing."""
    hub = make_vpc(app.aws.client_of(NETWORK_ACCOUNT, "ec2"), cidr="10.94.0.0/16")
    spoke = app.vpc(cidr="10.95.0.0/16")
    joined(app, spoke)
    profiles = app.aws.client_of(NETWORK_ACCOUNT, "route53profiles")
    with landing_zone(app, hub, NETWORK_ACCOUNT) as zone:
        served = [service for service in SIX if service != "ec2messages"]
        zone.make_endpoints(served)
        zone.make_zones(served, hub)
        profile = profiles.create_profile(Name="central", ClientToken="1")["Profile"]["Id"]
        for service, id_ in zone.zones.items():
            profiles.associate_resource_to_profile(
                ProfileId=profile, Name=service, ResourceArn=f"arn:aws:route53:::hostedzone/{id_}"
            )
        profiles.associate_profile(ProfileId=profile, ResourceId=spoke, Name="spoke")
        detail = connect(app, spoke).output["detail"]
        assert f"uses {profile}/{zone.name('ssm')} which is not ours" in detail
        assert [*app.endpoints(spoke)] == ["ec2messages Interface"], "only what is missing"
        names = published(app, spoke)["names"]
        assert addresses(zone).items() <= names.items()
        app.sweep_leaves_alone(spoke)
        disconnect(app, spoke)
        profiles.disassociate_profile(ProfileId=profile, ResourceId=spoke)


def test_endpoints_and_a_rule_that_a_route_53_profile_holds_are_adopted_by_their_ids(
    app: App,
) -> None:
    """A Profile of the VPC's own account, which holds five interface endpoints, and for the sixth
    service a rule that leads to the hub's inbound resolver."""
    hub, spoke = app.vpc(cidr="10.98.0.0/16"), app.vpc(cidr="10.99.0.0/16")
    joined(app, hub, spoke)
    inbound, profiles = inbound_resolver(app, hub), app.client("route53profiles")
    resolver, account = app.client("route53resolver"), app.aws.settings.account
    with landing_zone(app, hub) as zone:
        zone.make_endpoints([*SIX], private_dns=True)
        rule = resolver.create_resolver_rule(
            CreatorRequestId=spoke,
            RuleType="FORWARD",
            DomainName=zone.name("ssm"),
            Name="central",
            TargetIps=[{"Ip": ip, "Port": 53} for ip in addresses_of(app, inbound)],
        )["ResolverRule"]
        profile = profiles.create_profile(Name="central", ClientToken="1")["Profile"]["Id"]
        held = f"arn:aws:ec2:{app.aws.settings.region}:{account}:vpc-endpoint"
        arns = {s: f"{held}/{id_}" for s, id_ in zone.endpoints.items()} | {"ssm": rule["Arn"]}
        for service, arn in arns.items():
            profiles.associate_resource_to_profile(ProfileId=profile, Name=service, ResourceArn=arn)
        profiles.associate_profile(ProfileId=profile, ResourceId=spoke, Name="spoke")
        before = zone.described()
        detail = connect(app, spoke).output["detail"]
        for id_ in zone.endpoints.values():
            assert f"uses {id_} which is not ours" in detail
        assert "cannot be seen" not in detail, "all of them were looked at"
        assert app.endpoints(spoke) == {}
        assert published(app, spoke)["names"] == addresses(zone)
        app.sweep_leaves_alone(spoke)
        disconnect(app, spoke)
        assert zone.described() == before, "unchanged to the end"
        profiles.disassociate_profile(ProfileId=profile, ResourceId=spoke)
        resolver.delete_resolver_rule(ResolverRuleId=rule["Id"])
        resolver.delete_resolver_endpoint(ResolverEndpointId=inbound)


def test_what_a_rule_forwards_to_a_hub_s_inbound_resolver_is_adopted(app: App) -> None:
    hub, spoke = app.vpc(cidr="10.96.0.0/16"), app.vpc(cidr="10.97.0.0/16")
    joined(app, hub, spoke)
    resolver, ec2 = app.client("route53resolver"), app.client("ec2")
    of_hub = [{"Name": "vpc-id", "Values": [hub]}]
    with landing_zone(app, hub) as zone:
        zone.make_endpoints(["ssm"])
        zone.make_zones(["ssm"], hub)
        subnets = ec2.describe_subnets(Filters=of_hub)["Subnets"]
        group = ec2.describe_security_groups(Filters=of_hub)["SecurityGroups"][0]["GroupId"]
        inbound = resolver.create_resolver_endpoint(
            CreatorRequestId=hub,
            Direction="INBOUND",
            SecurityGroupIds=[group],
            IpAddresses=[{"SubnetId": subnet["SubnetId"]} for subnet in subnets],
        )["ResolverEndpoint"]["Id"]
        get = resolver.get_resolver_endpoint
        until(
            lambda: get(ResolverEndpointId=inbound)["ResolverEndpoint"]["Status"] == "OPERATIONAL"
        )
        ips = resolver.list_resolver_endpoint_ip_addresses(ResolverEndpointId=inbound)
        rule = resolver.create_resolver_rule(
            CreatorRequestId=spoke,
            RuleType="FORWARD",
            DomainName=zone.name("ssm"),
            Name="central",
            TargetIps=[{"Ip": ip["Ip"], "Port": 53} for ip in ips["IpAddresses"]],
        )["ResolverRule"]["Id"]
        resolver.associate_resolver_rule(ResolverRuleId=rule, VPCId=spoke, Name="central")
        detail = connect(app, spoke).output["detail"]
        assert f"uses {zone.endpoints['ssm']} which is not ours" in detail
        assert len(app.endpoints(spoke)) == len(SIX) - 1
        assert addresses(zone).items() <= published(app, spoke)["names"].items()
        disconnect(app, spoke)
        resolver.disassociate_resolver_rule(VPCId=spoke, ResolverRuleId=rule)
        resolver.delete_resolver_rule(ResolverRuleId=rule)
        resolver.delete_resolver_endpoint(ResolverEndpointId=inbound)
