"""The main story: a tag on, a VPC connected; an option changed; the tag off, nothing left."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import pytest

from local.ask import ask
from local.example_vpc import ONPREM_CIDR
from tests.story.app import DETAIL, STATUS, App
from tests.story.conftest import EXTRA_TAGS

REGION = "us-east-2"
SIX = {"ecs", "ecs-agent", "ecs-telemetry", "ssm", "ssmmessages", "ec2messages"}
GROUPS = {
    "": SIX,
    "ecr": {*SIX, "ecr.api", "ecr.dkr", "s3"},
    "logs": {*SIX, "logs"},
    "ecr+logs com.amazonaws.us-east-2.secretsmanager": {
        *SIX, "ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager",
    },
}  # fmt: skip


@pytest.mark.parametrize("services", GROUPS, ids=lambda services: services or "the six")
def test_a_tagged_vpc_becomes_privately_connected_and_an_untagged_one_is_left_as_it_was(
    app: App, services: str
) -> None:
    vpc_id = app.vpc()
    before = app.tags(vpc_id)
    app.tag(vpc_id, wish="Enabled", **({"services": services} if services else {}))
    app.next_success(vpc_id)
    interface = {
        name.removesuffix(" Interface"): endpoint
        for name, endpoint in app.endpoints(vpc_id).items()
        if name.endswith(" Interface")
    }
    assert set(interface) == GROUPS[services]
    assert all(endpoint["PrivateDnsEnabled"] for endpoint in interface.values())
    assert app.tags(vpc_id)[STATUS] == "connected"
    _assert_answers_are_the_endpoints_own(app, vpc_id, interface)

    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}
    assert app.tags(vpc_id)[STATUS] == "removed"
    assert before.items() <= app.tags(vpc_id).items()


def _assert_answers_are_the_endpoints_own(
    app: App, vpc_id: str, interface: dict[str, dict[str, object]]
) -> None:
    """By real packets from outside, against the interfaces that Amazon EC2 shows."""
    published = json.loads(app.parameters(vpc_id)["forwarding"])
    inbound = [a for a in app.aws.networks.inbound_addresses() if a.vpc_id == vpc_id]
    assert sorted(address.ip for address in inbound) == published["resolverIps"]
    names = {"ecs-agent": f"ecs-a.{REGION}.amazonaws.com", "ssm": f"ssm.{REGION}.amazonaws.com"}
    if "ecr.dkr" in interface:
        names["ecr.dkr"] = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
        names["ecr.api"] = f"api.ecr.{REGION}.amazonaws.com"
    for service, name in names.items():
        interfaces = app.client("ec2").describe_network_interfaces(
            NetworkInterfaceIds=interface[service]["NetworkInterfaceIds"]
        )["NetworkInterfaces"]
        addresses = tuple(sorted(item["PrivateIpAddress"] for item in interfaces))
        for address in inbound:
            assert ask(address, name, "udp") == ask(address, name, "tcp") == addresses
    numbered = f"ecs-a-1.{REGION}.amazonaws.com"
    assert ask(inbound[0], numbered) not in {(), addresses}, "numbered hosts stay public"


def _without_the_company_s_tags(app: App, vpc_id: str) -> list[str]:
    """Return the ids of what was made for the VPC and lacks a tag of the stack's `ExtraTags`."""
    ec2, resolver, ssm = (app.client(name) for name in ("ec2", "route53resolver", "ssm"))
    in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    found = {
        item["VpcEndpointId"]: item["Tags"]
        for item in ec2.describe_vpc_endpoints(Filters=in_vpc)["VpcEndpoints"]
    } | {
        item["GroupId"]: item["Tags"]
        for item in ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
        if item["GroupName"] != "default"
    }
    for item in resolver.list_resolver_endpoints()["ResolverEndpoints"]:
        if item["HostVPCId"] == vpc_id:
            tags = resolver.list_tags_for_resource(ResourceArn=item["Arn"])["Tags"]
            found[item["Id"]] = tags
    for name in app.parameters(vpc_id):
        whole = f"{app.aws.outputs['ParameterPath']}/{vpc_id}/{name}"
        asked = {"ResourceType": "Parameter", "ResourceId": whole}
        found[whole] = ssm.list_tags_for_resource(**asked)["TagList"]
    assert len(found) == 10 + 3 + 1 + 2, "endpoints, groups, resolver, parameters"
    demanded = dict(pair.split("=") for pair in EXTRA_TAGS.split(","))
    return [
        thing
        for thing, tags in found.items()
        if not demanded.items() <= {tag["Key"]: tag["Value"] for tag in tags}.items()
    ]


