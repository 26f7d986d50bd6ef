"""Examine the deployment: whether events come in, failures reach a person, there is room, and every
tag that was meant is one that is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from connectivity.adapters import wiring
from connectivity.domain.printable import first_lines, listed
from connectivity.domain.unread_tags import ON_A_SUBNET, ON_A_VPC, unread_tags

from ecs_anywhere import aws_errors, managed_hosts
from ecs_anywhere.host_checks import VPC_TAG, ManagedHost
from ecs_anywhere.stack import Stack

REQUESTED = "RequestFunctionRequested"
"""Logical id of the rule for request events."""
Verdict = Literal["good", "warning", "bad"]
GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)
"""Error codes of Amazon EventBridge, SNS, SQS and DynamoDB for something that does not exist."""
MADE_ANEW = (
    "somebody deleted it, which AWS CloudFormation does not see: give it a name of its own in "
    "template.yaml ({name}) and deploy, so that it is made anew"
)
DELETED = "Deleted"
"""Word that Amazon SNS lists instead of the ARN of a subscription that somebody has ended."""
LEDGER = "see 'The ledger was lost, or restored from a former day' in docs/operations.md"


@dataclass(frozen=True)
class Examined:
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    said: str
    cure: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(stack: Stack) -> Iterator[Examined]:
    """Yield what is good, and what is not with its cure: also what was deleted, and what could not
    be looked at."""
    yield _stack(stack)
    looks: dict[str, tuple[Callable[[Stack], Iterator[Examined]], str]] = {
        "notifications": (_subscriptions, MADE_ANEW.format(name="TopicName of Notifications")),
        "rules": (_rules, ""),
        "dead letters": (_dead_letters, MADE_ANEW.format(name="QueueName of DeadLetters")),
        "alarms": (_alarms, ""),
        "quota": (_quota, ""),
        "tags": (_tags, ""),
        "container hosts": (_container_hosts, LEDGER),
    }
    for what, (look, if_gone) in looks.items():
        try:
            yield from look(stack)
        except (BotoCoreError, ClientError) as error:
            yield _unseen(what, error, if_gone)


def _unseen(what: str, error: BotoCoreError | ClientError, if_gone: str) -> Examined:
    """Return why something could not be looked at: it is not there, the credentials may not, or AWS
    gave no answer."""
    if aws_errors.code_of(error) in GONE and if_gone:
        return Examined(what, "bad", f"not there: {error}", if_gone)
    cure = aws_errors.cure_of(error)
    if aws_errors.is_refused(error):
        return Examined(what, "warning", f"your credentials may not look at it: {error}", cure)
    said = f"could not be looked at: {error}"
    return Examined(what, "warning", said, cure or "try again in a minute")


def _stack(stack: Stack) -> Examined:
    said = f"{stack.name} in {stack.account}, {stack.region}: {stack.status}"
    if stack.status.endswith("_COMPLETE") and "ROLLBACK" not in stack.status:
        return Examined("stack", "good", said)
    if stack.status.endswith("_IN_PROGRESS"):
        return Examined("stack", "warning", said, "wait until its change has ended")
    cure = f"aws cloudformation describe-stack-events --stack-name {stack.name} says why"
    return Examined("stack", "bad", said, cure)


def _subscriptions(stack: Stack) -> Iterator[Examined]:
    topic = stack.outputs["NotificationTopicArn"]
    found = stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    there = [each for each in found if each["SubscriptionArn"] != DELETED]
    if not there:
        yield Examined("notifications", "bad", *_unheard(stack, topic))
    for each in there:
        said, pending = _receiver(each), "Pending" in each["SubscriptionArn"]
        if pending:
            cure = "open the mail that AWS sent to that address, and confirm"
            yield Examined("notifications", "bad", f"{said} is not confirmed", cure)
        else:
            yield Examined("notifications", "good", said)


def _unheard(stack: Stack, topic: str) -> tuple[str, str]:
    """Return why nobody hears of failures, and the cure."""
    address = stack.parameters.get("NotificationEmail", "")
    if not address:
        return (
            "nobody hears of failures",
            "give the stack a NotificationEmail, or subscribe to the topic",
        )
    # AWS CloudFormation looks only at what has changed in its template.
    cure = (
        f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint {address}"
    )
    return f"nobody hears of failures: the subscription of {address} was deleted", cure


def _receiver(subscription: dict[str, str]) -> str:
    """Return who hears. The path of a URL is a secret of many services."""
    protocol, endpoint = subscription["Protocol"], subscription["Endpoint"]
    where = urlsplit(endpoint).hostname if protocol.startswith("http") else endpoint
    return f"{protocol} {where}"


def _rules(stack: Stack) -> Iterator[Examined]:
    rules = {
        name: id_
        for name, (kind, id_) in stack.resources.items()
        if kind == "AWS::Events::Rule" and not _is_off_by_choice(stack, name)
    }
    wrong = [said for name, id_ in sorted(rules.items()) if (said := _of_a_rule(stack, name, id_))]
    yield from wrong
    if not wrong:
        yield Examined("rules", "good", f"{len(rules)} rules are enabled")


def _is_off_by_choice(stack: Stack, name: str) -> bool:
    """Tell whether the stack's parameters turn a rule off: the rule for request events alone."""
    return name == REQUESTED and stack.parameters.get("RequestEvents") == "disabled"


