"""Endpoint policies: whom the endpoints serve, and that ECS Anywhere works under each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain.endpoint_policy import fingerprint
from connectivity.domain.policy_presets import document

from local.contracts import SiteImpossible
from local.example_vpc import ONPREM_CIDR
from tests.story.app import DETAIL, STATUS, App

PROGRAM = Path(__file__).with_name("through.py")
OTHERS = "999999999999"
POLICY_TAG = "ecs-anywhere:endpoint-policy"
WITHOUT_POLICY = {"ecs-agent", "ecs-telemetry"}
BY_HAND = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ssm:*", "Resource": "*"}]}
)
DENIED = "because no VPC endpoint policy allows the"
LAYERS = "prod-us-east-2-starport-layer-bucket"


def organization(app: App) -> str:
    """The id of the account's organization, which is made where it is in none."""
    organizations = app.client("organizations")
    try:
        made = organizations.describe_organization()["Organization"]
    except organizations.exceptions.AWSOrganizationsNotInUseException:
        made = organizations.create_organization(FeatureSet="ALL")["Organization"]
    app.aws.gateway.organizations[app.aws.settings.account] = made["Id"]
    return str(made["Id"])


def endpoints(app: App, vpc_id: str) -> dict[str, dict[str, Any]]:
    """Short name -> the interface endpoint, and `gateway` -> the gateway endpoint."""
    only = [{"Name": "vpc-id", "Values": [vpc_id]}]
    found = app.client("ec2").describe_vpc_endpoints(Filters=only)["VpcEndpoints"]
    there = (each for each in found if each["State"].lower() != "deleting")
    return {
        "gateway"
        if each["VpcEndpointType"] == "Gateway"
        else each["ServiceName"].partition(".us-east-2.")[2]: each
        for each in there
    }


def have_policies_of(app: App, vpc_id: str, let_in: str, besides: Sequence[str] = ()) -> None:
    for name, each in endpoints(app, vpc_id).items():
        wanted = "" if name in WITHOUT_POLICY else document(let_in, each["ServiceName"])
        if name not in besides:
            assert fingerprint(each["PolicyDocument"]) == fingerprint(wanted), name


def test_whom_the_endpoints_serve_is_chosen_kept_and_survives(app: App) -> None:
    account, ec2 = app.aws.settings.account, app.client("ec2")
    vpc_id = app.vpc()
    organization(app)
    app.tag(vpc_id, wish="enabled", services="ecr", endpoint_policy="account")
    app.next_success(vpc_id)
    have_policies_of(app, vpc_id, account)
    assert {"ecr.api", "ecr.dkr", "s3", "gateway", "ssm"} < endpoints(app, vpc_id).keys()
    app.sweep_leaves_alone(vpc_id)

    # By hand: kept, and named.
    theirs = endpoints(app, vpc_id)["ssm"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=theirs, PolicyDocument=BY_HAND)
    assert app.sweep()["knocked"][vpc_id] == [
        f"{theirs} has another endpoint policy than it was given ({fingerprint(BY_HAND)})"
    ]
    app.next_success(vpc_id)
    assert f"{theirs} ssm has an endpoint policy of its own" in app.tags(vpc_id)[DETAIL]
    app.sweep_leaves_alone(vpc_id)

    # Made anew, beside that.
    gone = endpoints(app, vpc_id)["ecs"]["VpcEndpointId"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[gone])
    assert app.sweep()["knocked"][vpc_id]
    app.next_success(vpc_id)
    assert endpoints(app, vpc_id)["ecs"]["VpcEndpointId"] != gone
    have_policies_of(app, vpc_id, account, besides=["ssm"])
    assert endpoints(app, vpc_id)["ssm"]["PolicyDocument"] == BY_HAND

    # A choice that is none changes nothing.
    app.tag(vpc_id, endpoint_policy="acount")
    failed = app.next_end(vpc_id)
    assert (failed.error, app.tags(vpc_id)[STATUS]) == ("UnreadableOption", "failed")
    assert "acount is not full-access account or the id of" in app.tags(vpc_id)[DETAIL]
    have_policies_of(app, vpc_id, account, besides=["ssm"])

    # Another organization than its own is refused, as it would cut every host off.
    app.tag(vpc_id, endpoint_policy="o-zzzzzzzzzz")
    failed = app.next_end(vpc_id)
    assert failed.error == "PreconditionsNotMet"
    assert f"Name {organization(app)}, or account" in failed.cause
    have_policies_of(app, vpc_id, account, besides=["ssm"])

    # Its own, once the one by hand is reset: and back to everybody.
    ec2.modify_vpc_endpoint(VpcEndpointId=theirs, ResetPolicy=True)
    app.tag(vpc_id, endpoint_policy=organization(app))
    app.next_success(vpc_id)
    have_policies_of(app, vpc_id, organization(app))
    app.untag(vpc_id, POLICY_TAG)
    app.next_success(vpc_id)
    have_policies_of(app, vpc_id, "")
    assert "policy" not in app.tags(vpc_id)[DETAIL]
    app.tag(vpc_id, wish="disabled")
    app.next_success(vpc_id)


