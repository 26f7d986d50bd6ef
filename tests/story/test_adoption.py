"""What is somebody else's is used and left alone; what was done to ours is put right and told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from local.example_vpc import ONPREM_CIDR
from tests.story.app import DETAIL, STATUS, App, Ended, until
from tests.story.test_errors import assert_failed, assert_told, made, subnets, words

REGION = "us-east-2"
VPC_CIDR = "10.0.0.0/16"
EVERYBODY = (ONPREM_CIDR, VPC_CIDR)


@dataclass(frozen=True)
class Theirs:
    """An inbound resolver that the company has had for long."""

    app: App
    vpc_id: str
    id: str
    group: str

    def delete(self) -> None:
        client = self.app.client("route53resolver")
        client.delete_resolver_endpoint(ResolverEndpointId=self.id)
        until(lambda: self.id not in resolvers(self.app))
        # Its addresses are free again when its network interfaces are.
        until(lambda: not self._interfaces())

    def _interfaces(self) -> list[Any]:
        held = {"Name": "group-id", "Values": [self.group]}
        found = self.app.client("ec2").describe_network_interfaces(Filters=[held])
        return list(found["NetworkInterfaces"])

    def addresses(self) -> list[str]:
        found = self.app.client("route53resolver").list_resolver_endpoint_ip_addresses(
            ResolverEndpointId=self.id
        )
        return sorted(item["Ip"] for item in found["IpAddresses"])

    def all_about_it(self) -> Mapping[str, Any]:
        """Everything that we could have changed."""
        ec2, resolver = self.app.client("ec2"), self.app.client("route53resolver")
        arn = resolvers(self.app)[self.id]["Arn"]
        tags = resolver.list_tags_for_resource(ResourceArn=arn)["Tags"]
        [group] = ec2.describe_security_groups(GroupIds=[self.group])["SecurityGroups"]
        return {"itself": resolvers(self.app)[self.id], "tags": tags, "group": group} | {
            "addresses": self.addresses()
        }

    def admit(self, cidrs: Sequence[str], protocols: Sequence[str] = ("tcp", "udp")) -> None:
        self.app.client("ec2").authorize_security_group_ingress(
            GroupId=self.group, IpPermissions=_permissions(cidrs, protocols)
        )

    def shut(self, cidrs: Sequence[str], protocols: Sequence[str] = ("tcp", "udp")) -> None:
        self.app.client("ec2").revoke_security_group_ingress(
            GroupId=self.group, IpPermissions=_permissions(cidrs, protocols)
        )


def _permissions(cidrs: Sequence[str], protocols: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "IpProtocol": protocol,
            "FromPort": 53,
            "ToPort": 53,
            "IpRanges": [{"CidrIp": cidr} for cidr in cidrs],
        }
        for protocol in protocols
    ]


def resolvers(app: App) -> dict[str, dict[str, Any]]:
    found = app.client("route53resolver").list_resolver_endpoints()["ResolverEndpoints"]
    return {item["Id"]: item for item in found}


def have_resolver(app: App, vpc_id: str, admitting: Sequence[str] = EVERYBODY) -> Theirs:
    group = app.client("ec2").create_security_group(
        VpcId=vpc_id, GroupName="their-dns", Description="-"
    )["GroupId"]
    made = app.client("route53resolver").create_resolver_endpoint(
        CreatorRequestId=f"theirs-{vpc_id}",
        Name="shared-dns",
        Direction="INBOUND",
        SecurityGroupIds=[group],
        IpAddresses=[{"SubnetId": subnet} for subnet in subnets(app, vpc_id)],
        Tags=[{"Key": "team", "Value": "network"}],
    )["ResolverEndpoint"]
    theirs = Theirs(app, vpc_id, made["Id"], group)
    if admitting:
        theirs.admit(admitting)
    until(lambda: resolvers(app)[theirs.id]["Status"] == "OPERATIONAL")
    return theirs


def have_endpoint(app: App, vpc_id: str, service: str, group: str) -> str:
    """Somebody else's interface endpoint that does the job."""
    made = app.client("ec2").create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=vpc_id,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        SubnetIds=subnets(app, vpc_id),
        SecurityGroupIds=[group],
        PrivateDnsEnabled=True,
    )["VpcEndpoint"]["VpcEndpointId"]
    until(lambda: app.endpoints(vpc_id)[f"{service} Interface"]["State"] == "available")
    return str(made)


