"""The meaning of a request, in whichever protocol: service, action and parameters.

moto knows AWS's five protocols already (its routers and parsers read botocore's service
models, loaded once per service); here they are asked before moto is, and answered in the
names that IAM policies use.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import UnknownServiceError
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import EnvironHeaders, Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

SIGNATURE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
REGION = re.compile(r"\.([a-z]+(?:-[a-z]+)+-\d)\.")
UNRECOGNISED = "Unrecognised"
"""The action of a signed call that no service model knows. No policy grants it by name."""

MODELS = {
    "states": "stepfunctions",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
}
"""botocore's names of services, where requests are signed with another."""
PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
"""IAM's prefixes of services, where requests are signed with another."""

ACTIONS = {
    "lambda:Invoke": "InvokeFunction",
    "lambda:InvokeWithResponseStream": "InvokeFunction",
    "s3:HeadBucket": "ListBucket",
    "s3:HeadObject": "GetObject",
    "s3:ListBuckets": "ListAllMyBuckets",
    "s3:ListObjects": "ListBucket",
    "s3:ListObjectsV2": "ListBucket",
    "sns:PublishBatch": "Publish",
    "sqs:SendMessageBatch": "SendMessage",
}
"""IAM's names of actions, where the API has another."""


API_NAMES = {
    "lambda:InvokeFunction": "Invoke",
    "s3:ListAllMyBuckets": "ListBuckets",
}
"""The API's names of operations, where IAM has one name for it alone."""


@dataclass(frozen=True)
class ApiCall:
    """One signed request, before it is answered."""

    service: str
    """IAM's prefix: `ec2`, `states`, `lambda`…"""
    action: str
    """IAM's name: `InvokeFunction`, where the API says Invoke."""
    region: str
    access_key_id: str
    protocol: str
    """`ec2`, `query`, `json`, `rest-json` or `rest-xml`: the form that an error takes."""
    parameters: Mapping[str, Any]
    """The parameters by the API's names. A blob is there by its size only, and nothing of a body of
    S3."""

    @property
    def name(self) -> str:
        return f"{self.service}:{self.action}"


def recognise(environ: dict[str, Any]) -> ApiCall | None:
    """Return the call that a request makes; None for one that is not signed (also presigned), such
    as moto's calls to itself. The request can still be read afterwards."""
    signature = SIGNATURE.search(
        environ.get("HTTP_AUTHORIZATION") or unquote(environ.get("QUERY_STRING", ""))
    )
    if signature is None:
        return None
    access_key_id, region, signed_for = signature.groups()
    service = PREFIXES.get(signed_for, signed_for)
    body = b"" if service == "s3" else _take_body(environ)
    try:
        operation, protocol, parameters = _parse(MODELS.get(signed_for, signed_for), environ, body)
    except (UnknownServiceError, NotFound, NotImplementedError, RequestParserError, ValueError):
        operation, protocol, parameters = UNRECOGNISED, "json", {}
    action = ACTIONS.get(f"{service}:{operation}", operation)
    return ApiCall(service, action, region, access_key_id, protocol, parameters)


def unsigned(service: str, environ: dict[str, Any]) -> ApiCall:
    """Return the call that a request without a signature makes of `service`: no key is anybody's.
    What no service model knows is named as its header has it, as in
    `AmazonSSM.RegisterManagedInstance`."""
    body = b"" if service == "s3" else _take_body(environ)
    try:
        operation, protocol, parameters = _parse(MODELS.get(service, service), environ, body)
    except (UnknownServiceError, NotFound, NotImplementedError, RequestParserError, ValueError):
        target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
        operation, protocol, parameters = target.rpartition(".")[2] or UNRECOGNISED, "json", {}
    action = ACTIONS.get(f"{service}:{operation}", operation)
    return ApiCall(service, action, _region(environ), "", protocol, parameters)


def _region(environ: Mapping[str, Any]) -> str:
    """Return the Region in the host name of a request; empty where there is none."""
    found = REGION.search(str(environ.get("HTTP_HOST", "")))
    return found[1] if found else ""


def _take_body(environ: dict[str, Any]) -> bytes:
    """Return the whole body, and put it back for moto; not used for S3, whose bodies are files, in
    chunks."""
    body: bytes = Request(environ, populate_request=False).get_data(cache=False)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


def _parse(model: str, environ: dict[str, Any], body: bytes) -> tuple[str, str, dict[str, Any]]:
    copy = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    request = Request(copy, populate_request=False)
    protocol = determine_request_protocol(get_service_model(model), request.content_type)
    operation, path_parameters = get_service_router(model).match(request)
    parser = PROTOCOL_PARSERS[protocol](operation, blob_parser=_size)
    parameters = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": EnvironHeaders(environ),
            "body": body,
            "url_path": request.path,
            "url_params": path_parameters,
        }
    )
    return operation.name, protocol, parameters


def _size(blob: str) -> str:
    """Return the size of a blob, which is kept in its place: the code of functions would fill the
    memory."""
    return f"<{len(blob)} characters of base64>"