class OnPremises:
    """Programs on a site of a VPC that call AWS through its endpoints."""

    def __init__(self, app: App, vpc_id: str, prefix: Sequence[str]) -> None:
        self.app, self.vpc_id, self.prefix = app, vpc_id, prefix

    def call(self, *calls: Mapping[str, Any]) -> list[str]:
        ec2, found = self.app.client("ec2"), endpoints(self.app, self.vpc_id)
        trust = self.app.aws.trust_bundle
        asked = []
        for each in calls:
            [interface, *_] = found[each["service"]]["NetworkInterfaceIds"]
            shown = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])
            ip = shown["NetworkInterfaces"][0]["PrivateIpAddress"]
            asked.append({**each, "ip": ip, "trust": trust})
        ran = subprocess.run(
            [*self.prefix, sys.executable, str(PROGRAM), json.dumps(asked)],
            env={**os.environ, "AWS_CA_BUNDLE": trust, "AWS_EC2_METADATA_DISABLED": "true"},
            capture_output=True,
            text=True,
            check=True,
        )
        said: list[str] = json.loads(ran.stdout)
        return said


def credentials(app: App, account: str) -> dict[str, str]:
    """Those of a role that may do everything, as far as its own account has a say."""
    iam = app.client("iam") if account == app.aws.settings.account else None
    iam = iam or app.aws.client_of(account, "iam")
    name = f"host-of-{account}"
    try:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName=name)["Role"]
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    given = app.aws.principals.credentials_for(role["Arn"], "host")
    return {key.lower(): value for key, value in given.as_environment().items()}


def signed(who: Mapping[str, str], service: str, operation: str, **arguments: Any) -> Any:
    return {
        "credentials": who,
        "service": service,
        "operation": operation,
        "arguments": arguments,
    }


def anonymous(service: str, url: str, operation: str = "", **arguments: Any) -> Any:
    return {
        "credentials": None,
        "service": service,
        "url": url,
        "operation": operation,
        "arguments": arguments,
    }


def bucket(app: App, name: str, account: str = "") -> None:
    """A bucket of this account or of another one, with one object that anybody may read."""
    s3 = app.aws.client_of(account, "s3") if account else app.client("s3")
    where = {"LocationConstraint": "us-east-2"}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    s3.put_object(Bucket=name, Key="layer", Body=b"of " + name.encode(), ACL="public-read")


@pytest.mark.parametrize("kind", ["account", "organization"])
def test_hosts_work_through_them_and_nobody_else_does(app: App, kind: str) -> None:
    """Through AWS's own policy everybody does; through one of ours, callers and resources of the
    account, or of its organization, and what comes before there are credentials."""
    vpc_id, ours = app.vpc(), app.aws.settings.account
    choice = organization(app) if kind == "organization" else kind
    app.tag(vpc_id, wish="enabled", services="ecr")
    app.next_success(vpc_id)
    own, foreign = f"own-{kind}", f"foreign-{kind}"
    for name, account in ((own, ""), (foreign, OTHERS)):
        bucket(app, name, account)
    if LAYERS not in {each["Name"] for each in app.client("s3").list_buckets()["Buckets"]}:
        bucket(app, LAYERS)
    app.client("ssm").put_parameter(Name="/own", Value="x", Type="String", Overwrite=True)
    activation = app.client("ssm").create_activation(IamRole="r", RegistrationLimit=9)
    host, stranger = credentials(app, ours), credentials(app, OTHERS)
    calls = {
        "a host registers": anonymous(
            "ssm",
            "https://ssm.us-east-2.amazonaws.com/",
            "AmazonSSM.RegisterManagedInstance",
            ActivationId=activation["ActivationId"],
            ActivationCode=activation["ActivationCode"],
            Fingerprint="node1",
        ),
        "it reads a parameter": signed(host, "ssm", "get_parameter", Name="/own"),
        "and a document of AWS": signed(host, "ssm", "get_document", Name="AWS-RunShellScript"),
        "its agent lists clusters": signed(host, "ecs", "list_clusters"),
        "it may pull images": signed(host, "ecr.api", "get_authorization_token"),
        "and their layers": anonymous("s3", f"https://s3.us-east-2.amazonaws.com/{LAYERS}/layer"),
        "and read a bucket": signed(host, "s3", "get_object", Bucket=own, Key="layer"),
    }
    others = {
        "a stranger's credentials": signed(stranger, "ecs", "list_clusters"),
        "a stranger's bucket": signed(host, "s3", "get_object", Bucket=foreign, Key="layer"),
        "a stranger's bucket, unsigned": anonymous(
            "s3", f"https://s3.us-east-2.amazonaws.com/{foreign}/layer"
        ),
        "nobody": anonymous(
            "ssm", "https://ssm.us-east-2.amazonaws.com/", "AmazonSSM.GetParameter", Name="/own"
        ),
    }
    try:
        site = app.aws.networks.connect_site(vpc_id, [_cidr(app, vpc_id)], ONPREM_CIDR)
    except SiteImpossible as reason:
        pytest.fail(f"this story needs network namespaces: {reason}")
    with closing(site):
        on_premises = OnPremises(app, vpc_id, site.prefix)
        before = on_premises.call(*calls.values(), *others.values())
        assert not [said for said in before if DENIED in said]

        app.tag(vpc_id, endpoint_policy=choice)
        app.next_success(vpc_id)
        after = dict(
            zip([*calls, *others], on_premises.call(*calls.values(), *others.values()), strict=True)
        )
    for what in calls:
        assert DENIED not in after[what], what
    assert after["a host registers"].startswith('{"InstanceId": "mi-')
    for what in others:
        assert DENIED in after[what], what
    assert after["a stranger's credentials"].startswith("AccessDeniedException: User: arn:")
    assert "User: anonymous is not authorized to perform: ssm:GetParameter" in after["nobody"]
    app.tag(vpc_id, wish="disabled")
    app.next_success(vpc_id)


def _cidr(app: App, vpc_id: str) -> str:
    [vpc] = app.client("ec2").describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    return str(vpc["CidrBlock"])