def document(app: App, vpc_id: str) -> dict[str, Any]:
    return dict(json.loads(app.parameters(vpc_id)["forwarding"]))


def swept(app: App, vpc_id: str) -> Ended:
    assert vpc_id in app.sweep()["knocked"]
    return app.next_success(vpc_id)


def has_group(app: App, vpc_id: str, purpose: str) -> bool:
    """Its name has a random end."""
    name = f"ecs-anywhere-{vpc_id}-{purpose}-"
    return any(each.startswith(name) for each in app.remnants(vpc_id)["security groups"])


def disconnect(app: App, vpc_id: str) -> None:
    app.untag(vpc_id)
    app.next_success(vpc_id)


def test_an_inbound_resolver_that_fits_is_used_unchanged_and_outlives_the_connection(
    app: App,
) -> None:
    vpc_id = app.vpc()
    theirs = have_resolver(app, vpc_id)
    before, there = theirs.all_about_it(), app.remnants(vpc_id)

    app.tag(vpc_id, wish="plan")
    planned = app.next_success(vpc_id)
    assert f"uses {theirs.id} which is not ours" in planned.output["detail"]
    assert f"uses {theirs.id} which is not ours" in app.tags(vpc_id)[DETAIL]
    assert planned.output["monthly_dollars"] == round(730 * 6 * 2 * 0.01, 2), "none of it is ours"
    assert "inbound resolver" not in "\n".join(planned.output["steps"])

    app.tag(vpc_id, wish="enabled")
    connected = app.next_success(vpc_id)
    assert connected.output["resolver"]["id"] == theirs.id
    assert f"uses {theirs.id} which is not ours" in app.tags(vpc_id)[DETAIL]
    assert document(app, vpc_id)["resolverIps"] == theirs.addresses()
    assert app.parameters(vpc_id)["resolver-ips"] == ",".join(theirs.addresses())
    assert not has_group(app, vpc_id, "resolver")
    assert app.ledger(vpc_id)["served"]["M"]["adopted"] == {"M": {"resolver": {"S": theirs.id}}}
    assert "resolver" not in app.ledger(vpc_id)["held"]["M"]
    app.sweep_leaves_alone(vpc_id)

    disconnect(app, vpc_id)
    assert app.tags(vpc_id)[STATUS] == "removed"
    assert theirs.all_about_it() == before
    assert app.remnants(vpc_id) == there
    theirs.delete()


