"""The one door of the embedded AWS: every API call passes here, whoever makes it.

First the door: programs come in, web sites do not. Then, in this order, as in AWS: who calls,
what for, may they, is it well-formed, how is the weather, then the service itself. What each call
was and how it ended is in the journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from local.clock import Clock
from local.contracts import Call, Door
from local.gateway import constraints, door, limits, managed_policies
from local.gateway.authorization import Authorizer
from local.gateway.calls import ApiCall, recognise
from local.gateway.endpoint_policies import EndpointPolicies
from local.gateway.errors import error_code, error_response
from local.gateway.journal import Journal
from local.gateway.principals import Principals
from local.gateway.repetitions import Repetitions

if TYPE_CHECKING:
    from local.engine import EmbeddedAws
    from local.unkind.weather import Fate, Weather

LOCAL = "/_local/"
RECENT_CALLS = 500
Listener = Callable[[ApiCall, Response], None]
Unsigned = Callable[[Any], tuple[Any, int]]
"""The answer to an operation that nobody signs, and its status."""
TRACE = "HTTP_X_AMZN_TRACE_ID"
"""The header in which AWS's SDK, inside a function, says for which invocation it calls."""


class Gateway:
    """The WSGI application in front of moto."""

    def __init__(
        self,
        application: Any,
        authorizer: Authorizer,
        journal: Journal,
        clock: Clock,
        weather: Weather,
        port: int,
        endpoint_policies: EndpointPolicies,
    ) -> None:
        self._endpoint_policies = endpoint_policies
        self._unsigned: dict[str, Unsigned] = {}
        self._application = application
        self._authorizer = authorizer
        self._journal = journal
        self._clock = clock
        self._weather = weather
        self._port = port
        self._routes: dict[str, Callable[[], Any]] = {}
        self._listeners: list[Listener] = []
        self._repetitions = Repetitions()

    def listen(self, listener: Listener) -> None:
        """Call `listener` after each call, with the call and what was answered."""
        self._listeners.append(listener)

    def answer_unsigned(self, target: str, answer: Unsigned) -> None:
        """Serve an operation that nobody signs, by its X-Amz-Target."""
        self._unsigned[target] = answer

    @property
    def organizations(self) -> dict[str, str]:
        return self._endpoint_policies.organizations

    def route(self, path: str, answer: Callable[[], Any]) -> None:
        """Serve `answer()` as JSON at `path`, which is under `/_local/`."""
        if not path.startswith(LOCAL):
            raise ValueError(f"{path} is not under {LOCAL}: AWS's own paths are not ours to take")
        self._routes[path] = answer

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        refusal = door.refusal(environ, self._port, LOCAL)
        response = door.closed(refusal) if refusal else self._respond(environ)
        return door.without_cors(response)(environ, start_response)

    def _respond(self, environ: dict[str, Any]) -> Response:
        if environ["PATH_INFO"].startswith(LOCAL):
            return self._answer_locally(environ["PATH_INFO"])
        if refused := self._endpoint_policies.refusal(environ):
            denied, message = refused
            return error_response(denied, self._authorizer.refusal_code(denied), message)
        if answer := self._unsigned.get(environ.get("HTTP_X_AMZ_TARGET", "")):
            return _json(*answer(Request(environ).get_json(force=True)))
        call = recognise(environ)
        if call is None:
            return self._forward(environ)
        return self._repetitions.answer(call.service, environ, lambda: self._answer(call, environ))

    def _answer(self, call: ApiCall, environ: dict[str, Any]) -> Response:
        """Answer one call: authorise it, handle it, write it into the journal.

        The weather comes between the first two: AWS too throttles only whom it would have let
        in. The journal holds what came of the call, also where the caller never hears of it; a
        request that was dropped never came. Raises Unanswered: the server closes the connection.
        """
        authorizations = self._authorizer.authorize(call)
        refused = next((each for each in authorizations if not each.allowed), None)
        if refused:
            response = error_response(call, *self._authorizer.refusal(call, refused))
            self._journal.record(self._entry(call, response), authorizations)
            return response
        broken = constraints.refusal(call) or limits.refusal(call)
        if broken:
            response = error_response(call, *broken, status=400)
            self._journal.record(self._entry(call, response), authorizations)
            return response
        fate = self._weather.meet(call, self._authorizer.role_of(call), environ.get(TRACE))
        response = self._undergo(fate, call, environ)
        self._journal.record(self._entry(call, response), authorizations)
        for listener in self._listeners:
            listener(call, response)
        fate.after()
        return response

    def _undergo(self, fate: Fate, call: ApiCall, environ: dict[str, Any]) -> Response:
        error = fate.before()
        return error_response(call, *error) if error else self._forward(environ)

    def _forward(self, environ: dict[str, Any]) -> Response:
        return Response.from_app(self._application, environ)

    def _entry(self, call: ApiCall, response: Response) -> Call:
        return Call(
            service=call.service,
            action=call.action,
            region=call.region,
            role_arn=self._authorizer.role_of(call),
            parameters=call.parameters,
            status=response.status_code,
            error=error_code(response),
            at=self._clock.now(),
        )

    def _answer_locally(self, path: str) -> Response:
        answer = self._routes.get(path)
        if answer is None:
            return _json({"error": f"nothing at {path}", "paths": sorted(self._routes)}, 404)
        return _json(answer(), 200)


def _json(document: Any, status: int) -> Response:
    return Response(json.dumps(document, default=str), status, mimetype="application/json")


def _door_at(aws: EmbeddedAws, vpc_id: str, address: str) -> Door | None:
    """Return the VPC endpoint at an address; None in an AWS that has none."""
    part = getattr(aws, "interface_endpoints", None)
    found: Door | None = part.door_at(vpc_id, address) if part else None
    return found


def install(aws: EmbeddedAws) -> None:
    settings = aws.settings
    managed_policies.install(settings.account, settings.region)
    principals, journal = Principals(settings.region), Journal()
    authorizer = Authorizer(principals)
    policies = EndpointPolicies(
        lambda vpc_id, address: _door_at(aws, vpc_id, address),
        authorizer.account_of,
        authorizer.user_of,
    )
    gateway = Gateway(
        aws.application, authorizer, journal, aws.clock, aws.weather, aws.port, policies
    )
    gateway.route(LOCAL + "calls", lambda: [vars(call) for call in journal.recent(RECENT_CALLS)])
    gateway.route(LOCAL + "weather", lambda: [vars(each) for each in aws.weather.happenings()])
    gateway.route(LOCAL + "health", lambda: {"status": "ok", "region": settings.region})
    aws.principals, aws.journal = principals, journal
    aws.gateway = aws.application = gateway
