"""The embedded AWS as one object: moto's API server, with its gaps closed.

Gaps are installed in the order of `GAPS`; each is a module with `install(aws)`.
"""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import boto3

from local.clock import Clock
from local.contracts import (
    EventBus,
    Gateway,
    Journal,
    Lambdas,
    Networks,
    Notification,
    Principals,
)
from local.partitions import partition_of
from local.settings import Settings
from local.stock import Stock
from local.unkind.weather import Weather

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

GAPS: tuple[str, ...] = (
    "model_files",
    "repeated_work",
    "direct_lookups",
    "new_regions",
    "simultaneous_calls",
    "profiles",
    "gateway",
    "networks",
    "event_bus",
    "tag_events",
    "gone_tags",
    "parameter_events",
    "cloud_trail",
    "parameter_tiers",
    "managed_instances",
    "interface_endpoints",
    "inbound_resolvers",
    "hosted_zones",
    "forwarding_rules",
    "profile_answers",
    "resolvers_elsewhere",
    "security_groups",
    "ipv6_subnets",
    "stale_reads",
    "page_sizes",
    "atomic_updates",
    "lambda_functions",
    "state_machines",
    "signing_keys",
    "service_roles",
    "attached_policies",
    "bucket_policies",
    "cloudformation",
)

_running: set[int] = set()
"""The engines that this process has started and not stopped; moto's state is theirs together."""


def _key_of(account: str, region: str) -> str:
    """Return the access key of an administrator of another account, as which moto knows it."""
    from moto.iam.models import iam_backends

    iam = iam_backends[account][partition_of(region)]
    if "administrator" not in iam.users:
        iam.create_user(region, "administrator")
        iam.create_access_key("administrator")
    return str(iam.users["administrator"].access_keys[0].access_key_id)


_stock: Stock
"""The state of moto before the first of the engines."""


def _forget_everything() -> None:
    """Forget every account, and what moto lists of it beside: each object that it ever made."""
    from moto.core.base_backend import BackendDict, model_data

    BackendDict.reset()
    for models in model_data.values():
        for model in models.values():
            model.instances_tracked.clear()
    _stock.put_back()


@dataclass
class EmbeddedAws:
    """A running embedded AWS. Use as a context manager; leaving it leaves nothing running."""

    settings: Settings = field(default_factory=Settings)
    gaps: tuple[str, ...] = GAPS
    clock: Clock = field(init=False, repr=False)
    weather: Weather = field(init=False, repr=False)
    principals: Principals = field(init=False, repr=False)
    journal: Journal = field(init=False, repr=False)
    gateway: Gateway = field(init=False, repr=False)
    networks: Networks = field(init=False, repr=False)
    events: EventBus = field(init=False, repr=False)
    lambdas: Lambdas = field(init=False, repr=False)
    interface_endpoints: Any = field(init=False, repr=False)
    vpc_answers: Any = field(init=False, repr=False)
    hosted_zones: Any = field(init=False, repr=False)
    profiles: Any = field(init=False, repr=False)
    managed_instances: Any = field(init=False, repr=False)
    stops: Any = field(init=False, repr=False)
    outputs: Mapping[str, str] = field(default_factory=dict)
    """The deployed stack's outputs."""
    application: Any = field(init=False, default=None)
    """The WSGI application that answers; a gap may wrap it."""
    lambda_environment: dict[str, str] = field(default_factory=dict)
    """The variables that every function's environment gets besides its own: the trust in the local
    CA."""
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    outbox: list[Notification] = field(default_factory=list)
    """The e-mails that Amazon SNS would have sent, oldest first."""
    closers: list[Callable[[], None]] = field(default_factory=list)
    """The functions to call at the end, last first."""
    _server: BaseWSGIServer | None = None

    def __post_init__(self) -> None:
        self.clock = Clock(self.settings.time_scale)
        self.weather = Weather(self.settings.unkindness, self.clock)

    @property
    def port(self) -> int:
        assert self._server is not None, "start() first"
        return self._server.port

    @property
    def url(self) -> str:
        return f"http://{self.settings.host}:{self.port}"

    @property
    def trust_bundle(self) -> str:
        """The path of the CA certificate (PEM) that signs those of all interface endpoints."""
        return self.lambda_environment["SSL_CERT_FILE"]

    def start(self) -> None:
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server

        class RequestHandler(MotoRequestHandler):  # type: ignore[misc]
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            # Unbuffered: a buffered "100 Continue" would cost every upload to Amazon S3 a second.
            wbufsize = 0

            def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
                """Write nothing: the journal says who called what, and the access log would repeat
                it."""

            def connection_dropped(self, *_: Any) -> None:
                """Note that the connection was dropped, by the client or by the weather: nothing
                more comes over it."""
                self.close_connection = True

        gaps = {name: importlib.import_module(f"local.{name}") for name in GAPS}
        self._join()
        self.application = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            self.settings.host,
            self.settings.port,
            self._answer,
            threaded=True,
            request_handler=RequestHandler,
        )
        for name in self.gaps:
            gaps[name].install(self)
        serve = partial(self._server.serve_forever, poll_interval=0.05)
        threading.Thread(target=serve, name="api", daemon=True).start()
        # Half a million objects that live as long as the engine: no collection looks at them again.
        gc.freeze()

    def _join(self) -> None:
        """Join the engines of this process; the first one keeps the state of moto without any."""
        global _stock
        if not _running:
            _stock = Stock()
        _running.add(id(self))

    def client(self, service: str) -> Any:
        """Return a boto3 client of a stranger: an administrator of this account, in this Region."""
        return self._client(service, "administrator")

    def client_of(self, account: str, service: str) -> Any:
        """Return a boto3 client of an administrator of another account, in this Region."""
        return self._client(service, _key_of(account, self.settings.region))

    def _client(self, service: str, access_key: str) -> Any:
        whose = f"{access_key} {service}"
        if whose not in self._clients:
            self._clients[whose] = boto3.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self.url,
                region_name=self.settings.region,
                aws_access_key_id=access_key,
                aws_secret_access_key="unused",
            )
        return self._clients[whose]

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = self.application(environ, start_response)
        return answer

    def stop(self) -> None:
        """Stop the engine. With the last one of a process the memory of moto is dropped: rules of a
        former account's stack would act on the VPCs of the next."""
        self.clock.stop()
        while self.closers:
            self.closers.pop()()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            _running.discard(id(self))
        if not _running:
            gc.unfreeze()
            _forget_everything()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
