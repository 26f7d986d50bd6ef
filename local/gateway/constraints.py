"""The constraints in AWS's own service models: lengths, ranges, patterns, enums.

AWS refuses a request that breaks one: "1 validation error detected: Value '…' at 'name' failed to
satisfy constraint: Member must have length less than or equal to 64".
moto 5.2.5 enforces few of them, and botocore on the client's side only the least lengths. Amazon
EC2's, SNS's and S3's models name none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model

from local.gateway.calls import API_NAMES, MODELS, ApiCall

LARGEST_SHOWN = 100
UNCONSTRAINED = frozenset({"ec2", "s3", "sns", "sqs", "cloudformation"})
"""Services whose models name no constraints, or whose parameters are not all read here."""
CODES = {"query": "ValidationError", "lambda": "InvalidParameterValueException"}
"""The error codes of services, or else protocols, that do not say ValidationException."""


def refusal(call: ApiCall) -> tuple[str, str] | None:
    """Return AWS's error code and message for a call that breaks its model; None if none does."""
    shape = _input_shape(call.service, call.action)
    if shape is None or call.service in UNCONSTRAINED:
        return None
    broken = list(_broken(shape, call.parameters, ""))
    if not broken:
        return None
    number = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
    code = CODES.get(call.service) or CODES.get(call.protocol, "ValidationException")
    return code, number + "; ".join(broken)


@lru_cache(maxsize=1024)
def _input_shape(service: str, action: str) -> Any:
    """Return botocore's shape of an operation's input; None for an unknown one."""
    try:
        model = get_service_model(MODELS.get(service, service))
    except UnknownServiceError:
        return None
    operation = API_NAMES.get(f"{service}:{action}", action)
    if operation not in model.operation_names:
        return None
    return model.operation_model(operation).input_shape


def _broken(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield a sentence for each constraint that `value`, at `path`, breaks."""
    match shape.type_name:
        case "structure" if isinstance(value, Mapping):
            for name, member in shape.members.items():
                if value.get(name) is not None:
                    yield from _broken(member, value[name], _step(path, name))
        case "list" if isinstance(value, list):
            yield from _out_of_range(shape, len(value), value, path, "length")
            for place, each in enumerate(value, 1):
                yield from _broken(shape.member, each, f"{path}.{place}.member")
        case "string" if isinstance(value, str):
            yield from _broken_text(shape, value, path)
        case "integer" | "long" if isinstance(value, int):
            yield from _out_of_range(shape, value, value, path, "value")


def _broken_text(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield _sentence(value, path, f"satisfy enum value set: [{', '.join(shape.enum)}]")
        return
    yield from _out_of_range(shape, len(value), value, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield _sentence(value, path, f"satisfy regular expression pattern: {pattern}")


def _out_of_range(shape: Any, size: int, value: Any, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _sentence(value, path, f"have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _sentence(value, path, f"have {what} less than or equal to {most}")


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern of Java's as Python's; None where Python cannot read it."""
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None


def _sentence(value: Any, path: str, must: str) -> str:
    shown = str(value)[:LARGEST_SHOWN]
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {must}"


def _step(path: str, name: str) -> str:
    own = name[0].lower() + name[1:]
    return f"{path}.{own}" if path else own
