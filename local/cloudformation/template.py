"""Preparation of a template, as AWS does it before it makes anything: check and transform."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import NULL_MODELS, get_model_map
from samtranslator.internal.managed_policies import get_bundled_managed_policy_map
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local.cloudformation.acceptance import (
    require_known_properties,
    require_values,
)
from local.cloudformation.resource_types import IGNORED
from local.partitions import partition_of

SAM = "AWS::Serverless-2016-10-31"


def prepared(text: str, parameters: Mapping[str, Any], region: str) -> tuple[str, dict[str, str]]:
    """Return the template as plain CloudFormation in JSON, and every parameter that has a value.
    moto splits and converts only parameters that are given, so defaults are given too."""
    template = yaml_parse(text)
    given = {
        name: _plain(slot["Default"])
        for name, slot in template.get("Parameters", {}).items()
        if "Default" in slot
    } | dict(parameters)
    require_values(template, given)
    if SAM in _transforms(template):
        template = _transformed(template, given, region)
    _refuse_unknown_types(template)
    require_known_properties(template, region)
    # YAML reads a policy's `Version: 2012-10-17` as a date; CloudFormation as text
    return json.dumps(template, default=str), given


def _transforms(template: Mapping[str, Any]) -> list[str]:
    transform = template.get("Transform", [])
    return [transform] if isinstance(transform, str) else transform


def _transformed(
    template: dict[str, Any], parameters: Mapping[str, str], region: str
) -> dict[str, Any]:
    slots = template.get("Parameters", {})
    values = {
        name: value.split(",") if "List" in slots.get(name, {}).get("Type", "") else value
        for name, value in parameters.items()
    }
    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=region))
    partition = partition_of(region)
    try:
        translated: dict[str, Any] = translator.translate(
            template,
            values,
            get_managed_policy_map=lambda: get_bundled_managed_policy_map(partition),
        )
    except InvalidDocumentException as error:
        causes = " ".join(cause.message for cause in error.causes)
        reason = f"Transform {SAM} failed with: {error.message} {causes}"
        raise ValidationError(message=reason) from error
    translated.pop("Transform", None)
    return translated


def _refuse_unknown_types(template: Mapping[str, Any]) -> None:
    """Raise ValidationError for unknown resource types, which moto skips in silence."""
    known = {*get_model_map(), *NULL_MODELS, *IGNORED}
    types = {resource["Type"] for resource in template.get("Resources", {}).values()}
    unknown = sorted(name for name in types - known if not name.startswith("Custom::"))
    if unknown:
        names = ", ".join(unknown)
        reason = f"Template format error: Unrecognized resource types: [{names}] (embedded AWS)"
        raise ValidationError(message=reason)


def _plain(value: Any) -> str:
    """Return a parameter's default as CloudFormation reads it: always text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
