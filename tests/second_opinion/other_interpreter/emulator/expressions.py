"""Evaluates JSONata for LocalEmu, which composes expressions and leaves their evaluation out."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from jsonata import Jsonata
from localemu.services.stepfunctions.asl.component.common.string import string_expression
from localemu.services.stepfunctions.asl.jsonata import validations
from localemu.services.stepfunctions.asl.jsonata.jsonata import JSONataException

_one_at_a_time = threading.Lock()


def install(time_scale: float, shown: float, read: float) -> None:
    """Let the interpreter evaluate. `$millis()` is AWS's time, of which `shown` seconds since 1970
    had passed when this machine's `time.monotonic` said `read`."""

    class Expression(Jsonata):  # type: ignore[misc]
        @property
        def timestamp(self) -> int:
            """Return the time in milliseconds."""
            return self._timestamp

        @timestamp.setter
        def timestamp(self, _: int) -> None:
            """Set by the library to its own clock at the start of each evaluation."""
            self._timestamp = int(1000 * (shown + (time.monotonic() - read) / time_scale))

    def evaluate(text: str) -> Any:
        """Return the JSON value of `text`, None also where it has none: LocalEmu then asks
        `$exists`. Raises JSONataException."""
        with _one_at_a_time:
            try:
                expression = Expression(text)
                Jsonata.CURRENT.jsonata = expression
                return json.loads(json.dumps(expression.evaluate(None)))
            except Exception as error:
                raise JSONataException(type(error).__name__, str(error)) from error

    for module in (string_expression, validations):
        module.eval_jsonata_expression = evaluate
