"""Deployments, of which execution environments are made: a function's code and configuration, by
value.

Two equal deployments can share an environment; a changed one needs a new one, as on AWS.
"""

from __future__ import annotations

import io
import stat
import tempfile
import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.awslambda.utils import get_backend

from local.lambda_functions.vpc import VpcAttachment, attachment_of

TASK_ROOT, LAYER_ROOT = "/var/task", "/opt"
"""The folders in which Lambda mounts code and layers."""


@dataclass(frozen=True)
class Archive:
    """A zip as it was uploaded: a function's code, or a layer."""

    sha256: str
    content: bytes = field(repr=False, compare=False)


@dataclass(frozen=True)
class Deployment:
    """One version of one function."""

    arn: str
    name: str
    version: str
    handler: str
    runtime: str
    region: str
    account: str
    role_arn: str
    timeout: float
    """The time-out in real seconds, see `service`."""
    memory: int
    variables: tuple[tuple[str, str], ...]
    code: Archive
    layers: tuple[Archive, ...]
    """The layers in the template's order: a later one wins."""
    vpc: VpcAttachment | None


def deployment_of(function: Any) -> Deployment:
    """Return the deployment that moto's `LambdaFunction` describes now."""
    backend = get_backend(function.account_id, function.region)
    layers = [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]
    return Deployment(
        arn=function.function_arn,
        name=function.function_name,
        version=str(function.version),
        handler=function.handler,
        runtime=function.run_time,
        region=function.region,
        account=function.account_id,
        role_arn=function.role,
        timeout=float(function.timeout),
        memory=int(function.memory_size),
        variables=tuple(sorted((k, str(v)) for k, v in function.environment_vars.items())),
        code=Archive(function.code_sha_256, function.code_bytes),
        layers=tuple(Archive(layer.code_sha_256, layer.code_bytes) for layer in layers),
        vpc=attachment_of(function.account_id, function.region, function.vpc_config),
    )


class Unpacked:
    """Archives unpacked under `folder`, once each. Shared by environments: on AWS the code
    is read-only, so no function may count on a copy of its own.

    AWS Lambda runs code as another user, so it "requires global read permissions on code
    files"; it says so only when a function fails to read one. As this may run as root, which
    no mode stops, here such a module raises what reading it would, and any other file is
    not there. Directories are not looked at, nor entries without a Unix mode.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def path(self, archive: Archive, mounted_at: str) -> Path:
        """Return the folder of the unpacked archive; `mounted_at` is its folder in Lambda."""
        path = self._folder / archive.sha256.replace("/", "_")
        with self._lock:
            if not path.exists():
                half = Path(tempfile.mkdtemp(dir=self._folder))
                with zipfile.ZipFile(io.BytesIO(archive.content)) as content:
                    for entry in content.infolist():
                        file = Path(content.extract(entry, half))
                        if not _is_readable(entry):
                            _forbid(file, f"{mounted_at}/{entry.filename}")
                half.rename(path)
        return path


def _is_readable(entry: zipfile.ZipInfo) -> bool:
    mode = entry.external_attr >> 16
    return entry.is_dir() or not mode or bool(mode & stat.S_IROTH)


def _forbid(file: Path, path: str) -> None:
    if file.suffix == ".py":
        file.write_text(f"raise PermissionError(13, 'Permission denied', {path!r})\n")
    else:
        file.unlink()
