"""AWS's error forms: how each protocol says that a call failed, written and read."""

from __future__ import annotations

import json
import re
from html import escape

from werkzeug.wrappers import Response

from local.gateway.calls import ApiCall

REQUEST_ID = "00000000-0000-4000-8000-000000000000"

ENVELOPES = {
    "ec2": "<Response><Errors>{}</Errors><RequestID>{}</RequestID></Response>",
    "query": "<ErrorResponse>{}<RequestId>{}</RequestId></ErrorResponse>",
    "rest-xml": "<ErrorResponse>{}<RequestId>{}</RequestId></ErrorResponse>",
}
CODE_IN_XML = re.compile(r"<Code>([^<]+)</Code>")


def error_response(call: ApiCall, code: str, message: str, status: int = 403) -> Response:
    """Return the error `code` as the service of `call` sends it."""
    envelope = ENVELOPES.get(call.protocol)
    if envelope is None:
        body = json.dumps({"__type": code, "message": message})
        headers = {"x-amzn-errortype": code}
        return Response(body, status, headers, mimetype="application/json")
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    if call.service == "s3":
        return Response(error, status, mimetype="text/xml")
    return Response(envelope.format(error, REQUEST_ID), status, mimetype="text/xml")


def error_code(response: Response) -> str | None:
    """Return the error code in an answer, in the form that boto3 shows; None where there is
    none."""
    if response.status_code < 400:
        return None
    headers = response.headers
    code = (
        headers.get("x-amzn-query-error", "").partition(";")[0]
        or headers.get("x-amzn-errortype")
        or _code_in(response.get_data(as_text=True))
    )
    return code.rpartition("#")[2].partition(":")[0] if code else None


def _code_in(body: str) -> str | None:
    in_xml = CODE_IN_XML.search(body)
    if in_xml:
        return in_xml[1]
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document.get("__type") or document.get("code") if isinstance(document, dict) else None
