"""What a user sees when something is wrong: one failed execution, one e-mail, two tags.

Nothing is made, and what was there before stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.story.app import DETAIL, STATUS, WISH, App, Ended, until
from tests.story.conftest import EMAIL

REGION = "us-east-2"
READS = ("Describe", "Get", "List", "Scan")
MACHINERY = {"dynamodb", "lambda", "sns", "states"}
"""The ledger, the functions, the notification, the workflow."""


@contextmanager
def hosted_zone(app: App, vpc_id: str) -> Iterator[None]:
    """A private hosted zone of the customer's, of which nothing is asked while more is amiss."""
    route53 = app.client("route53")
    zone = route53.create_hosted_zone(
        Name=f"ssm.{REGION}.amazonaws.com",
        CallerReference=vpc_id,
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": REGION, "VPCId": vpc_id},
    )["HostedZone"]
    try:
        yield
    finally:
        route53.delete_hosted_zone(Id=zone["Id"])


@contextmanager
def another_stack(app: App, vpc_id: str) -> Iterator[None]:
    """One of its security groups, which has the name that ours would have."""
    ec2 = app.client("ec2")
    group = ec2.create_security_group(
        VpcId=vpc_id,
        GroupName=f"ecs-anywhere-{vpc_id}-endpoints",
        Description="-",
        TagSpecifications=[
            {
                "ResourceType": "security-group",
                "Tags": [{"Key": "ecs-anywhere:owner", "Value": "dev"}],
            }
        ],
    )["GroupId"]
    try:
        yield
    finally:
        ec2.delete_security_group(GroupId=group)


@contextmanager
def shut_endpoint(app: App, vpc_id: str) -> Iterator[None]:
    """Somebody else's interface endpoint, whose security group lets nobody in."""
    ec2 = app.client("ec2")
    endpoint_id = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=vpc_id,
        ServiceName=f"com.amazonaws.{REGION}.ssm",
        SubnetIds=subnets(app, vpc_id),
        SecurityGroupIds=[
            ec2.create_security_group(VpcId=vpc_id, GroupName="shut", Description="-")["GroupId"]
        ],
        PrivateDnsEnabled=True,
    )["VpcEndpoint"]["VpcEndpointId"]
    until(lambda: app.endpoints(vpc_id)["ssm Interface"]["State"] == "available")
    try:
        yield
    finally:
        ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])


@contextmanager
def used_up_quota(app: App, _vpc_id: str) -> Iterator[None]:
    """Four resolver endpoints of other people, in a VPC of theirs."""
    resolver, theirs = app.client("route53resolver"), app.vpc()
    group = app.client("ec2").describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [theirs]}]
    )["SecurityGroups"][0]["GroupId"]
    made = [
        resolver.create_resolver_endpoint(
            CreatorRequestId=f"{theirs}-{number}",
            Direction="INBOUND",
            SecurityGroupIds=[group],
            IpAddresses=[{"SubnetId": subnet} for subnet in subnets(app, theirs)],
        )["ResolverEndpoint"]["Id"]
        for number in range(4)
    ]
    try:
        yield
    finally:
        for resolver_id in made:
            resolver.delete_resolver_endpoint(ResolverEndpointId=resolver_id)
        until(lambda: not resolver.list_resolver_endpoints()["ResolverEndpoints"])


@contextmanager
def withheld_telemetry(app: App, _vpc_id: str) -> Iterator[None]:
    """A Region that does not offer one of the required services."""
    app.aws.interface_endpoints.withhold("ecs-telemetry")
    try:
        yield
    finally:
        app.aws.interface_endpoints.withheld.clear()


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a VPC, and what its user is told."""

    says: Sequence[str]
    """Parts of the message; `{vpc}` stands for the VPC's id. The first is in the tag as well."""
    error: str = "PreconditionsNotMet"
    tags: Mapping[str, str] = field(default_factory=dict)
    vpc: Mapping[str, Any] = field(default_factory=dict)
    around: Callable[[App, str], AbstractContextManager[None]] = lambda _app, _vpc: nullcontext()


