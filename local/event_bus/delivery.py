"""One event to one target: the call, its retries, and the dead-letter queue.

Errors and retries follow
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html: throttles, 5xx
and lost connections are retried, with exponential back off and jitter (AWS publishes no
numbers, so those here are made up); missing permissions and resources are not.
Calls go over the API, so that whoever stands behind it (functions, state machines, the
policies of the target's role) sees them. The policy of a function, queue or topic, and the trust
policy of the target's role, are asked before the call.
"""

from __future__ import annotations

import json
import logging
import random
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import boto3
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from local import service_roles
from local.contracts import Credentials
from local.event_bus.resource_policies import refusal
from local.event_bus.target_input import target_input
from local.partitions import dns_suffix

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

log = logging.getLogger(__name__)

MAX_AGE = 86400
"""AWS seconds; the default and the most that a retry policy can say."""
MAX_RETRIES = 185
LONGEST_PAUSE = 600
_SERVICE_CREDENTIALS = Credentials("EVENTBRIDGE", "unused", "unused")


@dataclass(frozen=True)
class Delivery:
    """An attempt to hand `event` to `target`; `since` is in AWS seconds."""

    rule_name: str
    rule_arn: str
    target: Mapping[str, Any]
    event: Mapping[str, Any]
    since: float
    retries: int = 0

    @property
    def service(self) -> str:
        return str(self.target["Arn"]).split(":")[2]

    @property
    def region(self) -> str:
        return str(self.target["Arn"]).split(":")[3]

    @property
    def text(self) -> str:
        return target_input(self.target, self.event, self.rule_name, self.rule_arn)


@dataclass(frozen=True)
class Failure:
    """The failure of a delivery, in the words of the dead-letter queue's attributes."""

    code: str
    message: str
    is_retried: bool = False


