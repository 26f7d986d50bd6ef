"""Refusals of each service, throttled and failed: code, message, HTTP status.

The codes are those of the services' models, and of the common errors of their protocol where a
model names none. Amazon SNS's model names one (Throttled, 429), but for its SMS actions alone; of
the others its callers report the common one (amzn/smoke-aws #149).
"""

from __future__ import annotations

from typing import NamedTuple

from local.unkind.faults import Fault


class Refusal(NamedTuple):
    code: str
    message: str
    status: int


_RATE = "Rate exceeded"

THROTTLES = {
    "ec2": Refusal("RequestLimitExceeded", "Request limit exceeded.", 503),
    "dynamodb": Refusal("ThrottlingException", _RATE, 400),
    "lambda": Refusal("TooManyRequestsException", _RATE, 429),
    "route53": Refusal("Throttling", _RATE, 400),
    "s3": Refusal("SlowDown", "Please reduce your request rate.", 503),
    "sqs": Refusal("RequestThrottled", _RATE, 400),
    "tag": Refusal("ThrottledException", _RATE, 400),
    "query": Refusal("Throttling", _RATE, 400),
}
"""The refusals of throttled calls, by service or else by protocol."""
THROTTLING = Refusal("ThrottlingException", _RATE, 400)
"""The refusal of the other services, which speak JSON."""

_FAILED = "An internal error occurred. Retry your request."

SERVER_ERRORS = {
    "dynamodb": Refusal("InternalServerError", _FAILED, 500),
    "ec2": Refusal("InternalError", "An internal error has occurred", 500),
    "events": Refusal("InternalException", _FAILED, 500),
    "kms": Refusal("KMSInternalException", _FAILED, 500),
    "lambda": Refusal("ServiceException", _FAILED, 500),
    # With the status of a client error (terraform-provider-aws #8014: the answer as AWS sent it).
    "route53resolver": Refusal("InternalServiceErrorException", _FAILED, 400),
    "s3": Refusal("InternalError", _FAILED, 500),
    "sns": Refusal("InternalError", _FAILED, 500),
    "ssm": Refusal("InternalServerError", _FAILED, 500),
    "tag": Refusal("InternalServiceException", _FAILED, 500),
}
FAILURE = Refusal("InternalFailure", _FAILED, 500)
"""The common error of every AWS API."""


def refusal(fault: Fault, service: str, protocol: str) -> Refusal | None:
    """Return the refusal for a fault; None for one without an answer."""
    if fault is Fault.THROTTLED:
        return THROTTLES.get(service) or THROTTLES.get(protocol, THROTTLING)
    if fault is Fault.SERVER_ERROR:
        return SERVER_ERRORS.get(service, FAILURE)
    return None
