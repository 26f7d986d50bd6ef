"""Resource types that are made, changed and deleted by calls of the service's API alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from moto.core.common_models import CloudFormationModel

from local.cloudformation import buckets
from local.cloudformation.failures import NotUpdatableError
from local.partitions import partition_of

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

Properties = Mapping[str, Any]

_current: EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    global _current
    _current = aws


def client_of(service: str, region: str) -> Any:
    """Return CloudFormation's own client of a service."""
    session: Any = boto3.Session("CLOUDFORMATION", "unused", region_name=region)
    return session.client(service, endpoint_url=_current.url)


def _nothing(_client: Any, _physical_id: str, _properties: Properties) -> None:
    """Delete nothing: the resource goes with that which it is about."""


@dataclass(frozen=True)
class ApiType:
    """A resource type. `create` gets the service's client, the name that CloudFormation would give,
    and the properties, and answers with the physical id; `delete` gets client, id and properties.
    `update` gets client, id, and the properties before and after; without it no property can be
    changed in place."""

    name: str
    service: str
    create: Callable[[Any, str, Properties], str]
    delete: Callable[[Any, str, Properties], object] = _nothing
    update: Callable[[Any, str, Properties, Properties], object] | None = None
    name_property: str = ""
    attributes: Callable[[str, str], Mapping[str, str]] = lambda _region, _id: {}
    """The values of Fn::GetAtt, by Region and physical id."""


def _policy(document: Any) -> str:
    return json.dumps(document)


def _put_topic_policy(sns: Any, name: str, properties: Properties) -> str:
    for topic in properties["Topics"]:
        _set_topic_policy(sns, topic, properties["PolicyDocument"])
    return name


def _set_topic_policy(sns: Any, topic: str, document: Any) -> None:
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=_policy(document)
    )


def _delete_topic_policy(sns: Any, _name: str, properties: Properties) -> None:
    for topic in properties["Topics"]:
        _set_topic_policy(sns, topic, default_topic_policy(topic))


def default_topic_policy(topic: str) -> Mapping[str, Any]:
    """Return the policy that a topic has before anybody gives it one: its owner alone may use it.

    (Amazon SNS developer guide, "Default topic access policy"; the template reference of
    AWS::SNS::TopicPolicy does not say that its deletion brings it back: an inference.)
    """
    verbs = ("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission")
    more = ("DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish")
    owner = {"StringEquals": {"AWS:SourceOwner": topic.split(":")[4]}}
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{verb}" for verb in (*verbs, *more)],
        "Resource": topic,
        "Condition": owner,
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}


def _change_topic_policy(sns: Any, name: str, before: Properties, after: Properties) -> None:
    left = [topic for topic in before["Topics"] if topic not in after["Topics"]]
    _put_topic_policy(sns, name, after)
    _delete_topic_policy(sns, name, {"Topics": left})


def _put_queue_policy(sqs: Any, name: str, properties: Properties) -> str:
    for queue in properties["Queues"]:
        policy = _policy(properties["PolicyDocument"])
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    return name


def _delete_queue_policy(sqs: Any, _name: str, properties: Properties) -> None:
    for queue in properties["Queues"]:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})


def _change_queue_policy(sqs: Any, name: str, before: Properties, after: Properties) -> None:
    left = [queue for queue in before["Queues"] if queue not in after["Queues"]]
    _put_queue_policy(sqs, name, after)
    _delete_queue_policy(sqs, name, {"Queues": left})


_OF_A_SUBSCRIPTION = frozenset({"TopicArn", "Protocol", "Endpoint", "Region"})
"""Properties of a subscription that are no attributes, and cannot be changed."""


def _subscription_attributes(properties: Properties) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in properties.items()
        if name not in _OF_A_SUBSCRIPTION
    }


def _subscribe(sns: Any, _name: str, properties: Properties) -> str:
    return str(
        sns.subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties["Endpoint"],
            Attributes=_subscription_attributes(properties),
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
    )


def _change_subscription(sns: Any, arn: str, before: Properties, after: Properties) -> None:
    """Set what is new, and empty what is no longer said: `{}` is no filter, `false` is not raw."""
    empty = dict.fromkeys(_subscription_attributes(before), "{}") | {"RawMessageDelivery": "false"}
    wanted = _subscription_attributes(after)
    for name in sorted(_subscription_attributes(before).keys() | wanted.keys()):
        if before.get(name) != after.get(name):
            value = wanted.get(name, empty.get(name, ""))
            sns.set_subscription_attributes(
                SubscriptionArn=arn, AttributeName=name, AttributeValue=value
            )


def _put_invoke_config(functions: Any, name: str, properties: Properties) -> str:
    functions.put_function_event_invoke_config(**properties)
    return name


def _delete_invoke_config(functions: Any, _name: str, properties: Properties) -> None:
    of = {key: properties[key] for key in ("FunctionName", "Qualifier")}
    functions.delete_function_event_invoke_config(**of)


def _change_invoke_config(functions: Any, name: str, before: Properties, after: Properties) -> None:
    """Put the configuration in the old one's place: moto 5.2.5 adds it at the end, where nobody
    looks."""
    _delete_invoke_config(functions, name, before)
    _put_invoke_config(functions, name, after)


