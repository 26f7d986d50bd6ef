"""What is published is signed by the stack's own key, and by nobody else."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from local.settings import REPOSITORY
from tests.story.app import App

SIGNERS = {"FinishFunction", "PublishFunction", "WithdrawFunction"}
RECORDER = "FinishFunction"
"""Signs the record of each run, and no document."""
DIGEST = bytes(32)


@pytest.fixture(scope="module")
def vpc_id(app: App) -> Iterator[str]:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    yield vpc_id
    app.untag(vpc_id)
    app.next_success(vpc_id)


def verify(app: App, document: dict[str, Any]) -> None:
    """As a DNS host does that pinned the stack's output. Raises InvalidSignature."""
    key = load_der_public_key(b64decode(app.aws.outputs["PublicationPublicKey"]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = document.pop("signature")
    assert signature["keyId"] == app.aws.outputs["PublicationKeyId"]
    unsigned = json.dumps(document, sort_keys=True, separators=(",", ":"))
    message = f"ecs-anywhere forwarding 1\n{unsigned}".encode()
    key.verify(b64decode(signature["value"]), message, ec.ECDSA(SHA256()))


def published(app: App, vpc_id: str) -> dict[str, Any]:
    return dict(json.loads(app.parameters(vpc_id)["forwarding"]))


def signs(app: App, since: int) -> list[str]:
    """The functions that had a document signed, in order."""
    roles = app.roles()
    made = [call for call in app.calls(since) if call.name == "kms:Sign"]
    names = [roles[str(call.role_arn)] for call in made]
    return [name for name in names if name != RECORDER]


def test_what_is_published_is_signed_with_the_key_of_the_stack_s_outputs(
    app: App, vpc_id: str
) -> None:
    verify(app, published(app, vpc_id))
    document = published(app, vpc_id) | {"zones": ["bank.example"]}
    with pytest.raises(InvalidSignature):
        verify(app, document)


def test_the_guide_s_commands_verify_what_is_published(
    app: App, vpc_id: str, tmp_path: Path
) -> None:
    """And nothing else."""
    guide = (REPOSITORY / "docs" / "guide.md").read_text()
    lines = guide.partition("By hand, with `openssl` and `jq`:\n\n")[2].partition("\n\n")[0]
    commands = "".join(line.removeprefix("    ") for line in lines.splitlines(keepends=True))
    environment = {**os.environ, "PUBLICATION_PUBLIC_KEY": app.aws.outputs["PublicationPublicKey"]}
    forged = json.dumps(published(app, vpc_id) | {"zones": ["bank.example"]})
    for text, code in ((app.parameters(vpc_id)["forwarding"], 0), (forged, 1)):
        (tmp_path / "forwarding.json").write_text(text)
        verified = subprocess.run(["bash", "-c", commands], cwd=tmp_path, env=environment)
        assert verified.returncode == code


def test_what_says_nothing_new_is_not_signed_again(app: App, vpc_id: str) -> None:
    since = app.aws.journal.mark()
    app.request("Enable", {"vpc-id": vpc_id})
    app.next_success(vpc_id)
    assert signs(app, since) == []


def test_a_document_that_somebody_forged_is_written_over_with_the_signed_one(
    app: App, vpc_id: str
) -> None:
    """Byte for byte: the signature is still good."""
    ours, since = app.parameters(vpc_id)["forwarding"], app.aws.journal.mark()
    name = f"{app.aws.outputs['ParameterPath']}/{vpc_id}/forwarding"
    forged = {k: v for k, v in json.loads(ours).items() if k != "signature"}
    forged |= {"zones": ["bank.example"], "generation": 10**9}
    app.client("ssm").put_parameter(Name=name, Value=json.dumps(forged), Overwrite=True)
    app.sweep()
    ended = app.next_success(vpc_id)
    assert f"parameter {name} was edited" in app.tags(vpc_id)["ecs-anywhere:status-detail"]
    assert app.parameters(vpc_id)["forwarding"] == ours, ended.output
    assert signs(app, since) == []


def test_a_withdrawal_is_signed_too_once(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    since = app.aws.journal.mark()
    app.untag(vpc_id)
    app.reaches(vpc_id, "Let cached answers expire")
    document = published(app, vpc_id)
    app.until_quiet()
    assert document["state"] == "withdrawn"
    verify(app, document)
    assert signs(app, since) == ["WithdrawFunction"]


def test_a_key_that_is_disabled_is_told_with_its_cure_and_changes_no_answer_of_the_vpc(
    app: App,
) -> None:
    kms, key = app.client("kms"), app.aws.outputs["PublicationKeyId"]
    vpc_id = app.vpc()
    kms.disable_key(KeyId=key)
    try:
        app.tag(vpc_id, wish="enabled")
        ended = app.next_end(vpc_id)
        assert ended.error == "SigningRefused"
        assert f"aws kms enable-key --key-id {key}" in ended.cause
    finally:
        kms.enable_key(KeyId=key)
    app.untag(vpc_id)
    app.next_success(vpc_id)


def client_of(app: App, role_arn: str) -> Any:
    credentials = app.aws.principals.credentials_for(role_arn, "story")
    return boto3.client(
        "kms",
        endpoint_url=app.aws.url,
        region_name=app.aws.settings.region,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
    )


def sign(app: App, role_arn: str, **how: Any) -> bool:
    """Return whether the role may sign."""
    how = {
        "KeyId": app.aws.outputs["PublicationKeyId"],
        "Message": DIGEST,
        "MessageType": "DIGEST",
        "SigningAlgorithm": "ECDSA_SHA_256",
    } | how
    try:
        client_of(app, role_arn).sign(**how)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDeniedException"
        return False
    return True


def test_only_three_functions_may_sign_and_only_digests(app: App) -> None:
    roles = app.roles()
    assert {name for arn, name in roles.items() if sign(app, arn)} == SIGNERS
    assert not any(sign(app, arn, MessageType="RAW") for arn in roles)


def test_who_may_everything_in_the_account_may_not_sign(app: App) -> None:
    """The key's own policy says who signs; no IAM policy can say more."""
    iam = app.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
    role = iam.create_role(RoleName="everything", AssumeRolePolicyDocument=json.dumps(trust))
    allow = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    iam.put_role_policy(
        RoleName="everything", PolicyName="everything", PolicyDocument=json.dumps(allow)
    )
    arn, key = role["Role"]["Arn"], app.aws.outputs["PublicationKeyId"]
    assert not sign(app, arn)
    assert client_of(app, arn).describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