def _of_a_rule(stack: Stack, name: str, id_: str) -> Examined | None:
    """Return what is wrong with a rule; None where it is enabled. Raises botocore's ClientError."""
    bus, _, rule = id_.rpartition("|")
    try:
        found = stack.client("events").describe_rule(
            Name=rule, **({"EventBusName": bus} if bus else {})
        )
    except ClientError as error:
        if aws_errors.code_of(error) not in GONE:
            raise
        cure = MADE_ANEW.format(name="RuleName, or Name")
        return Examined("rules", "bad", f"{name} is not there: its events are lost", cure)
    if found["State"] == "ENABLED":
        return None
    cure = f"aws events enable-rule --name {rule}{f' --event-bus-name {bus}' if bus else ''}"
    return Examined("rules", "bad", f"{name} is disabled: its events are lost", cure)


def _dead_letters(stack: Stack) -> Iterator[Examined]:
    url = stack.resources["DeadLetters"][1]
    answer = stack.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    waiting = int(answer["Attributes"]["ApproximateNumberOfMessages"])
    if waiting:
        cure = "see 'The dead-letter queue' in docs/operations.md: read them, mend, redrive"
        yield Examined("dead letters", "bad", f"{waiting} events could not be handled", cure)
    else:
        yield Examined("dead letters", "good", "none")


def _alarms(stack: Stack) -> Iterator[Examined]:
    names = [id_ for kind, id_ in stack.resources.values() if kind == "AWS::CloudWatch::Alarm"]
    look = stack.client("cloudwatch").describe_alarms
    found = look(AlarmNames=names)["MetricAlarms"] if names else []
    gone = sorted(set(names) - {each["AlarmName"] for each in found})
    if gone:
        # AWS CloudFormation looks only at what has changed in its template.
        cure = (
            "somebody deleted it: change its AlarmDescription in template.yaml by a word and "
            "deploy, or put it back under that name: aws cloudwatch put-metric-alarm"
        )
        yield Examined("alarms", "bad", f"{', '.join(gone)} is not there", cure)
        return
    if silent := [each for each in found if _is_silent(each)]:
        cure = "right after a deployment wait for the first sweep; else read SweepFunction's log"
        said = f"{', '.join(each['AlarmName'] for each in silent)}: no sweep has ended"
        yield Examined("alarms", "warning", said, cure)
    if not _is_patient(stack):
        cure = "set SweepAlarmHours to at least twice SweepMinutes"
        said = "SweepAlarm rings between two sweeps that are as they should be"
        yield Examined("alarms", "warning", said, cure)
    ringing = [each["AlarmName"] for each in found if each["StateValue"] == "ALARM"]
    if ringing:
        said = f"{', '.join(ringing)} rings"
        cure = "ecs-anywhere explain and the alarm's name says what it means and what to do"
        yield Examined("alarms", "bad", said, cure)
    else:
        yield Examined("alarms", "good", f"{len(found)} are there, none rings")


