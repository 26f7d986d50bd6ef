"""Physical names as CloudFormation makes them up: cut to what the service takes.

AWS's resource handlers share one algorithm (cloudformation-cli-java-plugin, `IdentifierUtils`): of
the longest name 14 characters are kept for two hyphens and a random suffix; the rest is split
fairly between the stack's name and the logical id, and what is longer than its share is cut. A
policy that names a rule by `<stack>-*` therefore matches nothing in a stack with a long name. moto
5.2.5 cuts nothing.
"""

from __future__ import annotations

import re

from moto.cloudformation.utils import random_suffix

LONGEST: dict[str, int] = {
    "AWS::CloudWatch::Alarm": 255,
    "AWS::DynamoDB::Table": 255,
    "AWS::Events::Rule": 64,
    "AWS::IAM::Group": 128,
    "AWS::IAM::ManagedPolicy": 128,
    "AWS::IAM::Role": 64,
    "AWS::IAM::User": 64,
    "AWS::Lambda::Function": 64,
    "AWS::Lambda::Permission": 100,
    "AWS::SNS::Topic": 256,
    "AWS::SQS::Queue": 80,
    "AWS::SSM::Document": 128,
    "AWS::StepFunctions::StateMachine": 80,
}
"""The longest name that each service takes. (That IAM's and Lambda's handlers, which are not
published, cut as that of `AWS::Events::Rule` does, is an inference.)"""

SUFFIX = 12


def physical_name(stack: str, logical_id: str, longest: int) -> str:
    """Return a name of at most `longest` characters for a resource that was given none."""
    stack = re.sub("-{2,}", "-", stack.lstrip("-"))
    of_stack, of_id = fair_split(longest - SUFFIX - 2, len(stack), len(logical_id))
    return f"{stack[:of_stack]}-{logical_id[:of_id]}-{random_suffix()[:SUFFIX]}"


def fair_split(room: int, first: int, second: int) -> tuple[int, int]:
    """Return how much of `room` each of two lengths gets: half, and what the other leaves over."""
    half = room // 2
    if first + second <= room:
        return first, second
    if first <= half:
        return first, room - first
    if second <= half:
        return room - second, second
    return room - half, half
