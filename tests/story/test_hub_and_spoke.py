"""Hub and spoke of one stack: what was made for the hub serves the spoke, and goes after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.story.app import DETAIL, STATUS, App
from tests.story.landing_zone import SIX, LandingZone, joined
from tests.story.test_landing_zones import connect, disconnect, published


@contextmanager
def connected(app: App, number: int, services: str = "") -> Iterator[tuple[str, str, str]]:
    """A hub that was connected by the app, and a spoke whose names lead to it, with the hub's
    inbound resolver."""
    hub, spoke = app.vpc(cidr=f"10.{number}.0.0/16"), app.vpc(cidr=f"10.{number + 1}.0.0/16")
    joined(app, hub, spoke)
    wanted = {"services": services} if services else {}
    app.tag(hub, onprem_cidrs=f"10.64.0.0/16 10.{number + 1}.0.0/16", **wanted)
    connect(app, hub)
    ours = {name.split()[0]: e["VpcEndpointId"] for name, e in app.endpoints(hub).items()}
    zone = LandingZone(app, hub, endpoints={service: ours[service] for service in SIX})
    zone.make_zones([*SIX], spoke)
    resolver = app.client("route53resolver")
    here = [{"Name": "HostVPCId", "Values": [hub]}]
    inbound = resolver.list_resolver_endpoints(Filters=here)["ResolverEndpoints"][0]["Id"]
    app.tag(spoke, resolver=inbound)
    detail = connect(app, spoke).output["detail"]
    assert f"uses {inbound} which is not ours" in detail
    assert published(app, spoke)["resolverIps"] == published(app, hub)["resolverIps"]
    yield hub, spoke, inbound
    zone.endpoints.clear()
    zone.remove()


def test_a_hub_serves_on_until_the_last_spoke_has_gone_and_names_it(app: App) -> None:
    with connected(app, 120) as (hub, spoke, inbound):
        before, told = app.remnants(hub), len(app.mails(hub))
        app.untag(hub)
        held = app.next_success(hub)
        assert held.made_nothing
        assert app.tags(hub)[STATUS] == "needed"
        assert spoke in app.tags(hub)[DETAIL]
        assert inbound in held.output["detail"]
        assert app.remnants(hub) == before, "it serves on"
        (mail,) = app.mails(hub)[told:]
        assert f"{hub} is used by other VPCs" in str(mail.subject)

        app.sweep()
        assert app.next_success(hub).made_nothing, "and looks again"
        assert len(app.mails(hub)) == told + 1, "told once"

        disconnect(app, spoke)
        app.sweep()
        app.next_success(hub)
        assert app.tags(hub)[STATUS] == "removed"


def test_a_hub_goes_all_the_same_when_somebody_says_yes(app: App) -> None:
    with connected(app, 122) as (hub, spoke, _):
        app.tag(hub, wish="remove")
        app.next_success(hub)
        assert app.tags(hub)[STATUS] == "removed"
        disconnect(app, spoke)


def test_a_service_that_a_spoke_uses_is_not_taken_from_the_hub(app: App) -> None:
    with connected(app, 124, services="logs") as (hub, spoke, _):
        ours = app.endpoints(hub)["logs Interface"]
        with logs_led_to(app, spoke, ours["DnsEntries"][0]):
            app.tag(spoke, services="logs")
            app.next_success(spoke)
            app.tag(hub, services="+")
            failed = app.next_end(hub)
            assert failed.error == "PreconditionsNotMet"
            assert f"{spoke} ({ours['VpcEndpointId']})" in failed.cause
            assert "logs Interface" in app.endpoints(hub)
            disconnect(app, spoke)
        app.sweep()
        app.next_success(hub)
        assert "logs Interface" not in app.endpoints(hub)
        disconnect(app, hub)


@contextmanager
def logs_led_to(app: App, vpc_id: str, regional: Mapping[str, str]) -> Iterator[None]:
    """A private hosted zone of the VPC that leads to the public name of an interface endpoint."""
    route53, region = app.client("route53"), app.aws.settings.region
    name = f"logs.{region}.amazonaws.com"
    zone = route53.create_hosted_zone(
        Name=name,
        CallerReference=vpc_id,
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": region, "VPCId": vpc_id},
    )["HostedZone"]["Id"]
    target = {
        "HostedZoneId": regional["HostedZoneId"],
        "DNSName": regional["DnsName"],
        "EvaluateTargetHealth": False,
    }
    record = {"Name": name, "Type": "A", "AliasTarget": target}

    def change(action: str) -> None:
        changes = [{"Action": action, "ResourceRecordSet": record}]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    change("CREATE")
    yield
    change("DELETE")
    route53.delete_hosted_zone(Id=zone)
