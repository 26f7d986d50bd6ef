"""Request: an event that asks for a wish. The wish is written as tags; then we knock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from connectivity.domain import tags
from connectivity.domain.errors import UnknownVpc, UnreadableOption, UnreadableRequest
from connectivity.domain.wish import Wish, cidr_problems, service_problems
from connectivity.usecases.knock import knock
from connectivity.usecases.ports import Executions, Ledger, Vpcs

_VPC_ID = re.compile(r"vpc-[0-9a-f]{8,17}")
_FIELDS = {"vpc-id", "services", "onprem-cidrs"}


@dataclass(frozen=True)
class WishRequest:
    """A request event, understood. `None` leaves the VPC's own tag as it is."""

    kind: Literal["Enable", "Delete"]
    vpc_id: str
    services: tuple[str, ...] | None
    onprem_cidrs: tuple[str, ...] | None


def vpc_id_of(detail: Mapping[str, Any]) -> str:
    """Raises UnreadableRequest."""
    vpc_id = detail.get("vpc-id")
    if not isinstance(vpc_id, str) or not _VPC_ID.fullmatch(vpc_id):
        raise UnreadableRequest(
            f'request event: "vpc-id" is {vpc_id!r}, and a VPC id such as vpc-0a1b2c3d is needed'
        )
    return vpc_id


def read_request(kind: Literal["Enable", "Delete"], detail: Mapping[str, Any]) -> WishRequest:
    """Raises UnreadableRequest or UnreadableOption, with every problem at once."""
    vpc_id = vpc_id_of(detail)
    problems = [
        f'request event: unknown field "{name}"; known are {", ".join(sorted(_FIELDS))}'
        for name in sorted(detail.keys() - _FIELDS)
    ]
    lists: dict[str, tuple[str, ...] | None] = {}
    for name in ("services", "onprem-cidrs"):
        value = detail.get(name)
        if value is not None and not _is_list_of_strings(value):
            problems.append(
                f'request event: "{name}" is {value!r}, and a list of strings is needed'
            )
            value = None
        lists[name] = None if value is None else tuple(value)
    services, onprem_cidrs = lists["services"], lists["onprem-cidrs"]
    if services is not None:
        problems += service_problems(services, "request event")
    if onprem_cidrs is not None:
        problems += cidr_problems(onprem_cidrs, "request event")
    asked = WishRequest(kind, vpc_id, services, onprem_cidrs)
    problems += [
        f"request event: tag {key} would have {len(value)} characters, and AWS allows "
        f"{tags.LONGEST_VALUE}: ask for less, or for wider networks"
        for key, value in _tags_of(asked).items()
        if len(value) > tags.LONGEST_VALUE
    ]
    if problems:
        raise UnreadableOption("; ".join(problems))
    return asked


def carry_out(
    request: WishRequest, vpcs: Vpcs, ledger: Ledger, executions: Executions
) -> str | None:
    """Write or remove the tags, and knock: the execution that it started, or None."""
    # A VPC that does not exist is knocked on as well: the execution says so where people look.
    with suppress(UnknownVpc):
        if request.kind == "Delete":
            vpcs.remove_tags(request.vpc_id, [tags.WISH])
        else:
            vpcs.set_tags(request.vpc_id, _tags_of(request))
    return knock(request.vpc_id, "request", ledger, executions)


def _tags_of(request: WishRequest) -> dict[str, str]:
    written = {tags.WISH: Wish.ENABLED.value}
    if request.services is not None:
        written[tags.SERVICES] = "+".join(request.services)
    if request.onprem_cidrs is not None:
        written[tags.ONPREM_CIDRS] = " ".join(request.onprem_cidrs)
    return written


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