def _add_permission(functions: Any, name: str, properties: Properties) -> str:
    functions.add_permission(StatementId=name, **properties)
    return name


def _remove_permission(functions: Any, name: str, properties: Properties) -> None:
    functions.remove_permission(FunctionName=properties["FunctionName"], StatementId=name)


def _put_alarm(cloudwatch: Any, name: str, properties: Properties) -> str:
    alarm = {"AlarmName": name, **properties}
    cloudwatch.put_metric_alarm(**alarm)
    return str(alarm["AlarmName"])


def _put_bucket_policy(s3: Any, _name: str, properties: Properties) -> str:
    bucket = str(properties["Bucket"])
    s3.put_bucket_policy(Bucket=bucket, Policy=_policy(properties["PolicyDocument"]))
    return bucket


def _put_dashboard(cloudwatch: Any, name: str, properties: Properties) -> str:
    dashboard = {"DashboardName": name, **properties}
    cloudwatch.put_dashboard(**dashboard)
    return str(dashboard["DashboardName"])


def _again(
    put: Callable[[Any, str, Properties], str],
) -> Callable[[Any, str, Properties, Properties], object]:
    """Return the update of what the same call makes and overwrites."""
    return lambda client, physical_id, _before, after: put(client, physical_id, after)


_API_TYPES = (
    ApiType(
        "AWS::S3::Bucket",
        "s3",
        buckets.create,
        buckets.delete,
        buckets.update,
        "BucketName",
        lambda region, name: {"Arn": f"arn:{partition_of(region)}:s3:::{name}"},
    ),
    ApiType(
        "AWS::S3::BucketPolicy",
        "s3",
        _put_bucket_policy,
        lambda s3, bucket, _: s3.delete_bucket_policy(Bucket=bucket),
        _again(_put_bucket_policy),
    ),
    ApiType(
        "AWS::SNS::TopicPolicy",
        "sns",
        _put_topic_policy,
        _delete_topic_policy,
        _change_topic_policy,
    ),
    ApiType(
        "AWS::SNS::Subscription",
        "sns",
        _subscribe,
        lambda sns, arn, _: sns.unsubscribe(SubscriptionArn=arn),
        _change_subscription,
    ),
    ApiType(
        "AWS::SQS::QueuePolicy",
        "sqs",
        _put_queue_policy,
        _delete_queue_policy,
        _change_queue_policy,
    ),
    ApiType(
        "AWS::Lambda::EventInvokeConfig",
        "lambda",
        _put_invoke_config,
        _delete_invoke_config,
        _change_invoke_config,
    ),
    # moto makes it as well, but never takes it back.
    ApiType("AWS::Lambda::Permission", "lambda", _add_permission, _remove_permission),
    ApiType(
        "AWS::CloudWatch::Alarm",
        "cloudwatch",
        _put_alarm,
        lambda cloudwatch, name, _: cloudwatch.delete_alarms(AlarmNames=[name]),
        _again(_put_alarm),
        "AlarmName",
    ),
    ApiType(
        "AWS::CloudWatch::Dashboard",
        "cloudwatch",
        _put_dashboard,
        lambda cloudwatch, name, _: cloudwatch.delete_dashboards(DashboardNames=[name]),
        _again(_put_dashboard),
        "DashboardName",
    ),
)


class ApiResource:
    """A resource of an `ApiType`, with the properties that it has now."""

    api_type: ApiType

    def __init__(self, physical_resource_id: str, properties: Properties, region: str) -> None:
        self.physical_resource_id = physical_resource_id
        self.properties = properties
        self._attributes = self.api_type.attributes(region, physical_resource_id)

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.api_type.name

    @classmethod
    def cloudformation_name_type(cls) -> str:
        return cls.api_type.name_property

    @classmethod
    def create_from_cloudformation_json(
        cls, name: str, resource: Any, _account: str, region: str, **_: Any
    ) -> ApiResource:
        properties = resource["Properties"]
        client = client_of(cls.api_type.service, region)
        return cls(cls.api_type.create(client, name, properties), properties, region)

    @classmethod
    def has_cfn_attr(cls, attribute: str) -> bool:
        return attribute in cls.api_type.attributes("", "")

    def get_cfn_attribute(self, attribute: str) -> str:
        return self._attributes[attribute]

    def change(self, region: str, before: Properties, after: Properties) -> None:
        """Update the resource in place. Raises NotUpdatableError where its type knows no update."""
        if self.api_type.update is None:
            raise NotUpdatableError(f"{self.api_type.name} is not updated (embedded AWS)")
        client = client_of(self.api_type.service, region)
        self.api_type.update(client, self.physical_resource_id, before, after)
        self.properties = after

    def delete(self, _account: str, region: str) -> None:
        client = client_of(self.api_type.service, region)
        self.api_type.delete(client, self.physical_resource_id, self.properties)


_MODELS = tuple(
    type("Resource", (ApiResource, CloudFormationModel), {"api_type": api_type})
    for api_type in _API_TYPES
)
"""Models of the types, kept because Python forgets subclasses that nobody holds: moto finds
resource types among the direct subclasses of its `CloudFormationModel`."""
