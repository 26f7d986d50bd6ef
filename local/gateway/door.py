"""Admission of callers: programs on this machine, and no web site in its user's browser.

The embedded AWS runs whatever code it is given, so whoever reaches it has the rights of who started
it. It listens on the loopback alone, but a browser on this machine reaches that too, for every page
that it shows: by a "simple" request, by a form, or under a host name of the page's own that its DNS
turned to 127.0.0.1 (DNS rebinding). AWS's SDKs and command line send none of what tells a browser.
moto's own control paths (record, replay, reset, seed, its dashboard) are of no use here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

CONTROL = "/moto-api"
AWS_NAMES = re.compile(
    r"(?:[a-z0-9*-]+\.)+(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|api\.aws|on\.aws|"
    r"amazonwebservices\.com\.cn|amazonwebservices\.eu)"
)
"""AWS's own domains, which nobody else can point at this machine: with one of them as Host come the
calls through an interface endpoint."""
LOOPBACK = re.compile(r"(?:[a-z0-9.-]+\.)?localhost|127\.0\.0\.1|\[::1\]")
"""The form of a host before the port. A bucket's name may stand before `localhost` (Amazon S3,
virtual-hosted style); RFC 6761 keeps all these names on the machine."""


def refusal(environ: Mapping[str, Any], port: int, local: str) -> str | None:
    """Return why a request is refused; None if it may come in.

    `port` is that on which this AWS listens. A person may look at what is below `local` with a
    browser, by typing its address.
    """
    path = str(environ.get("PATH_INFO", ""))
    host = str(environ.get("HTTP_HOST", "")).lower()
    if not _is_ours(host, port):
        return f"Host {host or '(none)'} is not this AWS: use 127.0.0.1:{port}"
    if path.startswith(CONTROL):
        return f"{CONTROL} is not part of AWS"
    if "HTTP_ORIGIN" in environ:
        return "a web site asked (Origin): only programs may"
    site = environ.get("HTTP_SEC_FETCH_SITE")
    is_browser = site is not None or str(environ.get("HTTP_USER_AGENT", "")).startswith("Mozilla/")
    if is_browser and not (
        site == "none" and environ.get("REQUEST_METHOD") == "GET" and path.startswith(local)
    ):
        return f"a browser asked: it may only show {local}..., by its address"
    return None


def closed(reason: str) -> Response:
    """Return the answer to a request that is refused."""
    return Response(f"403 Forbidden: {reason}\n", 403, mimetype="text/plain")


def without_cors(response: Response) -> Response:
    """Take away the headers that let a page read an answer: moto answers every Origin with them."""
    for name in [name for name, _ in response.headers if _is_cors(name)]:
        del response.headers[name]
    return response


def _is_ours(host: str, port: int) -> bool:
    name, _, given = host.rpartition(":") if re.search(r":\d+$", host) else (host, "", "")
    if AWS_NAMES.fullmatch(name):
        return True
    return given == str(port) and LOOPBACK.fullmatch(name) is not None


def _is_cors(name: str) -> bool:
    return name.lower().startswith("access-control-")
