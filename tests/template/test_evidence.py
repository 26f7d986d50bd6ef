"""The bucket of records: nobody reads it by accident, and nothing in it goes by itself too soon."""

from __future__ import annotations

from local.cloudformation import buckets
from tests.template.sam_template import TEMPLATE, allowed, resources

BUCKET = TEMPLATE["Resources"]["Evidence"]
PROPERTIES = BUCKET["Properties"]


def test_the_records_stay_when_the_stack_goes_or_the_bucket_is_replaced() -> None:
    assert BUCKET["DeletionPolicy"] == "RetainExceptOnCreate"
    assert BUCKET["UpdateReplacePolicy"] == "Retain"


def test_what_is_overwritten_or_deleted_can_be_had_back_for_a_while() -> None:
    assert PROPERTIES["VersioningConfiguration"] == {"Status": "Enabled"}
    [expire] = [r for r in PROPERTIES["LifecycleConfiguration"]["Rules"] if r["Id"] == "expire"]
    assert expire["ExpirationInDays"] == {"Ref": "EvidenceDays"}
    assert expire["NoncurrentVersionExpiration"]["NoncurrentDays"] >= 30


def test_each_rule_of_its_lifecycle_does_what_cloudformation_asks_a_rule_to_do() -> None:
    for rule in PROPERTIES["LifecycleConfiguration"]["Rules"]:
        assert buckets.ACTIONS & rule.keys(), rule["Id"]


def test_nothing_of_it_is_public_plain_or_of_another_owner() -> None:
    assert set(PROPERTIES["PublicAccessBlockConfiguration"].values()) == {True}
    assert PROPERTIES["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert "BucketEncryption" in PROPERTIES
    (policy,) = resources("AWS::S3::BucketPolicy").values()
    [statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == (
        "Deny",
        "*",
        "s3:*",
    )
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    arn = {"Fn::GetAtt": ["Evidence", "Arn"]}
    assert statement["Resource"] == [arn, {"Fn::Sub": "${Evidence.Arn}/*"}]


def test_one_function_may_write_records_and_nobody_may_read_list_or_delete_them() -> None:
    touching = [
        (name, each)
        for name, each in allowed({"KeepsEvidence"}.__contains__)
        if "s3:" in str(each["Action"])
    ]
    assert touching == [
        (
            "FinishFunction",
            {
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": {"Fn::Sub": "${Evidence.Arn}/records/*"},
            },
        )
    ]