def test_an_adopted_resolver_is_followed_when_its_addresses_change_and_replaced_when_it_is_gone(
    app: App,
) -> None:
    vpc_id = app.vpc()
    theirs = have_resolver(app, vpc_id)
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    first = document(app, vpc_id)

    _give_another_address(app, theirs)
    swept(app, vpc_id)
    second = document(app, vpc_id)
    assert second["generation"] == first["generation"] + 1
    assert second["resolverIps"] == theirs.addresses() != first["resolverIps"]
    assert len(second["resolverIps"]) == 3
    assert "was given other addresses" in app.mails(vpc_id)[-1].message
    assert swept(app, vpc_id).made_nothing
    assert len(app.mails(vpc_id)) == 1

    theirs.shut([ONPREM_CIDR], ["udp"])
    since = app.aws.journal.mark()
    app.sweep_leaves_alone(vpc_id)
    app.request("Enable", {"vpc-id": vpc_id})
    unfit = app.next_end(vpc_id)
    says = f"the existing inbound resolver {theirs.id} in {vpc_id} is not ours and cannot be used"
    assert_failed(unfit, "PreconditionsNotMet", [says, f"53/udp from {ONPREM_CIDR}"])
    asked = f"ec2:CreateTags {{'Resources': ['{vpc_id}']"
    assert [call for call in made(app, since) if not call.startswith(asked)] == []
    assert document(app, vpc_id) == second, "on-premises goes on as before"
    assert len(app.mails(vpc_id)) == 2

    theirs.delete()
    replaced = swept(app, vpc_id)
    line = f"repaired: inbound resolver {theirs.id}, which is not ours, was gone: ours is made"
    assert line in replaced.output["detail"]
    assert "more in execution" in app.tags(vpc_id)[DETAIL], "a lost address is said before it"
    assert app.mails(vpc_id)[-1].message.endswith(line)
    assert f"{vpc_id} has other addresses" in str(app.mails(vpc_id)[-1].subject)
    assert set(document(app, vpc_id)["resolverIps"]) < set(second["resolverIps"]), "the same"
    assert swept(app, vpc_id).made_nothing
    assert len(app.mails(vpc_id)) == 3

    other = have_resolver_beside(app, vpc_id)
    app.sweep_leaves_alone(vpc_id)
    disconnect(app, vpc_id)
    assert set(app.remnants(vpc_id)["resolver endpoints"]) == {other}
    app.client("route53resolver").delete_resolver_endpoint(ResolverEndpointId=other)
    until(lambda: other not in resolvers(app))


def _give_another_address(app: App, theirs: Theirs) -> None:
    app.client("route53resolver").associate_resolver_endpoint_ip_address(
        ResolverEndpointId=theirs.id, IpAddress={"SubnetId": subnets(app, theirs.vpc_id)[0]}
    )
    until(lambda: resolvers(app)[theirs.id]["Status"] == "OPERATIONAL")


def have_resolver_beside(app: App, vpc_id: str) -> str:
    """One more, that fits: the group of the one before is there still."""
    [group] = app.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["their-dns"]}, _in(vpc_id)]
    )["SecurityGroups"]
    made = app.client("route53resolver").create_resolver_endpoint(
        CreatorRequestId=f"another-{vpc_id}",
        Direction="INBOUND",
        SecurityGroupIds=[group["GroupId"]],
        IpAddresses=[{"SubnetId": subnet} for subnet in subnets(app, vpc_id)],
    )["ResolverEndpoint"]
    until(lambda: resolvers(app)[made["Id"]]["Status"] == "OPERATIONAL")
    return str(made["Id"])


def _in(vpc_id: str) -> dict[str, Any]:
    return {"Name": "vpc-id", "Values": [vpc_id]}


