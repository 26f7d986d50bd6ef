"""What outlives its owner in the embedded AWS: zones of private names, and interfaces."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any

from local.settings import Lifecycles
from tests.local.vpc_world import GAPS, SETTINGS, error_of, started, until

CODE = io.BytesIO()
with zipfile.ZipFile(CODE, "w") as archive:
    archive.writestr("app.py", "def handler(event, context): ...")


def test_a_zone_that_outlasts_its_endpoint_holds_its_names() -> None:
    """Whoever makes it anew at once meets a conflict although nothing is there any more."""
    quick = Lifecycles(
        interface_endpoint_creating=1, interface_endpoint_deleting=1, private_dns_association=300
    )
    with started(replace(SETTINGS, lifecycles=quick)) as world:
        vpc = world.vpc()
        wish: dict[str, Any] = {"SubnetIds": [world.subnet(vpc)], "PrivateDnsEnabled": True}
        made = world.endpoint(vpc, **wish)["VpcEndpointId"]
        world.available(made)
        until(lambda: world.networks.now(vpc).names)
        world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
        until(lambda: not world.ec2.describe_vpc_endpoints()["VpcEndpoints"])
        code, message = error_of(lambda: world.endpoint(vpc, **wish))
        assert (code, "conflicting DNS domain" in message) == ("InvalidParameter", True)
        assert world.networks.now(vpc).names
        until(lambda: not world.networks.now(vpc).names)
        assert world.endpoint(vpc, **wish)["State"] == "pending"


def test_a_removed_functions_interface_holds_its_group_until_it_is_gone() -> None:
    """Lambda developer guide, foundation-networking: its network interfaces outlive it by up to
    20 minutes, and until then the group that they use cannot be deleted."""
    settings = replace(SETTINGS, lifecycles=Lifecycles(vpc_function_eni_linger=200))
    with started(settings, gaps=("gateway", *GAPS, "lambda_functions")) as world:
        vpc = world.vpc()
        group = world.group(vpc, "probe")
        functions, iam = world.client("lambda"), world.client("iam")
        role = iam.create_role(RoleName="probe", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        functions.create_function(
            FunctionName="probe",
            Runtime="python3.13",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": CODE.getvalue()},
            VpcConfig={"SubnetIds": [world.subnet(vpc)], "SecurityGroupIds": [group]},
        )

        def delete_group() -> None:
            world.ec2.delete_security_group(GroupId=group)

        def interfaces() -> list[Any]:
            held = [{"Name": "group-id", "Values": [group]}]
            found = world.ec2.describe_network_interfaces(Filters=held)
            return list(found["NetworkInterfaces"])

        assert error_of(delete_group)[0] == "DependencyViolation"
        functions.delete_function(FunctionName="probe")
        assert error_of(delete_group) == (
            "DependencyViolation",
            f"resource {group} has a dependent object",
        )
        assert [each["InterfaceType"] for each in interfaces()] == ["lambda"]
        until(lambda: not interfaces())
        delete_group()
