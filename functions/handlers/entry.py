"""The frame of every handler: a structured log of event, result and failure, and a count of AWS's
refusals and of waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectivity.domain.errors import Fact, Waiting
from connectivity.domain.printable import printable_lines

from handlers.counting import counting
from handlers.log import begin, done, logger

Event = Mapping[str, Any]
Handler = Callable[[Event], Any]


def entry(handler: Handler) -> Callable[[Event, Any], Any]:
    """A Lambda handler of a function from event to answer. Errors go on by their own names: the
    state machine decides by them. Their messages go on in bounds, as text that can be encoded."""

    def run(event: Event, context: Any) -> Any:
        begin(event, context.aws_request_id)
        try:
            with counting(event):
                answer = handler(event)
        except Waiting as waiting:
            logger.info("waiting", reason=str(waiting), error=type(waiting).__name__)
            raise type(waiting)(printable_lines(str(waiting))) from waiting
        except Fact as fact:
            logger.warning("stopped", reason=str(fact), error=type(fact).__name__)
            raise type(fact)(printable_lines(str(fact))) from fact
        done(event, answer)
        return answer

    run.__doc__ = handler.__doc__
    return run
