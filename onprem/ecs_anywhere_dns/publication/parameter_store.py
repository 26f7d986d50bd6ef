"""Parameter Store, reached at the addresses that `routes` names.

botocore signs the request for `ssm.<region>.<suffix>` and reads the answer. Between the two, at
its event `before-send`, the request is sent from here: to an address that we chose, with TLS that
is verified against the name. Proxies are never used, whatever HTTPS_PROXY says: a proxy resolves
the name for itself, and it would send the request over the internet.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult, urlsplit

import boto3
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.httpsession import get_cert_path
from botocore.parsers import ResponseParserError
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ecs_anywhere_dns.outcome import BadUsage, FetchFailed, reason_of
from ecs_anywhere_dns.publication.certificates import trouble_of
from ecs_anywhere_dns.publication.metadata import disable_metadata_services
from ecs_anywhere_dns.publication.owner import check_owner
from ecs_anywhere_dns.publication.refusals import NO_CREDENTIALS, Call
from ecs_anywhere_dns.publication.routes import DeadEnd, Route, Routes, Way
from ecs_anywhere_dns.settings import Settings
from ecs_anywhere_dns.trust import check_trusted

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

CONNECT_PATIENCE = 3.0
"""Seconds for an address to take a connection, and again for TLS."""
READ_PATIENCE = 10.0
"""Seconds of silence after the request."""
ATTEMPTS = 3
"""The number of attempts after errors that AWS calls transient: throttling, and failures of its
own."""
AWS_FILES = ("config_file", "credentials_file")


class ParameterStore:
    """Read and write parameters of AWS: the port `source.Store`. Nothing is loaded or connected
    before the first call."""

    def __init__(self, settings: Settings, routes: Routes) -> None:
        self._settings = settings
        self._routes = routes
        self._chosen: Route | None = None
        """The one that led there: an acknowledgement goes the way of its document."""

    def read(self, name: str) -> str:
        """Return the text of a parameter. Raises NotPublished, FetchFailed, Refused, BadUsage."""
        with self._explained("GetParameter", name):
            parameter = self._client.get_parameter(Name=name)["Parameter"]
        check_owner(parameter.get("ARN", ""), name, self._settings)
        return parameter["Value"]

    def write(self, name: str, value: str) -> None:
        """Write a parameter. Raises FetchFailed, BadUsage."""
        with self._explained("PutParameter", name):
            self._client.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    @cached_property
    def _session(self) -> botocore.session.Session:
        if not self._settings.instance_metadata:
            disable_metadata_services(os.environ)
        session = botocore.session.Session(profile=self._settings.profile or None)
        for variable in AWS_FILES:
            # They may name a program for credentials, and it would run as root.
            check_trusted(Path(str(session.get_config_variable(variable))).expanduser())
        return session

    @cached_property
    def _client(self) -> SSMClient:
        session = boto3.Session(botocore_session=self._session, region_name=self._settings.region)
        client = session.client(
            "ssm",
            endpoint_url=self._routes.endpoint or None,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                # What the variables say is in the routes already.
                ignore_configured_endpoint_urls=True,  # type: ignore[call-arg]
                # The VPC's interface endpoint has no such name.
                use_dualstack_endpoint=False,
            ),
        )
        client.meta.events.register("before-send.ssm", cast(Any, self._send))
        return client

    @cached_property
    def _authorities(self) -> str:
        """Return the file of certificate authorities that botocore would trust."""
        bundle = self._session.get_config_variable("ca_bundle")
        verify = cast(Any, bundle or os.environ.get("REQUESTS_CA_BUNDLE") or True)
        return cast(str, get_cert_path(verify))

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Return what checks certificates and the name in them. Raises BadUsage."""
        file = self._authorities
        try:
            return ssl.create_default_context(cafile=file)
        except OSError as error:
            raise BadUsage(
                f"the CA bundle {file} cannot be read: {reason_of(error)}",
                "correct AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE, or ca_bundle of the AWS profile",
            ) from None

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Send the request on the first way that answers in HTTP, and return the answer, whatever
        its status. Raises FetchFailed, which botocore passes on without another attempt."""
        url = urlsplit(request.url)
        failures: list[str] = []
        cures: list[str] = []
        for way in self._ways(url.hostname or ""):
            if isinstance(way, DeadEnd):
                failures.append(f"{way.reason}: {way.problem}")
                continue
            try:
                response = self._send_to(way, url, request)
            except HTTPError as error:
                said, cure = self._explain(error, url.hostname or "")
                failures.append(f"{way.address}:{way.port} ({way.reason}): {said}")
                cures += filter(None, [cure])
            else:
                self._chosen = way
                return response
        raise FetchFailed(
            f"{url.hostname} cannot be reached: {'; '.join(failures) or 'no address is known'}",
            "; ".join(dict.fromkeys(cures)) or self._routes.cure,
        )

    def _explain(self, error: HTTPError, host: str) -> tuple[str, str]:
        """Return what went wrong on one way, and the cure if it is one of TLS."""
        cause = _root(error)
        # A handshake that is slow is a matter of the link.
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, TimeoutError):
            trouble = trouble_of(cause, host, self._authorities)
            return trouble.said, trouble.cure
        return _said(error), ""

    def _ways(self, host: str) -> Iterator[Way]:
        chosen = self._chosen
        if chosen is not None:
            yield chosen
        for way in self._routes.to(host):
            if isinstance(way, DeadEnd) or chosen is None or way.address != chosen.address:
                yield way

    def _send_to(self, route: Route, url: SplitResult, request: AWSPreparedRequest) -> AWSResponse:
        with self._pool(route, url) as pool:
            raw = pool.urlopen(
                request.method,
                url._replace(scheme="", netloc="").geturl() or "/",
                body=cast(Any, request.body),
                headers=_headers(request, url),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
            response = AWSResponse(request.url, raw.status, cast(Any, raw.headers), raw)
            # Read to its end while the connection is open; kept in the response.
            _ = response.content
            return response

    def _pool(self, route: Route, url: SplitResult) -> HTTPConnectionPool:
        patience = Timeout(connect=CONNECT_PATIENCE, read=READ_PATIENCE)
        if url.scheme == "http":
            return HTTPConnectionPool(route.address, route.port, timeout=patience)
        # No `assert_hostname`: with it urllib3 would compare the names itself, and turn off that
        # OpenSSL does; without it, OpenSSL compares with `server_hostname`.
        return HTTPSConnectionPool(
            route.address,
            route.port,
            timeout=patience,
            ssl_context=self._trust,
            cert_reqs="CERT_REQUIRED",
            server_hostname=url.hostname,
        )

    @contextmanager
    def _explained(self, operation: str, name: str) -> Iterator[None]:
        try:
            call = Call(operation, name, self._settings.region, self._client.meta.partition)
            yield
        except ClientError as error:
            said = error.response["Error"]
            raise call.refused(said.get("Code", ""), said.get("Message", "")) from error
        except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
            raise FetchFailed(f"no AWS credentials: {error}", NO_CREDENTIALS) from error
        except CredentialRetrievalError as error:
            raise FetchFailed(
                f"the AWS credentials cannot be obtained: {error}",
                "run the command that the AWS profile names by hand",
            ) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise FetchFailed(f"{operation} of {name}: {error}") from error


def _headers(request: AWSPreparedRequest, url: SplitResult) -> dict[str, str]:
    """Return the headers, with the host that was signed. botocore leaves that one to the
    connection, which here would name the IP address; its other signer (awscrt, where that is
    installed) has added it already."""
    headers = HeadersDict(request.headers.items())
    headers.setdefault("Host", _host_header(url))
    return dict(headers.items())


def _host_header(url: SplitResult) -> str:
    """Return the value of the header Host as botocore signed it: without a port that is the
    scheme's own."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
    own = {"https": 443, "http": 80}[url.scheme]
    return host if url.port in (None, own) else f"{host}:{url.port}"


def _said(error: HTTPError) -> str:
    """Return the error in few words; urllib3's own words begin with the whole connection."""
    if isinstance(error, ReadTimeoutError):
        return "connected, then nothing was heard"
    cause = _root(error)
    if isinstance(cause, TimeoutError):
        return f"no connection within {CONNECT_PATIENCE:g} s"
    return getattr(cause, "strerror", None) or str(cause)


def _root(error: BaseException) -> BaseException:
    causes = [c for c in (*error.args, error.__cause__) if isinstance(c, BaseException)]
    return _root(causes[0]) if causes else error
