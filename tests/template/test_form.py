"""The form of template.yaml: read from top to bottom by a person, and written out for AWS."""

from __future__ import annotations

import re

import pytest
from samcli.yamlhelper import yaml_dump, yaml_parse

from tests.template.sam_template import PATH, TEMPLATE, functions, names_in

TEXT = PATH.read_text()
MOST_LINES = 800
MOST_CHARACTERS = 130
UNBREAKABLE = re.compile(r'"\S[^"]{80,}"')
"""An ARN or a pattern, which no line break may divide."""
WHERE_LOGS_GO = [
    ("Deny", ["logs:CreateLogStream", "logs:PutLogEvents"]),
    ("Deny", "logs:CreateLogGroup"),
]


def test_it_is_short_enough_to_be_read_in_one_go() -> None:
    lines = TEXT.splitlines()
    assert len(lines) <= MOST_LINES
    assert not [
        number
        for number, line in enumerate(lines, 1)
        if len(line) > MOST_CHARACTERS and not UNBREAKABLE.search(line)
    ]


def test_what_sam_hands_to_aws_is_written_out() -> None:
    """The same reader and writer of YAML as in `sam build` and `sam deploy`. CloudFormation itself
    knows no merge keys (`<<`), so there are none (cfn-lint's W1100)."""
    given, repeated = names_in(TEXT)
    assert given and repeated
    written = yaml_dump(yaml_parse(TEXT))
    assert names_in(written) == (set(), set())
    assert yaml_parse(written) == yaml_parse(TEXT)
    assert "<<:" not in TEXT


def test_every_part_that_has_a_name_is_used_again() -> None:
    """A name that nothing repeats is a riddle."""
    given, repeated = names_in(TEXT)
    assert given == repeated


@pytest.mark.parametrize("function", functions())
def test_every_function_begins_with_its_own_log_alone_and_the_company_s_key(function: str) -> None:
    """So that a reader finds the same three at the same place, and none is forgotten in a new
    function."""
    first, second, third, *_ = functions()[function]["Policies"]["Statement"]
    assert [(each["Effect"], each["Action"]) for each in (first, second)] == WHERE_LOGS_GO
    assert first["NotResource"] == {"Fn::GetAtt": [f"{function}Logs", "Arn"]}
    assert third["Fn::If"][0] == "HasKmsKey"


def test_functions_stand_in_the_order_of_the_workflow_s_substitutions() -> None:
    """The workflow's substitutions tell the story; the functions below follow it."""
    machine = TEMPLATE["Resources"]["PrivateConnectivity"]["Properties"]
    told = [name for name in machine["DefinitionSubstitutions"] if name in functions()]
    assert [name for name in functions() if name in told] == told
