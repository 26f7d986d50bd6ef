"""Custom resources: a function is asked at creation, update and deletion; its answer decides.

AWS: the answer is PUT to a presigned address in Amazon S3, which is signed for an empty content
type; CloudFormation waits for it as long as ServiceTimeout says. Here who has not answered when the
function ends never does. moto 5.2.5 asks at creation alone, and waits for ever if it hears FAILED.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.cloudformation import parsing
from moto.cloudformation.custom_model import CustomModel

from local.cloudformation.failures import NotUpdatableError

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_CONFIG = Config(
    # As long as a function may run, and asked once.
    read_timeout=900,
    retries={"total_max_attempts": 1},
    # In every Region, as moto knows no other presigned address on an IP address.
    signature_version="s3v4",
    s3={"addressing_style": "path"},
)
_UNTYPED = "binary/octet-stream"
"""The content type that Amazon S3 gives an object without one."""

_current: EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    global _current
    _current = aws
    parsing.CustomModel = CustomResource


class CustomResourceFailedError(Exception):
    """The function said no, or nothing; the message is CloudFormation's."""


class CustomResource(CustomModel):  # type: ignore[misc]
    """moto's model, which answers Ref and Fn::GetAtt."""

    def __init__(
        self, region: str, stack: str, kind: str, name: str, properties: dict[str, Any]
    ) -> None:
        super().__init__(region, "", name, "")
        self.stack, self.kind, self.properties = stack, kind, properties

    @classmethod
    def create_from_cloudformation_json(
        cls, _name: str, resource: Any, _account: str, region: str, **of: str
    ) -> CustomResource:
        properties = resource["Properties"]
        made = cls(region, of["StackId"], of["ResourceType"], of["LogicalId"], properties)
        answer = made._ask("Create")
        made.resource_name = answer["PhysicalResourceId"]
        made.set_data(answer.get("Data", {}))
        return made

    def update(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> CustomResource:
        """Return the resource that the function answers with. Another physical id means that this
        one was replaced: CloudFormation deletes it in the clean-up."""
        if before["ServiceToken"] != after["ServiceToken"]:
            raise NotUpdatableError("Modifying service token is not allowed.")
        made = CustomResource(self.region_name, self.stack, self.kind, self.logical_id, dict(after))
        old = {"PhysicalResourceId": self.resource_name, "OldResourceProperties": before}
        answer = made._ask("Update", **old)
        made.resource_name = answer.get("PhysicalResourceId", self.resource_name)
        made.set_data(answer.get("Data", {}))
        return made

    def delete(self, _account: str, _region: str) -> None:
        self._ask("Delete", PhysicalResourceId=self.resource_name)

    def _ask(self, kind: str, **more: Any) -> dict[str, Any]:
        """Ask the function, and return its answer. Raises CustomResourceFailedError."""
        request, s3 = str(uuid.uuid4()), self._client("s3")
        place = {"Bucket": self._bucket(s3), "Key": f"{self.logical_id}/{request}"}
        signed = {**place, "ContentType": ""}
        event = {
            "RequestType": kind,
            "ServiceToken": self.properties["ServiceToken"],
            "ResponseURL": s3.generate_presigned_url("put_object", signed),
            "StackId": self.stack,
            "RequestId": request,
            "LogicalResourceId": self.logical_id,
            "ResourceType": self.kind,
            "ResourceProperties": self.properties,
        }
        payload = json.dumps(event | more).encode()
        self._client("lambda").invoke(FunctionName=event["ServiceToken"], Payload=payload)
        answer = _answer(s3, place, request)
        if answer["Status"] != "SUCCESS":
            raise CustomResourceFailedError(
                f"Received response status [{answer['Status']}] from custom resource. "
                f"Message returned: {answer['Reason']} (RequestId: {request})"
            )
        return answer

    def _client(self, service: str) -> Any:
        session: Any = boto3.Session("CLOUDFORMATION", "unused", region_name=self.region_name)
        return session.client(service, endpoint_url=_current.url, config=_CONFIG)

    def _bucket(self, s3: Any) -> str:
        name = f"cloudformation-custom-resource-response-{self.region_name.replace('-', '')}"
        place = {"CreateBucketConfiguration": {"LocationConstraint": self.region_name}}
        with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=name, **({} if self.region_name == "us-east-1" else place))
        return name


def _answer(s3: Any, place: dict[str, str], request: str) -> dict[str, Any]:
    """Return the answer that was put there, if Amazon S3 would have taken it. Raises
    CustomResourceFailedError."""
    with suppress(s3.exceptions.NoSuchKey):
        found = s3.get_object(**place)
        if found["ContentType"] == _UNTYPED:
            answer: dict[str, Any] = json.loads(found["Body"].read())
            return answer
    raise CustomResourceFailedError(
        "CloudFormation did not receive a response from your Custom Resource. Please check your "
        f"logs for requestId [{request}]."
    )