MISTAKES = {
    "a VPC without DNS hostnames": Mistake(
        vpc={"hostnames": False},
        says=[
            "enableDnsHostnames of {vpc} is false",
            "aws ec2 modify-vpc-attribute --vpc-id {vpc} --enable-dns-hostnames Value=true",
        ],
    ),
    "subnets in one Availability Zone": Mistake(
        vpc={"zones": "a"},
        says=[
            "{vpc} has subnets in 1 Availability Zone (us-east-2a), and 2 are needed",
            "add a subnet in another one",
        ],
    ),
    "no CIDR": Mistake(
        tags={"onprem_cidrs": "10.64.0.0/16 10.0.0.0/33"},
        error="UnreadableOption",
        says=[
            'tag ecs-anywhere:onprem-cidrs: "10.0.0.0/33"',
            '"10.0.0.0/33" is not an IPv4 CIDR, as in 10.0.0.0/8',
        ],
    ),
    "a CIDR with host bits": Mistake(
        tags={"onprem_cidrs": "10.64.7.0/16"},
        error="UnreadableOption",
        says=['"10.64.7.0/16" has host bits set; the network is 10.64.0.0/16'],
    ),
    "an unreadable wish": Mistake(
        tags={"wish": "ja bitte"},
        error="UnreadableOption",
        says=[f'tag {WISH} = "ja bitte" is not one of enabled, plan, disabled'],
    ),
    "a network on-premises inside the VPC": Mistake(
        tags={"onprem_cidrs": "10.64.0.0/16 10.0.64.0/18"},
        says=["ecs-anywhere:onprem-cidrs of {vpc} names 10.0.64.0/18 as a network on-premises"],
    ),
    "a security group of another stack": Mistake(
        around=another_stack,
        says=["{vpc} is connected by another stack: its security group"],
    ),
    "somebody's interface endpoint that does not fit": Mistake(
        around=shut_endpoint,
        says=[
            "for ssm has private DNS on but its security group sg-",
            "does not admit 443/tcp from 10.64.0.0/16 (aws ec2 authorize-security-group-ingress",
            "ask its owner to mend it",
        ],
    ),
    "no resolver endpoint left in the quota": Mistake(
        around=used_up_quota,
        says=[
            "us-east-2 holds 4 Route 53 Resolver endpoints",
            "the quota is 4 per Region: remove one, or ask AWS for more",
        ],
    ),
    "a required service that is not offered": Mistake(
        around=withheld_telemetry,
        says=[
            "the required interface endpoint service ecs-telemetry is not offered in us-east-2",
        ],
    ),
    "all at once": Mistake(
        vpc={"hostnames": False, "zones": "b"},
        tags={"services": "dokcer"},
        around=hosted_zone,
        says=[
            "enableDnsHostnames of {vpc} is false",
            'left out: ecs-anywhere:services of {vpc} asks for "dokcer"',
            "1 Availability Zone (us-east-2b)",
        ],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_once_where_people_look_and_nothing_is_made(
    app: App, mistake: Mistake
) -> None:
    vpc_id = app.vpc(**mistake.vpc)
    with mistake.around(app, vpc_id):
        there, since = app.remnants(vpc_id), app.aws.journal.mark()
        app.tag(vpc_id, **{"wish": "enabled", **mistake.tags})
        failed = app.next_end(vpc_id)
        assert_failed(failed, mistake.error, [part.format(vpc=vpc_id) for part in mistake.says])
        assert_told(app, vpc_id, failed, mistake.says[0].format(vpc=vpc_id))

        assert vpc_id in app.sweep()["knocked"]
        again = app.next_end(vpc_id)
        assert (again.error, again.cause) == (failed.error, failed.cause)
        assert len(app.mails(vpc_id)) == 1, "the same failure is told once"
        assert made(app, since) == []
        assert app.remnants(vpc_id) == there
    app.untag(vpc_id)
    app.next_success(vpc_id)


LEFT_OUT = {
    "a service that does not exist": (
        "ecr+dokcer",
        (
            'asks for "dokcer", which is no interface endpoint service in us-east-2',
            "correct the name",
        ),
    ),
    "a service that has gateway endpoints alone": (
        "dynamodb",
        ('asks for "dynamodb", which is no interface endpoint service in us-east-2',),
    ),
    "the full name of another Region's service": (
        "com.amazonaws.eu-west-1.kms",
        ("a service of eu-west-1, and {vpc} is in us-east-2",),
    ),
}
"""What is asked for -> what is said of the service that cannot be had."""


@pytest.mark.parametrize(("services", "says"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_service_that_cannot_be_had_is_left_out_and_told_once(
    app: App, services: str, says: Sequence[str]
) -> None:
    """In the plan, in the status and by e-mail; the required services and the others are had. A
    plan is refused for a service of another Region."""
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="plan", services=services)
    planned = app.next_end(vpc_id)
    assert (planned.status == "FAILED") is ("eu-west-1" in services)
    wrong = services.rpartition("+")[2]
    line = f'left out: ecs-anywhere:services of {vpc_id} asks for "{wrong}"'
    told = len(app.mails(vpc_id))
    app.tag(vpc_id, wish="enabled")
    connected = app.next_success(vpc_id).output
    assert f"; warning: {line}" in connected["detail"]
    for said in (connected["detail"], planned.cause or planned.output["detail"]):
        assert [part for part in says if part.format(vpc=vpc_id) not in said] == []
    there = app.tags(vpc_id)
    assert there[STATUS] == "connected"
    assert words(line) in words(there[DETAIL])
    [email] = app.mails(vpc_id)[told:]
    assert email.message.startswith(f"{vpc_id}: warning: {line}")
    assert email.subject == f"ECS Anywhere private connectivity: what is left out of {vpc_id}"
    made = {name.partition(" ")[0] for name in app.endpoints(vpc_id)}
    assert {"ecs", "ecs-agent", "ecs-telemetry", "ssm", "ssmmessages"} < made
    assert ("ecr.dkr" in made) is ("ecr" in services)
    assert wrong not in made

    connection = app.endpoints(vpc_id), app.parameters(vpc_id)
    app.sweep()
    app.until_quiet()
    assert len(app.mails(vpc_id)) == told + 1, "it is told once"
    assert (app.endpoints(vpc_id), app.parameters(vpc_id)) == connection
    app.untag(vpc_id)
    app.untag(vpc_id, "ecs-anywhere:services")
    app.until_quiet()
    assert app.remnants(vpc_id) == {}


def test_a_typo_never_takes_a_connected_service_away_and_its_cure_brings_the_right_one(
    app: App,
) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled", services="logs+lgos")
    app.next_success(vpc_id)
    connection = app.endpoints(vpc_id), app.parameters(vpc_id)
    assert "logs Interface" in connection[0]
    app.tag(vpc_id, services="lgos")
    failed = app.next_end(vpc_id)
    line = f'ecs-anywhere:services of {vpc_id} asks for "lgos"'
    kept = f"com.amazonaws.{REGION}.logs would lose the connection"
    assert_failed(failed, "PreconditionsNotMet", [line, kept])
    assert words(line) in words(app.tags(vpc_id)[DETAIL])
    assert (app.endpoints(vpc_id), app.parameters(vpc_id)) == connection, "nothing is changed"
    app.tag(vpc_id, services="logs+s3")
    detail = app.next_success(vpc_id).output["detail"]
    assert "left out" not in detail
    assert {"logs Interface", "s3 Interface"} < app.endpoints(vpc_id).keys()
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def test_a_typo_in_the_stack_s_default_holds_up_no_vpc(app: App) -> None:
    vpc_id = app.vpc()
    with app.deployed_with({"ReadVpcFunction"}, DEFAULT_SERVICES="ecrr"):
        app.tag(vpc_id, wish="plan")
        app.next_success(vpc_id)
        said = "left out: the stack_s parameter DefaultServices asks for ecrr which is no"
        assert said in app.tags(vpc_id)[DETAIL]
        app.tag(vpc_id, wish="enabled")
        app.next_success(vpc_id)
        there = app.tags(vpc_id)
    assert there[STATUS] == "connected"
    assert said in there[DETAIL]
    assert 'DefaultServices asks for "ecrr"' in app.mails(vpc_id)[-1].message
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def test_a_mended_vpc_is_connected_by_the_next_sweep(app: App) -> None:
    """An attribute of the VPC is no tag: nothing but the sweep can notice."""
    vpc_id = app.vpc(hostnames=False)
    app.tag(vpc_id, wish="enabled")
    assert app.next_end(vpc_id).status == "FAILED"
    app.client("ec2").modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    app.sweep()
    app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"

    connection = app.endpoints(vpc_id), app.parameters(vpc_id)
    app.tag(vpc_id, onprem_cidrs="10.0.0.0/33")
    assert app.next_end(vpc_id).error == "UnreadableOption"
    assert app.tags(vpc_id)[STATUS] == "failed"
    assert (app.endpoints(vpc_id), app.parameters(vpc_id)) == connection, "it changes nothing"

    app.untag(vpc_id, "ecs-anywhere:onprem-cidrs")
    app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def test_a_mended_tag_is_a_knock(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="plna")
    assert app.next_end(vpc_id).error == "UnreadableOption"
    app.tag(vpc_id, wish="plan")
    app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "planned"
    app.untag(vpc_id)
    app.next_success(vpc_id)


def test_who_makes_the_same_mistake_again_is_told_again(app: App) -> None:
    """Only the sweep repeats itself. A wish that was withdrawn leaves no failure on the VPC."""
    vpc_id = app.vpc()
    for _ in range(2):
        app.tag(vpc_id, wish="plna")
        assert app.next_end(vpc_id).status == "FAILED"
        app.untag(vpc_id)
        app.next_success(vpc_id)
        assert app.tags(vpc_id)[STATUS] == "removed"
    assert len(app.mails(vpc_id)) == 2


REFUSED = {
    "a CIDR that is none": (
        {"onprem-cidrs": ["10.0.0.0/33"]},
        'request event: "10.0.0.0/33" is not an IPv4 CIDR, as in 10.0.0.0/8',
    ),
    "an unknown field": (
        {"sevices": ["ecr"]},
        'request event: unknown field "sevices"; known are onprem-cidrs, requested-at, '
        "resolver, resolver-ips, services, vpc-id",
    ),
    "a list that is none": (
        {"services": "ecr"},
        'request event: "services" is "ecr", and a list of strings is needed',
    ),
}


@pytest.mark.parametrize(("detail", "says"), REFUSED.values(), ids=REFUSED)
def test_a_request_that_cannot_be_read_is_refused_and_writes_no_wish(
    app: App, detail: Mapping[str, Any], says: str
) -> None:
    vpc_id, since = app.vpc(), app.aws.journal.mark()
    app.request("Enable", {"vpc-id": vpc_id, **detail})
    failed = app.next_end(f"{vpc_id}-refused-")
    assert_failed(failed, "UnreadableOption", [says])
    assert_told(app, vpc_id, failed, says)
    assert app.tags(vpc_id).keys() == {STATUS, DETAIL}
    assert made(app, since) == []


def test_a_request_without_a_vpc_is_refused(app: App) -> None:
    since = app.aws.journal.mark()
    app.request("Enable", {"vpc-id": "my-vpc"})
    failed = app.next_end("unknown-refused-")
    says = '"vpc-id" is "my-vpc", and a VPC id such as vpc-0a1b2c3d is needed'
    assert_failed(failed, "UnreadableRequest", [says])
    assert app.mails('"my-vpc"')[-1].message == failed.cause, "it begins with what it is about"
    assert made(app, since) == []


def test_a_request_for_an_unknown_vpc_is_told_and_nothing_is_held_for_it(app: App) -> None:
    unknown, since = "vpc-0123456789abcdef0", app.aws.journal.mark()
    app.request("Enable", {"vpc-id": unknown})
    failed = app.next_end(unknown)
    says = f"there is no VPC {unknown} in account 123456789012, us-east-2"
    assert_failed(failed, "UnknownVpc", [says, "correct the id in the request event"])
    assert app.mails(unknown)[-1].message == f"{unknown}: {failed.cause}"
    assert app.ledger(unknown) == {}, "nor is anything of it kept"
    assert unknown not in app.sweep()["knocked"]
    assert made(app, since) == []


def assert_failed(ended: Ended, error: str, says: Sequence[str]) -> None:
    assert (ended.status, ended.error) == ("FAILED", error)
    assert [part for part in says if part not in ended.cause] == [], ended.cause


def assert_told(app: App, vpc_id: str, failed: Ended, says: str) -> None:
    """By the VPC's tags, as far as a tag can say it, and by e-mail."""
    tags = app.tags(vpc_id)
    assert tags[STATUS] == "failed"
    assert words(says) in words(tags[DETAIL])
    email = app.mails(vpc_id)[-1]
    assert (email.endpoint, email.message) == (EMAIL, f"{vpc_id}: {failed.cause}")
    assert vpc_id in str(email.subject)


def words(text: str) -> str:
    """Tags hold no quotation marks, brackets, commas or semicolons."""
    return " ".join("".join(" " if c in "\"'(),;" else c for c in text).split())


def made(app: App, since: int) -> list[str]:
    """Calls of the app that change anything but its own records and the status tags."""
    return [
        f"{call.name} {call.parameters}"
        for call in app.calls(since)
        if call.error is None
        and call.service not in MACHINERY
        and not call.action.startswith(READS)
        and not _writes_only_status(call.action, call.parameters)
    ]


def _writes_only_status(action: str, parameters: Mapping[str, Any]) -> bool:
    keys = {tag["Key"] for tag in parameters.get("Tags", [])}
    return action == "CreateTags" and keys == {STATUS, DETAIL}


def subnets(app: App, vpc_id: str) -> list[str]:
    found = app.client("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    return [subnet["SubnetId"] for subnet in found["Subnets"]]
