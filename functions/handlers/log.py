"""The log: one JSON line a call, which names the VPC and the execution that it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from connectivity.domain.correlation import about

_PRESIGNED = "ResponseURL"
"""The key of a presigned URL, which is not logged: whoever reads it could answer CloudFormation in
our place."""

# In ASCII: what others wrote moves no terminal on which the log is read, and can be encoded.
logger = Logger(service="private-connectivity", json_serializer=partial(json.dumps, default=str))


def begin(event: Mapping[str, Any], request: str) -> None:
    """Let all lines from now on have the keys of this event, and none of the one before."""
    keys: dict[str, Any] = {"request": request, **about(event)}
    logger.structure_logs(append=False, **keys)


def done(event: Mapping[str, Any], answer: Any) -> None:
    told = {name: value for name, value in event.items() if name != _PRESIGNED}
    logger.info("done", event=told, answer=answer)