def test_services_and_cidrs_are_added_and_removed_in_place(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    kept = {name: endpoint["VpcEndpointId"] for name, endpoint in app.endpoints(vpc_id).items()}
    first = json.loads(app.parameters(vpc_id)["forwarding"])

    app.tag(vpc_id, services="ecr", onprem_cidrs="10.64.0.0/16 192.168.7.0/24")
    app.next_success(vpc_id)
    now = {name: endpoint["VpcEndpointId"] for name, endpoint in app.endpoints(vpc_id).items()}
    assert kept.items() <= now.items(), "nothing that was there was made anew"
    assert now.keys() - kept.keys() == {
        "ecr.api Interface", "ecr.dkr Interface", "s3 Interface", "s3 Gateway",
    }  # fmt: skip
    assert app.ingress(vpc_id, "endpoints") == {
        ("tcp", 443, cidr) for cidr in ("10.0.0.0/16", ONPREM_CIDR, "192.168.7.0/24")
    }
    assert app.ingress(vpc_id, "resolver") == {
        (protocol, 53, cidr)
        for protocol in ("tcp", "udp")
        for cidr in (ONPREM_CIDR, "192.168.7.0/24")
    }
    assert _without_the_company_s_tags(app, vpc_id) == []
    second = json.loads(app.parameters(vpc_id)["forwarding"])
    assert second["generation"] == first["generation"] + 1
    assert second["resolverIps"] == first["resolverIps"]
    assert f"ecr.{REGION}.amazonaws.com" in second["zones"], "the CNAME behind api.ecr"

    app.untag(vpc_id, "ecs-anywhere:services")
    app.next_success(vpc_id)
    after = {name: endpoint["VpcEndpointId"] for name, endpoint in app.endpoints(vpc_id).items()}
    assert after == kept
    third = json.loads(app.parameters(vpc_id)["forwarding"])
    assert third["names"].keys() == first["names"].keys()

    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def test_a_knock_on_a_connected_vpc_changes_nothing(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    assert vpc_id not in app.sweep()["knocked"]
    app.tag(vpc_id, onprem_cidrs=ONPREM_CIDR)
    before = (app.endpoints(vpc_id), app.parameters(vpc_id), app.tags(vpc_id))
    since = app.aws.journal.mark()
    again = app.next_success(vpc_id)
    assert again.made_nothing
    assert (app.endpoints(vpc_id), app.parameters(vpc_id), app.tags(vpc_id)) == before
    reads = ("Describe", "List", "Get")
    own_state = {"dynamodb", "states"}
    wrote = [
        call.name
        for call in app.calls(since)
        if not call.action.startswith(reads) and call.service not in own_state | {"lambda"}
    ]
    assert wrote == []
    app.untag(vpc_id)
    app.next_success(vpc_id)


def test_writing_the_status_knocks_nobody(app: App) -> None:
    """The status tags are not among the keys that the rule listens to."""
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="disabled")
    assert app.next_end(vpc_id).states[-1] == "Done"
    known = app.executions()
    app.client("ec2").create_tags(
        Resources=[vpc_id], Tags=[{"Key": STATUS, "Value": "x"}, {"Key": DETAIL, "Value": "y"}]
    )
    app.aws.clock.sleep(60 * app.aws.settings.lifecycles.eventbridge_delivery)
    assert app.executions() == known


def test_request_events_are_another_way_to_set_and_remove_the_tags(app: App) -> None:
    vpc_id = app.vpc()
    app.request("Enable", {"vpc-id": vpc_id, "services": ["logs"], "onprem-cidrs": [ONPREM_CIDR]})
    app.next_success(vpc_id)
    assert app.tags(vpc_id)["ecs-anywhere:private-connectivity"] == "enabled"
    assert "logs Interface" in app.endpoints(vpc_id)
    app.seen |= app.executions()

    app.request("Delete", {"vpc-id": vpc_id})
    app.next_success(vpc_id)
    assert "ecs-anywhere:private-connectivity" not in app.tags(vpc_id)
    assert app.remnants(vpc_id) == {}
    app.seen |= app.executions()


def test_a_plan_says_what_would_be_made_and_makes_nothing(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="plan", services="ecr")
    planned = app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}
    assert app.tags(vpc_id)[STATUS] == "planned"
    steps = "\n".join(planned.output["steps"])
    assert steps.count("make interface endpoint") == 9
    assert "make inbound resolver in subnet-" in steps
    assert planned.output["monthly_dollars"] == round(730 * (9 * 2 * 0.01 + 2 * 0.125), 2)
    assert f"ecs.{REGION}.amazonaws.com" in planned.output["private_names"]
    app.untag(vpc_id)
    app.next_success(vpc_id)


