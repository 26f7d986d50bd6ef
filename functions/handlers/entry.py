"""What every handler has around it: a structured log of what came, what went, and what failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger
from connectivity.domain.errors import Fact, Waiting
from connectivity.domain.printable import printable_lines

Event = Mapping[str, Any]
Handler = Callable[[Event], Any]

_PRESIGNED = "ResponseURL"
"""Whoever reads it could answer CloudFormation in our place."""

logger = Logger(service="private-connectivity")


def entry(handler: Handler) -> Callable[[Event, Any], Any]:
    """A Lambda handler of a function from event to answer. Errors go on by their own names: the
    state machine decides by them."""

    def run(event: Event, context: Any) -> Any:
        logger.structure_logs(append=False, request=context.aws_request_id)
        try:
            answer = handler(event)
        except Waiting as waiting:
            logger.info("waiting", reason=str(waiting), error=type(waiting).__name__)
            raise _in_bounds(waiting) from waiting
        except Fact as fact:
            logger.warning("stopped", reason=str(fact), error=type(fact).__name__)
            raise _in_bounds(fact) from fact
        told = {name: value for name, value in event.items() if name != _PRESIGNED}
        logger.info("done", event=told, answer=answer)
        return answer

    run.__doc__ = handler.__doc__
    return run


def _in_bounds(error: Waiting | Fact) -> Waiting | Fact:
    """Return an error that AWS Lambda can encode and the workflow can hold, whatever is quoted."""
    return type(error)(printable_lines(str(error)))
