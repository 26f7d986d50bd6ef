"""Step Functions: moto's interpreter of the Amazon States Language, made faithful.

moto 5.2.5 ports LocalStack's interpreter, and ships it switched off and with holes. Each
module closes one kind of hole by replacing the methods named at its end, in `install`:

    definitions      a definition is parsed once, and all creators share one backend
    query_language   JSONata, AWS's time in it, and when a variable becomes visible
    errors           which error name a failure has, and which Retry and Catch it matches
    waiting          Wait, Retry and TimeoutSeconds count AWS seconds; StopExecution interrupts
    tasks            tasks call the API of this AWS, as the state machine's role
    executions       how an execution starts, ends, tells the event bus, and is described
    stops            StopExecution aimed at a state, for tests

Replacing a method again is harmless: the newest installed AWS wins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.state_machines import (
    definitions,
    errors,
    executions,
    query_language,
    stops,
    tasks,
    waiting,
)

if TYPE_CHECKING:
    from local.engine import EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    definitions.install()
    query_language.install(aws.clock)
    errors.install()
    waiting.install(aws.clock)
    tasks.install(aws)
    executions.install(aws)
    stops.install(aws)
