"""Calls of AWS's API from on-premises, through the interface endpoints of a VPC.

Run as a file on the VPC's site: `python through.py <calls, JSON>`, each of them with the address to
connect to, the credentials (none is anonymous) and what to do. Prints what came of each, as JSON: a
value, or AWS's error code and message. Trusts AWS_CA_BUNDLE.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

REGION = "us-east-2"


def lead_to(ip: str) -> None:
    """Let every name lead to this address, as the site's DNS server would."""
    ask = socket.getaddrinfo

    def answer(host: Any, *rest: Any, **more: Any) -> Any:
        return ask(ip, *rest, **more)

    socket.getaddrinfo = answer


def done(call: Mapping[str, Any]) -> str:
    lead_to(call["ip"])
    if not call["credentials"]:
        return unsigned(call)
    import boto3
    from botocore.exceptions import ClientError

    client: Any = boto3.client(
        call["service"].partition(".")[0], region_name=REGION, **call["credentials"]
    )
    try:
        getattr(client, call["operation"])(**call["arguments"])
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return "done"


def unsigned(call: Mapping[str, Any]) -> str:
    """Call as an SSM agent does that registers, or as an installer that downloads."""
    body = json.dumps(call["arguments"]).encode() if call["arguments"] else None
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    if call["operation"]:
        headers["X-Amz-Target"] = call["operation"]
    request = urllib.request.Request(call["url"], body, headers)
    trust = ssl.create_default_context(cafile=call["trust"])
    try:
        with urllib.request.urlopen(request, timeout=60, context=trust) as response:
            return str(response.read().decode()) or "done"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"


if __name__ == "__main__":
    before = socket.getaddrinfo
    answers = []
    for each in json.loads(sys.argv[1]):
        answers.append(done(each))
        socket.getaddrinfo = before
    sys.stdout.write(json.dumps(answers))
