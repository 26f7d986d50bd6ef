"""The workflow's definition, read by validators that other people wrote."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from local.state_machines.definition_files import as_json
from tests.second_opinion.mutants import MUTANTS, mutants
from tests.second_opinion.readers import ask
from tests.template import definition_rules, sam_template, workflow

ACCOUNT = "111122223333"
OURS = "rules that only AWS checks"


def _substituted() -> dict[str, Any]:
    """Return the definition with each `${…}` filled in, as AWS CloudFormation would."""
    text = workflow.PATH.read_text().replace("${Partition}", "aws")
    machine = sam_template.resources("AWS::Serverless::StateMachine")["PrivateConnectivity"]
    for name in machine["DefinitionSubstitutions"]:
        arn = f"arn:aws:lambda:us-east-2:{ACCOUNT}:function:{name}"
        text = text.replace(f"${{{name}}}", arn)
    filled: dict[str, Any] = json.loads(as_json(text))
    return filled


DEFINITION = _substituted()


@cache
def _judgements() -> dict[str, dict[str, list[str]]]:
    """Return, by mutant, each reader's problems; the right definition stands under ''."""
    asked = {"": DEFINITION} | mutants(DEFINITION)
    answers = ask("validate_definitions.mjs", list(asked.values()))
    return {
        name: answer | {OURS: definition_rules.problems(wrong)}
        for (name, wrong), answer in zip(asked.items(), answers, strict=True)
    }


@pytest.mark.parametrize("reader", ["asl-validator", "amazon-states-language-service", OURS])
def test_a_second_reader_finds_nothing_wrong_with_the_definition(reader: str) -> None:
    assert _judgements()[""][reader] == []


@pytest.mark.parametrize("mistake", MUTANTS)
def test_a_definition_that_aws_refuses_is_refused_here(mistake: str) -> None:
    judgement = _judgements()[mistake]
    assert any(judgement.values()), f"no reader sees {mistake}"
