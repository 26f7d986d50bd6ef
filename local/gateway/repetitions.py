"""Calls of AWS CloudFormation that a client asks again because the answer took too long.

The embedded AWS answers when a stack is made, which AWS does at once. Where a busy machine takes
longer than a client waits, its SDK asks again, and would find the stack that is being made. Each
SDK numbers its calls, not its attempts (`amz-sdk-invocation-id`): an attempt gets the answer of the
first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Lock
from typing import Any

from werkzeug.wrappers import Response

SERVICE = "cloudformation"
NUMBER = "HTTP_AMZ_SDK_INVOCATION_ID"
KEPT = 64
"""Answers."""


class Repetitions:
    """The answers to the last calls, by the number that the SDK gave them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: OrderedDict[str, Future[Response]] = OrderedDict()

    def answer(
        self, service: str, environ: Mapping[str, Any], work: Callable[[], Response]
    ) -> Response:
        """Return what `work` returns; for a call that was asked before, what it returned then. One
        that was not answered is answered anew, but for those who wait for it."""
        number = environ.get(NUMBER)
        if service != SERVICE or not number:
            return work()
        answer, is_first = self._of(number)
        if is_first:
            try:
                answer.set_result(work())
            except Exception as error:
                with self._lock:
                    self._answers.pop(number, None)
                answer.set_exception(error)
                raise
        said = answer.result()
        return Response(said.get_data(), said.status, said.headers)

    def _of(self, number: str) -> tuple[Future[Response], bool]:
        with self._lock:
            if answer := self._answers.get(number):
                return answer, False
            answer = self._answers[number] = Future()
            if len(self._answers) > KEPT:
                self._answers.popitem(last=False)
            return answer, True
