"""Pages as large as the caller asks for, where moto 5.2.5 gives everything at once, or ten a page.

AWS: `MaxResults` is 5 to 1,000 for DescribeVpcs and DescribeSecurityGroups (EC2 API reference) and
1 to 50 for DescribeParameters (Systems Manager API reference); where more are left, the answer has
a `NextToken`. A caller that asks Amazon EC2 for no size gets everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidNextToken
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.responses.vpcs import VPCs
from moto.ssm.exceptions import ValidationException
from moto.ssm.responses import SimpleSystemManagerResponse

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

PARAMETERS_A_PAGE = 50

Answering = Callable[[Any], ActionResult]


def install(_aws: EmbeddedAws) -> None:
    """Install the page sizes, after every other part that answers these reads, because their
    answers are cut."""
    VPCs.describe_vpcs = _in_pages("Vpcs", VPCs.describe_vpcs)
    groups = SecurityGroups.describe_security_groups
    SecurityGroups.describe_security_groups = _in_pages("SecurityGroups", groups)
    SimpleSystemManagerResponse.describe_parameters = _describe_parameters


def _in_pages(key: str, answering: Answering) -> Answering:
    """Return what answers a page of the list `key` at a time. What cuts already is not cut again:
    an engine may start after another in the same process."""
    everything: Answering = getattr(answering, "everything", answering)

    def answer(response: Any) -> ActionResult:
        result = everything(response).result
        found, token = list(result[key]), response._get_param("NextToken") or "0"
        if not token.isdigit():
            raise InvalidNextToken(token)
        size = response._get_int_param("MaxResults") or len(found)
        return ActionResult(_page(key, found, int(token), size))

    answer.everything = everything  # type: ignore[attr-defined]
    return answer


def _describe_parameters(response: Any) -> ActionResult:
    """Answer as moto does, whose pages are of ten."""
    asked = response._get_param("Filters"), response._get_param("ParameterFilters")
    size = response._get_param("MaxResults") or PARAMETERS_A_PAGE
    if size > PARAMETERS_A_PAGE:
        raise ValidationException(
            f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy "
            f"constraint: Member must have value less than or equal to {PARAMETERS_A_PAGE}"
        )
    found = response.ssm_backend.describe_parameters(*asked)
    shown = [parameter.describe_response_object(False) for parameter in found]
    return ActionResult(
        _page("Parameters", shown, int(response._get_param("NextToken") or 0), size)
    )


def _page(key: str, found: list[Any], start: int, size: int) -> dict[str, Any]:
    """Return one page, and the token of the next one: its number in the whole list."""
    end = start + size
    return {key: found[start:end], "NextToken": str(end) if end < len(found) else None}