def test_an_inbound_resolver_that_does_not_fit_is_named_and_no_second_one_made(app: App) -> None:
    vpc_id = app.vpc()
    theirs = have_resolver(app, vpc_id, admitting=[VPC_CIDR])
    before, since = app.remnants(vpc_id), app.aws.journal.mark()
    app.tag(vpc_id, wish="enabled")
    failed = app.next_end(vpc_id)
    says = f"the existing inbound resolver {theirs.id} in {vpc_id} is not ours and cannot be used"
    cure = (
        f"aws ec2 authorize-security-group-ingress --group-id {theirs.group} --protocol tcp "
        f"--port 53 --cidr {ONPREM_CIDR}"
    )
    assert_failed(failed, "PreconditionsNotMet", [says, cure, "a second one is not made"])
    assert_told(app, vpc_id, failed, says)
    assert made(app, since) == []
    assert app.remnants(vpc_id) == before

    theirs.admit([ONPREM_CIDR])
    swept(app, vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"
    disconnect(app, vpc_id)
    theirs.delete()


def test_adopted_endpoints_are_left_alone_and_replaced_when_they_are_gone(app: App) -> None:
    """`s3` brings a gateway endpoint of theirs with it."""
    vpc_id = app.vpc()
    ec2 = app.client("ec2")
    group = ec2.create_security_group(VpcId=vpc_id, GroupName="their-https", Description="-")
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"],
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
            }
        ],
    )
    gateway = ec2.create_vpc_endpoint(
        VpcEndpointType="Gateway", VpcId=vpc_id, ServiceName=f"com.amazonaws.{REGION}.s3"
    )["VpcEndpoint"]["VpcEndpointId"]
    theirs = {
        service: have_endpoint(app, vpc_id, service, group["GroupId"])
        for service in ("ssm", "ecr.api", "s3")
    }
    before = _without_time(app, vpc_id)
    app.tag(vpc_id, wish="enabled", services="ecr")
    connected = app.next_success(vpc_id)
    for id_ in theirs.values():
        assert f"uses {id_} which is not ours" in connected.output["detail"]
    assert before.items() <= _without_time(app, vpc_id).items(), "unchanged"

    told = len(app.mails(vpc_id))
    ec2.delete_vpc_endpoints(VpcEndpointIds=[theirs["ssm"]])
    until(lambda: theirs["ssm"] not in _ids(app, vpc_id))
    repaired = swept(app, vpc_id)
    line = (
        f"repaired: interface endpoint for ssm {theirs['ssm']}, which is not ours, was gone: "
        "ours is made"
    )
    assert line in repaired.output["detail"]
    assert [mail.message for mail in app.mails(vpc_id)[told:]] == [f"{vpc_id}: {line}"]
    assert app.endpoints(vpc_id)["ssm Interface"]["PrivateDnsEnabled"]
    assert swept(app, vpc_id).made_nothing

    disconnect(app, vpc_id)
    left = {theirs["ecr.api"], theirs["s3"], gateway}
    assert set(app.remnants(vpc_id)["VPC endpoints"]) == left
    assert _without_time(app, vpc_id).items() <= before.items(), "unchanged to the end"
    ec2.delete_vpc_endpoints(VpcEndpointIds=[theirs["ecr.api"], theirs["s3"]])


def _ids(app: App, vpc_id: str) -> set[str]:
    return set(app.remnants(vpc_id).get("VPC endpoints", []))


def _without_time(app: App, vpc_id: str) -> dict[str, Any]:
    return {endpoint["VpcEndpointId"]: endpoint for endpoint in app.endpoints(vpc_id).values()}


@pytest.fixture(scope="module")
def drifting(app: App) -> Iterator[str]:
    """A connected VPC, at which somebody works by hand."""
    app.seen |= app.executions()
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    yield vpc_id
    app.seen |= app.executions()
    disconnect(app, vpc_id)
    assert app.remnants(vpc_id) == {}


def endpoint_deleted(app: App, vpc_id: str) -> str:
    endpoint_id = app.endpoints(vpc_id)["ssm Interface"]["VpcEndpointId"]
    app.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    until(lambda: endpoint_id not in _ids(app, vpc_id))
    return "interface endpoint for ssm was gone: made anew"


def resolver_deleted(app: App, vpc_id: str) -> str:
    [resolver_id] = app.remnants(vpc_id)["resolver endpoints"]
    app.client("route53resolver").delete_resolver_endpoint(ResolverEndpointId=resolver_id)
    until(lambda: resolver_id not in resolvers(app))
    return f"inbound resolver {resolver_id} was gone: made anew"


def rule_removed(app: App, vpc_id: str) -> str:
    group = _our_group(app, vpc_id, "resolver")
    app.client("ec2").revoke_security_group_ingress(
        GroupId=group, IpPermissions=_permissions([ONPREM_CIDR], ["udp"])
    )
    return f"{group} did not admit 53/udp from {ONPREM_CIDR}: admitted again"


def rule_added(app: App, vpc_id: str) -> str:
    group = _our_group(app, vpc_id, "endpoints")
    app.client("ec2").authorize_security_group_ingress(
        GroupId=group, IpPermissions=_permissions(["203.0.113.0/24"], ["tcp"])
    )
    return f"{group} admitted 53/tcp from 203.0.113.0/24: revoked"


