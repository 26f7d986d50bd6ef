"""moto's Lambda API, answered by a `LambdaService`.

Each patch asks for the service of the engine installed last, and leaves the call to moto while
there is none.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from typing import Any

from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.awslambda_simple.models import LambdaSimpleBackend

from local.lambda_functions.asynchronous import AsynchronousEvent
from local.lambda_functions.errors import client_error
from local.lambda_functions.runtime_api import Invocation, Outcome
from local.lambda_functions.service import LambdaService
from local.lambda_functions.vpc import attachment_of
from local.stock import applied_once

# Lambda's own pattern: a name, a partial or a whole ARN, each with or without a qualifier.
_FUNCTION = re.compile(
    r"(?:arn:[\w-]+:lambda:)?(?:(?:eusc-)?[a-z]{2}(?:-[a-z]+)+-\d:)?(?:\d{12}:)?(?:function:)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>\$LATEST|[\w-]+))?"
)

_service: LambdaService | None = None


def answer_with(service: LambdaService) -> None:
    global _service
    _patch()
    _service = service


def stop_answering(service: LambdaService) -> None:
    global _service
    if _service is service:
        _service = None


@applied_once
def _patch() -> None:
    _patch_invoke(LambdaBackend)
    _patch_invoke(LambdaSimpleBackend)
    _patch_qualifier()
    _patch_lifecycle()
    _patch_configuration()
    _patch_layers_of_templates()
    _patch_destinations()


def _patch_invoke(backend_class: Any) -> None:
    stock = backend_class.invoke

    def invoke(
        self: Any,
        function_name: str,
        qualifier: str | None,
        body: str | bytes | None,
        headers: Any,
        response_headers: Any,
    ) -> Any:
        if _service is None:
            return stock(self, function_name, qualifier, body, headers, response_headers)
        return _invoke(_service, self, function_name, qualifier, body, headers, response_headers)

    backend_class.invoke = invoke


def _patch_qualifier() -> None:
    """Let moto read `Qualifier`, as the API calls it: stock moto looks for `qualifier`, and without
    one takes a member of that name out of the event."""
    stock = LambdaResponse.invoke

    def invoke(self: Any) -> Any:
        if _service is not None:
            self.querystring["qualifier"] = self.querystring.get("Qualifier", [None])
        return stock(self)

    LambdaResponse.invoke = invoke


def _invoke(
    service: LambdaService,
    backend: Any,
    function_name: str,
    qualifier: str | None,
    body: str | bytes | None,
    headers: Any,
    response_headers: Any,
) -> bytes:
    """Answer Invoke. Stock moto needs Docker, and answers `Event` only when it is done."""
    function, invoked_arn = _find(backend, function_name, qualifier)
    invocation = Invocation(
        request_id=str(uuid.uuid4()),
        invoked_arn=invoked_arn,
        payload=_checked_json(body),
        timeout=float(function.timeout),
    )
    response_headers["X-Amz-Executed-Version"] = str(function.version)
    match headers.get("X-Amz-Invocation-Type", "RequestResponse"):
        case "DryRun":
            return b""
        case "Event":
            service.refuse_unless_active(function)

            def attempt() -> Outcome:
                function, _ = _find(backend, function_name, qualifier)
                return service.invoke(function, invocation)[0]

            service.asynchronous.accept(AsynchronousEvent(function, invocation, attempt))
            return b""
    outcome, log = service.invoke(function, invocation)
    if outcome.function_error:
        response_headers["X-Amz-Function-Error"] = "Unhandled"
    # moto hands this on only if the caller asked for `LogType=Tail`.
    response_headers["x-amz-log-result"] = base64.b64encode(log.encode()[-4096:]).decode()
    return outcome.payload


def _find(backend: Any, function_name: str, qualifier: str | None) -> tuple[Any, str]:
    """Return moto's function, and the ARN under which it was invoked."""
    match = _FUNCTION.fullmatch(function_name)
    if match is None:
        raise client_error(400, "ValidationException", f"Not a function name: {function_name}")
    name, qualifier = match["name"], match["qualifier"] or qualifier
    arn = backend.get_function(name).function_arn
    return backend.get_function(name, qualifier), f"{arn}:{qualifier}" if qualifier else arn


def _checked_json(body: str | bytes | None) -> bytes:
    payload = (body.encode() if isinstance(body, str) else body) or b"{}"
    try:
        json.loads(payload)
    except ValueError as error:
        raise client_error(
            400,
            "InvalidRequestContentException",
            f"Could not parse request body into json: {error}",
        ) from error
    return payload


def _patch_lifecycle() -> None:
    stock_create, stock_delete = LambdaBackend.create_function, LambdaBackend.delete_function

    def create_function(self: Any, spec: dict[str, Any]) -> Any:
        if _service is None:
            return stock_create(self, spec)
        attachment = attachment_of(self.account_id, self.region_name, spec.get("VpcConfig"))
        created = stock_create(self, spec)
        if attachment:
            function = self.get_function(created.function_name)
            for view in (function, created):
                view.state = "Pending"
                view._vpc_config = {**spec["VpcConfig"], "VpcId": attachment.vpc_id}
            _service.attach(function, attachment)
        return created

    def delete_function(self: Any, function_name: str, qualifier: str | None = None) -> None:
        function, _ = _find(self, function_name, qualifier)
        stock_delete(self, function_name, qualifier)
        if _service is not None:
            _service.function_deleted(function)

    LambdaBackend.create_function = create_function
    LambdaBackend.delete_function = delete_function


def _patch_configuration() -> None:
    stock, stock_vpc_config = LambdaFunction.get_configuration, LambdaFunction.vpc_config

    def get_configuration(self: Any, on_create: bool = False) -> Any:
        configuration = stock(self, on_create)
        if self.state == "Pending":
            reason, code = "The function is being created.", "Creating"
            configuration |= {"StateReason": reason, "StateReasonCode": code}
            if not on_create:
                configuration["LastUpdateStatus"] = "InProgress"
        return configuration

    def vpc_config(self: Any) -> Any:
        """Return the VpcConfig with the real VPC: stock moto puts every function into
        `vpc-123abc`."""
        if _service is None:
            return stock_vpc_config.fget(self)
        return {"VpcId": "", **self._vpc_config} if self._vpc_config else None

    LambdaFunction.get_configuration = get_configuration
    LambdaFunction.vpc_config = property(vpc_config)


def _patch_destinations() -> None:
    """Let destinations of every partition pass: moto's pattern knows no eusc-de-east-1, and the
    gateway has checked the pattern of AWS's own model before."""
    EventInvokeConfig.validate = lambda _: None


def _patch_layers_of_templates() -> None:
    """Let CloudFormation keep a function's `Layers`, which stock moto drops."""
    stock = LambdaFunction.create_from_cloudformation_json

    def create_from_cloudformation_json(
        _: Any, resource_name: str, cloudformation_json: Any, *args: Any, **kwargs: Any
    ) -> Any:
        function = stock(resource_name, cloudformation_json, *args, **kwargs)
        layers = cloudformation_json["Properties"].get("Layers")
        if _service is not None and layers and not function.layers:
            # moto resolves a `Ref` to a layer version to its own object, not to an ARN.
            arns = [getattr(layer, "arn", layer) for layer in layers]
            function.update_configuration({"Layers": arns})
        return function

    LambdaFunction.create_from_cloudformation_json = classmethod(create_from_cloudformation_json)
