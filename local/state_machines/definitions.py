"""State machines and their definitions: parsed once, kept in one place.

Stock moto parses a definition anew for every execution (20 to 65 ms each), and keeps what
CloudFormation makes in a second backend, which executes nothing.
"""

from __future__ import annotations

import functools
import logging
from typing import Any

from moto.core.config import default_user_config
from moto.stepfunctions import models
from moto.stepfunctions.parser.api import InvalidDefinition, InvalidExecutionInput
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.utils import cfn_to_api_tags

_parse_once = functools.lru_cache(maxsize=128)(AmazonStateLanguageParser.parse)


def _heap_key(component: Any) -> str:
    """Return the key by which a component counts its retries. moto draws it lazily, which two
    executions of one parsed definition could do at once, and lose count."""
    return str(id(component))


def _say_nothing(_: Any, **__: Any) -> None:
    """Log nothing: moto logs every failure with the whole parsed definition, and the history tells
    it better."""


def _create_from_cloudformation(
    _: Any, name: str, template: dict[str, Any], account_id: str, region: str, /, **__: Any
) -> Any:
    """Make an AWS::StepFunctions::StateMachine, with the type and the logging that moto drops."""
    properties = template["Properties"]
    logging_configuration = properties.get("LoggingConfiguration")
    return stepfunctions_parser_backends[account_id][region].create_state_machine(
        name=properties.get("StateMachineName", name),
        definition=properties["DefinitionString"],
        roleArn=properties["RoleArn"],
        tags=cfn_to_api_tags(properties.get("Tags", [])),
        loggingConfiguration=logging_configuration and uncapitalised(logging_configuration),
        sm_type=properties.get("StateMachineType"),
    )


def uncapitalised(value: Any) -> Any:
    """Return a value with the API's names of members: `logGroupArn` for CloudFormation's
    `LogGroupArn`."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: uncapitalised(item) for key, item in value.items()}
    if isinstance(value, list):
        return [uncapitalised(item) for item in value]
    return value


_stock_attribute = models.StateMachine.get_cfn_attribute


def _attribute(machine: Any, name: str) -> Any:
    return machine.arn if name == "Arn" else _stock_attribute(machine, name)


_stock_has_attribute = models.StateMachine.has_cfn_attr


def _has_attribute(_: Any, name: str) -> bool:
    return name == "Arn" or bool(_stock_has_attribute(name))


def install() -> None:
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    for error in (InvalidDefinition, InvalidExecutionInput):
        error.TYPE = error.__name__  # moto sends both without their code
    models.stepfunctions_backends = stepfunctions_parser_backends
    models.StateMachine.create_from_cloudformation_json = classmethod(_create_from_cloudformation)
    models.StateMachine.get_cfn_attribute = _attribute
    models.StateMachine.has_cfn_attr = classmethod(_has_attribute)
    AmazonStateLanguageParser.parse = staticmethod(_parse_once)
    EvalComponent.heap_key = property(_heap_key)
    EvalComponent._log_exception = _say_nothing
    EvalComponent._log_failure_event_exception = _say_nothing