CHANGES = {
    "ssm:PutParameter": "withdraw",
    "ec2:ModifyVpcEndpoint": "turn off",
    "ec2:DeleteVpcEndpoints": "remove",
    "route53resolver:DeleteResolverEndpoint": "remove",
    "ec2:DeleteSecurityGroup": "remove",
    "ssm:DeleteParameters": "remove",
}
THINGS = re.compile(r"(?:vpce|sg|rslvr-in)-[0-9a-f]+|/[\w/-]+/(?:resolver-ips|forwarding)")


def shown(lines: Iterable[str]) -> list[tuple[str, str]]:
    """What each line of a plan does, with which things."""
    kinds = ("withdraw", "turn off", "remove")
    return [
        (kind, id_)
        for line in lines
        for kind in kinds
        if line.startswith(kind)
        for id_ in THINGS.findall(line.split(": ")[0])
    ]


def done(app: App, since: int) -> list[tuple[str, str]]:
    """What the app's functions changed, once each, in their order."""
    changes = [call for call in app.calls(since) if call.name in CHANGES and not call.error]
    things = (
        (CHANGES[call.name], id_)
        for call in changes
        for id_ in THINGS.findall(json.dumps(dict(call.parameters), default=str))
    )
    return list(dict.fromkeys(things))


def test_a_plan_shows_what_a_teardown_removes_and_exactly_that_is_removed(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled", services="ecr")
    app.next_success(vpc_id)
    there = {**app.endpoints(vpc_id), "group": app.group(vpc_id, "probe")}
    app.tag(vpc_id, wish="plan")
    planned = app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected", "nothing was changed"
    teardown = planned.output["teardown"]
    plan = shown(teardown["goes"])
    assert teardown["stays"] == []
    assert len([kind for kind, _ in plan if kind == "turn off"]) == 9
    assert {e["VpcEndpointId"] for e in there.values() if "VpcEndpointId" in e} | {
        there["group"]["GroupId"]
    } <= {id_ for kind, id_ in plan if kind == "remove"}
    since = app.aws.journal.mark()
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert done(app, since) == plan
    assert app.remnants(vpc_id) == {}


def test_a_plan_shows_what_a_dropped_option_removes_and_exactly_that_is_removed(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled", services="ecr")
    app.next_success(vpc_id)
    app.tag(vpc_id, wish="plan", services="logs")
    planned = app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "planned"
    plan = shown(planned.output["steps"])
    assert len(plan) == 3 + 4, "three are turned off; they and the gateway endpoint go"
    since = app.aws.journal.mark()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    assert [step for step in done(app, since) if step in plan] == plan
    assert not [step for step in done(app, since) if step[0] == "remove" and step not in plan]
    app.untag(vpc_id)
    app.next_success(vpc_id)
