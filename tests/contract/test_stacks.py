"""What AWS CloudFormation takes for an answer, sent over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from connectivity.adapters.stacks import CloudFormationStacks
from connectivity.domain.custom_resource import LONGEST_REASON, Answer, Request
from connectivity.domain.errors import Unavailable, UnreadableRequest

LONGEST_BODY = 4096
"""Bytes."""


@dataclass
class Bucket:
    """Takes what is put into it, as Amazon S3 does, or refuses it."""

    url: str = ""
    status: int = 200
    puts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            bucket.puts.append((self.path, headers, body))
            self.send_response(bucket.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield bucket
    server.shutdown()
    server.server_close()


def asked(url: str) -> Request:
    return Request("Delete", f"{url}/key?Signature=a%2Bb", "arn:stack", "unique", "Guard", "id")


def test_the_answer_names_what_it_answers_and_has_an_empty_content_type(bucket: Bucket) -> None:
    """Amazon S3 refuses another content type than the one that was signed: none."""
    CloudFormationStacks("amazonaws.com", bucket.url).answer(
        asked(bucket.url), Answer("FAILED", "id", "vpc-1 is connected")
    )
    ((path, headers, body),) = bucket.puts
    assert path == "/key?Signature=a%2Bb"
    assert headers["content-type"] == ""
    assert json.loads(body) == {
        "Status": "FAILED",
        "Reason": "vpc-1 is connected",
        "PhysicalResourceId": "id",
        "StackId": "arn:stack",
        "RequestId": "unique",
        "LogicalResourceId": "Guard",
    }


def test_the_longest_answer_fits(bucket: Bucket) -> None:
    """With the longest ids that AWS allows, and a reason of letters that JSON escapes."""
    stack = f"arn:aws:cloudformation:ap-southeast-2:123456789012:stack/{'s' * 128}/{'u' * 36}"
    request = Request("Delete", f"{bucket.url}/key", stack, "r" * 36, "L" * 255, "p" * 1024)
    answer = Answer("FAILED", request.physical_id, '"' * LONGEST_REASON)
    CloudFormationStacks("amazonaws.com", bucket.url).answer(request, answer)
    assert len(bucket.puts[0][2]) <= LONGEST_BODY


def test_an_answer_that_does_not_arrive_is_an_error_so_that_the_function_is_run_again(
    bucket: Bucket,
) -> None:
    bucket.status = 403
    with pytest.raises(Unavailable, match="403"):
        CloudFormationStacks("amazonaws.com", bucket.url).answer(
            asked(bucket.url), Answer("SUCCESS", "id", "-")
        )
    with pytest.raises(Unavailable, match="the answer to CloudFormation"):
        CloudFormationStacks("amazonaws.com", bucket.url).answer(
            asked("http://127.0.0.1:1"), Answer("SUCCESS", "id", "-")
        )


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://answers.s3.amazonaws.com/x",
        "http://answers.s3.amazonaws.com/x",
        "https://evil.example/x",
        "https://amazonaws.com.evil.example/x",
        "https://evilamazonaws.com/x",
        "https://answers.s3.amazonaws.com:8443/x",
        "https://evil@answers.s3.amazonaws.com/x",
        "https://answers.s3.amazonaws.com@evil.example/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/x",
        "https://[::1/x",
        "",
    ],
)
def test_nothing_is_sent_to_an_address_that_is_not_aws_s_own(url: str) -> None:
    stacks = CloudFormationStacks("amazonaws.com", "https://dynamodb.us-east-2.amazonaws.com")
    with pytest.raises(UnreadableRequest, match="nothing was answered"):
        stacks.answer(asked(url), Answer("SUCCESS", "id", "-"))


def test_only_where_aws_itself_is_on_the_loopback_an_answer_may_go_there(bucket: Bucket) -> None:
    for endpoint in (
        "",
        "https://dynamodb.us-east-2.amazonaws.com",
        "http://127.0.0.1.evil.example",
    ):
        with pytest.raises(UnreadableRequest):
            CloudFormationStacks("amazonaws.com", endpoint).check(asked(bucket.url))
    CloudFormationStacks("amazonaws.com", "http://127.0.0.1:4566").check(asked(bucket.url))
    with pytest.raises(UnreadableRequest):
        CloudFormationStacks("amazonaws.com", bucket.url).check(asked("http://10.0.0.1/x"))


@pytest.mark.parametrize("suffix", ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu"])
def test_every_partition_has_its_own_suffix(suffix: str) -> None:
    for host in ("answers.s3", "answers.s3.some-region-1"):
        CloudFormationStacks(suffix).check(asked(f"https://{host}.{suffix}"))
