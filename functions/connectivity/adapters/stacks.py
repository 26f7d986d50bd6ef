"""Answers to AWS CloudFormation, which takes them as an HTTP PUT to a presigned address."""

from __future__ import annotations

import json
from http.client import HTTPException
from urllib import request as http

from connectivity.domain.custom_resource import Answer, Request, check_address
from connectivity.domain.errors import Unavailable

_SECONDS = 10


class CloudFormationStacks:
    """The port `Stacks` on AWS. `suffix` is the partition's, such as amazonaws.com; `endpoint` is
    the URL of AWS, if that is another than usual."""

    def __init__(self, suffix: str, endpoint: str = "") -> None:
        self._suffix, self._endpoint = suffix, endpoint

    def check(self, request: Request) -> None:
        check_address(request.url, self._suffix, self._endpoint)

    def answer(self, request: Request, answer: Answer) -> None:
        self.check(request)
        # Amazon S3 has signed an empty content type: any other, also urllib's own, is a 403.
        put = http.Request(  # noqa: S310 (checked above)
            request.url, _body(request, answer), {"content-type": ""}, method="PUT"
        )
        try:
            with http.urlopen(put, timeout=_SECONDS):  # noqa: S310 (checked above)
                pass
        except (OSError, HTTPException) as error:
            # AWS Lambda invokes again what fails with an error, within the guard's ServiceTimeout.
            raise Unavailable(f"the answer to CloudFormation: {error}") from error


def _body(request: Request, answer: Answer) -> bytes:
    return json.dumps(
        {
            "Status": answer.status,
            "Reason": answer.reason,
            "PhysicalResourceId": answer.physical_id,
            "StackId": request.stack,
            "RequestId": request.id,
            "LogicalResourceId": request.logical_id,
            **({"Data": dict(answer.data)} if answer.data else {}),
        }
    ).encode()
