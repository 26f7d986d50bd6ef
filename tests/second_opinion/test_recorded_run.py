"""A recorded run, judged again by programs that share nothing with the embedded AWS."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.second_opinion.conftest import Recording
from tests.second_opinion.readers import ask
from tests.template import definition_rules, workflow

NEVER_EVALUATED: dict[str, str] = {}
"""Expressions of the definition that the recorded situations do not meet, and why."""


def test_the_reference_implementation_evaluates_every_expression_alike(
    recording: Recording,
) -> None:
    evaluations = list(recording.evaluations.values())
    answers = ask("evaluate_expressions.mjs", evaluations)
    different = [
        (each["expression"], each["value"], answer)
        for each, answer in zip(evaluations, answers, strict=True)
        if answer != {"value": each["value"]}
    ]
    assert not different, different[:5]


def test_most_expressions_of_the_definition_were_evaluated(recording: Recording) -> None:
    met = {each["expression"].strip() for each in recording.evaluations.values()}
    written = {
        expression.text
        for scope in workflow.scopes(workflow.definition())
        for state in scope.states.values()
        for expression in definition_rules.expressions(state)
        if "$millis" not in expression.text
    }
    assert met <= written
    assert len(met) >= 0.85 * len(written), sorted(written - met)


def test_another_evaluator_decides_every_question_of_the_run_alike(recording: Recording) -> None:
    questions = list(recording.questions.values())
    answers = ask("decide_requests.mjs", [_asked(each, recording) for each in questions])
    different = [
        (each["action"], each["resource"], each["allowed"], answer)
        for each, answer in zip(questions, answers, strict=True)
        if (answer.get("decision") == "Allowed") != each["allowed"]
    ]
    assert len(questions) > 100
    assert not different, different[:5]


def test_aws_knows_every_condition_key_that_the_embedded_aws_gives(recording: Recording) -> None:
    questions = list(recording.questions.values())
    answers = ask("decide_requests.mjs", [_asked(each, recording) for each in questions])
    unknown = {
        (each["action"], key)
        for each, answer in zip(questions, answers, strict=True)
        for key in answer.get("ignored", [])
    }
    assert not unknown, sorted(unknown)


def test_what_was_recorded_can_be_refused(recording: Recording) -> None:
    """The judge says no where a role's policies are taken away: it does not agree with anything."""
    asked = [
        _asked(each, recording) | {"policies": []}
        for each in list(recording.questions.values())[:20]
    ]
    answers = ask("decide_requests.mjs", asked)
    assert all(answer.get("decision") == "ImplicitlyDenied" for answer in answers)


def _asked(question: dict[str, Any], recording: Recording) -> dict[str, Any]:
    account = question["principal"].split(":")[4]
    return {
        **question,
        "account": account,
        "context": {key: _value(key, values) for key, values in question["context"].items()},
        "policies": recording.policies[question["principal"]],
    }


def test_aws_has_every_action_resource_type_and_condition_key_of_our_policies(
    recording: Recording,
) -> None:
    policies = {
        f"{role.rsplit('/', 1)[1]}: {each['name']}": each["policy"]
        for role, attached in recording.policies.items()
        for each in attached
    }
    judged = ask("judge_policies.py", policies)
    assert len(judged) >= len(recording.policies)
    assert not {name: wrong for name, wrong in judged.items() if wrong}


def test_a_policy_that_aws_would_not_understand_is_named() -> None:
    wrong = [
        {"Action": "ec2:CreateVpcEndpiont", "Resource": "*"},
        {"Action": "ec2:DeleteVpcEndpoints", "Resource": "arn:aws:ec2:r:1:bucket/x"},
        {
            "Action": "s3:ListBucket",
            "Resource": "*",
            "Condition": {"StringEquals": {"ec2:Vpc": "x"}},
        },
    ]
    judged = ask("judge_policies.py", {str(n): {"Statement": each} for n, each in enumerate(wrong)})
    assert all(judged.values())


_LISTS = re.compile(r"aws:tagkeys|lambda:(subnet|securitygroup)ids", re.IGNORECASE)


def _value(key: str, values: list[str]) -> Any:
    """Return one value by itself, unless the key is one that always holds a list."""
    return values if _LISTS.fullmatch(key) or len(values) != 1 else values[0]


def test_the_recording_is_json(recording: Recording) -> None:
    assert json.dumps(list(recording.evaluations.values()))
