"""VPCs of landing zones: names are adopted as they are served, and nothing of the network team is
touched."""

from __future__ import annotations

import json
from typing import Any

from tests.story.app import STATUS, App, Ended
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
