"""What every handler has around it: a structured log of what came, what went, and what failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from connectivity.domain.errors import Fact, Waiting
from connectivity.domain.printable import printable_lines

Event = Mapping[str, Any]
Handler = Callable[[Event], Any]

_PRESIGNED = "ResponseURL"
"""Whoever reads it could answer CloudFormation in our place."""

# In ASCII: what others wrote moves no terminal on which the log is read, and can be encoded.
logger = Logger(service="private-connectivity", json_serializer=partial(json.dumps, default=str))


def entry(handler: Handler) -> Callable[[Event, Any], Any]:
    """A Lambda handler of a function from event to answer. Errors go on by their own names: the
    state machine decides by them. Their messages go on in bounds, as text that can be encoded."""

    def run(event: Event, context: Any) -> Any:
        logger.structure_logs(append=False, request=context.aws_request_id)
        try:
            answer = handler(event)
        except Waiting as waiting:
            logger.info("waiting", reason=str(waiting), error=type(waiting).__name__)
            raise type(waiting)(printable_lines(str(waiting))) from waiting
        except Fact as fact:
            logger.warning("stopped", reason=str(fact), error=type(fact).__name__)
            raise type(fact)(printable_lines(str(fact))) from fact
        told = {name: value for name, value in event.items() if name != _PRESIGNED}
        logger.info("done", event=told, answer=answer)
        return answer

    run.__doc__ = handler.__doc__
    return run
