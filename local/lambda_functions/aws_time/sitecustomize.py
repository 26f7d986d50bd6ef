"""The sleep of a function in AWS seconds, as everything that AWS does here takes: botocore waits
between its attempts, and what it waits for goes by in scaled time. On the functions' PYTHONPATH
alone."""

import os
import time

_sleep = time.sleep
_SCALE = float(os.environ.pop("EMBEDDED_AWS_TIME_SCALE", "1"))


def _scaled(seconds: float) -> None:
    _sleep(seconds * _SCALE)


time.sleep = _scaled  # type: ignore[assignment]
