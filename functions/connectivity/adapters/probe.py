"""The probe: a function that we put into the VPC for as long as the verification lasts.

Its code is the package `probe` of this app and dnspython, zipped from what is deployed beside us.
Its role may do nothing but be attached to a VPC. It needs no way to the AWS API.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client
from connectivity.adapters.refusals import UNSUPPORTED_ZONE, is_answer
from connectivity.domain.errors import NotReadyYet, ProbeFailed
from connectivity.domain.tags import CreationTags
from connectivity.usecases.ports import UsedName

_PACKAGES = ("probe", "dns")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_READABLE_BY_ALL = 0o100644
"""AWS Lambda runs code as another user, and `ZipInfo` alone lets only the owner read it."""
_RUNTIME = "python3.13"
_HANDLER = "probe.handler.handler"
_TIMEOUT = 55
"""Seconds; below the read timeout of our client."""


class LambdaProbe:
    """The port `Probe` on AWS."""

    def __init__(self, role: str, architecture: str, tags: CreationTags) -> None:
        """`architecture` is `arm64` or `x86_64`, as AWS Lambda calls processors."""
        self._role = role
        self._architecture = architecture
        self._creation_tags = tags
        self._ours: set[str] = set()
        """Names of functions that were seen to be ours."""

    def ensure(self, name: str, vpc_id: str, subnets: Sequence[str], group: str) -> None:
        """Make the function anew where it has our role and other code, as after an upgrade in
        between: that code is never asked. A function of this name without our role is not ours, as
        nobody else may pass it."""
        state = self._state(name)
        if state is None:
            self.make(name, subnets, group)
            raise NotReadyYet(f"the probe {name} has just been made")
        if not self._is_ours(name, state) or _vpc_of(state) != vpc_id:
            raise UsedName(f"the function {name} is not this app's, by its role or its VPC")
        if state["State"] == "Failed":
            reason = state.get("StateReason", "no reason given")
            with suppress(NotReadyYet):  # the reason matters more; the teardown removes it too
                self.remove(name)
            raise ProbeFailed(f"AWS Lambda cannot put the probe into {vpc_id}: {reason}")
        if state["State"] != "Active":
            raise NotReadyYet(f"the probe {name} is {state['State'].lower()}")
        if different := _differences(state):
            self.remove(name)
            raise NotReadyYet(f"the probe {name} has other {', '.join(different)}: made anew")

    def _is_ours(self, name: str, state: Mapping[str, Any]) -> bool:
        if state["Role"] == self._role:
            self._ours.add(name)
        return name in self._ours

    def _state(self, name: str) -> dict[str, Any] | None:
        try:
            found = call(client("lambda").get_function_configuration, FunctionName=name)
        except ClientError as error:
            if is_answer(error):
                return None
            raise
        return dict(found)

    def make(self, name: str, subnets: Sequence[str], group: str) -> None:
        """Make the function, in one subnet where AWS Lambda does not support the zone of every one:
        that is enough to ask from. AWS does not say which zone it is. Raises ProbeFailed."""
        refused: list[ProbeFailed] = []
        for chosen in (subnets, *([subnet] for subnet in subnets)):
            try:
                self._make(name, chosen, group)
            except ProbeFailed as error:
                if UNSUPPORTED_ZONE not in str(error):
                    raise
                refused.append(error)
            else:
                return
        raise refused[0]

    def _make(self, name: str, subnets: Sequence[str], group: str) -> None:
        try:
            call(
                client("lambda").create_function,
                FunctionName=name,
                Description="Verifies private resolution from inside the VPC; removed afterwards",
                Runtime=_RUNTIME,
                Architectures=[self._architecture],
                Handler=_HANDLER,
                Role=self._role,
                Code={"ZipFile": code()},
                Timeout=_TIMEOUT,
                MemorySize=256,
                VpcConfig={"SubnetIds": list(subnets), "SecurityGroupIds": [group]},
                Tags=self._creation_tags.unnamed(),
            )
        except ClientError as error:
            # Made by an attempt whose answer was lost.
            if not is_answer(error):
                raise

    def ask(self, name: str, questions: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = call(
            client("lambda").invoke,
            FunctionName=name,
            InvocationType="RequestResponse",
            Payload=json.dumps(questions).encode(),
        )
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise ProbeFailed(f"the probe {name} failed: {payload.get('errorMessage', payload)}")
        return dict(payload)

    def remove(self, name: str) -> None:
        """Look at the function before it is removed: its name was there for everybody to see, and
        somebody may have made another one of that name since ours was removed."""
        if name not in self._ours:
            state = self._state(name)
            if state is None or not self._is_ours(name, state):
                return
        self._delete(name)

    def _delete(self, name: str) -> None:
        try:
            call(client("lambda").delete_function, FunctionName=name)
        except ClientError as error:
            if not is_answer(error):
                raise


def _vpc_of(state: Mapping[str, Any]) -> str:
    return str(state.get("VpcConfig", {}).get("VpcId", ""))


def _differences(state: Mapping[str, Any]) -> list[str]:
    """Return what of a function is not as we make it, so that other code would run."""
    found = {
        "code": state["CodeSha256"] == base64.b64encode(sha256(code()).digest()).decode(),
        "handler": state["Handler"] == _HANDLER,
        "runtime": state["Runtime"] == _RUNTIME,
        "layers": not state.get("Layers"),
        "environment": not state.get("Environment", {}).get("Variables"),
    }
    return [name for name, is_same in found.items() if not is_same]


@cache
def code() -> bytes:
    """The probe's deployment package; the same code gives the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(_sources()):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = _READABLE_BY_ALL << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return packed.getvalue()


def _sources() -> Iterator[tuple[str, Path]]:
    for package in _PACKAGES:
        spec = find_spec(package)
        assert spec is not None and spec.submodule_search_locations
        root = Path(next(iter(spec.submodule_search_locations)))
        for path in root.rglob("*.py"):
            yield f"{package}/{path.relative_to(root).as_posix()}", path
