"""`Parameter Store Change` events from `aws.ssm`, which moto does not emit.

AWS's fields: `operation` (Create, Update, Delete), the parameter's `name`, `type` and
`description`; never its value. Emitted by every PutParameter, also by one that changes nothing.
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ssm.models import SimpleSystemManagerBackend

from local import partitions

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

put_without_event = SimpleSystemManagerBackend.put_parameter
"""moto's own method, for tests that need many parameters and no events."""
_STOCK_DELETE = SimpleSystemManagerBackend.delete_parameter
_STOCK_DELETE_SEVERAL = SimpleSystemManagerBackend.delete_parameters

_current: EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    global _current
    _current = aws
    SimpleSystemManagerBackend.put_parameter = _put
    SimpleSystemManagerBackend.delete_parameter = _delete
    SimpleSystemManagerBackend.delete_parameters = _delete_several


def _put(backend: Any, *args: Any, **kwargs: Any) -> Any:
    parameter = put_without_event(backend, *args, **kwargs)
    _emit(backend, parameter, "Create" if parameter.version == 1 else "Update")
    return parameter


def _delete(backend: Any, name: str) -> None:
    parameter = backend.get_parameter(name)
    _STOCK_DELETE(backend, name)
    _emit(backend, parameter, "Delete")


def _delete_several(backend: Any, names: list[str]) -> list[str]:
    there = {name: backend.get_parameter(name) for name in names}
    deleted: list[str] = _STOCK_DELETE_SEVERAL(backend, names)
    for name in deleted:
        _emit(backend, there[name], "Delete")
    return deleted


def _emit(backend: Any, parameter: Any, operation: str) -> None:
    name, region = parameter.name, backend.region_name
    path = f"parameter/{name.removeprefix('/')}"
    resource = partitions.arn("ssm", region, backend.account_id, path)
    _current.events.publish(
        source="aws.ssm",
        detail_type="Parameter Store Change",
        detail={
            "operation": operation,
            "name": name,
            "type": parameter.parameter_type,
            "description": parameter.description or "",
        },
        resources=[resource],
        region=region,
    )