class Courier:
    """The courier, which delivers on the clock's threads."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._session: Any = boto3.Session()
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        self._lock = threading.Lock()
        self._is_open = True

    def close(self) -> None:
        self._is_open = False

    def after(self, aws_seconds: float, action: Callable[[], None]) -> None:
        if self._is_open:
            self._aws.clock.after(aws_seconds, action)

    def send(self, delivery: Delivery, delay: float = 0) -> None:
        """Send an event on its way; `delay` is in AWS seconds, beside what EventBridge takes."""
        latency = self._aws.settings.lifecycles.eventbridge_delivery
        self.after(latency + delay, lambda: self._attempt(delivery))

    def _attempt(self, delivery: Delivery) -> None:
        failure = self._call(delivery)
        if failure is None:
            return
        exhausted = self._exhausted(delivery) if failure.is_retried else None
        if failure.is_retried and exhausted is None:
            pause = min(2**delivery.retries, LONGEST_PAUSE) * random.uniform(0.5, 1)
            again = replace(delivery, retries=delivery.retries + 1)
            self.after(pause, lambda: self._attempt(again))
            return
        self._give_up(delivery, failure, exhausted)

    def _call(self, delivery: Delivery) -> Failure | None:
        call = _CALLS.get(delivery.service)
        role = delivery.target.get("RoleArn")
        if call is None:
            return Failure("INVALID_PARAMETER", f"No {delivery.service} targets here")
        if delivery.service == "states" and role is None:
            return Failure("NO_PERMISSIONS", "A state machine target needs a RoleArn")
        refused = _refusal(delivery, role)
        if refused:
            return Failure("NO_PERMISSIONS", refused)
        try:
            call(self._client(delivery.service, delivery.region, role), delivery)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            return _failure(error)
        return None

    def _exhausted(self, delivery: Delivery) -> str | None:
        policy = delivery.target.get("RetryPolicy", {})
        if delivery.retries >= int(policy.get("MaximumRetryAttempts", MAX_RETRIES)):
            return "MaximumRetryAttempts"
        age = self._aws.clock.now() - delivery.since
        if age >= int(policy.get("MaximumEventAgeInSeconds", MAX_AGE)):
            return "MaximumEventAgeInSeconds"
        return None

    def _give_up(self, delivery: Delivery, failure: Failure, exhausted: str | None) -> None:
        arn = delivery.target["Arn"]
        if self._is_open:
            log.error("Not delivered to %s: %s %s", arn, failure.code, failure.message)
        queue_arn = delivery.target.get("DeadLetterConfig", {}).get("Arn")
        if queue_arn is not None and self._is_open:
            self._bury(delivery, failure, exhausted, queue_arn)

    def _bury(
        self, delivery: Delivery, failure: Failure, exhausted: str | None, queue_arn: str
    ) -> None:
        """Send the event to the dead-letter queue; where it cannot go there, it is lost."""
        refused = refusal(queue_arn, delivery.rule_arn)
        if refused:
            log.error("Event %s lost: %s", delivery.event["id"], refused)
            return
        attributes = {
            "RULE_ARN": delivery.rule_arn,
            "TARGET_ARN": delivery.target["Arn"],
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message,
            "RETRY_ATTEMPTS": str(delivery.retries),
        } | ({"EXHAUSTED_RETRY_CONDITION": exhausted} if exhausted else {})
        try:
            self._client("sqs", queue_arn.split(":")[3], None).send_message(
                QueueUrl=_queue_url(queue_arn),
                MessageBody=json.dumps(delivery.event),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                },
            )
        except (ClientError, BotoCoreError):
            log.exception("Event %s lost: no dead-letter queue %s", delivery.event["id"], queue_arn)

    def _client(self, service: str, region: str, role_arn: str | None) -> Any:
        """Return a client, one for each role; without a role EventBridge calls as itself."""
        key = (service, region, role_arn)
        with self._lock:
            if key not in self._clients:
                credentials = (
                    self._aws.principals.credentials_for(role_arn, "EventBridge")
                    if role_arn
                    else _SERVICE_CREDENTIALS
                )
                self._clients[key] = self._session.client(
                    {"states": "stepfunctions"}.get(service, service),
                    region_name=region,
                    endpoint_url=self._aws.url,
                    aws_access_key_id=credentials.access_key_id,
                    aws_secret_access_key=credentials.secret_access_key,
                    aws_session_token=credentials.session_token,
                    config=Config(retries={"total_max_attempts": 1}),
                )
            return self._clients[key]


def _invoke(client: Any, delivery: Delivery) -> None:
    client.invoke(
        FunctionName=delivery.target["Arn"], InvocationType="Event", Payload=delivery.text
    )


def _start_execution(client: Any, delivery: Delivery) -> None:
    """Start an execution called `<event id>_<random>`, as AWS does: a doubled event is a second
    one."""
    client.start_execution(
        stateMachineArn=delivery.target["Arn"],
        name=f"{delivery.event['id']}_{uuid.uuid4()}",
        input=delivery.text,
    )


def _publish(client: Any, delivery: Delivery) -> None:
    client.publish(TopicArn=delivery.target["Arn"], Message=delivery.text)


def _send_message(client: Any, delivery: Delivery) -> None:
    group = delivery.target.get("SqsParameters", {})
    url = _queue_url(delivery.target["Arn"])
    client.send_message(QueueUrl=url, MessageBody=delivery.text, **group)


def _send_command(client: Any, delivery: Delivery) -> None:
    """Run a document on the hosts that the target names; its input are the parameters."""
    client.send_command(
        DocumentName=delivery.target["Arn"].partition(":document/")[2],
        Targets=delivery.target["RunCommandParameters"]["RunCommandTargets"],
        Parameters=json.loads(delivery.text),
    )


_CALLS: dict[str, Callable[[Any, Delivery], None]] = {
    "lambda": _invoke,
    "states": _start_execution,
    "sns": _publish,
    "sqs": _send_message,
    "ssm": _send_command,
}


def _refusal(delivery: Delivery, role: str | None) -> str | None:
    """Return why EventBridge may not call the target; None if nothing is in the way."""
    if role is None:
        return refusal(delivery.target["Arn"], delivery.rule_arn)
    return service_roles.refusal(
        role, service_roles.EVENTS, service_roles.rule_context(delivery.rule_arn)
    )


def _queue_url(queue_arn: str) -> str:
    _, _, _, region, account, name = queue_arn.split(":")
    return f"https://sqs.{region}.{dns_suffix(region)}/{account}/{name}"


def _failure(error: ClientError | BotoCoreError | ResponseParserError) -> Failure:
    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return Failure("CONNECTION_FAILURE", str(error), is_retried=True)
    if isinstance(error, ResponseParserError):
        return Failure("INTERNAL_ERROR", str(error), is_retried=True)
    if not isinstance(error, ClientError):
        return Failure("SDK_CLIENT_ERROR", str(error))
    name = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status == 429 or re.search("Throttl|TooManyRequests|LimitExceeded", name):
        return Failure("THROTTLING", str(error), is_retried=True)
    if status >= 500:
        return Failure("INTERNAL_ERROR", str(error), is_retried=True)
    if status == 404 or re.search("NotFound|NonExistent|DoesNotExist", name):
        return Failure("NO_RESOURCE", str(error))
    if re.search("AccessDenied|Authoriz", name):
        return Failure("NO_PERMISSIONS", str(error))
    return Failure("SDK_CLIENT_ERROR", str(error))
