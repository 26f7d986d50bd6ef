"""Resource types that moto's CloudFormation lacks, and properties that it drops."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.logs.models import LogGroup
from moto.sns.models import Topic
from moto.sqs.models import Queue

from local.state_machines.definition_files import as_json

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_STOCK_PARSE = parsing.parse_resource
_STOCK_CLEAN = parsing.clean_json
_STOCK_LOG_GROUP_ATTRIBUTE = LogGroup.get_cfn_attribute

_current: EmbeddedAws
Properties = Mapping[str, Any]

IGNORED = {
    "AWS::CloudWatch::CompositeAlarm": "alarms are kept here, never evaluated",
    "AWS::Logs::MetricFilter": "there are no metrics here",
    "AWS::Logs::QueryDefinition": "only people run it",
    "AWS::SSM::Association": "there are no managed instances here",
}
"""Types that stand in a template but make nothing here, and why nobody misses them."""


def install(aws: EmbeddedAws) -> None:
    global _current
    _current = aws
    parsing.parse_resource = _parse_resource
    parsing.clean_json = _clean
    # moto remembers the types that it knew when it was first asked
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()
    for model, attribute in _REF_ATTRIBUTES.items():
        _answer_attribute(model, attribute)
    LogGroup.get_cfn_attribute = _log_group_attribute


@dataclass(frozen=True)
class ApiType:
    """A resource type made by API calls alone. `create` gets the service's client, the name
    that CloudFormation would give, and the properties; it answers with the physical id."""

    name: str
    service: str
    create: Callable[[Any, str, Properties], str]
    delete: Callable[[Any, str], object] = lambda _client, _physical_id: None


def _policy(document: Any) -> str:
    return json.dumps(document)


def _topic_policy(sns: Any, name: str, properties: Properties) -> str:
    for topic in properties["Topics"]:
        sns.set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=_policy(properties["PolicyDocument"]),
        )
    return name


def _queue_policy(sqs: Any, name: str, properties: Properties) -> str:
    for queue in properties["Queues"]:
        sqs.set_queue_attributes(
            QueueUrl=queue, Attributes={"Policy": _policy(properties["PolicyDocument"])}
        )
    return name


def _subscription(sns: Any, _name: str, properties: Properties) -> str:
    attributes = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in properties.items()
        if name not in {"TopicArn", "Protocol", "Endpoint", "Region"}
    }
    return str(
        sns.subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties["Endpoint"],
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
    )


def _event_invoke_config(functions: Any, name: str, properties: Properties) -> str:
    functions.put_function_event_invoke_config(**properties)
    return name


def _alarm(cloudwatch: Any, name: str, properties: Properties) -> str:
    alarm = {"AlarmName": name, **properties}
    cloudwatch.put_metric_alarm(**alarm)
    return str(alarm["AlarmName"])


def _bucket_policy(s3: Any, _name: str, properties: Properties) -> str:
    bucket = str(properties["Bucket"])
    s3.put_bucket_policy(Bucket=bucket, Policy=_policy(properties["PolicyDocument"]))
    return bucket


_API_TYPES = (
    ApiType(
        "AWS::S3::BucketPolicy",
        "s3",
        _bucket_policy,
        lambda s3, bucket: s3.delete_bucket_policy(Bucket=bucket),
    ),
    ApiType("AWS::SNS::TopicPolicy", "sns", _topic_policy),
    ApiType(
        "AWS::SNS::Subscription",
        "sns",
        _subscription,
        lambda sns, arn: sns.unsubscribe(SubscriptionArn=arn),
    ),
    ApiType("AWS::SQS::QueuePolicy", "sqs", _queue_policy),
    ApiType("AWS::Lambda::EventInvokeConfig", "lambda", _event_invoke_config),
    ApiType(
        "AWS::CloudWatch::Alarm",
        "cloudwatch",
        _alarm,
        lambda cloudwatch, name: cloudwatch.delete_alarms(AlarmNames=[name]),
    ),
)


def _client(service: str, region: str) -> Any:
    session: Any = boto3.Session("CLOUDFORMATION", "unused", region_name=region)
    return session.client(service, endpoint_url=_current.url)


def _model(api_type: ApiType) -> type[Any]:
    """moto finds resource types among the subclasses of its `CloudFormationModel`."""

    class Resource(CloudFormationModel):  # type: ignore[misc]
        def __init__(self, physical_resource_id: str) -> None:
            self.physical_resource_id = physical_resource_id

        @staticmethod
        def cloudformation_type() -> str:
            return api_type.name

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @classmethod
        def create_from_cloudformation_json(
            cls, name: str, resource: Any, _account: str, region: str, **_: Any
        ) -> Resource:
            client = _client(api_type.service, region)
            return cls(api_type.create(client, name, resource["Properties"]))

        def delete(self, _account: str, region: str) -> None:
            api_type.delete(_client(api_type.service, region), self.physical_resource_id)

    return Resource


_MODELS = tuple(_model(api_type) for api_type in _API_TYPES)
"""Kept here, because Python forgets subclasses that nobody holds."""

_REF_ATTRIBUTES = {Topic: "TopicArn", Queue: "QueueUrl"}
"""Attributes unknown to moto, which are the same as `Ref`."""


def _answer_attribute(model: Any, attribute: str) -> None:
    if model.has_cfn_attr(attribute):
        return
    stock_has, stock_get = model.has_cfn_attr, model.get_cfn_attribute

    def get(resource: Any, name: str) -> Any:
        return resource.physical_resource_id if name == attribute else stock_get(resource, name)

    model.has_cfn_attr = staticmethod(lambda name: name == attribute or stock_has(name))
    model.get_cfn_attribute = get


def _clean(value: Any, resources: Any) -> Any:
    """Resolve `value`. AWS::NoValue in a list is no element of it: moto leaves a null there."""
    resolved = _STOCK_CLEAN(value, resources)
    if isinstance(value, list):
        return [each for each in resolved if each is not None]
    return resolved


def _log_group_attribute(group: Any, name: str) -> Any:
    """Return an attribute of a log group. AWS's `Arn` ends in ":*", which is all that is in the
    group, as policies and Step Functions need it; moto's does not."""
    value = _STOCK_LOG_GROUP_ATTRIBUTE(group, name)
    return f"{value}:*" if name == "Arn" else value


def _parse_resource(resource: dict[str, Any], resources: Any) -> Any:
    """Resolve what moto takes as it stands: a state machine's definition may be a file with
    placeholders, and a function's environment may hold numbers, which AWS makes text."""
    if resource["Type"] in IGNORED:
        return None
    parsed = _STOCK_PARSE(resource, resources)
    if parsed is None:
        return None
    properties = parsed[1]["Properties"]
    if resource["Type"] == "AWS::StepFunctions::StateMachine":
        properties["DefinitionString"] = _definition(properties, resources["AWS::Region"])
    if resource["Type"] == "AWS::Lambda::Function" and "Environment" in properties:
        variables = properties["Environment"]["Variables"]
        variables.update({name: _text(value) for name, value in variables.items()})
    return parsed


def _definition(properties: Properties, region: str) -> str:
    text: str = properties.get("DefinitionString", "")
    if "DefinitionS3Location" in properties:
        location = properties["DefinitionS3Location"]
        found = _client("s3", region).get_object(Bucket=location["Bucket"], Key=location["Key"])
        text = found["Body"].read().decode()
    elif "Definition" in properties:
        text = json.dumps(properties["Definition"])
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        text = text.replace(f"${{{name}}}", _text(value))
    return as_json(text)


def _text(value: Any) -> str:
    """A scalar as CloudFormation writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
