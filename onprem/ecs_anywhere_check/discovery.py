"""Ask ECS, as the agent would now, which host it is to poll; and look at the clock meanwhile.

Sources: Amazon ECS API reference, DiscoverPollEndpoint; AWS Signature Version 4.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime

from ecs_anywhere_check.agents import introspected, of_poll_host
from ecs_anywhere_check.findings import FAILED, NOTE, Expected, Finding
from ecs_anywhere_check.host import SECONDS, Host

TARGET = "AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint"


LARGEST_SKEW = 300
"""Seconds: AWS refuses what was signed more than five minutes ago."""


def of_discovery(expected: Expected, region: str, host: Host) -> Iterator[Finding]:
    """Ask which host the agent is to poll now."""
    name = _first(expected.names, "ecs.")
    credentials = _credentials(host)
    if not name or not credentials:
        yield Finding(
            "DiscoverPollEndpoint", "call", NOTE, "not asked: no credentials of the agent are here"
        )
        return
    said = introspected(host) or {}
    asked = {
        k: said[s]
        for k, s in (("cluster", "Cluster"), ("containerInstance", "ContainerInstanceArn"))
        if s in said
    }
    body = json.dumps(asked).encode()
    try:
        connection = http.client.HTTPSConnection(name, host.tls_port, timeout=2 * SECONDS)
        connection.request("POST", "/", body, _signed(name, region, body, credentials, host.now()))
        answer = connection.getresponse()
        text, date = answer.read(65536), answer.getheader("Date")
    except (OSError, http.client.HTTPException) as error:
        yield Finding(
            "DiscoverPollEndpoint", "call", FAILED, str(error), "see the other rows of " + name
        )
        return
    yield from _of_clock(date, host)
    if answer.status != 200:
        cure = "look at the agent's role, and at the endpoint's policy"
        yield Finding(
            "DiscoverPollEndpoint", "call", FAILED, f"{answer.status} {text[:200]!r}", cure
        )
        return
    for given in _hosts_in(text):
        cure = f"the call did not go through the interface endpoint of {name}: mend its name first"
        yield of_poll_host(given, "call", cure, expected)


def _hosts_in(text: bytes) -> list[str]:
    """Return the hosts that an answer names; none where it is no answer of ECS."""
    try:
        answer = json.loads(text)
        urls = [str(answer[key]) for key in ("endpoint", "telemetryEndpoint") if key in answer]
    except (ValueError, TypeError):
        return []
    return [re.sub(r"^[a-z]+://|[/:].*$", "", url) for url in urls]


def _of_clock(date: str | None, host: Host) -> Iterator[Finding]:
    with suppress(ValueError, TypeError):
        skew = abs(host.now() - parsedate_to_datetime(date or "").timestamp())
        if skew > LARGEST_SKEW:
            said = f"{skew:.0f} s off AWS's"
            yield Finding(
                "clock",
                "host",
                FAILED,
                said,
                "AWS refuses every signed call: set the clock (chrony)",
            )


def _credentials(host: Host) -> tuple[str, str, str] | None:
    """Return those of the environment, or those that the SSM agent keeps for the ECS agent."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    if all(host.environment.get(name) for name in names[:2]):
        key, secret, token = (host.environment.get(name, "") for name in names)
        return key, secret, token
    text = host.read("/root/.aws/credentials")
    found = [re.search(rf"^\s*{name.lower()}\s*=\s*(\S+)", text, re.MULTILINE) for name in names]
    if not found[0] or not found[1]:
        return None
    key, secret, token = (each.group(1) if each else "" for each in found)
    return key, secret, token


def _signed(
    name: str, region: str, body: bytes, credentials: tuple[str, str, str], now: float
) -> dict[str, str]:
    """Return the headers of a signed call (AWS Signature Version 4)."""
    key, secret, token = credentials
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": name,
        "x-amz-date": at,
        "x-amz-target": TARGET,
        **({"x-amz-security-token": token} if token else {}),
    }
    listed = ";".join(sorted(headers))
    lines = "".join(f"{header}:{headers[header]}\n" for header in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{listed}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{at[:8]}/{region}/ecs/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signing = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(signing, to_sign.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={listed}, Signature={signature}"
    )
    return headers


def _first(names: Iterable[str], start: str) -> str:
    return next((name for name in names if name.startswith(start)), "")
