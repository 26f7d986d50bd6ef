"""Facts that cost nothing: what the Region offers, and what AWS says of patterns and workflow."""

from __future__ import annotations

import json
import re

from connectivity.domain import catalogue
from samtranslator.yaml_helper import yaml_parse

from e2e.asked import ROOT
from e2e.lab import Lab
from e2e.steps import patterns

BESIDE = ("ecr.api", "ecr.dkr", "s3", "logs", "kms", "sqs", "monitoring")
"""Services that are asked for beside the six."""


def run(lab: Lab) -> None:
    _services(lab)
    patterns.run(lab)
    _definition(lab)


def _services(lab: Lab) -> None:
    """Write down what DescribeVpcEndpointServices says of the services: private names, zones and
    more."""
    ec2, region = lab.client("ec2"), lab.state.region
    wanted = (*catalogue.REQUIRED, *catalogue.REQUIRED_WHERE_OFFERED, *BESIDE)
    names = [full for name in wanted for full in catalogue.service_names(name, region)]
    offered = ec2.describe_vpc_endpoint_services(
        Filters=[{"Name": "service-name", "Values": names}]
    )["ServiceDetails"]
    there = {each["ServiceName"] for each in offered}
    for each in offered:
        lab.record.fact(
            each["ServiceName"],
            {
                "type": [kind["ServiceType"] for kind in each.get("ServiceType", [])],
                "names": [n["PrivateDnsName"] for n in each.get("PrivateDnsNames", [])],
                "zones": each.get("AvailabilityZones", []),
                "policy": each.get("VpcEndpointPolicySupported"),
                "address types": each.get("SupportedIpAddressTypes", []),
            },
        )
    for name in catalogue.REQUIRED:
        is_there = there & {*catalogue.service_names(name, region)}
        lab.record.expect(bool(is_there), f"{region} offers {name}")


def _definition(lab: Lab) -> None:
    """Let AWS validate the workflow's definition, with the substitutions that a deployment
    makes."""
    (file,) = (ROOT / "statemachine").glob("*.y*ml")
    definition = json.dumps(yaml_parse(file.read_text()))
    definition = substituted(definition, lab.amazon.partition, lab.state.region, lab.state.account)
    validate = lab.client("stepfunctions").validate_state_machine_definition
    said = lab.attempt(
        "ValidateStateMachineDefinition", lambda: validate(definition=definition, type="STANDARD")
    )
    if said is not None:
        lab.record.fact("ValidateStateMachineDefinition", said.get("diagnostics", []))
        lab.record.expect(said["result"] == "OK", "the workflow's definition is valid")


def substituted(definition: str, partition: str, region: str, account: str) -> str:
    """Return the definition with each name in braces replaced: by the partition, or by a
    function's ARN."""

    def value(name: re.Match[str]) -> str:
        function = f"arn:{partition}:lambda:{region}:{account}:function:{name[1]}"
        return partition if name[1] == "Partition" else function

    return re.sub(r"\$\{(\w+)\}", value, definition)
