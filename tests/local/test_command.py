"""`python -m local`: what keeps it from starting is said in one line."""

from __future__ import annotations

import boto3
import pytest

from local import partitions
from local.__main__ import main


@pytest.mark.parametrize("region", ["us-iso-east-1", "eu-isoe-west-1", "us-gov", "nowhere"])
@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_region_of_a_partition_that_is_not_embedded_is_refused_in_one_line(
    command: str, region: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--region", region, "--port", "0"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(f"{region} is no Region of the partitions that this embedded AWS has")


def test_every_region_of_the_public_partitions_is_taken_and_no_other() -> None:
    session = boto3.Session()
    public = {"aws", *partitions.OTHERS}
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("ec2", partition_name=partition):
            assert partitions.is_known(region) == (partition in public), region
