"""Who may do what, and what an upgrade finds again: listings that change on purpose only.

Where a change of template.yaml is meant, write them again, and the review sees it line by line:

    python scripts/compare_permissions.py template.yaml > tests/template/permissions.json
    python scripts/compare_permissions.py --shape template.yaml > tests/template/shape.json
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.compare_permissions import Listing, differences, main, permissions, shape
from tests.template.sam_template import PATH

HERE = Path(__file__).parent
CHANGES = {
    "an action more": (
        "Action: kms:GetPublicKey",
        "Action: [kms:GetPublicKey, kms:Sign]",
        "+ DescribePublicationKeyFunctionRole: Allow kms:Sign ON ",
    ),
    "a resource that is wider": (
        "private-connectivity/${DnsHostVpc}/forwarding",
        "private-connectivity/*/forwarding",
        "+ OnPremDnsHostPolicy: Allow ssm:GetParameter ON ",
    ),
    "a condition that is another": (
        "kms:MessageType: DIGEST",
        "kms:MessageType: RAW",
        "- PublishFunctionRole: Allow kms:Sign ON ",
    ),
    "another who is trusted": (
        "Principal: { Service: cloudwatch.amazonaws.com }",
        "Principal: { Service: events.amazonaws.com }",
        "+ NotificationsPolicy: Allow sns:Publish ON ",
    ),
    "a denial that is narrower": (
        "Action: sqs:*",
        "Action: sqs:SendMessage",
        "- DeadLettersPolicy: Deny sqs:* ON ",
    ),
}
"""What is changed -> the text of the template, the other text, how a line of the answer begins."""


@pytest.fixture(scope="module")
def now() -> Listing:
    return permissions(PATH)


def test_every_permission_is_one_that_was_agreed_on(now: Listing) -> None:
    agreed = json.loads((HERE / "permissions.json").read_text())
    assert differences(agreed, now) == []


def test_an_upgrade_asks_for_the_same_parameters_and_finds_every_resource_again() -> None:
    """A parameter with another name loses what was given; a resource with another logical id is
    another resource: the ledger would be an empty one, and the key not the one that hosts pin."""
    assert shape(PATH) == json.loads((HERE / "shape.json").read_text())


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_a_permission_is_seen_as_a_line(
    change: str, now: Listing, tmp_path: Path
) -> None:
    before, after, line = CHANGES[change]
    changed = replaced(before, after, tmp_path)
    assert any(each.startswith(line) for each in differences(now, permissions(changed)))


def replaced(before: str, after: str, folder: Path) -> Path:
    """Return the path of a template with `after` for every `before`."""
    text = PATH.read_text()
    assert before in text
    written = folder / "template.yaml"
    written.write_text(text.replace(before, after))
    return written


VPCS = '!Sub "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:vpc/*"'
OTHER_WORDS = {
    "in another order": ("[ec2:CreateTags, ec2:DeleteTags]", "[ec2:DeleteTags, ec2:CreateTags]"),
    "in another form": (VPCS, VPCS.replace("!Sub", '{ "Fn::Sub":') + " }"),
}


@pytest.mark.parametrize("way", OTHER_WORDS)
def test_how_a_permission_is_written_makes_no_difference(
    way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = replaced(*OTHER_WORDS[way], tmp_path)
    assert main([str(PATH), str(written)]) == 0
    assert capsys.readouterr().out.endswith(" 0 lines differ\n")


def test_whoever_compares_two_templates_that_differ_gets_an_error(tmp_path: Path) -> None:
    other = replaced("kms:MessageType: DIGEST", "kms:MessageType: RAW", tmp_path)
    assert main([str(PATH), str(other)]) == 1
    assert main([]) == 2
