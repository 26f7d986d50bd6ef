"""A VPC of the run's own: two private subnets, DNS on, and nothing else."""

from __future__ import annotations

from e2e.amazon import UNANSWERED, code_of
from e2e.lab import MINUTE, Lab

CIDR = "10.177.0.0/16"
MARK = "ecs-anywhere-e2e"
"""The tag on everything that the run itself makes; its value is the run's name."""
LINGER = 55 * MINUTE
"""Seconds to wait for network interfaces: AWS Lambda keeps those of a function that is gone for 20
to 45 minutes."""


def make_vpc(lab: Lab) -> str:
    """Return the id of the run's VPC, which is made where it is not there."""
    ec2, marked = lab.client("ec2"), [{"Key": MARK, "Value": lab.state.run}]
    there = _marked(lab)
    if there:
        lab.state.keep(vpc=there[0])
    else:
        wanted = [{"ResourceType": "vpc", "Tags": marked}]
        made = ec2.create_vpc(CidrBlock=CIDR, TagSpecifications=wanted)
        lab.state.keep(vpc=made["Vpc"]["VpcId"])
    vpc = lab.state.vpc
    lab.until(lambda: ec2.describe_vpcs(Filters=lab.in_vpc())["Vpcs"], "the VPC")
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    taken = {s["CidrBlock"] for s in ec2.describe_subnets(Filters=lab.in_vpc())["Subnets"]}
    zones = ec2.describe_availability_zones(
        Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}]
    )["AvailabilityZones"]
    for number, zone in enumerate(sorted(z["ZoneName"] for z in zones)[:2]):
        cidr = f"10.177.{number}.0/24"
        if cidr not in taken:
            ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)
    return vpc


def remove_vpc(lab: Lab) -> None:
    """Remove the VPC with all that stands in it; AWS Lambda's network interfaces are waited for. It
    is found by its tag as well, which it has from its first moment: whoever was killed then had not
    written its id down."""
    there = lab.client("ec2").describe_vpcs(Filters=lab.in_vpc())["Vpcs"] if lab.state.vpc else []
    for vpc in dict.fromkeys([*(each["VpcId"] for each in there), *_marked(lab)]):
        lab.state.keep(vpc=vpc)
        lab.until(lambda: _is_gone(lab), f"{lab.state.vpc} to let itself be deleted", LINGER)


def _marked(lab: Lab) -> list[str]:
    """Return the ids of the VPCs that carry the run's own tag."""
    own = [{"Name": f"tag:{MARK}", "Values": [lab.state.run]}]
    return [str(v["VpcId"]) for v in lab.client("ec2").describe_vpcs(Filters=own)["Vpcs"]]


def _is_gone(lab: Lab) -> bool:
    ec2 = lab.client("ec2")
    try:
        for group in ec2.describe_security_groups(Filters=lab.in_vpc())["SecurityGroups"]:
            if group["GroupName"] != "default":
                ec2.delete_security_group(GroupId=group["GroupId"])
        for subnet in ec2.describe_subnets(Filters=lab.in_vpc())["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        ec2.delete_vpc(VpcId=lab.state.vpc)
    except UNANSWERED as error:
        return code_of(error) == "InvalidVpcID.NotFound"
    return True
