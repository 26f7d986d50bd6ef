"""The key that signs what is published: who may use it, and that it can be left out."""

from __future__ import annotations

import json
from typing import Any

from connectivity.domain.publication import ALGORITHM
from connectivity.domain.signing_key import PUBLIC_KEY

from local.cloudformation.deletion import dependencies
from local.cloudformation.template import prepared
from tests.template.sam_template import PATH, TEMPLATE, found, statements

KEY = TEMPLATE["Resources"]["PublicationKey"]
ONLY_WHERE_IT_SIGNS = {
    name for name, each in TEMPLATE["Resources"].items() if each.get("Condition") == "Signs"
}


def test_exactly_three_functions_are_allowed_to_sign_digests_with_this_key() -> None:
    allowed = {name: s for name, s in statements() if "kms:Sign" in str(s)}
    assert allowed.keys() == {"FinishFunction", "PublishFunction", "WithdrawFunction"}
    for statement in allowed.values():
        assert statement["Resource"] == {"Fn::GetAtt": ["PublicationKey", "Arn"]}
        assert statement["Condition"] == {
            "StringEquals": {"kms:SigningAlgorithm": ALGORITHM, "kms:MessageType": "DIGEST"}
        }


def test_the_key_s_policy_leaves_signing_to_these_three_roles() -> None:
    signing = [s for s in KEY["Properties"]["KeyPolicy"]["Statement"] if "kms:Sign" in str(s)]
    (statement,) = signing
    assert statement["Condition"] == {
        "ArnEquals": {
            "aws:PrincipalArn": [
                {"Fn::GetAtt": ["PublishFunctionRole", "Arn"]},
                {"Fn::GetAtt": ["WithdrawFunctionRole", "Arn"]},
                {"Fn::GetAtt": ["FinishFunctionRole", "Arn"]},
            ]
        }
    }


def test_nobody_may_grant_what_the_key_s_policy_keeps_from_them() -> None:
    """A grant would let anybody sign; and without PutKeyPolicy nobody could administer the key."""
    administering = KEY["Properties"]["KeyPolicy"]["Statement"][0]["Action"]
    assert not {"kms:*", "kms:Create*", "kms:CreateGrant", "kms:Sign"} & set(administering)
    assert "kms:PutKeyPolicy" in administering


def test_the_public_key_is_an_output_as_dns_hosts_pin_it() -> None:
    output = TEMPLATE["Outputs"]["PublicationPublicKey"]
    assert output["Value"] == {"Fn::GetAtt": ["DescribedPublicationKey", PUBLIC_KEY]}
    assert output["Condition"] == "Signs"


def test_a_stack_that_does_not_sign_has_no_key_and_nothing_that_refers_to_one() -> None:
    """A reference to what is not there is an error, unless it stands in a branch not taken."""
    text = PATH.read_text().replace("CodeUri: functions/", "CodeUri: s3://any/code")
    text = text.replace("DefinitionUri: statemachine/", "DefinitionUri: s3://any/")
    made = json.loads(prepared(text, {"PublicationSigning": "none"}, "us-east-2")[0])["Resources"]
    missing = {name for name, each in made.items() if each.get("Condition") == "Signs"}
    assert missing >= ONLY_WHERE_IT_SIGNS > set()
    left = {name: _taken(each) for name, each in made.items() if name not in missing}
    for name, needed in dependencies(left | {name: {} for name in missing}).items():
        assert not needed & missing, name
    outputs = TEMPLATE["Outputs"]
    refer = {n for n, each in outputs.items() if missing & {*map(str, found(each, "Ref"))}}
    assert all(outputs[name]["Condition"] == "Signs" for name in refer)


def _taken(value: Any) -> Any:
    """A resource with `Fn::If` on `Signs` resolved as false."""
    if isinstance(value, list):
        return [_taken(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value and value["Fn::If"][0] == "Signs":
        return _taken(value["Fn::If"][2])
    return {key: _taken(each) for key, each in value.items()}
