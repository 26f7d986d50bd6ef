"""The embedded AWS answers programs of this machine, and no web site in its user's browser."""

from __future__ import annotations

import http.client
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.engine import EmbeddedAws
from local.gateway.door import refusal
from local.settings import Settings

REGION = "us-east-2"
EVIL = "https://evil.example"
SIMPLE = {"Origin": EVIL, "Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site"}
"""What a browser sends with the request of a page, without asking first ("simple request")."""
SIGNED = (
    f"AWS4-HMAC-SHA256 Credential=any/20261128/{REGION}/sts/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
WHO_AM_I = "Action=GetCallerIdentity&Version=2011-06-15"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(Settings(region=REGION), gaps=("gateway", "networks")) as aws:
        yield aws


def asked(
    aws: EmbeddedAws,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: str | None = None,
) -> tuple[int, str, dict[str, str]]:
    """Send exactly this and return status, body and headers of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=60)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    given = {"Host": f"127.0.0.1:{aws.port}", **(headers or {})}
    if body is not None:
        given["Content-Length"] = str(len(body))
    for name, value in given.items():
        if value:
            connection.putheader(name, value)
    connection.endheaders(body.encode() if body else None)
    answer = connection.getresponse()
    said = answer.status, answer.read().decode(), dict(answer.getheaders())
    connection.close()
    return said


def signed(aws: EmbeddedAws, **headers: str) -> int:
    """Return the status of a signed call with these headers besides."""
    given = {
        "Authorization": SIGNED,
        "Content-Type": "application/x-www-form-urlencoded",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return asked(aws, "POST", "/", given, WHO_AM_I)[0]


def test_a_program_is_answered(aws: EmbeddedAws) -> None:
    assert signed(aws) == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_every_name_of_this_machine_is_ours_with_our_port(aws: EmbeddedAws, host: str) -> None:
    assert signed(aws, Host=f"{host}:{aws.port}") == 200
    assert signed(aws, Host=f"{host}:{aws.port + 1}") == 403
    assert signed(aws, Host=host) == 403


@pytest.mark.parametrize(
    "host",
    [f"ecs.{REGION}.amazonaws.com", f"ecr.{REGION}.api.aws", "logs.cn-north-1.amazonaws.com.cn"],
)
def test_a_call_through_an_interface_endpoint_has_awss_name(aws: EmbeddedAws, host: str) -> None:
    assert signed(aws, Host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "amazonaws.com.evil.example",
        "evilamazonaws.com",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "10.0.0.1:{port}",
        "",
    ],
)
def test_a_name_that_somebody_turned_to_this_machine_is_refused(
    aws: EmbeddedAws, host: str
) -> None:
    """DNS rebinding: the browser believes that it still speaks with the page's own host."""
    assert signed(aws, Host=host.format(port=aws.port)) == 403


@pytest.mark.parametrize("path", ["/", "/_local/calls", "/bucket/key", "/moto-api/reset"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_in_a_browser_is_refused_whatever_it_asks(
    aws: EmbeddedAws, method: str, path: str
) -> None:
    status, said, headers = asked(aws, method, path, SIMPLE, "" if method == "POST" else None)
    assert status == 403
    assert "only programs may" in said or "not part of AWS" in said
    assert not [name for name in headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {"User-Agent": "Mozilla/5.0 (Macintosh) AppleWebKit/605.1 Safari/605.1"},
    ],
    ids=str,
)
def test_each_sign_of_a_browser_is_enough(aws: EmbeddedAws, headers: dict[str, str]) -> None:
    """An image or a form of a page needs no Origin, and old browsers send no Sec-Fetch."""
    assert signed(aws, **headers) == 403
    create = "/?Action=CreateVpc&CidrBlock=10.0.0.0/16&Version=2016-11-15"
    assert asked(aws, "GET", create, headers)[0] == 403


def test_a_person_may_look_at_what_is_local_by_typing_its_address(aws: EmbeddedAws) -> None:
    typed = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "User-Agent": "Mozilla/5.0"}
    assert asked(aws, "GET", "/_local/health", typed)[0] == 200
    linked = typed | {"Sec-Fetch-Site": "cross-site"}
    assert asked(aws, "GET", "/_local/health", linked)[0] == 403


@pytest.mark.parametrize(
    "path",
    ["/moto-api/", "/moto-api/reset", "/moto-api/data.json", "/moto-api/recorder/upload-recording"],
)
def test_motos_own_control_paths_are_closed_to_everybody(aws: EmbeddedAws, path: str) -> None:
    """A recording that is replayed makes functions, and functions run code."""
    for method in ("GET", "POST"):
        assert asked(aws, method, path, body="" if method == "POST" else None)[0] == 403


def test_no_answer_lets_a_page_read_it(aws: EmbeddedAws) -> None:
    for path in ("/_local/health", "/no-such-bucket/file"):
        _, _, headers = asked(aws, "GET", path)
        assert not [name for name in headers if name.lower().startswith("access-control-")]


def test_the_sdk_comes_in_by_every_way_that_it_has(aws: EmbeddedAws) -> None:
    aws.client("s3").create_bucket(
        Bucket="seen-by-every-way", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    for host, style in (("127.0.0.1", "path"), ("localhost", "path"), ("localhost", "virtual")):
        session: Any = boto3.Session("any", "any", region_name=REGION)
        addressed: Any = {"s3": {"addressing_style": style}}
        s3 = session.client(
            "s3",
            endpoint_url=f"http://{host}:{aws.port}",
            config=Config(**addressed),
        )
        assert "seen-by-every-way" in {each["Name"] for each in s3.list_buckets()["Buckets"]}


def test_a_refusal_says_how_to_come_in() -> None:
    said = refusal({"PATH_INFO": "/", "HTTP_HOST": "evil.example"}, 4599, "/_local/")
    assert said == "Host evil.example is not this AWS: use 127.0.0.1:4599"


def test_everybody_may_read_the_ca_and_nobody_its_key(aws: EmbeddedAws) -> None:
    """Programs of other users have to trust it."""
    certificate = Path(aws.trust_bundle)
    assert certificate.stat().st_mode & stat.S_IROTH
    assert certificate.parent.stat().st_mode & 0o777 == 0o711
    key = certificate.with_name("ca-key.pem")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert b"PRIVATE KEY" in key.read_bytes()
