"""Calls through a VPC endpoint have to be allowed by its policy: of each preset of the app."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from connectivity.domain.policy_presets import document
from moto.s3.models import s3_backends

from local.contracts import HEADER, Door
from local.gateway.endpoint_policies import EndpointPolicies

OURS, SISTERS, OTHERS = "123456789012", "222222222222", "999999999999"
ORGANIZATION, THEIRS = "o-a1b2c3d4e5", "o-z9y8x7w6v5"
REGION = "us-east-2"
LAYERS = f"prod-{REGION}-starport-layer-bucket"
JSON_SERVICES = {"ssm": "AmazonSSM", "ecs": "AmazonEC2ContainerServiceV20141113"}
EVERYBODY = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)
REGISTRATION = [
    "RegisterManagedInstance",
    "RequestManagedInstanceRoleToken",
    "UpdateManagedInstancePublicKey",
]


@pytest.fixture(autouse=True)
def buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    owned = {"of-ours": ("aws", OURS), "of-others": ("aws", OTHERS), "of-sister": ("aws", SISTERS)}
    monkeypatch.setattr(s3_backends, "bucket_accounts", owned)


class Client:
    """Calls through one endpoint, which has this policy. An account is its own access key."""

    def __init__(self, service: str, policy: str) -> None:
        self.service = service
        self.policies = EndpointPolicies(
            lambda vpc_id, ip: Door(service, policy) if (vpc_id, ip) == ("vpc-1", "ip") else None,
            account_of=str,
            user_of=lambda key: f"arn:aws:sts::{key}:assumed-role/r/s",
            organizations={OURS: ORGANIZATION, SISTERS: ORGANIZATION, OTHERS: THEIRS},
        )

    def denied(self, environ: dict[str, Any], through: str = "vpc-1/ip") -> str:
        """AWS's message; empty where the call is let through."""
        header = f"HTTP_{HEADER.upper().replace('-', '_')}"
        refused = self.policies.refusal(environ | ({header: through} if through else {}))
        return refused[1] if refused else ""

    def asks(self, operation: str, who: str = "", **arguments: Any) -> str:
        body = json.dumps(arguments).encode()
        target = f"{JSON_SERVICES[self.service]}.{operation}"
        environ = self._environ("POST", "/", who, body)
        return self.denied(
            environ | {"HTTP_X_AMZ_TARGET": target, "CONTENT_TYPE": "application/x-amz-json-1.1"}
        )

    def gets(self, path: str, who: str = "") -> str:
        return self.denied(self._environ("GET", path, who))

    def _environ(self, method: str, path: str, who: str, body: bytes = b"") -> dict[str, Any]:
        scope = f"Credential={who}/20261129/{REGION}/{self.service}/aws4_request"
        return {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "RAW_URI": path,
            "QUERY_STRING": "",
            "HTTP_HOST": f"{self.service}.{REGION}.amazonaws.com",
            "SERVER_NAME": "any",
            "SERVER_PORT": "443",
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
        } | ({"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {scope}"} if who else {})


@pytest.fixture(params=[OURS, ORGANIZATION])
def let_in(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each preset."""
    yield request.param


def client(service: str, let_in: str) -> Client:
    return Client(service, document(let_in, f"com.amazonaws.{REGION}.{service}"))


def test_a_host_registers_and_its_agents_work_under_each_preset(let_in: str) -> None:
    ssm, ecs, s3 = (client(name, let_in) for name in ("ssm", "ecs", "s3"))
    said = [ssm.asks(operation, ActivationId="a") for operation in REGISTRATION]
    said += [
        ssm.asks("UpdateInstanceInformation", OURS, InstanceId="mi-1"),
        ssm.asks("GetDocument", OURS, Name="AWS-RunShellScript"),
        ssm.asks("GetParameter", OURS, Name="/own"),
        ssm.asks("GetParameter", OURS, Name=f"arn:aws:ssm:{REGION}::parameter/aws/service/x"),
        ecs.asks("DiscoverPollEndpoint", OURS),
        ecs.asks("RegisterContainerInstance", OURS, cluster="site"),
        s3.gets(f"/{LAYERS}/layer"),
        s3.gets(f"/{LAYERS}/layer", OTHERS),  # presigned by an account of Amazon ECR
        s3.gets(f"/amazon-ecs-agent-{REGION}/ecs-init.deb"),
        s3.gets(f"/amazon-ssm-{REGION}/latest/linux_amd64/ssm-setup-cli"),
        s3.gets("/of-ours/key", OURS),
    ]
    assert said == [""] * len(said)


def test_a_stranger_s_credentials_and_resources_are_denied_in_aws_s_words(let_in: str) -> None:
    ssm, ecs, s3 = (client(name, let_in) for name in ("ssm", "ecs", "s3"))
    assert ecs.asks("ListClusters", OTHERS) == (
        f"User: arn:aws:sts::{OTHERS}:assumed-role/r/s is not authorized to perform: "
        "ecs:ListClusters on resource: * because no VPC endpoint policy allows the "
        "ecs:ListClusters action"
    )
    theirs = f"arn:aws:ssm:{REGION}:{OTHERS}:parameter/x"
    for said in (
        ssm.asks("GetParameter", OURS, Name=theirs),
        ssm.asks("GetDocument", OTHERS, Name="AWS-RunShellScript"),
        ssm.asks("GetParameter", Name="/own"),
        s3.gets("/of-others/key", OURS),
        s3.gets("/of-others/key"),
        s3.gets("/of-ours/key"),
        s3.gets(f"/{LAYERS}x/key"),
        s3.gets("/of-ours/key", OTHERS),
    ):
        assert "because no VPC endpoint policy allows the" in said
    assert ssm.asks("GetParameter", Name="/own").startswith("User: anonymous is not")


def test_a_sister_account_is_let_in_by_the_organization_alone() -> None:
    for let_in, may in ((OURS, False), (ORGANIZATION, True)):
        ecs, s3 = client("ecs", let_in), client("s3", let_in)
        said = [ecs.asks("ListClusters", SISTERS), s3.gets("/of-sister/key", OURS)]
        assert [not each for each in said] == [may, may]


def test_a_policy_is_asked_about_what_comes_through_its_endpoint_alone() -> None:
    ecs = client("ecs", OURS)
    environ = ecs._environ("POST", "/", OTHERS)
    assert ecs.denied(environ)
    assert not ecs.denied(environ, through="")
    assert not ecs.denied(environ, through="vpc-2/ip")
    assert ecs.denied(environ, through="vpc-1/ip,vpc-2/ip"), "a client adds what it likes"


def test_aws_s_own_policy_lets_everybody_in_and_a_denial_wins() -> None:
    assert Client("ecs", EVERYBODY).asks("ListClusters", OTHERS) == ""
    assert Client("ecs", EVERYBODY).asks("ListClusters") == ""
    allowed = json.loads(EVERYBODY)["Statement"]
    denial = {**allowed[0], "Effect": "Deny", "Principal": {"AWS": f"arn:aws:iam::{OTHERS}:root"}}
    denying = Client("ecs", json.dumps({"Statement": [*allowed, denial]}))
    assert "with an explicit deny in a VPC endpoint policy" in denying.asks("ListClusters", OTHERS)
    assert denying.asks("ListClusters", OURS) == ""
