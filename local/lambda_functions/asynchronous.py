"""Asynchronous invocations: tried again, and told to the on-failure destination in the end.

Gap of moto: it keeps a function's EventInvokeConfig, and does not act on it. Follows
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html.
Not emulated: destinations of success and those other than queues and topics, the greatest age
of an event, a configuration for each version or alias (moto keeps them by function).
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from moto.awslambda.exceptions import LambdaClientError

from local.engine import EmbeddedAws
from local.lambda_functions.runtime_api import Invocation, Outcome
from local.partitions import dns_suffix

RETRY_DELAYS = (60.0, 120.0)
"""AWS seconds before the second and the third attempt."""
SESSION = "awslambda"
"""The session of the function's role in which Lambda itself calls: no function's name."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AsynchronousEvent:
    """An accepted event of moto's `function`. An attempt may raise a LambdaClientError."""

    function: Any
    invocation: Invocation
    attempt: Callable[[], Outcome]

    @property
    def name(self) -> str:
        return str(self.function.function_name)

    @property
    def configuration(self) -> Mapping[str, Any]:
        """Return the EventInvokeConfig. On AWS a later one replaces an earlier; moto adds it."""
        configurations = self.function.event_invoke_config
        return configurations[-1].config if configurations else {}

    @property
    def retry_delays(self) -> tuple[float, ...]:
        return RETRY_DELAYS[: self.configuration.get("MaximumRetryAttempts")]

    @property
    def on_failure(self) -> str | None:
        """The destination's ARN."""
        destinations = self.configuration.get("DestinationConfig", {})
        return destinations.get("OnFailure", {}).get("Destination") or None


class AsynchronousInvocations:
    """The asynchronous invocations that one engine has accepted and not finished."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._closed = False
        self._unfinished = 0
        self._lock = threading.Lock()

    @property
    def unfinished(self) -> int:
        """Return the number of events that are neither done nor given up."""
        return self._unfinished

    def accept(self, event: AsynchronousEvent) -> None:
        self._count(1)
        self._aws.clock.after(0, partial(self._try, event, 1))

    def close(self) -> None:
        """End the invocations; events under way are lost."""
        self._closed = True

    def _try(self, event: AsynchronousEvent, attempts: int) -> None:
        """Make the attempt of that number."""
        outcome = None
        try:
            outcome = event.attempt()
        except LambdaClientError as error:
            _log.info("%s: asynchronous invocation refused: %s", event.name, error)
        if self._closed or (outcome and not outcome.function_error):
            self._count(-1)
            return
        delays = event.retry_delays
        if attempts <= len(delays):
            again = partial(self._try, event, attempts + 1)
            self._aws.clock.after(delays[attempts - 1], again)
        else:
            self._give_up(event, attempts, outcome)

    def _give_up(self, event: AsynchronousEvent, attempts: int, outcome: Outcome | None) -> None:
        _log.warning("%s: asynchronous event failed in its last attempt", event.name)
        try:
            if event.on_failure is not None:
                record = failure_record(event, attempts, outcome)
                self._send(event.on_failure, event.function.role, record)
        except (BotoCoreError, ClientError):
            _log.exception("%s: event lost: not sent to %s", event.name, event.on_failure)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._unfinished += change

    def _send(self, destination: str, role_arn: str, record: Mapping[str, Any]) -> None:
        """Send a record with the function's role, which therefore needs sqs:SendMessage or
        sns:Publish."""
        _, _, service, region, account, name = destination.split(":", 5)
        credentials = self._aws.principals.credentials_for(role_arn, SESSION)
        session: Any = boto3.Session(
            credentials.access_key_id,
            credentials.secret_access_key,
            credentials.session_token,
            region_name=region,
        )
        client = session.client(service, endpoint_url=self._aws.url)
        if service == "sqs":
            url = f"https://sqs.{region}.{dns_suffix(region)}/{account}/{name}"
            client.send_message(QueueUrl=url, MessageBody=json.dumps(record))
        elif service == "sns":
            client.publish(TopicArn=destination, Message=json.dumps(record))
        else:
            raise NotImplementedError(f"no destinations in {service} here")


def failure_record(
    event: AsynchronousEvent, attempts: int, outcome: Outcome | None
) -> dict[str, Any]:
    """Return the record for a destination; without a response where the function never ran."""
    invocation = event.invocation
    arn = invocation.invoked_arn
    record = {
        "version": "1.0",
        "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        "requestContext": {
            "requestId": invocation.request_id,
            "functionArn": arn if arn.count(":") == 7 else f"{arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": json.loads(invocation.payload),
    }
    if outcome:
        record["responseContext"] = {
            "statusCode": 200,
            "executedVersion": str(event.function.version),
            "functionError": "Unhandled",
        }
        record["responsePayload"] = json.loads(outcome.payload)
    return record
