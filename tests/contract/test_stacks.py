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
from connectivity.domain.errors import Unavailable

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
