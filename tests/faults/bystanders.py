"""Bystanders: resources of others in the VPC and in the account, which must never change."""

from __future__ import annotations

from typing import Any

from tests.story.app import App

NOT_OURS = {"Key": "ecs-anywhere:owner", "Value": "somebody-else"}


class Bystanders:
    """Made once; `as_they_are` is the same for ever. They carry another stack's owner tag."""

    def __init__(self, app: App, vpc_id: str) -> None:
        self._app = app
        ec2 = app.client("ec2")
        in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
        subnets = ec2.describe_subnets(Filters=in_vpc)["Subnets"]
        self._group = ec2.create_security_group(
            GroupName="ecs-anywhere-lookalike",
            Description="of somebody else",
            VpcId=vpc_id,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": [NOT_OURS]}],
        )["GroupId"]
        self._endpoint = ec2.create_vpc_endpoint(
            VpcEndpointType="Interface",
            VpcId=vpc_id,
            ServiceName=f"com.amazonaws.{ec2.meta.region_name}.kms",
            SubnetIds=[subnets[0]["SubnetId"]],
            SecurityGroupIds=[self._group],
            TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": [NOT_OURS]}],
        )["VpcEndpoint"]["VpcEndpointId"]
        self._parameter = "/ecs-anywhere/private-connectivity/vpc-of-somebody-else/forwarding"
        app.client("ssm").put_parameter(Name=self._parameter, Value="theirs", Type="String")

    def as_they_are(self) -> list[Any]:
        ec2 = self._app.client("ec2")
        endpoint = ec2.describe_vpc_endpoints(VpcEndpointIds=[self._endpoint])["VpcEndpoints"][0]
        group = ec2.describe_security_groups(GroupIds=[self._group])["SecurityGroups"][0]
        parameter = self._app.client("ssm").get_parameter(Name=self._parameter)["Parameter"]
        return [endpoint, group, parameter["Version"], parameter["Value"]]