def _is_silent(alarm: dict[str, Any]) -> bool:
    """Tell whether it is the alarm about the sweep, and no sweep has ever ended, or long not."""
    silent = alarm["StateValue"] == "INSUFFICIENT_DATA"
    return silent and bool(alarm.get("InsufficientDataActions"))


def _is_patient(stack: Stack) -> bool:
    """Tell whether the alarm about the sweep lets two intervals pass."""
    hours = int(stack.parameters.get("SweepAlarmHours", "0"))
    minutes = int(stack.variables["SWEEP_MINUTES"])
    return not hours or hours * 60 >= 2 * minutes


def _quota(stack: Stack) -> Iterator[Examined]:
    most = int(stack.variables["RESOLVER_ENDPOINT_QUOTA"])
    resolvers = stack.client("route53resolver")
    used = sum(1 for _ in _all(resolvers, "list_resolver_endpoints", "ResolverEndpoints"))
    said = f"{used} of {most} resolver endpoints in {stack.region}"
    if used < most:
        yield Examined("quota", "good", said)
    else:
        cure = "ask AWS for more, and tell the stack's parameter ResolverEndpointQuota"
        yield Examined("quota", "warning", f"{said}: no further VPC can be connected", cure)


def _tags(stack: Stack) -> Iterator[Examined]:
    """Yield the tags of VPCs and subnets that look like ours and are none: their changes are no
    event, so no status tells of them where nothing else is asked for."""
    ec2 = stack.client("ec2")
    vpcs = {v["VpcId"]: v for v in _all(ec2, "describe_vpcs", "Vpcs")}
    subnets = {s["SubnetId"]: s for s in _all(ec2, "describe_subnets", "Subnets")}
    unread = [
        f"{id_}: {line}"
        for read, tagged in ((ON_A_VPC, vpcs), (ON_A_SUBNET, subnets))
        for id_, described in sorted(tagged.items())
        for line in unread_tags((tag["Key"] for tag in described.get("Tags", ())), read)
    ]
    for line in first_lines(unread):
        yield Examined("tags", "warning", line, "set the tag that was meant, and take this one off")
    if not unread:
        said = f"{len(vpcs)} VPCs, {len(subnets)} subnets, and none has a tag that is misspelt"
        yield Examined("tags", "good", said)


def _all(client: Any, operation: str, items: str) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate():
        yield from page.get(items, ())


def _container_hosts(stack: Stack) -> Iterator[Examined]:
    """Yield nothing where the stack checks none."""
    if managed_hosts.host_tag(stack) is None:
        return
    connected = [e.vpc_id for e in wiring.ledger().entries() if e.served.wish]
    found = managed_hosts.hosts(stack, connected)
    away = [host for host in found if host.ping != "Online"]
    nobodys = [host for host in found if not host.vpc and len(connected) > 1]
    if away:
        cure = "systemctl status amazon-ssm-agent on each says why; until then nothing runs there"
        yield _hosts("bad", away, "are not online", cure)
    if nobodys:
        cure = f"tag each with {VPC_TAG} and the id of its VPC: several are connected"
        yield _hosts("warning", nobodys, "are checked for no VPC", cure)
    if not away and not nobodys:
        yield Examined("container hosts", "good", f"{len(found)} are checked and online")


def _hosts(verdict: Verdict, found: Sequence[ManagedHost], what: str, cure: str) -> Examined:
    named = listed([host.instance for host in found])
    return Examined("container hosts", verdict, f"{named} {what}", cure)
