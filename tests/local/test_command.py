"""`python -m local`: what keeps it from starting is said in one line."""

from __future__ import annotations

import boto3
import pytest

from local.__main__ import _is_of_partition_aws, main


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "eusc-de-east-1", "nowhere"])
@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_region_of_another_partition_is_refused_in_one_line(
    command: str, region: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--region", region, "--port", "0"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(f"{region} is no Region of the partition aws")


def test_every_region_of_the_partition_aws_is_taken_and_no_other() -> None:
    session = boto3.Session()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("ec2", partition_name=partition):
            assert _is_of_partition_aws(region) == (partition == "aws"), region
