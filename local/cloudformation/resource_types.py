"""Resource types that moto's CloudFormation lacks, and properties that it drops."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.cloudformation import parsing
from moto.logs.models import LogGroup
from moto.sns.models import Topic
from moto.sqs.models import Queue

from local.cloudformation import api_types
from local.state_machines.definition_files import as_json

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_STOCK_PARSE = parsing.parse_resource
_STOCK_CLEAN = parsing.clean_json
_STOCK_LOG_GROUP_ATTRIBUTE = LogGroup.get_cfn_attribute

Properties = Mapping[str, Any]

IGNORED = {
    "AWS::CloudWatch::CompositeAlarm": "alarms are kept here, never evaluated",
    "AWS::Logs::MetricFilter": "there are no metrics here",
    "AWS::Logs::QueryDefinition": "only people run it",
    "AWS::SSM::Association": "there are no managed instances here",
}
"""Types that stand in a template but make nothing here, and why nobody misses them."""


def install(aws: EmbeddedAws) -> None:
    api_types.install(aws)
    parsing.parse_resource = _parse_resource
    parsing.clean_json = _clean
    # moto remembers the types that it knew when it was first asked
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()
    for model, attribute in _REF_ATTRIBUTES.items():
        _answer_attribute(model, attribute)
    LogGroup.get_cfn_attribute = _log_group_attribute


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
    placeholders, a document's content an object, and a function's environment may hold numbers,
    which AWS makes text."""
    if resource["Type"] in IGNORED:
        return None
    parsed = _STOCK_PARSE(resource, resources)
    if parsed is None:
        return None
    properties = parsed[1]["Properties"]
    if resource["Type"] == "AWS::StepFunctions::StateMachine":
        properties["DefinitionString"] = _definition(properties, resources["AWS::Region"])
    if resource["Type"] == "AWS::SSM::Document":
        content = properties["Content"]
        properties["Content"] = content if isinstance(content, str) else json.dumps(content)
        properties.setdefault("DocumentFormat", "JSON")
    if resource["Type"] == "AWS::Lambda::Function" and "Environment" in properties:
        variables = properties["Environment"]["Variables"]
        variables.update({name: _text(value) for name, value in variables.items()})
    return parsed


def _definition(properties: Properties, region: str) -> str:
    text: str = properties.get("DefinitionString", "")
    if "DefinitionS3Location" in properties:
        location = properties["DefinitionS3Location"]
        found = api_types.client_of("s3", region).get_object(
            Bucket=location["Bucket"], Key=location["Key"]
        )
        text = found["Body"].read().decode()
    elif "Definition" in properties:
        text = json.dumps(properties["Definition"])
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        text = text.replace(f"${{{name}}}", _text(value))
    return as_json(text)


def _text(value: Any) -> str:
    """A scalar as CloudFormation writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
