"""Tiers of Parameter Store, which moto 5.2.5 writes down and does not enforce.

AWS: a standard parameter holds 4 KB, an advanced one 8 KB; Intelligent-Tiering makes a parameter
advanced where it has to be; an advanced parameter never becomes a standard one again. Systems
Manager user guide, "Managing parameter tiers"; the texts are those that its callers report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ssm.exceptions import ValidationException
from moto.ssm.models import SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

STANDARD, ADVANCED, INTELLIGENT = "Standard", "Advanced", "Intelligent-Tiering"
LARGEST = {STANDARD: 4096, ADVANCED: 8192}
"""Bytes of a value."""

_STOCK_PUT = SimpleSystemManagerResponse.put_parameter


def install(_aws: EmbeddedAws) -> None:
    SimpleSystemManagerResponse.put_parameter = _put


def _put(response: Any) -> Any:
    name, value = response._get_param("Name"), response._get_param("Value") or ""
    tier = _tier(response.ssm_backend, name, value, response._get_param("Tier"))
    size = len(value.encode())
    if size > LARGEST[tier]:
        raise ValidationException(
            f"{tier} tier parameters support a maximum parameter value of {LARGEST[tier]} "
            "characters."
        )
    answer = _STOCK_PUT(response)
    parameter = response.ssm_backend._parameters[name][-1]
    parameter.tier = answer.result["Tier"] = tier
    return answer


def _tier(backend: SimpleSystemManagerBackend, name: str, value: str, asked: str | None) -> str:
    """Return the tier that the parameter gets."""
    versions = backend._parameters.get(name)
    is_advanced = bool(versions) and versions[-1].tier == ADVANCED
    if asked == STANDARD and is_advanced:
        raise ValidationException(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from "
            "the advanced-parameter tier to the standard-parameter tier. If necessary, you can "
            "delete the advanced parameter and recreate it as a standard parameter."
        )
    needed = len(value.encode()) > LARGEST[STANDARD] and asked == INTELLIGENT
    return ADVANCED if asked == ADVANCED or is_advanced or needed else STANDARD
