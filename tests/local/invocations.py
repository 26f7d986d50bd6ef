"""A stand-in for the functions, which answers for custom resources."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.request import Request, urlopen


class Invocations:
    """A stand-in for the functions."""

    def __init__(self) -> None:
        self._events: list[Any] = []
        self._changed = threading.Condition()
        self.answer: Mapping[str, Any] | None = None
        """The answer to CloudFormation about every custom resource."""
        self.content_type = ""

    def invoke(self, _backend: Any, _name: str, _qualifier: Any, body: bytes, *_: Any) -> bytes:
        event = json.loads(body)
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()
        if "ResponseURL" in event and self.answer is not None:
            answer = json.dumps({"PhysicalResourceId": "guard-1"} | dict(self.answer)).encode()
            headers = {"content-type": self.content_type}
            urlopen(Request(event["ResponseURL"], answer, headers, method="PUT")).close()
        return b""

    def asked(self, stack: str) -> list[tuple[str, str]]:
        """Return the requests about a stack's custom resources: type and physical id."""
        with self._changed:
            return [
                (event["RequestType"], event.get("PhysicalResourceId", ""))
                for event in self._events
                if event.get("StackId") == stack
            ]

    def last(self, stack: str) -> Mapping[str, Any]:
        """Return the last request about a stack's custom resources."""
        with self._changed:
            return dict([event for event in self._events if event.get("StackId") == stack][-1])

    def wait_for(self, is_wanted: Callable[[Any], bool]) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: any(map(is_wanted, self._events)), timeout=10)
