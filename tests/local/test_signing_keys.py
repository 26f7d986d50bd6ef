"""AWS KMS of the embedded AWS: keys of a template, Sign, and who a key's own policy lets in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from local.engine import EmbeddedAws

ROOT = "arn:aws:iam::123456789012:root"
MESSAGE = b"m" * 32
"""As long as a digest, so that only its type tells what it is."""
TEMPLATE = {
    "Resources": {
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "KeySpec": "ECC_NIST_P256",
                "KeyUsage": "SIGN_VERIFY",
                "PendingWindowInDays": 9,
                "KeyPolicy": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"AWS": ROOT},
                            "Action": "kms:*",
                            "Resource": "*",
                        }
                    ],
                },
            },
        },
        "Alias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": "alias/signs", "TargetKeyId": {"Ref": "Key"}},
        },
    },
    "Outputs": {"Id": {"Value": {"Ref": "Key"}}, "Arn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}},
}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def kms(aws: EmbeddedAws) -> Any:
    return aws.client("kms")


@pytest.fixture
def key(kms: Any) -> str:
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    return str(made["KeyMetadata"]["KeyId"])


def sign(kms: Any, key: str, message: bytes, kind: str) -> bytes:
    answer = kms.sign(
        KeyId=key, Message=message, MessageType=kind, SigningAlgorithm="ECDSA_SHA_256"
    )
    return bytes(answer["Signature"])


def public(kms: Any, key: str) -> ec.EllipticCurvePublicKey:
    read = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    assert isinstance(read, ec.EllipticCurvePublicKey)
    return read


def code(call: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


def test_a_digest_is_signed_as_it_is_and_a_message_is_digested_first(kms: Any, key: str) -> None:
    digest, message = sign(kms, key, MESSAGE, "DIGEST"), sign(kms, key, MESSAGE, "RAW")
    public(kms, key).verify(digest, MESSAGE, ec.ECDSA(Prehashed(SHA256())))
    public(kms, key).verify(message, MESSAGE, ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        public(kms, key).verify(digest, MESSAGE, ec.ECDSA(SHA256()))


def test_a_message_has_at_most_4096_bytes_and_a_digest_32(kms: Any, key: str) -> None:
    assert sign(kms, key, b"m" * 4096, "RAW")
    assert code(lambda: sign(kms, key, b"m" * 4097, "RAW")) == "ValidationException"
    assert code(lambda: sign(kms, key, b"m" * 33, "DIGEST")) == "ValidationException"


def test_a_key_that_is_disabled_or_goes_signs_nothing(kms: Any, key: str) -> None:
    kms.disable_key(KeyId=key)
    assert code(lambda: sign(kms, key, MESSAGE, "DIGEST")) == "DisabledException"
    kms.schedule_key_deletion(KeyId=key)
    assert code(lambda: sign(kms, key, MESSAGE, "DIGEST")) == "KMSInvalidStateException"


def test_a_key_of_a_template_is_of_its_kind_and_is_deleted_after_its_window(
    aws: EmbeddedAws, kms: Any
) -> None:
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName="keys", TemplateBody=json.dumps(TEMPLATE))
    (stack,) = cloudformation.describe_stacks(StackName="keys")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    assert sign(kms, outputs["Arn"], MESSAGE, "DIGEST")
    assert sign(kms, "alias/signs", MESSAGE, "DIGEST")
    cloudformation.delete_stack(StackName="keys")
    metadata = kms.describe_key(KeyId=outputs["Id"])["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion"
    assert 8 <= (metadata["DeletionDate"] - metadata["CreationDate"]).days <= 9
    assert kms.list_aliases(KeyId=outputs["Id"])["Aliases"] == []


ALLOW = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}


def role(aws: EmbeddedAws, name: str, *statements: dict[str, Any]) -> str:
    iam = aws.client("iam")
    trust = {"Version": "2012-10-17", "Statement": []}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=document)
    return str(made["Role"]["Arn"])


def may_sign(aws: EmbeddedAws, key: str, role_arn: str) -> bool:
    credentials = aws.principals.credentials_for(role_arn, "test")
    kms = boto3.client(
        "kms",
        endpoint_url=aws.url,
        region_name=aws.settings.region,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
    )
    try:
        sign(kms, key, MESSAGE, "DIGEST")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDeniedException"
        return False
    return True


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([{**ALLOW, "Principal": {"AWS": ROOT}}], {"granted"}),
        ([{**ALLOW, "Principal": {"AWS": ROOT}, "Action": "kms:Describe*"}], set()),
        ([{**ALLOW, "Principal": {"AWS": "{idle}"}}], {"idle"}),
        (
            [
                {
                    **ALLOW,
                    "Principal": {"AWS": ROOT},
                    "Condition": {"ArnEquals": {"aws:PrincipalArn": "{idle}"}},
                }
            ],
            set(),
        ),
        (
            [
                {**ALLOW, "Principal": {"AWS": ROOT}},
                {**ALLOW, "Effect": "Deny", "Principal": "*"},
            ],
            set(),
        ),
    ],
    ids=["account", "account, not to sign", "a role by name", "account, another role", "denied"],
)
def test_a_key_s_policy_has_a_say_whatever_iam_allows(
    aws: EmbeddedAws,
    kms: Any,
    key: str,
    request: pytest.FixtureRequest,
    statements: list[dict[str, Any]],
    allowed: set[str],
) -> None:
    """`granted` has every permission in IAM, `idle` none."""
    suffix = key[:8]
    roles = {
        "granted": role(aws, f"granted-{suffix}", {**ALLOW, "Action": "*"}),
        "idle": role(aws, f"idle-{suffix}"),
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    kms.put_key_policy(
        KeyId=key, PolicyName="default", Policy=document.replace("{idle}", roles["idle"])
    )
    assert {name for name, arn in roles.items() if may_sign(aws, key, arn)} == allowed