def document_deleted(app: App, vpc_id: str) -> str:
    app.client("ssm").delete_parameter(Name=_name(app, vpc_id, "forwarding"))
    return _written_again(app, vpc_id, "forwarding")


def document_edited(app: App, vpc_id: str) -> str:
    said = document(app, vpc_id) | {"resolverIps": ["192.0.2.1"]}
    _write(app, vpc_id, "forwarding", json.dumps(said))
    return _written_again(app, vpc_id, "forwarding")


def list_deleted(app: App, vpc_id: str) -> str:
    app.client("ssm").delete_parameter(Name=_name(app, vpc_id, "resolver-ips"))
    return _written_again(app, vpc_id, "resolver-ips")


def list_edited(app: App, vpc_id: str) -> str:
    _write(app, vpc_id, "resolver-ips", "192.0.2.1,192.0.2.2", "StringList")
    return _written_again(app, vpc_id, "resolver-ips")


def private_dns_turned_off(app: App, vpc_id: str) -> str:
    endpoint_id = app.endpoints(vpc_id)["ecs Interface"]["VpcEndpointId"]
    app.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint_id, PrivateDnsEnabled=False)
    return f"private DNS of {endpoint_id} (ecs) was off: turned on again"


def _our_group(app: App, vpc_id: str, purpose: str) -> str:
    return str(app.group(vpc_id, purpose)["GroupId"])


def _name(app: App, vpc_id: str, which: str) -> str:
    return f"{app.aws.outputs['ParameterPath']}/{vpc_id}/{which}"


def _written_again(app: App, vpc_id: str, which: str) -> str:
    return f"parameter {_name(app, vpc_id, which)} was edited or deleted: written again"


def _write(app: App, vpc_id: str, which: str, value: str, kind: str = "String") -> None:
    app.client("ssm").put_parameter(
        Name=_name(app, vpc_id, which), Value=value, Type=kind, Overwrite=True
    )


DRIFTS: dict[str, Callable[[App, str], str]] = {
    "an endpoint of ours is deleted": endpoint_deleted,
    "our resolver is deleted": resolver_deleted,
    "a rule is removed": rule_removed,
    "a rule is added": rule_added,
    "the document is deleted": document_deleted,
    "the document is edited": document_edited,
    "the list is deleted": list_deleted,
    "the list is edited": list_edited,
    "private DNS is turned off": private_dns_turned_off,
}


@pytest.mark.parametrize("somebody", DRIFTS.values(), ids=DRIFTS)
def test_what_somebody_did_by_hand_is_put_right_and_told_once(
    app: App, drifting: str, somebody: Callable[[App, str], str]
) -> None:
    vpc_id, before, told = drifting, _connection(app, drifting), len(app.mails(drifting))
    line = f"repaired: {somebody(app, vpc_id)}"
    assert _connection(app, vpc_id) != before
    repaired = swept(app, vpc_id)
    assert line in repaired.output["detail"].split("; ")
    assert words(line)[:60] in words(app.tags(vpc_id)[DETAIL])
    assert [mail.message for mail in app.mails(vpc_id)[told:]] == [f"{vpc_id}: {line}"]
    assert _connection(app, vpc_id) == before

    assert swept(app, vpc_id).made_nothing
    assert "repaired" not in app.tags(vpc_id)[DETAIL]
    assert len(app.mails(vpc_id)) == told + 1


def _connection(app: App, vpc_id: str) -> object:
    """What there is, without ids; and what on-premises reads of it."""
    published = app.parameters(vpc_id)
    said = json.loads(published.get("forwarding", "{}"))
    return (
        {name: endpoint["PrivateDnsEnabled"] for name, endpoint in app.endpoints(vpc_id).items()},
        [app.ingress(vpc_id, purpose) for purpose in ("endpoints", "resolver")],
        published.get("resolver-ips"),
        {key: said.get(key) for key in ("state", "resolverIps", "zones")},
        len(app.remnants(vpc_id).get("resolver endpoints", [])),
    )
